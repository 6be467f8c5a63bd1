"""BMP, GIF, JPEG 2000, JPEG XL, AVIF and HEIF, as independent readers see them."""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Callable
from typing import Any

import imagecodecs
import numpy as np
import pillow_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imleak.images import Source, read, resolution
from imleak.images.jxl import JxlImage
from imleak.interfaces import ImageError

Stored = Callable[[str, bytes], Source]


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def pixels(source: Source) -> np.ndarray:
    """(H, W, C)"""
    return np.moveaxis(read(source, colour=True).samples, 0, -1)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_bmp(stored: Stored, rgba8: np.ndarray, mode: str) -> None:
    image = Image.fromarray(rgba8).convert(mode)
    content = saved(image, "BMP")
    source = stored("x", content)
    by_pillow = np.atleast_3d(np.asarray(image.convert("L" if mode in "1L" else "RGB")))
    np.testing.assert_array_equal(pixels(source), by_pillow)
    if mode in ("L", "RGB"):
        by_imagecodecs = np.atleast_3d(imagecodecs.bmp_decode(content))
        np.testing.assert_array_equal(pixels(source), by_imagecodecs)


def test_gif(stored: Stored, rgba8: np.ndarray) -> None:
    image = Image.fromarray(rgba8[..., :3].copy()).quantize(100)
    content = saved(image, "GIF")
    source = stored("x.gif", content)
    np.testing.assert_array_equal(pixels(source), np.asarray(image.convert("RGB")))
    np.testing.assert_array_equal(pixels(source), imagecodecs.gif_decode(content)[..., :3])
    assert read(source).notes == ("palette expanded",)


def test_first_of_several_frames_of_a_gif(stored: Stored, rgba8: np.ndarray) -> None:
    frames = [Image.fromarray(rgba8[..., i].copy()) for i in range(3)]
    content = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    source = stored("x.gif", content)
    np.testing.assert_array_equal(read(source).samples[0], rgba8[..., 0])
    assert read(source).notes[0] == "first of 3 frames"


