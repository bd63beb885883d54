"""`DATASHEET.md`: the questions of Datasheets for Datasets, answered from the directory that they are asked about."""

from string import Template

from dataset_script.directory import DatasetDirectory
from generation.catalogue import CATALOGUE

from .count_tables import num_people
from .dataset_card import licences, people_sentence, read_by_split
from .expression_words import others_phrase, pspi_sampling
from .text import TEMPLATES, UNKNOWN

DATASHEET = "DATASHEET.md"
"""Name of the file in a dataset directory."""


def build_datasheet(found: DatasetDirectory, title: str) -> str:
    """The text for a complete generated dataset. Raises WorkFailed where a shard is damaged."""
    columns = read_by_split(found, ("identity_id", "licence"))
    spec = found.spec or {}
    entries = {field: CATALOGUE[field].get(spec.get(field)) for field in CATALOGUE}
    parts = [entry.what if entry else f"{field} {spec.get(field, UNKNOWN)}" for field, entry in entries.items()]
    asked = [f"{entry.what}: {entry.frames_licence}" for entry in entries.values() if entry and _restricts(entry)]
    return Template((TEMPLATES / "datasheet.md").read_text(encoding="utf-8")).substitute(
        title=title,
        others=others_phrase(spec).rstrip(","),
        frames=f"{sum(map(len, columns.values())):,}",
        identities=f"{num_people(columns):,}",
        splits=", ".join(f"{len(part):,} in {name}" for name, part in columns.items()),
        seed=spec.get("seed", UNKNOWN),
        configs=", ".join(f"`{name}`" for name in found.configs),
        missing="No; what an instance does not have is null, and the card says which columns those are."
        if "geometry" in found.configs
        else "Depth, normals and segments, which the generator can also make, were not asked for.",
        people=people_sentence(spec),
        hash=found.origin or UNKNOWN,
        version=spec.get("version", UNKNOWN),
        parts="; ".join(parts),
        sampling=pspi_sampling(spec),
        licence="; ".join(licences(columns)) or UNKNOWN,
        restrictions="; ".join(asked) or "No.",
    )


def _restricts(entry) -> bool:
    return entry.frames_licence.startswith("other")
