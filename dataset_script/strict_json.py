"""JSON of others, read strictly: no name twice, no NaN, no depth that overflows the stack."""

import json
from typing import Any


def parse_json(text: str | bytes, nan: bool = False) -> Any:
    """The value of a JSON text, which must hold what RFC 8259 allows and nothing that programs read differently.

    Args:
        text: of a file, UTF-8 where it is bytes.
        nan: whether NaN and Infinity are taken, as Python writes them: records of training may hold them.

    Raises:
        ValueError: it is no JSON; an object has a name twice; it holds NaN or Infinity, a number of thousands of
            digits, or values within values, thousands deep.
    """
    constants = {} if nan else {"parse_constant": _no_number}
    try:
        return json.loads(text, object_pairs_hook=_object, **constants)
    except RecursionError:
        raise ValueError("it holds values within values, too deep to be read") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        raise ValueError(f"it has the name {twice[:40]!r} twice in one object")
    return found


def _no_number(word: str) -> None:
    raise ValueError(f"it holds {word}, which is no number of JSON")