@pytest.mark.parametrize("container", ["jp2", "j2k"])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("bits", [4, 8, 10, 12, 16])
def test_jpeg_2000(
    stored: Stored, rgba16: np.ndarray, bits: int, channels: int, container: str
) -> None:
    samples = np.ascontiguousarray(rgba16[..., :channels].squeeze() >> (16 - bits))
    samples = samples.astype(np.uint8 if bits <= 8 else np.uint16)
    content = imagecodecs.jpeg2k_encode(
        samples, level=0, bitspersample=bits, codecformat=container, reversible=True
    )
    image = read(stored("x", content), colour=True)
    expected = samples.reshape(48, 64, -1)[..., : min(channels, 3)]
    if bits < 8:
        expected = expected * (255 // (2**bits - 1))
        assert image.notes[-1] == f"{bits}-bit samples stretched to 8"
    assert image.bits == max(bits, 8)
    np.testing.assert_array_equal(np.moveaxis(image.samples, 0, -1), expected)
    assert resolution(stored("y", content)) == (48, 64)


def test_signed_samples_of_jpeg_2000_are_refused(stored: Stored, grey8: np.ndarray) -> None:
    content = imagecodecs.jpeg2k_encode((grey8.astype(np.int16) - 128), level=0)
    with pytest.raises(ImageError, match="signed"):
        read(stored("x.jp2", content))


@pytest.mark.parametrize("container", [False, True])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_jpeg_xl(
    stored: Stored, rgba16: np.ndarray, bits: int, channels: int, container: bool
) -> None:
    samples = np.ascontiguousarray(rgba16[..., :channels].squeeze() >> (16 - bits))
    samples = samples.astype(np.uint8 if bits <= 8 else np.uint16)
    content = imagecodecs.jpegxl_encode(
        samples, lossless=True, bitspersample=bits, usecontainer=container
    )
    image = read(stored("x", content), colour=True)
    assert image.bits == bits
    expected = samples.reshape(48, 64, -1)[..., : 3 if channels > 2 else 1]
    np.testing.assert_array_equal(np.moveaxis(image.samples, 0, -1), expected)
    assert image.notes == (("alpha dropped",) if channels in (2, 4) else ())


@given(st.integers(1, 700), st.integers(1, 700), st.integers(1, 16))
def test_the_size_of_a_jpeg_xl_is_in_its_header(height: int, width: int, bits: int) -> None:
    samples = np.zeros((height, width), np.uint8 if bits <= 8 else np.uint16)
    content = imagecodecs.jpegxl_encode(samples, lossless=True, effort=1, bitspersample=bits)
    image = JxlImage(io.BytesIO(content[:64]))
    assert image.size == (height, width)
    assert image.bits == bits


@pytest.mark.parametrize("size", [(1, 5000), (4320, 2), (300_000, 1), (1 << 13, 1 << 13)])
def test_large_sizes_of_jpeg_xl(stored: Stored, size: tuple[int, int]) -> None:
    content = imagecodecs.jpegxl_encode(np.zeros(size, np.uint8), effort=1)
    assert resolution(stored("x.jxl", content)) == size
    with pytest.raises(ImageError, match=f"is {size[0] * size[1]} pixels, above the limit"):
        read(stored("x.jxl", content), max_pixels=100)


def test_a_jpeg_inside_jpeg_xl(stored: Stored, rgba8: np.ndarray) -> None:
    jpeg = saved(Image.fromarray(rgba8[..., :3].copy()), "JPEG", quality=95)
    content = imagecodecs.jpegxl_encode_jpeg(jpeg)
    by_imagecodecs = imagecodecs.jpegxl_decode(content)
    np.testing.assert_array_equal(pixels(stored("x.jxl", content)), by_imagecodecs)


def test_animations_and_floats_of_jpeg_xl_are_refused(stored: Stored, grey8: np.ndarray) -> None:
    frames = np.stack([grey8, 255 - grey8])
    with pytest.raises(ImageError, match="animation of JPEG XL; save one frame"):
        read(stored("x.jxl", imagecodecs.jpegxl_encode(frames, photometric="gray")))
    with pytest.raises(ImageError, match="floating-point"):
        read(stored("x.jxl", imagecodecs.jpegxl_encode(grey8.astype(np.float32) / 255)))


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("bits", [8, 10, 12])
def test_avif(stored: Stored, rgba16: np.ndarray, bits: int, channels: int) -> None:
    samples = np.ascontiguousarray(rgba16[..., :channels].squeeze() >> (16 - bits))
    samples = samples.astype(np.uint8 if bits <= 8 else np.uint16)
    content = imagecodecs.avif_encode(samples, level=100, bitspersample=bits, pixelformat="444")
    image = read(stored("x", content), colour=True)
    assert image.bits == bits
    decoded = np.atleast_3d(imagecodecs.avif_decode(content))[..., :3]
    np.testing.assert_array_equal(np.moveaxis(image.samples, 0, -1), decoded)
    np.testing.assert_array_equal(decoded, samples.reshape(48, 64, -1)[..., : decoded.shape[2]])
    assert image.notes == (("alpha dropped",) if channels == 4 else ())


def test_frames_and_turn_of_avif(stored: Stored, rgba8: np.ndarray) -> None:
    frames = [Image.fromarray(rgba8[..., i].copy()) for i in range(2)]
    content = saved(frames[0], "AVIF", save_all=True, append_images=frames[1:])
    assert read(stored("x", content)).notes == ("first of 2 frames",)
    exif = Image.Exif()
    exif[0x0112] = 6
    image = read(stored("x", saved(frames[0], "AVIF", exif=exif, quality=100, subsampling="4:4:4")))
    assert image.samples.shape == (1, 64, 48)
    assert image.notes == ("turned by EXIF orientation 6",)


MODES = {1: "L", 3: "RGB", 4: "RGBA"}


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("bits", [8, 10, 12])
def test_heif(
    stored: Stored,
    rgba16: np.ndarray,
    bits: int,
    channels: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = heif(rgba16[..., :channels].squeeze(), bits, monkeypatch)
    image = read(stored("x.heic", content), colour=True)
    assert image.bits == bits
    by_encoder = pillow_heif.open_heif(
        io.BytesIO(content), convert_hdr_to_8bit=False, hdr_to_16bit=False
    )
    expected = np.array(by_encoder).reshape(48, 64, -1)[..., : min(channels, 3)]
    np.testing.assert_array_equal(np.moveaxis(image.samples, 0, -1), expected)
    truth = rgba16.reshape(48, 64, -1)[..., : min(channels, 3)] >> (16 - bits)
    np.testing.assert_array_equal(expected, truth)
    assert image.notes == (("alpha dropped",) if channels == 4 else ())


def heif(
    samples: np.ndarray, bits: int, monkeypatch: pytest.MonkeyPatch, second: Any = None
) -> bytes:
    channels = samples.shape[2] if samples.ndim == 3 else 1
    stored = (samples >> 8).astype(np.uint8) if bits == 8 else samples
    mode = MODES[channels] + (";16" if bits > 8 else "")
    monkeypatch.setattr(pillow_heif.options, "SAVE_HDR_TO_12_BIT", bits == 12)
    image = pillow_heif.from_bytes(mode, (64, 48), np.ascontiguousarray(stored).tobytes())
    if second is not None:
        image.add_from_pillow(second)
    file = io.BytesIO()
    image.save(file, quality=-1, chroma=444, matrix_coefficients=0)
    return file.getvalue()


def test_heif_with_several_images(
    stored: Stored, rgba16: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = heif(rgba16[..., 0], 8, monkeypatch, Image.new("L", (64, 48)))
    assert read(stored("x.heic", content)).notes == ("first of 2 frames",)


def test_heif_names_its_extra(
    stored: Stored, rgba16: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = heif(rgba16[..., 0], 8, monkeypatch)
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    with pytest.raises(ImageError, match=r"x\.heic: is HEIF .*pip install 'imleak\[heif\]'"):
        read(stored("x.heic", content))


def test_a_container_that_says_mif1(
    stored: Stored, grey8: np.ndarray, rgba16: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AVIF or HEIF: the compatible brands tell."""
    avif = saved(Image.fromarray(grey8), "AVIF", quality=100)
    for content in (avif, heif(rgba16[..., 0], 8, monkeypatch)):
        length = struct.unpack(">I", content[:4])[0]
        brand, rest = content[8:12], content[16:length]
        general = content[:8] + b"mif1" + content[12:16] + rest.replace(b"mif1", brand)
        assert read(stored("x", general + content[length:])).samples.shape == (1, 48, 64)
