"""The dataset card: what a dataset directory holds, in words and counted from its own rows."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from string import Template

import pyarrow as pa
import pyarrow.compute
from datasets import ClassLabel, Image, List, Value
from huggingface_hub import DatasetCard, DatasetCardData

from dataset_script.counts import count_dataset
from dataset_script.directory import DatasetDirectory
from dataset_script.errors import InvalidInput
from dataset_script.hub_readme import README
from dataset_script.spec import GENERATOR_VERSION
from dataset_script.vocabulary import SPLITS
from evaluation.markdown import table
from generation.catalogue import CATALOGUE, HEADS
from generation.photoreal.painting import FOLDER
from generation.photoreal.record import painted_by, read_record
from generation.population_tables import population_tables

from .count_tables import (
    COUNTED,
    balance_table,
    cells_sentence,
    covered_sentence,
    demographics_table,
    histogram_table,
    num_people,
    split_table,
    unit_table,
)
from .expression_words import others_phrase, pspi_sampling, pspi_zero
from .figures import draw_figures
from .prompt_list import prompt_examples, read_prompts
from .text import CITATION, TEMPLATES, UNKNOWN, fenced_yaml

FIELDS = {
    "frame_id": "the key: identity-expression-view",
    "identity_id": "the person",
    "expression_id": "0 neutral, 1-10 pain, from 11 on neither",
    "view_id": "0 frontal, 1 and 2 yawed",
    "image": "the picture, JPEG",
    "heatmap": "displacement from neutral on the same pixels, PNG; all zero on neutral frames",
    "au": "intensities of AU4, AU6, AU7, AU9, AU10 (0-5) and AU43 (0 or 1), in this order",
    "pspi": "0-16",
    "extra_au": "units beside pain, 0-5, not counted in PSPI; AU25 wherever AU9 or AU10 part the lips",
    "age_group": "young 18-45, elderly 65-90",
    "age": "years",
    "ethnicity": "as planned; see the limits",
    "gender": "as planned",
    "prompt": "the person, and how hair, clothes, place and light are drawn, in words for painters of pictures",
    "camera": "angles of the head as the camera sees it (positive yaw: nose to image right) and horizontal field of "
    "view in degrees; intrinsics in pixels; rotation R and translation t in mm from the room to the camera (x right, y "
    "down, z forward, as in OpenCV): K (R X + t) is the pixel of a point X",
    "head_pose": "yaw, pitch and roll of the head in the room in degrees; rotation and translation in mm from the head "
    "to the room. Room: y up, origin between the eyes of the neutral face, z out of it where the person is upright",
    "landmarks": "68 points (x, y) in pixels, pixel centres at .5",
    "landmarks_3d": "the same points (x, y, z) in the room, mm",
    "face_box": "x0, y0, x1, y1 in pixels",
    "neutral_frame_id": "the neutral frame of the same person and view",
    "expression_kind": "neutral, pain, or other: a face that moves without pain",
    "expression": "neutral, pain, or what the face does where the kind is other",
    "scene": "where the person is seen: studio, or clinical (in care, in bed or in a chair)",
    "setup": "how the person is lit",
    "posture": "how the person is held: upright, lying, propped (up in bed), seated",
    "camera_kind": "what filmed it: tripod, above (the bed), beside, phone, ceiling",
    "occluders": "what covers a part of the face in this picture",
    "hidden_aus": "units most of whose region is covered in this picture; their intensities stay true",
    "seed": "of the dataset's specification",
    "renderer": "what drew it",
    "rig": "what moved the face",
    "head": "what shaped the face",
    "licence": "of the frame",
    "neutral_image": "`pairs` only: the picture of `neutral_frame_id`",
    "neutral_face_box": "`pairs` only: the face box of `neutral_image`",
    "depth": "`geometry` only: 16-bit PNG, millimetres x 20 along the optical axis, 0 where nothing is",
    "normals": "`geometry` only: RGB PNG, (n + 1) / 2 x 255 of the normal in the axes right, up, towards the camera",
    "reference_id": "`references` only: the number of the picture, from 1; another day and place each",
    "uv": "`geometry` only: two 16-bit PNG, 1 + 65532 x the place in the head's texture, u to the right, v up; 0 where "
    "there is none",
    "landmarks_visible": "`geometry` only: for each landmark, whether head and props leave it in sight",
    "dense_landmarks": "`geometry` only: 500 points (x, y) in pixels; docs/annotations.md names them",
    "dense_landmarks_3d": "`geometry` only: the same points in the room, mm",
    "dense_landmarks_visible": "`geometry` only: for each of them, whether head and props leave it in sight",
    "segments": "`geometry` only: PNG of indices into background, skin, lips, eyes, …",
    "au_heatmaps": "`geometry` only: a heatmap for each action unit",
    "mesh_parameters": "`geometry` only: JSON, the head's identity weights",
    "mesh": "`geometry` only: the head without clothes and hair as binary glTF, in metres in the axes of the head; "
    "null where the specification does not ask for it",
}
"""Column -> what it means; every column of every configuration."""

CONFIGS = {
    "default": "every frame",
    "pairs": "every frame that is not neutral, with the neutral frame of the same person and view in the same row",
    "references": "more neutral pictures of each person: other days, light, places, clothes, poses",
    "geometry": "depth, normals, segments, UV maps, dense landmarks, a heatmap for each action unit, mesh parameters "
    "and, where asked for, meshes",
}
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
COMPUTED = "The faces look procedural: skin, hair, eyes and light are computed, not photographed."
PAINTED = (
    "Skin comes from pictures that a diffusion model painted, with that model's idea of the people in the prompts,\n"
    "  and with traces of the light that it painted; eyes, clothes and light are computed."
)
_COUNTED = (*COUNTED, "age", "head", "rig", "renderer", "licence")


def build_dataset_card(directory: str | Path, plots: bool = False) -> DatasetCard:
    """The card of a complete generated dataset. Its YAML keeps `configs` and `dataset_info` as they are.

    What this version of Pain3D does not know of data that another version made, it says. With `plots`, pictures are
    drawn into its folder `figures`.

    Raises:
        InvalidInput: `directory` is not a complete dataset; plots are asked for without matplotlib.
        WorkFailed: a shard or the manifest is damaged.
    """
    found = DatasetDirectory.open(directory)
    data = card_data(found, METADATA)
    columns = read_by_split(found, _COUNTED)
    spec = _known_parts(columns) | (found.spec or {})
    body = Template((TEMPLATES / "dataset_card.md").read_text(encoding="utf-8")).substitute(
        title=data.get("pretty_name") or "Pain3D",
        frames=f"{sum(map(len, columns.values())):,}",
        identities=f"{num_people(columns):,}",
        people=people_sentence(spec),
        load=loading(found),
        fields=field_table(found, FIELDS),
        configs="\n".join(f"- `{name}`: {CONFIGS.get(name, UNKNOWN)}" for name in found.configs),
        splits=split_table(columns, "people"),
        demographics=demographics_table(columns),
        who_is_who=_who_is_who(spec),
        others=others_phrase(spec),
        pspi_zero=pspi_zero(spec),
        pspi_sampling=pspi_sampling(spec),
        histogram=histogram_table(columns),
        plots=draw_figures(columns, found.path) if plots else "",
        units=unit_table(columns),
        balance=balance_table(columns),
        cells=cells_sentence(columns),
        covered=covered_sentence(columns),
        heatmap_scale=f"{spec['heatmap_scale_mm']:g} mm" if "heatmap_scale_mm" in spec else "the scale of its spec",
        painted=f"{painters}\n\n" if (painters := painted_by(read_record(found.path / FOLDER))) else "",
        appearance=PAINTED if found.pictures else COMPUTED,
        how_to_make_it_again=_how_to_make_it_again(found),
        prompts=prompt_examples(read_prompts(found)),
        licences="; ".join(licences(columns)) or UNKNOWN,
        citation=CITATION,
        component_licences="\n".join(f"| {what} | {licence} |" for what, licence in _parts(spec)),
    )
    return DatasetCard(fenced_yaml(data) + body)


def card_data(found: DatasetDirectory, metadata: Mapping[str, list[str]]) -> DatasetCardData:
    """The YAML of the directory's README, with `metadata` added to it.

    Raises:
        InvalidInput: the dataset is not complete, or its README does not say which files belong to which split.
    """
    readme = found.path / README
    command = "import" if found.is_imported else "generate"
    if not readme.is_file() or count_dataset(found.path)["complete"] is False:
        raise InvalidInput(f"{found.path} is not a complete dataset: run `pain3d {command}` to its end first")
    data = DatasetCard.load(readme).data
    if not data.get("configs") or not (found.is_imported or data.get("dataset_info")):
        raise InvalidInput(
            f"{readme} has no configs and dataset_info in its YAML; delete it and run `pain3d {command}` again"
        )
    for name, values in metadata.items():
        known = data.get(name) or []
        data[name] = known + [value for value in values if value not in known]
    return data


def read_by_split(found: DatasetDirectory, names: Sequence[str]) -> dict[str, pa.Table]:
    """Columns of every frame, by split; those that the data have."""
    parts: dict[str, list[pa.Table]] = {}
    for shard, part in found.read(names):
        parts.setdefault(shard.split, []).append(part)
    return {name: pa.concat_tables(parts[name], promote_options="default") for name in SPLITS if name in parts}


def loading(found: DatasetDirectory) -> str:
    """Python that loads it."""
    name = found.path.resolve().name
    lines = ["from datasets import load_dataset", f'frames = load_dataset("{name}")  # this directory, or its Hub name']
    if "pairs" in found.configs:
        lines.append(f'pairs = load_dataset("{name}", "pairs")')
    return "\n".join(lines)


def licences(columns: Mapping[str, pa.Table]) -> list[str]:
    """The different values of the column `licence`."""
    return sorted({value for part in columns.values() for value in _distinct(part, "licence")})


def _distinct(part: pa.Table, name: str) -> list:
    """The values of a column, each once, without null; none where there is no such column."""
    return [v for v in pa.compute.unique(part[name]).to_pylist() if v is not None] if name in part.column_names else []


def _known_parts(columns: Mapping[str, pa.Table]) -> dict[str, str]:
    """Head, rig and renderer as the rows name them: there may be no specification."""
    rows = next(iter(columns.values()))
    return {name: values[0] for name in CATALOGUE if (values := _distinct(rows, name))}


def _parts(spec: Mapping) -> list[tuple[str, str]]:
    """What the pictures were made with and under which terms."""
    entries = [(f"{field} {spec[field]}", CATALOGUE[field].get(spec[field])) for field in CATALOGUE if field in spec]
    return [(name, UNKNOWN) if entry is None else (entry.what, entry.licence) for name, entry in entries]


def people_sentence(spec: Mapping) -> str:
    """Whom the pictures show."""
    entry = HEADS.get(spec.get("head"))
    return f"Whether real people can be recognised is {UNKNOWN}: look up its head." if entry is None else entry.people


def _how_to_make_it_again(found: DatasetDirectory) -> str:
    if found.spec is None:
        return "The specification is not in this directory, so that it cannot be made again from it."
    rows = [[name, str(value)] for name, value in found.spec.items()]
    parts = [
        "The same specification and version of the generator give the same bytes: `pain3d generate` with the values "
        "below makes\nthis dataset again, and `pain3d verify` checks every file, row and picture. Specification\n"
        f"`{found.origin}`:",
        table(["field", "value"], rows, numbers=False),
    ]
    if (version := found.spec.get("version")) != GENERATOR_VERSION:
        parts.insert(
            0,
            f"Version {version} of the generator made it; this card was written by version {GENERATOR_VERSION}, and "
            "what it says of\nthe generator holds for that one.",
        )
    return "\n\n".join(parts)


def field_table(found: DatasetDirectory, words: Mapping[str, str], without: Collection[str] = ()) -> str:
    """Every column of every configuration but those of `without`, its type, and what it means."""
    features = {name: feature for config in found.configs for name, feature in found.features(config).items()}
    features = {name: feature for name, feature in features.items() if name not in without}
    body = [[f"`{name}`", _type_name(feature), words.get(name, UNKNOWN)] for name, feature in features.items()]
    return table(["field", "type", "what"], body, numbers=False)


def _type_name(feature) -> str:
    """A feature's type in a few words, for a table cell."""
    match feature:
        case ClassLabel():
            return ", ".join(f"{k} {name}" for k, name in enumerate(feature.names))
        case Image():
            return "image, one channel" if feature.mode == "L" else "image"
        case List():
            count = "any number of" if feature.length == -1 else f"{feature.length} x"
            return f"{count} {_type_name(feature.feature)}"
        case Value():
            return feature.dtype
        case _:
            return "{" + ", ".join(feature) + "}"


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
