"""Whether a value is what its type hint says, key by key: nothing else checks a `TypedDict` at run time."""

import types
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict


def mismatches(value: Any, kind: Any, where: str = "") -> list[str]:
    """What differs between `value` and the hint `kind`; empty where it fits."""
    origin, of = get_origin(kind), get_args(kind)
    if is_typeddict(kind):
        if not isinstance(value, dict):
            return [f"{where} is {value!r}, not a {kind.__name__}"]
        hints = get_type_hints(kind)
        missing, more = kind.__required_keys__ - value.keys(), value.keys() - hints.keys()
        found = [f"{where}.{key} is missing" for key in missing] + [f"{where}.{key} is not declared" for key in more]
        for key in value.keys() & hints.keys():
            found += mismatches(value[key], hints[key], f"{where}.{key}")
        return found
    if origin in (types.UnionType, Union):
        tries = [mismatches(value, one, where) for one in of]
        return [] if [] in tries else min(tries, key=len)
    if origin is dict:
        if not isinstance(value, dict):
            return [f"{where} is {value!r}, not a dict"]
        numbers = of[0] is int  # of which JSON makes text
        keys = [
            f"{where} has the key {key!r}"
            for key in value
            if not (isinstance(key, of[0]) or (numbers and key.isdecimal()))
        ]
        return keys + [text for key, each in value.items() for text in mismatches(each, of[1], f"{where}.{key}")]
    if origin is list:
        if not isinstance(value, list):
            return [f"{where} is {value!r}, not a list"]
        return [text for k, each in enumerate(value) for text in mismatches(each, of[0], f"{where}[{k}]")]
    allowed = int | float if kind is float else kind or type(None)
    fits = isinstance(value, allowed) and not (kind in (int, float) and isinstance(value, bool))
    return [] if fits else [f"{where} is {value!r}, not {kind}"]
