"""What the Hub's dataset viewer needs of a dataset, and what is large for it."""

import pyarrow.parquet as pq

from dataset_script.directory import DatasetDirectory, Shard

MAX_SHARD_BYTES = 500_000_000
"""The size of a shard that the Hub recommends at most."""
MAX_READ_BYTES = 300_000_000
"""What the viewer reads at once at most: a page by the page index, else a whole row group."""


def viewer_notes(found: DatasetDirectory) -> list[str]:
    """What keeps the viewer from showing a dataset, or slows it down, one line each."""
    notes = []
    for shard in found.shards:
        notes += [f"{shard.path}: {note}" for note in _shard_notes(found, shard)]
    if not found.infos:
        notes.append("README.md: its YAML has no `dataset_info`: files must be read for the schema")
    return notes


def _shard_notes(found: DatasetDirectory, shard: Shard) -> list[str]:
    notes = []
    if (size := found.num_bytes(shard)) > MAX_SHARD_BYTES:
        notes.append(f"{size / 1e6:,.0f} MB; the Hub recommends at most {MAX_SHARD_BYTES / 1e6:,.0f}")
    metadata = pq.read_metadata(found.path / shard.path)
    groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
    if not all(group.column(0).has_offset_index for group in groups):
        notes.append("it has no page index: the viewer reads whole row groups")
        largest = max(group.total_byte_size for group in groups)
        if largest > MAX_READ_BYTES:
            notes.append(f"a row group of {largest / 1e6:,.0f} MB, which the viewer does not read (at most 300)")
    return notes
