"""Frames beside neutral ones, each picture through the backbone once: all frames of a person and view share a neutral.

Tokens of neutral pictures are kept until the last frame that needs them: a few of one person where the rows are in the
order of `pain3d generate`. In any order they are at most `_KEPT_BYTES`; what is dropped for that is encoded again.
"""

from collections import Counter
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.utils.data import Dataset
from transformers import PreTrainedModel

from ..backbone_vitpain import encoded_by
from ..frames.dataset import PainFrames
from ..modeling_vitpain import ViTPainForPainAssessment

_KEPT_BYTES = 256 << 20


def shares_neutrals(frames: Dataset) -> bool:
    """Whether frames are compared with neutral ones, each always with the same, as in evaluation."""
    return isinstance(frames, PainFrames) and frames.references is not None and frames.augment_seed is None


class TokenBatches:
    """Batches of such frames, in order: `tokens` (B, T, D), `reference_tokens` (B, 1, T, D), `reference_mask` (B, 1).

    Args:
        model: encodes the pictures, on its device and in its dtype.
        frames: those that `shares_neutrals` is true of.
        batch_size: frames in a batch, and most pictures through the backbone at a time.
    """

    def __init__(self, model: ViTPainForPainAssessment, frames: PainFrames, batch_size: int):
        self.model, self.frames, self.batch_size = model, frames, batch_size
        self.own_encoder = model.reference_backbone is not None

    def __len__(self) -> int:
        return -(-len(self.frames) // self.batch_size)

    @torch.inference_mode()
    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        neutral_of = [self.frames.reference(k)[0] for k in range(len(self.frames))]
        own = [None if self.own_encoder else self.frames.references.place(k) for k in range(len(self.frames))]
        uses = Counter(place for place in neutral_of if place is not None)
        uses.update(place for place in own if place in uses)
        kept: dict[int, Tensor] = {}
        for begin in range(0, len(self.frames), self.batch_size):
            batch = range(begin, min(begin + self.batch_size, len(self.frames)))
            places = neutral_of[batch.start : batch.stop]
            tokens = self._of_frames(batch, own[batch.start : batch.stop], kept, uses)
            lacking = sorted({place for place in places if place is not None} - kept.keys())
            kept |= self._of_neutrals(lacking)
            empty = torch.zeros_like(tokens[0])
            references = torch.stack([empty if place is None else kept[place] for place in places])
            present = torch.tensor([[place is not None] for place in places], device=tokens.device)
            uses.subtract(place for place in places if place is not None)
            _drop(kept, uses)
            yield {"tokens": tokens, "reference_tokens": references[:, None], "reference_mask": present}

    def _of_frames(self, batch: range, places: list[int | None], kept: dict[int, Tensor], uses: Counter) -> Tensor:
        """Tokens (B, T, D) of frames that are at `places` among the neutrals. Those needed again go into `kept`."""
        unknown = [k for k, place in zip(batch, places, strict=True) if place not in kept]
        pictures = self.frames.views["pixel_values"]
        found = dict(zip(unknown, self._encoded(self.model.backbone, pictures, unknown), strict=True))
        tokens = torch.stack([found[k] if k in found else kept[p] for k, p in zip(batch, places, strict=True)])
        uses.subtract(place for place in places if place in uses)
        for k, place in zip(batch, places, strict=True):
            if k in found and uses[place] > 0:
                kept[place] = found[k].clone()  # not a view that holds the whole batch
        return tokens

    def _of_neutrals(self, places: list[int]) -> dict[int, Tensor]:
        encoder = self.model.reference_backbone if self.own_encoder else self.model.backbone
        found = self._encoded(encoder, self.frames.reference_views, places)
        return {place: tokens.clone() for place, tokens in zip(places, found, strict=True)}

    def _encoded(self, encoder: PreTrainedModel, pictures, places: list[int]) -> Iterator[Tensor]:
        """Tokens (T, D) of pictures of a column."""
        for begin in range(0, len(places), self.batch_size):
            pixels = torch.stack([pictures.tensor(k, None) for k in places[begin : begin + self.batch_size]])
            yield from encoded_by(encoder, pixels.to(self.model.device, self.model.dtype), False).last_hidden_state


def _drop(kept: dict[int, Tensor], uses: Counter) -> None:
    """Drops tokens that no later frame needs and, above the limit, the oldest of the others."""
    for place in [place for place in kept if uses[place] <= 0]:
        del kept[place]
    while kept and len(kept) * next(iter(kept.values())).nbytes > _KEPT_BYTES:
        del kept[next(iter(kept))]
