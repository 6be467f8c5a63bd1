"""Copies of an image as they go around: compressed again, reduced, cropped."""

import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from ..interfaces import Coefficients, Image, ImageError, Samples
from .read import from_samples

COPIES_VERSION = "1"
"""Version of the way copies are made; a part of every key of what is made of them."""
KEPT = 0.8
"""Share of each side that a crop keeps."""
HALF_QUALITY = 75
"""Quality of JPEG, at half the size."""


def copy_of(image: Image, name: str) -> Image:
    """A copy of an image, of as many bits a sample.

    Parameters
    ----------
    name : one of :data:`COPIES`.

    Raises
    ------
    ImageError
        If there is no such copy.
    """
    if name not in COPIES:
        raise ImageError(f"no copy is called {name!r}; there are {', '.join(COPIES)}")
    copied = from_samples(image.name, COPIES[name](image.samples, image.bits), image.bits)
    if image.coded is None:
        return copied
    return replace(copied, coded=partial(_coefficients, image, copied.samples))


def _coefficients(image: Image, samples: Samples) -> Coefficients:
    """Those of a copy as an adversary has them: with the tables that every cipher shows."""
    return image.jpeg.recompress(samples).jpeg


def _jpeg(samples: Samples, bits: int, *, quality: int) -> Samples:
    """Compressed as JPEG, of 8 bits a sample."""
    top = (1 << bits) - 1
    is_small = top == 255  # and needs no numbers of 64 bits in between
    small = samples if is_small else np.rint(samples * (255 / top)).astype(np.uint8)
    stored = io.BytesIO()
    pixels = small[0] if len(small) == 1 else np.moveaxis(small, 0, -1)
    PIL.Image.fromarray(np.ascontiguousarray(pixels)).save(stored, "JPEG", quality=quality)
    again = np.asarray(PIL.Image.open(stored))
    channels = again[np.newaxis] if again.ndim == 2 else np.moveaxis(again, -1, 0)
    return channels.copy() if is_small else _rounded(channels * (top / 255), samples, bits)


def _half(samples: Samples, bits: int) -> Samples:
    """Reduced to half the size, compressed, and enlarged again."""
    height, width = samples.shape[-2:]
    reduced = _resized(samples, bits, max(1, height // 2), max(1, width // 2))
    return _resized(_jpeg(reduced, bits, quality=HALF_QUALITY), bits, height, width)


def _crop(samples: Samples, _: int) -> Samples:
    """The middle."""
    height, width = (max(1, round(KEPT * side)) for side in samples.shape[-2:])
    top, left = (samples.shape[-2] - height) // 2, (samples.shape[-1] - width) // 2
    return samples[:, top : top + height, left : left + width]


def _resized(samples: Samples, bits: int, height: int, width: int) -> Samples:
    """Bicubic and antialiased, in 32-bit floats."""
    channels = (PIL.Image.fromarray(channel.astype(np.float32)) for channel in samples)
    bicubic = PIL.Image.Resampling.BICUBIC
    made = np.stack([np.asarray(one.resize((width, height), bicubic)) for one in channels])
    return _rounded(made, samples, bits)


def _rounded(values: NDArray[Any], like: Samples, bits: int) -> Samples:
    limited: Samples = np.clip(np.rint(values), 0, (1 << bits) - 1).astype(like.dtype)
    return limited


COPIES: Mapping[str, Callable[[Samples, int], Samples]] = {
    "jpeg-90": partial(_jpeg, quality=90),
    "jpeg-75": partial(_jpeg, quality=75),
    "jpeg-50": partial(_jpeg, quality=50),
    "half": _half,
    "crop": _crop,
}
"""By name: compressed as JPEG of a quality; half the size as JPEG 75, and enlarged again; the
middle of 0.8 of each side."""
SMALLER = ("crop",)
"""Copies of another size than the image."""
