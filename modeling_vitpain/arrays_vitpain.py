"""Arrays and tensors as 8-bit PIL pictures: which axis holds the channels, and which value is white."""

from typing import NamedTuple

import numpy as np
from PIL import Image
from transformers.image_utils import ChannelDimension
from transformers.utils import is_torch_tensor

from .pictures_vitpain import full_scale, to_bytes

_CHANNELS = (1, 2, 3, 4)
"""Grey, grey and alpha, RGB, RGB and alpha. Two in front are refused unless named: they may be two grey pictures."""

_ALLOWED_SHAPES = "allowed are (H, W), (H, W, C), (C, H, W), (N, H, W, C) and (N, C, H, W), C being 1 to 4 channels"
_ROUNDING = 1e-3
"""By which floating-point values may leave 0 to 1."""


class GivenPicture(NamedTuple):
    """A picture in 8 bits, and the value that was white in what was given: 1 for floating-point values of 0 to 1."""

    image: Image.Image
    white: int


def is_array(value) -> bool:
    """Whether it is a NumPy array or a torch tensor."""
    return isinstance(value, np.ndarray) or is_torch_tensor(value)


def flat_pictures(images, input_data_format: str | None = None) -> list[GivenPicture]:
    """The pictures of any nesting of lists of PIL pictures, arrays and tensors, batches taken apart.

    Args:
        images: PIL pictures as they are; arrays of (H, W), (H, W, C), (C, H, W), (N, H, W, C) or (N, C, H, W) with
            C from 1 to 4: bool, whole numbers from 0 to 255, 1023, 4095 or 65535, whichever is the smallest that
            holds them all, or floating-point numbers from 0 to 1 or from 0 to 255.
        input_data_format: "channels_first" or "channels_last" where the shape does not tell.

    Raises:
        ValueError: there is none, or an array is of another shape or holds other values.
    """
    if isinstance(images, list | tuple):
        found = [picture for image in images for picture in flat_pictures(image, input_data_format)]
    elif isinstance(images, Image.Image):
        found = [GivenPicture(images, 255)]
    else:
        found = _of_array(as_numpy(images), input_data_format)
    if not found:
        raise ValueError("no picture was given; allowed is one or more")
    return found


def as_numpy(array) -> np.ndarray:
    """A NumPy array or a torch tensor of any device as NumPy. Raises ValueError where values are masked."""
    if not is_torch_tensor(array):
        if np.ma.is_masked(array):
            raise ValueError("an array has masked values; allowed are whole pictures, such as array.filled(0) gives")
        return np.asarray(array)
    array = array.detach().cpu()
    return (array.float() if array.is_floating_point() else array).numpy()


def _of_array(array: np.ndarray, input_data_format: str | None) -> list[GivenPicture]:
    if array.ndim not in (2, 3, 4):
        raise ValueError(f"an array has the shape {array.shape}; {_ALLOWED_SHAPES}")
    if array.ndim == 4 and not len(array):
        return []
    if array.ndim > 2:
        array = _channels_last(array, input_data_format)
    height, width = array.shape[array.ndim == 4 :][:2]
    if not height or not width:
        raise ValueError(f"the picture has {width} x {height} pixels; allowed is 1 x 1 and more")
    levels, white = _levels(array)
    levels = levels[..., 0] if levels.ndim > 2 and levels.shape[-1] == 1 else levels
    pictures = levels if array.ndim == 4 else [levels]
    return [GivenPicture(Image.fromarray(np.ascontiguousarray(picture)), white) for picture in pictures]


def _channels_last(array: np.ndarray, input_data_format: str | None) -> np.ndarray:
    """(…, H, W, C) or (…, C, H, W) -> (…, H, W, C)."""
    if input_data_format is not None:
        first = ChannelDimension(input_data_format) == ChannelDimension.FIRST
    else:
        first, last = array.shape[-3] in _CHANNELS and array.shape[-3] != 2, array.shape[-1] in _CHANNELS
        if first and last:
            raise ValueError(
                f"an array of the shape {array.shape} may hold its channels first or last; "
                "say it by input_data_format='channels_first' or 'channels_last'"
            )
        if not first and not last:
            raise ValueError(f"an array has the shape {array.shape}; {_ALLOWED_SHAPES}")
    channels = array.shape[-3 if first else -1]
    if channels not in _CHANNELS:
        raise ValueError(f"an array of the shape {array.shape} has {channels} channels; allowed are 1 to 4")
    return np.moveaxis(array, -3, -1) if first else array


def _levels(array: np.ndarray) -> tuple[np.ndarray, int]:
    """Any numbers as uint8 of the same shape, and the value that is white."""
    if array.dtype == np.uint8:
        return array, 255
    if array.dtype == bool:
        return array.astype(np.uint8) * np.uint8(255), 255
    if array.dtype.kind not in "uif":
        raise ValueError(f"an array holds {array.dtype} values; allowed are whole and floating-point numbers and bool")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError("an array holds values that are NaN or infinite; allowed are finite ones")
    lowest, highest = array.min().item(), array.max().item()
    if array.dtype.kind != "f":
        if lowest < 0:
            raise ValueError(f"an array holds values from {lowest}; allowed are 0 to 255, 1023, 4095 or 65535")
        white = full_scale(highest)
        return to_bytes(array, white), white
    if lowest < -_ROUNDING or 1 + _ROUNDING < highest <= 2 or highest > 255 + _ROUNDING:
        raise ValueError(
            f"an array holds floating-point values from {lowest:.6g} to {highest:.6g}; allowed are 0 to 1 and 0 to 255 "
            "(what is normalised already goes to the model itself)"
        )
    white = 1 if highest <= 1 + _ROUNDING else 255
    scaled = np.rint(array.astype(np.float32) * np.float32(255 / white))
    return scaled.clip(0, 255).astype(np.uint8), white


__all__ = ["GivenPicture", "as_numpy", "flat_pictures", "is_array"]
