"""What the Hub checks in the metadata of a README."""

import re
from typing import Any

import yaml

from .store import Refusal

LICENSES = frozenset(
    {
        *("apache-2.0", "mit", "openrail", "bigscience-openrail-m", "cc", "cc0-1.0"),
        *("cc-by-2.0", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-2.0"),
        *("cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-4.0", "cdla-permissive-2.0"),
        *("bsd-2-clause", "bsd-3-clause", "gpl-3.0", "agpl-3.0", "lgpl-3.0", "isc"),
        *("odc-by", "odbl", "pddl", "unlicense", "unknown", "other"),
    }
)
SDKS = ("gradio", "docker", "static")
COLOURS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
_BLOCK = re.compile(r"\A\s*---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(\r?\n|\Z)", re.DOTALL)


def metadata_errors(content: str, type: str) -> list[str]:
    """What is wrong with the metadata of a README of a repository of this type."""
    block = _BLOCK.match(content)
    if block is None:
        return ["Missing configuration in README"] if type == "space" else []
    try:
        data = yaml.safe_load(block[1])
    except yaml.YAMLError as error:
        return [f"YAML Metadata Error: {error}"]
    if not isinstance(data, dict):
        return ["YAML Metadata must be a mapping"]
    errors = _license_errors(data)
    if type == "space":
        errors += _space_errors(data)
    if type == "dataset":
        errors += _config_errors(data)
    if type == "model":
        errors += _result_errors(data)
    return errors


def check_readme(content: bytes, type: str) -> None:
    """Raises Refusal where the metadata of a README is invalid."""
    if errors := metadata_errors(content.decode(), type):
        raise Refusal(400, "Invalid metadata in README.md", errors=[{"message": error} for error in errors])


def _license_errors(data: dict[str, Any]) -> list[str]:
    values = data.get("license", [])
    values = values if isinstance(values, list) else [values]
    errors = [f'"license" must be one of the Hub\'s, not {value!r}' for value in values if value not in LICENSES]
    if "license_name" in data and not re.fullmatch(r"[a-z0-9][a-z0-9.-]*", str(data["license_name"])):
        errors.append(f'"license_name" must be lower case, digits, "-" and ".", not {data["license_name"]!r}')
    return errors


def _space_errors(data: dict[str, Any]) -> list[str]:
    errors = [] if data.get("sdk") in SDKS else [f'"sdk" must be one of {SDKS}, not {data.get("sdk")!r}']
    for name in ("colorFrom", "colorTo"):
        if name in data and data[name] not in COLOURS:
            errors.append(f'"{name}" must be one of {COLOURS}')
    if len(str(data.get("short_description", ""))) > 60:
        errors.append('"short_description" length must be less than or equal to 60 characters long')
    return errors


def _config_errors(data: dict[str, Any]) -> list[str]:
    configs = data.get("configs", [])
    if not isinstance(configs, list) or not all(isinstance(each, dict) for each in configs):
        return ['"configs" must be an array of objects']
    return [f'"configs[{k}].config_name" is required' for k, each in enumerate(configs) if not each.get("config_name")]


def _result_errors(data: dict[str, Any]) -> list[str]:
    errors = []
    for model in data.get("model-index") or []:
        for k, result in enumerate(model.get("results", [])):
            for part, names in (("task", ("type",)), ("dataset", ("type", "name"))):
                errors += [
                    f'"model-index[0].results[{k}].{part}.{name}" is required'
                    for name in names
                    if not (result.get(part) or {}).get(name)
                ]
            if not result.get("metrics"):
                errors.append(f'"model-index[0].results[{k}].metrics" is required')
    return errors
