"""Whether a model that a protocol starts from, or learns from, has seen the people that the protocol tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataset_script.errors import InvalidInput, WorkFailed
from dataset_script.strict_json import parse_json
from modeling_vitpain import SHIPPED
from modeling_vitpain.prediction.load import located
from modeling_vitpain.training.options import RunOptions
from modeling_vitpain.training.record import RECORD

from ..provenance import spec_hash
from .splits import Population, Split

SOURCES = ("start", "teacher")
"""Options of a run that name a trained ViTPain."""


@dataclass(frozen=True)
class _Trained:
    """From `training.json`: a model's data, its people (None: the data's split), and the models it comes from.

    With each of these the record that this model has of it; None: it has none.
    """

    spec_hash: str | None
    people: Mapping[str, Sequence[int]] | None
    models: list[tuple[str, dict[str, Any] | None]]


def refuse_seen(options: RunOptions, splits: Sequence[Split], population: Population) -> list[str]:
    """Follows `training.json` from the starting model and the teacher to the models that these come from.

    Returns:
        The models of which it is not known what they were trained on: no record, or data without a specification.

    Raises:
        InvalidInput: one of them was trained, or its checkpoint chosen, on somebody whom a fold tests.
        WorkFailed: a record is damaged.
    """
    own, tested = spec_hash(options.data), {person for split in splits for person in split.test}
    waiting = [(name, value, None) for name in SOURCES if (value := getattr(options, name)) is not None]
    unknown, done = set(), set()
    while waiting:
        name, model, record = waiting.pop()
        if record is None:
            if model in done:
                continue
            done.add(model)
        trained = _read(model, record)
        if trained is None or trained.spec_hash is None or own is None:
            unknown.add(model)
        if trained is None:
            continue
        waiting += [(name, *earlier) for earlier in trained.models]
        if own is not None and trained.spec_hash == own:
            parts = trained.people or population.own_split
            seen = tested & {person for part in ("train", "validation") for person in parts.get(part, ())}
            if seen:
                raise InvalidInput(
                    f"{name} is {model}, which was trained on {len(seen)} of the people tested here ({min(seen)}, …); "
                    "allowed is a model of other people, or a protocol that does not test them, as own-split"
                )
    return sorted(unknown)


def _read(model: str, record: dict[str, Any] | None) -> _Trained | None:
    """From the record that a later model has of it, or its own. None: it has none. Raises WorkFailed: it is damaged."""
    where = f"the record of {model}"
    try:
        if record is None:
            directory = located(model) if model in SHIPPED else model
            where = Path(directory) / RECORD
            if not where.is_file():
                return None
            record = parse_json(where.read_text(encoding="utf-8"), nan=True)
        data, options = record["data"], record["options"]
        models = [(options[name], record.get(name)) for name in SOURCES if options.get(name)]
        return _Trained(data.get("spec_hash"), data.get("people"), models)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WorkFailed(f"{where} is damaged: {error!r}") from None
