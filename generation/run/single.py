"""One frame of a dataset, made alone (contract C3)."""

from dataset_script.errors import InvalidInput
from dataset_script.spec import Spec, check_version
from dataset_script.vocabulary import EXPRESSIONS_PER_IDENTITY, parse_frame_id

from ..catalogue import check
from ..frame import Frame
from ..plan import Plan
from .chunks import MakerFactory


def regenerate(spec: Spec, frame_id: str, maker_factory: MakerFactory | None = None) -> Frame:
    """The frame `frame_id` of the dataset that `spec` describes: the same bytes as its row.

    Raises:
        InvalidInput: there is no such frame.
        WorkFailed: the spec belongs to another version of the generator, which made other bytes.
    """
    key = parse_frame_id(frame_id)
    if key.identity_id >= spec.identities:
        raise InvalidInput(f"frame_id is {frame_id!r}; identities of this dataset are 0 to {spec.identities - 1}")
    if key.reference_id > spec.references:
        raise InvalidInput(
            f"frame_id is {frame_id!r}; reference pictures of a person in this dataset: {spec.references}"
        )
    if key.expression_id >= EXPRESSIONS_PER_IDENTITY + spec.others:
        last = EXPRESSIONS_PER_IDENTITY + spec.others - 1
        raise InvalidInput(f"frame_id is {frame_id!r}; expressions of this dataset are 0 to {last}")
    check_version(spec.version)
    check(spec)
    if maker_factory is None:
        from ..pipeline import FrameMaker as maker_factory
    plan = Plan(spec)
    days = (plan[key.identity_id], *plan.references(key.identity_id))
    return maker_factory(spec).make_frame(days[key.reference_id], key.expression_id, key.view_id)
