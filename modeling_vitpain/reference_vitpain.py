"""Neutral references: what a frame is compared with, neutral pictures of the same person.

- "attention" (the paper's later versions): the tokens of the frame attend to those of the references. "difference":
  features of the frame stand beside their differences from the references'.
- Shapes: B frames, R references a frame, T tokens of the frame, S of a reference, width D.
- A frame without a reference attends to a learned token, or has a learned difference. It is never compared with itself,
  which would make every face look neutral.
- This file is Hub remote code: it imports torch and nothing else.
"""

import torch
from torch import Tensor, nn


class ReferenceAttention(nn.Module):
    """Multi-head attention from a frame to each of its references, averaged over them.

    With one reference it is `nn.MultiheadAttention(width, heads, batch_first=True)`, and has its parameters. The
    frame's queries are projected once, whatever the number of references, and so is the average.
    """

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))  # of queries, keys and values
        self.in_proj_bias = nn.Parameter(torch.empty(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, tokens: Tensor, references: Tensor, mask: Tensor) -> Tensor:
        """`tokens` (B, T, D) and `references` (B, R, S, D) -> (B, T, D).

        A slot where `mask` (B, R) is False is left out, unless the whole row is False: then all of its slots hold the
        fallback, and are used.
        """
        width, slots = tokens.shape[-1], references.shape[:2]
        weights, biases = (
            parameter.split((width, 2 * width)) for parameter in (self.in_proj_weight, self.in_proj_bias)
        )
        queries = nn.functional.linear(tokens, weights[0], biases[0])
        keys, values = nn.functional.linear(references, weights[1], biases[1]).flatten(0, 1).chunk(2, dim=-1)
        queries = queries.unsqueeze(1).expand(-1, slots[1], -1, -1).flatten(0, 1)  # (B, T, D) -> (B * R, T, D)
        attended = nn.functional.scaled_dot_product_attention(*map(self._split, (queries, keys, values)))
        attended = attended.transpose(1, 2).flatten(2).unflatten(0, slots)  # (B * R, heads, T, d) -> (B, R, T, D)

        used = mask | ~mask.any(dim=1, keepdim=True)
        share = used.to(attended.dtype) / used.sum(dim=1, keepdim=True)
        return self.out_proj((attended * share[:, :, None, None]).sum(dim=1))

    def _split(self, states: Tensor) -> Tensor:
        """(B * R, T, D) -> (B * R, heads, T, D / heads)."""
        return states.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class ReferenceToken(nn.Module):
    """The fallback: one learned token in place of the tokens of a reference that is missing."""

    def __init__(self, width: int):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(1, 1, width))

    def forward(self, references: Tensor, mask: Tensor) -> Tensor:
        """`references` (B, R, S, D) with the token, S times, in every slot where `mask` (B, R) is False.

        Attending to S equal tokens is attending to one of them.
        """
        return torch.where(mask[:, :, None, None], references, self.weight)


class ReferenceDifference(nn.Module):
    """Features of a frame, and beside them the same less the mean of the references'.

    Args:
        shape: of the features, (…, F), and of the learned difference of a frame without a reference.
    """

    def __init__(self, *shape: int):
        super().__init__()
        self.missing = nn.Parameter(torch.empty(shape))

    def forward(self, features: Tensor, references: Tensor, mask: Tensor) -> Tensor:
        """`features` (B, …, F), `references` (B, R, …, F), `mask` (B, R), False of an empty slot -> (B, …, 2 F)."""
        slots = mask.view(*mask.shape, *(1,) * (references.ndim - 2))
        mean = (references * slots).sum(dim=1) / slots.sum(dim=1).clamp(min=1)
        difference = torch.where(slots.any(dim=1), features - mean, self.missing)
        return torch.cat([features, difference], dim=-1)


def as_slots(pixel_values: Tensor, mask: Tensor | None, batch: int) -> tuple[Tensor, Tensor]:
    """References as (b, R, 3, H, W), also where they came as (b, 3, H, W), and their mask (B, R), all True by default.

    b is B, or 1 where all frames share their references, which are then encoded only once.

    Raises:
        ValueError: another shape or dtype, with what is allowed.
    """
    pictures = pixel_values.unsqueeze(1) if pixel_values.ndim == 4 else pixel_values
    if pictures.ndim != 5 or pictures.shape[0] not in (1, batch) or pictures.shape[1] == 0:
        raise ValueError(
            f"reference_pixel_values is {tuple(pixel_values.shape)}; "
            f"allowed is ({batch}, 3, H, W) or ({batch}, R, 3, H, W), R 1 or more, or 1 in place of {batch}"
        )
    slots = torch.Size((batch, pictures.shape[1]))
    if mask is None:
        return pictures, torch.ones(slots, dtype=torch.bool, device=pictures.device)
    if mask.shape != slots or mask.dtype != torch.bool:
        raise ValueError(f"reference_mask is {mask.dtype} {tuple(mask.shape)}; allowed is torch.bool {tuple(slots)}")
    return pictures, mask


__all__ = ["ReferenceAttention", "ReferenceDifference", "ReferenceToken", "as_slots"]
