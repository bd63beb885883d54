"""Joins what several machines made of one dataset: its shares, or any directories of the same specification."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.manifest import Entry
from dataset_script.outputs import Output, open_output, read_output_manifest
from dataset_script.shards import file_sha256
from dataset_script.spec import SPEC, Spec
from dataset_script.storage import publish, reporting_write_errors, temporary_path

from ..plan import Plan
from .chunks import file_names
from .generate import claimed_for, finish_dataset, finished_files
from .share import Share


@dataclass(frozen=True)
class Source:
    """A part of the dataset: where it is, and the lines of its manifest."""

    output: Output
    spec: Spec
    entries: list[Entry]


def merge(places: Sequence[str | Path], out: str | Path, progress: Callable[[int, int], None] | None = None) -> Spec:
    """Puts all files of the dataset into `out`, each compared with its checksum; continues what was interrupted.

    The result is, byte for byte, what one run would have made. On one file system files are linked, not copied.

    Args:
        places: directories or URLs of parts, or that hold folders of shares.
        out: a new or empty directory or URL, or one that holds a part of this dataset.
        progress: called with (files in `out`, files of the dataset).

    Returns:
        The specification of all parts.

    Raises:
        InvalidInput: a place holds no part, parts are of different specifications, or differ in a file, or some files
            are in none of them; then nothing is written.
        WorkFailed: a file is damaged or missing, or cannot be written. What was joined stays.
    """
    sources = [source for place in places for source in _sources(open_output(place))]
    spec = _common_spec(sources)
    plan = Plan(spec)
    planned = {name for chunk in plan.chunks() for name in file_names(spec, chunk)}
    chosen = _chosen(sources, planned)
    output = open_output(out)
    with claimed_for(output, spec):
        finished = {name: entry for name, entry in finished_files(output, spec).items() if name in planned}
        if missing := sorted(planned - chosen.keys() - finished.keys()):
            raise InvalidInput(_missing_text(missing, sources, plan))
        for name in sorted(planned - finished.keys()):
            source, entry = chosen[name]
            with output.workspace() as folder:
                _copy(source, entry, folder)
            finished[name] = entry
            output.add_to_manifest([entry], finished.values())
            if progress is not None:
                progress(len(finished), len(planned))
        finish_dataset(output, spec, plan, finished)
    return spec


def _sources(output: Output) -> Iterator[Source]:
    """The part in a place, or the shares in its folders."""
    folders = [name for name in output.folders() if Share.of_folder(name)]
    if output.read(SPEC) is None and not folders:
        raise InvalidInput(f"{output.name} holds no part of a dataset: it has neither {SPEC} nor share-I-of-N folders")
    parts = [output.inside(name) for name in folders]
    for part in parts if output.read(SPEC) is None else [output, *parts]:
        content = part.read(SPEC)
        if content is None:
            continue  # a share whose run was killed before it had begun
        try:
            spec = Spec.from_json(content.decode())
        except (UnicodeDecodeError, InvalidInput) as error:
            raise InvalidInput(f"{part.name}/{SPEC}: {error}") from None
        yield Source(part, spec, [e for e in read_output_manifest(part) if e.spec_hash == spec.hash])


def _common_spec(sources: Sequence[Source]) -> Spec:
    first = sources[0]
    for other in sources[1:]:
        if other.spec != first.spec:
            before, now = first.spec.to_dict(), other.spec.to_dict()
            differ = [f"{name} is {before[name]!r} and {now[name]!r}" for name in before if before[name] != now[name]]
            raise InvalidInput(
                f"{first.output.name} and {other.output.name} are of different datasets: {'; '.join(differ)}"
            )
    return first.spec


def _chosen(sources: Sequence[Source], planned: set[str]) -> dict[str, tuple[Output, Entry]]:
    """By path, from where each file is taken: the first part that has it undamaged, as far as sizes tell."""
    chosen: dict[str, tuple[Output, Entry]] = {}
    for source in sources:
        for entry in source.entries:
            if entry.path not in planned:
                continue
            output, known = chosen.setdefault(entry.path, (source.output, entry))
            if known.sha256 != entry.sha256:
                raise InvalidInput(
                    f"{entry.path} differs between {output.name} and {source.output.name}: they were made on different "
                    "platforms or with other versions of libraries; make one of them again"
                )
    return chosen


def _copy(source: Output, entry: Entry, folder: Path) -> None:
    """Brings a file into a directory, whole or not at all. Raises WorkFailed where it is not what its line says."""
    path = folder / entry.path
    temporary = temporary_path(path)
    with reporting_write_errors(path):
        path.parent.mkdir(exist_ok=True)
        temporary.unlink(missing_ok=True)
    source.fetch(entry.path, temporary)
    with reporting_write_errors(path):
        if temporary.stat().st_size != entry.bytes or file_sha256(temporary) != entry.sha256:
            temporary.unlink()
            raise WorkFailed(
                f"{source.name}/{entry.path} is damaged: it is not what its manifest says; delete it and run the "
                "command again that made it"
            )
        publish(temporary, path)


def _missing_text(missing: list[str], sources: Sequence[Source], plan: Plan) -> str:
    """Which files no part has and, where the parts are shares of one number, which shares make them."""
    counts = {share.count for source in sources if (share := Share.of_folder(source.output.name.rpartition("/")[2]))}
    text = f"{len(missing)} files of the dataset are in none of them, the first is {missing[0]}"
    if len(counts) != 1:
        return text
    count = counts.pop()
    shares = [Share(number, count) for number in range(1, count + 1)]
    lacking = [
        str(share) for share in shares if any(file_names(plan.spec, c) & set(missing) for c in share.of(plan.chunks()))
    ]
    return f"{text}; run again: generate with --shard {' and '.join(lacking)}"
