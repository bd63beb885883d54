"""Random streams that depend on nothing but their name (contract C3).

Every random decision draws from a stream named by (seed, stage, identity, expression, view). The name is hashed into
the key of a counter-based generator (Philox 4x64-10, Salmon et al. 2011), so that a stream can be opened anywhere, at
any time, in any order, in any process, and always gives the same numbers. There is no generator to share or advance.
Two stages never share a stream: a new stage changes no number of the others.
"""

import hashlib
from typing import Protocol

import numpy as np


class OnAnOccasion(Protocol):
    """A planned person as on one occasion; `generation.plan.IdentityPlan` is one."""

    identity_id: int
    occasion: int


def stream(
    seed: int, stage: str, identity: int | None, expression: int | None = None, view: int | None = None
) -> np.random.Generator:
    """The generator named by the arguments.

    Args:
        seed: the spec's seed.
        stage: who draws, such as "plan.views" or "look.skin".
        identity: None for what concerns the whole dataset.
        expression: None for what all expressions of the identity share.
        view: None for what all views share.
    """
    name = repr((int(seed), stage, *(None if part is None else int(part) for part in (identity, expression, view))))
    digest = hashlib.blake2b(name.encode(), digest_size=16, person=b"pain3d.stream").digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")))


def occasion_stream(
    seed: int, stage: str, plan: OnAnOccasion, expression: int | None = None, view: int | None = None
) -> np.random.Generator:
    """The generator of what differs between the occasions on which a person is seen: light, clothes, pose and the like.

    Arguments as those of `stream`, whose numbers it gives on occasion 0; each other occasion has its own.
    """
    name = stage if plan.occasion == 0 else f"{stage}@{plan.occasion}"
    return stream(seed, name, plan.identity_id, expression, view)
