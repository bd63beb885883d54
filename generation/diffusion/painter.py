"""Painting portraits under depth maps, other views of them, and masked regions."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from dataset_script.errors import InvalidInput, WorkFailed

from .compositing import composite, mixed
from .depth_hint import depth_hint
from .failures import memory_errors
from .model_files import ModelFiles
from .models import Models, Settings
from .pipelines import chosen_device, open_controlnet, open_pipeline, sharing, takes
from .quiet import quiet
from .roles import Roles, roles_of


class Portrait(NamedTuple):
    """One portrait to paint. depth: (S, S) float mm, inf where nothing is. seed: 0 to 2**64 - 1."""

    depth: np.ndarray
    prompt: str
    negative: str
    seed: int


class Painter:
    """Paints pictures, each from its own seed and nothing else: no call changes another.

    Noise is drawn on the CPU, so that it does not depend on the device. Equal calls give equal bytes on one device with
    one version of torch and diffusers. Networks are read when first needed. Made by `open_painter`.
    """

    def __init__(self, models: Models, settings: Settings, device: str, files: dict[str, ModelFiles], roles: Roles):
        self.models, self.settings, self.device = models, settings, device
        self._files, self._roles = files, roles
        self._warned = False

    def portrait(self, depth: np.ndarray, prompt: str, negative: str, seed: int) -> np.ndarray:
        """A picture whose depth is `depth`.

        Args:
            depth: (S, S) distance along the viewing axis, mm, inf where nothing is; normalised by `depth_hint`.
            prompt, negative: what it should show, and should not; "" for nothing.
            seed: 0 to 2**64 - 1.

        Returns:
            (size, size, 3) uint8 RGB, of the settings' size.

        Raises:
            InvalidInput: depth or seed are not as above.
            WorkFailed: memory ran out, a model's files are damaged, its safety checker flagged the picture, or its
                numbers overflowed.
        """
        under = "hint" if takes(self._roles.portrait, "hint") else "control_image"
        if not takes(self._roles.portrait, under):
            under = "image"
        hint = self._hint(depth)
        return self._paint("painting a portrait", lambda: self._portraits, prompt, negative, seed, **{under: hint})

    def portraits(self, wanted: Sequence[Portrait]) -> list[np.ndarray]:
        """`portrait` of each, byte for byte: painted one after another, since sums over a batch round differently."""
        return [self.portrait(*one) for one in wanted]

    def side_portrait(
        self, depth: np.ndarray, picture: np.ndarray, keep: np.ndarray, prompt: str, negative: str, seed: int
    ) -> np.ndarray:
        """A picture of another view, begun from what is known of it.

        Args:
            depth: (S, S) mm of that view, inf where nothing is.
            picture: (size, size, 3) uint8, the initial picture, of the settings' size.
            keep: (size, size) in 0-1, how far each pixel of `picture` is known; where 1 it stays byte for byte.
            prompt, negative, seed: as for `portrait`.

        Returns:
            (size, size, 3) uint8. Raises as `portrait`.
        """
        size = self.settings.size
        _check_picture("picture", picture, size)
        keep = np.asarray(keep, dtype=np.float64)
        if keep.shape != (size, size) or not ((keep >= 0) & (keep <= 1)).all():
            raise InvalidInput(f"keep has shape {keep.shape}; allowed is {(size, size)} with values in 0-1")
        under = "hint" if takes(self._roles.side, "hint") else "control_image"
        inputs = {under: self._hint(depth), "image": Image.fromarray(picture), "strength": self.settings.side_strength}
        if takes(self._roles.side, "mask_image"):
            inputs["mask_image"] = Image.fromarray(np.rint(255 * (1 - keep)).astype(np.uint8))
        painted = self._paint("painting a side portrait", lambda: self._sides, prompt, negative, seed, **inputs)
        return mixed(picture, painted, keep)

    def fill(self, picture: np.ndarray, mask: np.ndarray, prompt: str, negative: str, seed: int) -> np.ndarray:
        """`picture` with the region of `mask` painted anew, fitted to what is kept along its edge.

        Args:
            picture: (S, S, 3) uint8, S even; resized to the settings' size for the model, and back.
            mask: (S, S) bool, True where to paint.
            prompt, negative, seed: as for `portrait`.

        Returns:
            (S, S, 3) uint8, equal to `picture` byte for byte outside `mask`.

        Raises:
            InvalidInput: there is no model that fills, or as for `portrait`. WorkFailed: as for `portrait`.
        """
        if self._roles.fill is None:
            raise InvalidInput("inpaint model is None; filling needs --inpaint-model, since the other models cannot")
        _check_picture("picture", picture, None)
        if mask.shape != picture.shape[:2] or mask.dtype != bool:
            raise InvalidInput(f"mask is {mask.dtype} of shape {mask.shape}; allowed is bool of {picture.shape[:2]}")
        if not mask.any():
            return picture.copy()
        wide = (self.settings.size, self.settings.size)
        region = Image.fromarray(np.where(mask, np.uint8(255), np.uint8(0)))
        inputs: dict[str, Any] = {
            "image": Image.fromarray(picture).resize(wide, Image.Resampling.LANCZOS),
            "mask_image": region.resize(wide, Image.Resampling.BILINEAR).point(lambda value: 255 * (value > 0)),
        }
        if takes(self._roles.fill, "strength"):
            inputs["strength"] = self.settings.fill_strength
        painted = Image.fromarray(self._paint("filling", lambda: self._fills, prompt, negative, seed, **inputs))
        back = painted.resize(picture.shape[1::-1], Image.Resampling.LANCZOS)
        return composite(picture, np.asarray(back), mask)

    def _paint(self, what: str, opened: Any, prompt: str, negative: str, seed: int, **inputs: Any) -> np.ndarray:
        """One call of the pipeline that `opened` gives, as (size, size, 3) uint8."""
        import torch

        if not 0 <= seed < 2**64:
            raise InvalidInput(f"seed is {seed}; allowed is 0 to 2**64 - 1")
        size, settings = self.settings.size, self.settings
        noise = torch.Generator("cpu").manual_seed(int(seed))
        with memory_errors(what, self.device, self.models, settings), quiet(), _repeatable():
            pipeline = opened()
            inputs |= self._words(pipeline, prompt, negative, noise)
            if takes(pipeline, "controlnet_conditioning_scale"):
                inputs["controlnet_conditioning_scale"] = settings.control_strength
            output = pipeline(
                **inputs,
                height=size,
                width=size,
                num_inference_steps=settings.steps,
                guidance_scale=settings.guidance,
                generator=noise,
                output_type="np",
            )
        if any(getattr(output, "nsfw_content_detected", None) or ()):
            raise WorkFailed(
                f"the model's safety checker flagged the picture of seed {seed}; take another seed or prompt"
            )
        picture = np.asarray(output.images[0], dtype=np.float64)
        if not np.isfinite(picture).all():
            raise WorkFailed(f"the picture of seed {seed} overflowed {settings.dtype}; use bfloat16 or float32")
        return np.rint(255 * np.clip(picture, 0, 1)).astype(np.uint8)

    def _words(self, pipeline: Any, prompt: str, negative: str, noise: Any) -> dict[str, Any]:
        """The arguments by which a pipeline learns the words: as image embeddings, or as they are."""
        if not takes(pipeline, "image_embeds"):
            self._check_read(pipeline.tokenizer, prompt, negative)
            return {"prompt": prompt, "negative_prompt": negative}
        settings = self.settings
        self._check_read(self._prior.tokenizer, prompt, negative)
        found = self._prior(
            prompt,
            negative_prompt=negative,
            num_inference_steps=settings.prior_steps,
            guidance_scale=settings.prior_guidance,
            generator=noise,
        )
        embeddings = {"image_embeds": found.image_embeds, "negative_image_embeds": found.negative_image_embeds}
        return {name: value.to(self.device) for name, value in embeddings.items()}

    def _check_read(self, tokenizer: Any, *texts: str) -> None:
        """Warns, once, of words that a model does not read."""
        limit = tokenizer.model_max_length
        if not self._warned and max(len(tokenizer(text, verbose=False).input_ids) for text in texts) > limit:
            self._warned = True
            warnings.warn(
                f"prompts are longer than the {limit} tokens that the model reads; it ignores the rest", stacklevel=2
            )

    def _hint(self, depth: np.ndarray) -> Any:
        """The depth map as a tensor (1, 3, size, size) in 0-1."""
        import torch

        hint = torch.from_numpy(depth_hint(depth, self.settings.size))
        return hint[None, None].repeat(1, 3, 1, 1).to(self.device, getattr(torch, self.settings.dtype))

    def _open(self, cls: type, role: str, **components: Any) -> Any:
        return open_pipeline(cls, self._files[role], self.device, self.models, self.settings, **components)

    @cached_property
    def _prior(self) -> Any:
        return self._open(self._roles.prior, "prior")

    @cached_property
    def _portraits(self) -> Any:
        if "controlnet" not in self._files:
            return self._open(self._roles.portrait, "diffusion")
        controlnet = open_controlnet(self._files["controlnet"], self.settings)
        return self._open(self._roles.portrait, "diffusion", controlnet=controlnet)

    @cached_property
    def _sides(self) -> Any:
        return sharing(self._roles.side, self._portraits, self._files["diffusion"], self.device, self.models)

    @cached_property
    def _fills(self) -> Any:
        if "inpaint" in self._files:
            return self._open(self._roles.fill, "inpaint")
        return sharing(self._roles.fill, self._portraits, self._files["diffusion"], self.device, self.models)


def open_painter(models: Models, settings: Settings) -> Painter:
    """A painter with these models, after checking that all are complete and fit together. Reads no weights yet.

    Raises:
        InvalidInput: a model is not there, of the wrong kind, pickled only, or does not fit the others; the device is
            not there or cannot do what is asked; the extra `diffusion` is not installed.
        WorkFailed: a model's files are missing or damaged, or cannot be fetched.
    """
    try:
        import_module("diffusers")
    except ImportError:
        raise InvalidInput("diffusers is not installed; pip install 'pain3d[diffusion]'") from None
    device = chosen_device(models, settings)
    files = models.files(settings.dtype)
    with quiet():
        return Painter(models, settings, device, files, roles_of(files, models, settings))


@contextmanager
def _repeatable() -> Iterator[None]:
    """Convolutions on CUDA that sum in the same order each time."""
    import torch

    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
        yield


def _check_picture(name: str, picture: np.ndarray, size: int | None) -> None:
    """Raises InvalidInput where it is no square RGB picture of even size, or not of `size`."""
    shape = picture.shape
    square = picture.ndim == 3 and shape[0] == shape[1] and shape[2] == 3 and shape[0] % 2 == 0
    if not square or picture.dtype != np.uint8 or (size is not None and shape[0] != size):
        allowed = f"({size}, {size}, 3)" if size else "(S, S, 3), S even"
        raise InvalidInput(f"{name} is {picture.dtype} of shape {shape}; allowed is uint8 of {allowed}")
