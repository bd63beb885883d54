"""The dataset card: what a dataset directory holds, in words and counted from its own rows."""

from collections.abc import Mapping
from pathlib import Path
from string import Template

import numpy as np
import pyarrow as pa
from datasets import ClassLabel, Image, List, Value
from huggingface_hub import DatasetCard

from dataset_script.errors import InvalidInput
from dataset_script.features import AGE_GROUPS, ETHNICITIES, FEATURES, GENDERS, SPLITS
from dataset_script.manifest import read_manifest
from dataset_script.spec import GENERATOR_VERSION
from evaluation.markdown import table
from evaluation.split.labels import read_columns
from generation.catalogue import CATALOGUE
from generation.population_tables import population_tables

from .text import TEMPLATES, fenced_yaml, read_json

FIELDS = {
    "frame_id": "the key: identity-expression-view",
    "identity_id": "the person",
    "expression_id": "0 neutral, 1-10 pain",
    "view_id": "0 frontal, 1 and 2 yawed",
    "image": "the picture, JPEG",
    "heatmap": "displacement from neutral on the same pixels, PNG; all zero on neutral frames",
    "au": "intensities of AU4, AU6, AU7, AU9, AU10 (0-5) and AU43 (0 or 1), in this order",
    "pspi": "0-16",
    "extra_au": "units beside pain, 0-5, not counted in PSPI",
    "age_group": "young 18-45, elderly 65-90",
    "age": "years",
    "ethnicity": "as planned; see the limits",
    "gender": "as planned",
    "prompt": "the person in a sentence",
    "camera": "angles and horizontal field of view in degrees, intrinsics in pixels; positive yaw: nose to image right",
    "landmarks": "68 points (x, y) in pixels, pixel centres at .5",
    "face_box": "x0, y0, x1, y1 in pixels",
    "neutral_frame_id": "the neutral frame of the same person and view",
    "seed": "of the dataset's specification",
    "renderer": "what drew it",
    "rig": "what moved the face",
    "head": "what shaped the face",
    "licence": "of the frame",
    "neutral_image": "`pairs` only: the picture of `neutral_frame_id`",
    "neutral_face_box": "`pairs` only: the face box of `neutral_image`",
    "depth": "`geometry` only: 16-bit PNG, millimetres x 20 along the optical axis, 0 where nothing is",
    "normals": "`geometry` only: RGB PNG, (n + 1) / 2 x 255 of the normal in camera axes (right, up, towards the camera)",
    "landmarks_visible": "`geometry` only: for each landmark, whether the head leaves it in sight",
    "segments": "`geometry` only: PNG of indices into background, skin, lips, eyes, …",
    "au_heatmaps": "`geometry` only: a heatmap for each action unit",
    "mesh_parameters": "`geometry` only: JSON, the head's identity weights",
}
"""Column -> what it means; every column of every configuration."""

CONFIGS = {
    "default": "every frame",
    "pairs": "every pain frame, with the neutral frame of the same person and view in the same row",
    "geometry": "depth, segments, a heatmap for each action unit, mesh parameters",
}
PSPI_SAMPLINGS = {
    "uniform": "The PSPI of pain expressions is drawn uniformly from 1-16, and the AUs uniformly among the combinations that "
    "add up to it.",
}
"""`pspi` of the specification -> what it means."""
WHO_IS_WHO = (
    'What decides how the people of each group look, and who says so. "By eye": nobody measured it, it was chosen by '
    'looking at pictures. A ± gives the standard deviation, "to" a uniform distribution.'
)
METADATA = {
    "annotations_creators": ["machine-generated"],
    "source_datasets": ["original"],
    "task_categories": ["image-classification", "image-feature-extraction"],
    "tags": ["pain", "pspi", "facs", "action-units", "facial-expression", "faces", "synthetic"],
}
_COUNTED = ("identity_id", "age_group", "ethnicity", "gender", "pspi")


