from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from imleak.images import Source, read
from imleak.interfaces import Image, ImageError


@pytest.fixture
def written(tmp_path: Path) -> Any:
    def write(samples: np.ndarray, **options: Any) -> Source:
        tifffile.imwrite(tmp_path / "x.tif", samples, **options)
        return Source("x.tif", tmp_path / "x.tif")

    return write


def pixels(image: Image) -> np.ndarray:
    return np.moveaxis(image.samples, 0, -1)


LAYOUTS = list(
    itertools.product((1, 2, 3, 4), ("contig", "separate"), (None, "deflate", "lzw"), "<>")
)


@pytest.mark.parametrize("tile", [None, (16, 32)])
@pytest.mark.parametrize(("channels", "planar", "compression", "byteorder"), LAYOUTS)
def test_16_bits_in_every_layout(
    written: Any,
    rgba16: np.ndarray,
    channels: int,
    planar: str,
    compression: str | None,
    byteorder: str,
    tile: tuple[int, int] | None,
) -> None:
    samples = rgba16[..., :channels].squeeze()
    source = written(
        np.moveaxis(samples, -1, 0) if planar == "separate" and channels > 1 else samples,
        photometric="rgb" if channels >= 3 else "minisblack",
        planarconfig=planar if channels > 1 else None,
        extrasamples=["unassalpha"] if channels in (2, 4) else None,
        compression=compression,
        predictor=bool(compression),
        byteorder=byteorder,
        tile=tile,
    )
    image = read(source, colour=True)
    assert image.bits == 16
    np.testing.assert_array_equal(pixels(image), rgba16[..., : 3 if channels >= 3 else 1])
    assert image.notes == (("alpha dropped",) if channels in (2, 4) else ())


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_packed_samples_have_the_depth_of_the_file(
    written: Any, rgba16: np.ndarray, bits: int
) -> None:
    samples = rgba16[..., 0] >> (16 - bits)
    image = read(written(samples, bitspersample=bits))
    assert image.bits == bits
    np.testing.assert_array_equal(image.samples[0], samples)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_white_is_zero(written: Any, rgba16: np.ndarray, dtype: type[np.unsignedinteger]) -> None:
    samples = rgba16[..., 0].astype(dtype)
    image = read(written(samples, photometric="miniswhite"))
    np.testing.assert_array_equal(image.samples[0], np.iinfo(dtype).max - samples)


@pytest.mark.parametrize("compression", [None, "lzw"])
def test_orientation(written: Any, rgba16: np.ndarray, compression: str | None) -> None:
    tag = (274, "H", 1, 8, False)
    image = read(written(rgba16[..., 0], extratags=[tag], compression=compression))
    np.testing.assert_array_equal(image.samples[0], np.rot90(rgba16[..., 0]))
    assert image.notes == ("turned by EXIF orientation 8",)


def test_first_page(written: Any, rgba16: np.ndarray) -> None:
    pages = np.moveaxis(rgba16, -1, 0)
    image = read(written(pages, photometric="minisblack"))
    np.testing.assert_array_equal(image.samples[0], pages[0])
    assert image.notes == ("first of 4 frames",)


def test_premultiplied_alpha_is_noted(written: Any, rgba16: np.ndarray) -> None:
    image = read(written(rgba16, photometric="rgb", extrasamples=["assocalpha"]))
    assert image.notes == ("colours stay multiplied by alpha", "alpha dropped")


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int16, np.int8, np.uint32])
def test_other_types_are_refused(written: Any, rgba16: np.ndarray, dtype: Any) -> None:
    with pytest.raises(ImageError, match=f"of type {np.dtype(dtype)}; save it with unsigned"):
        read(written((rgba16[..., 0] >> 9).astype(dtype)))


def test_other_colours_of_16_bits_are_refused(written: Any, rgba16: np.ndarray) -> None:
    with pytest.raises(ImageError, match=r"4 samples a pixel of 16 bits.*save it as grey or RGB"):
        read(written(rgba16, photometric="separated"))


def test_five_samples_a_pixel_are_refused(written: Any, rgba16: np.ndarray) -> None:
    five = np.concatenate([rgba16, rgba16[..., :1]], axis=-1)
    with pytest.raises(ImageError, match="5 samples a pixel"):
        read(written(five, photometric="rgb", planarconfig="contig"))
