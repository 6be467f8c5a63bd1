"""16 bits a sample: nothing may be lost."""

from __future__ import annotations

import io
from collections.abc import Callable

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from imleak.images import Source, luma, read

Stored = Callable[[str, bytes], Source]
COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}


def expected(rgba16: np.ndarray, channels: int) -> np.ndarray:
    return np.moveaxis(rgba16[..., : 3 if channels >= 3 else 1], -1, 0)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("strategy", range(5))
def test_png_of_an_independent_encoder(
    stored: Stored, rgba16: np.ndarray, channels: int, strategy: int
) -> None:
    samples = np.ascontiguousarray(rgba16[..., :channels].squeeze())
    content = imagecodecs.png_encode(samples, strategy=strategy, filter=0xF8)
    image = read(stored("x.png", content), colour=True)
    assert image.bits == 16
    np.testing.assert_array_equal(image.samples, expected(rgba16, channels))
    assert image.notes == (("alpha dropped",) if channels in (2, 4) else ())


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("interlace", [False, True])
def test_png_interlaced(
    stored: Stored,
    rgba16: np.ndarray,
    encode_png: Callable[..., bytes],
    channels: int,
    interlace: bool,
) -> None:
    content = encode_png(rgba16[..., :channels], 16, COLOUR_TYPES[channels], interlace)
    image = read(stored("x.png", content), colour=True)
    np.testing.assert_array_equal(image.samples, expected(rgba16, channels))


def test_png_turned(stored: Stored, rgba16: np.ndarray) -> None:
    """EXIF as a chunk before the data."""
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    Image.new("L", (1, 1)).save(file, "PNG", exif=exif)
    at = file.getvalue().index(b"eXIf") - 4
    length = int.from_bytes(file.getvalue()[at : at + 4], "big") + 12
    content = imagecodecs.png_encode(np.ascontiguousarray(rgba16[..., :3]))
    content = content[:33] + file.getvalue()[at : at + length] + content[33:]
    image = read(stored("x.png", content), colour=True)
    upright = np.rot90(rgba16[..., :3], -1)
    np.testing.assert_array_equal(image.samples, np.moveaxis(upright, -1, 0))
    assert image.notes == ("turned by EXIF orientation 6",)


def test_png_to_grey(stored: Stored, rgba16: np.ndarray) -> None:
    content = imagecodecs.png_encode(np.ascontiguousarray(rgba16[..., :3]))
    grey = read(stored("x.png", content))
    np.testing.assert_array_equal(grey.samples, luma(expected(rgba16, 3)))
