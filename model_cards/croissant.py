"""`croissant.json`: the dataset in the vocabulary of MLCommons Croissant 1.1, for catalogues and for `mlcroissant`."""

import json
from typing import Any

from datasets import ClassLabel, Image, List, Value

from dataset_script.directory import DatasetDirectory
from dataset_script.shards import FOLDERS

from .dataset_card import CONFIGS, FIELDS
from .text import CITATION, PAPER, TEMPLATES, UNKNOWN

CROISSANT = "croissant.json"
"""Name of the file in a dataset directory."""

SPDX = {"cc-by-4.0": "https://creativecommons.org/licenses/by/4.0/"}
"""Licence of the frames -> where it is; of another, its own words stand."""
_TYPES = {"string": "sc:Text", "bool": "sc:Boolean"}


def build_croissant(found: DatasetDirectory, name: str, description: str, licence: str, url: str = PAPER) -> str:
    """The file's content.

    Args:
        found: a complete generated dataset.
        name: of the dataset.
        description: in a sentence or two.
        licence: of its frames, an SPDX identifier or words.
        url: a page about it.
    """
    version = (found.spec or {}).get("version", 0)
    body = {
        "@context": json.loads((TEMPLATES / "croissant_context.json").read_text(encoding="utf-8")),
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": name,
        "description": description,
        "license": SPDX.get(licence.lower(), licence),
        "url": url,
        "version": f"{version}.0.0",
        "citeAs": CITATION,
        "creator": {"@type": "sc:Organization", "name": "Pain3D"},
        "keywords": ["pain", "facial action units", "PSPI", "synthetic faces"],
        "distribution": [_files(config) for config in found.configs],
        "recordSet": [_records(found, config) for config in found.configs],
    }
    return json.dumps(body, indent=1, ensure_ascii=False) + "\n"


def _files(config: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": f"{config}-files",
        "name": f"{config}-files",
        "description": f"The shards of {config}: {CONFIGS.get(config, UNKNOWN)}.",
        "encodingFormat": "application/x-parquet",
        "includes": f"{FOLDERS[config]}/*.parquet",
    }


def _records(found: DatasetDirectory, config: str) -> dict[str, Any]:
    split = _field(config, "split", "sc:Text", "train, validation or test", {"fileProperty": "filename"})
    split["source"]["transform"] = {"regex": "^(train|validation|test)-"}
    fields = [split]
    for name, feature in found.features(config).items():
        fields += _fields(config, name, feature, FIELDS.get(name, UNKNOWN), [])
    return {
        "@type": "cr:RecordSet",
        "@id": config,
        "name": config,
        "description": f"{CONFIGS.get(config, UNKNOWN)}.",
        "key": {"@id": f"{config}/frame_id"},
        "field": fields,
    }


def _fields(config: str, column: str, feature: Any, words: str, inside: list[str]) -> list[dict[str, Any]]:
    """The fields of a column: one, or of a struct one for each of its leaves, `inside` being the way to it."""
    if isinstance(feature, dict):
        return [
            field
            for name, part in feature.items()
            for field in _fields(config, column, part, f"{words}: {name}", [*inside, name])
        ]
    way = [*inside, "bytes"] if isinstance(feature, Image) else inside
    if isinstance(feature, Value) and feature.dtype == "binary":
        return []  # meshes: Croissant has no type of theirs
    shape, leaf = [], feature
    while isinstance(leaf, List):
        shape.append(str(leaf.length))
        leaf = leaf.feature
    if isinstance(leaf, ClassLabel):
        words = f"{words} ({', '.join(f'{k} {name}' for k, name in enumerate(leaf.names))})"
    field = _field(config, "/".join([column, *inside]), _type(leaf), words, {"column": column})
    if way:
        field["source"]["transform"] = {"jsonPath": ".".join(way)}
    return [field | ({"isArray": True, "arrayShape": ",".join(shape)} if shape else {})]


def _field(config: str, name: str, kind: str, words: str, extract: dict[str, str]) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"{config}/{name}",
        "name": f"{config}/{name}",
        "description": words,
        "dataType": kind,
        "source": {"fileSet": {"@id": f"{config}-files"}, "extract": extract},
    }


def _type(leaf: Any) -> str:
    if isinstance(leaf, Image):
        return "sc:ImageObject"
    if isinstance(leaf, ClassLabel):
        return "sc:Integer"
    return _TYPES.get(leaf.dtype) or ("sc:Float" if leaf.dtype.startswith("float") else "sc:Integer")