def build_dataset_card(directory: str | Path) -> DatasetCard:
    """The card of a complete dataset directory. Its YAML keeps `configs` and `dataset_info` as the generator wrote them.

    Raises:
        InvalidInput: `directory` is not a complete dataset.
        WorkFailed: a shard or the manifest is damaged.
    """
    directory = Path(directory)
    readme, entries = directory / "README.md", read_manifest(directory)
    if not readme.is_file() or not entries:
        raise InvalidInput(f"{directory} is not a complete dataset: run `pain3d generate` to its end first")
    data = DatasetCard.load(readme).data
    if not data.get("configs") or not data.get("dataset_info"):
        raise InvalidInput(f"{readme} has no configs and dataset_info in its YAML; delete it and run `pain3d generate`")
    for name, values in METADATA.items():
        known = data.get(name) or []
        data[name] = known + [value for value in values if value not in known]

    spec = read_json(directory / "spec.json")
    splits = [name for name in SPLITS if any(e.split == name and e.config == "default" for e in entries)]
    columns = {name: read_columns(directory, name, _COUNTED) for name in splits}
    configs = [name for name in FEATURES if any(e.config == name for e in entries)]
    people = sum(len(pa.compute.unique(part["identity_id"])) for part in columns.values())
    body = Template((TEMPLATES / "dataset_card.md").read_text(encoding="utf-8")).substitute(
        title=data.get("pretty_name") or "Pain3D",
        frames=f"{sum(map(len, columns.values())):,}",
        identities=f"{people:,}",
        load=_loading(directory.resolve().name, configs),
        fields=_field_table(configs),
        configs="\n".join(f"- `{name}`: {CONFIGS[name]}" for name in configs),
        splits=_split_table(columns),
        demographics=_demographics_table(columns),
        who_is_who=_who_is_who(spec),
        pspi_sampling=PSPI_SAMPLINGS[spec["pspi"]],
        histogram=_histogram_table(columns),
        heatmap_scale=f"{spec['heatmap_scale_mm']:g}",
        spec_hash=f"`{entries[0].spec_hash}`",
        spec=table(["field", "value"], [[name, str(value)] for name, value in spec.items()], numbers=False),
        component_licences="\n".join(f"| {what} | {licence} |" for what, licence in _licences(spec)),
    )
    return DatasetCard(fenced_yaml(data) + body)


def _loading(name: str, configs: list[str]) -> str:
    lines = ["from datasets import load_dataset", f'frames = load_dataset("{name}")  # this directory, or its Hub name']
    if "pairs" in configs:
        lines.append(f'pairs = load_dataset("{name}", "pairs")')
    return "\n".join(lines)


def _licences(spec: Mapping) -> list[tuple[str, str]]:
    """What the pictures were made with and under which terms; parts of another version may be unknown to the catalogue."""
    entries = [CATALOGUE[field].get(spec[field]) for field in CATALOGUE]
    return [(entry.what, entry.licence) for entry in entries if entry is not None]


def _field_table(configs: list[str]) -> str:
    features = {name: feature for config in configs for name, feature in FEATURES[config].items()}
    return table(
        ["field", "type", "what"], [[f"`{n}`", _type_name(f), FIELDS[n]] for n, f in features.items()], numbers=False
    )


def _type_name(feature) -> str:
    """A feature's type in a few words, for a table cell."""
    match feature:
        case ClassLabel():
            return ", ".join(f"{k} {name}" for k, name in enumerate(feature.names))
        case Image():
            return "image, one channel" if feature.mode == "L" else "image"
        case List():
            return f"{feature.length} x {_type_name(feature.feature)}"
        case Value():
            return feature.dtype
        case _:
            return "{" + ", ".join(feature) + "}"


def _split_table(columns: Mapping[str, pa.Table]) -> str:
    body = [
        [name, f"{len(pa.compute.unique(part['identity_id'])):,}", f"{len(part):,}"] for name, part in columns.items()
    ]
    return table(["split", "people", "frames"], body)


def _demographics_table(columns: Mapping[str, pa.Table]) -> str:
    body = []
    for attribute, names in (("age_group", AGE_GROUPS), ("ethnicity", ETHNICITIES), ("gender", GENDERS)):
        counts = np.stack([_people(part, attribute, len(names)) for part in columns.values()])
        for k, name in enumerate(names):
            label = f"{attribute.replace('_', ' ')}: {name.replace('_', ' ')}"
            body.append([label, *(f"{count:,}" for count in counts[:, k]), f"{counts[:, k].sum():,}"])
    return table(["", *columns, "all"], body)


def _people(part: pa.Table, attribute: str, classes: int) -> np.ndarray:
    """People of each class, `(classes,)`."""
    _, first = np.unique(part["identity_id"].to_numpy(), return_index=True)
    return np.bincount(part[attribute].to_numpy()[first], minlength=classes)


def _who_is_who(spec: Mapping) -> str:
    """What decides how the people of each group look, where our own head and look of this version made them."""
    if [spec.get(name) for name in ("version", "head", "look")] != [GENERATOR_VERSION, "makehuman", "procedural"]:
        return (
            "The tables of what decides how a group looks, with their sources, hold for the head makehuman with the "
            f"look procedural, made by version {GENERATOR_VERSION} of the generator. This dataset is another: they are "
            "left out."
        )
    tables = [f"### {part.title}\n\n{table(part.header, part.rows, numbers=False)}" for part in population_tables()]
    return "\n\n".join([WHO_IS_WHO, *tables])


def _histogram_table(columns: Mapping[str, pa.Table]) -> str:
    counts = np.stack([np.bincount(part["pspi"].to_numpy(), minlength=17) for part in columns.values()])
    body = [[str(k), *(f"{c:,}" for c in counts[:, k]), f"{counts[:, k].sum():,}"] for k in range(17)]
    return table(["PSPI", *columns, "all"], body)
