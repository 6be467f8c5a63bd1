"""JPEG, PNG and WebP of every mode."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageOps

from imleak.images import Source, read
from imleak.interfaces import ImageError

Stored = Callable[[str, bytes], Source]
Encoder = Callable[..., bytes]


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def pixels(source: Source) -> np.ndarray:
    """(H, W, C)"""
    return np.moveaxis(read(source, colour=True).samples, 0, -1)


LOSSLESS = [("PNG", {}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"})]


@pytest.mark.parametrize(("kind", "options"), [*LOSSLESS, ("WEBP", {"lossless": True})])
@pytest.mark.parametrize("channels", [3, 4])
def test_colour_and_alpha(
    stored: Stored, rgba8: np.ndarray, kind: str, options: dict[str, object], channels: int
) -> None:
    opaque = rgba8 | np.array([0, 0, 0, 1], np.uint8)  # WebP may repaint what cannot be seen
    source = stored("x", saved(Image.fromarray(opaque[..., :channels].copy()), kind, **options))
    np.testing.assert_array_equal(pixels(source), opaque[..., :3])
    assert read(source).notes == (("alpha dropped",) if channels == 4 else ())


@pytest.mark.parametrize(("kind", "options"), LOSSLESS)
def test_grey_and_alpha(
    stored: Stored, rgba8: np.ndarray, kind: str, options: dict[str, object]
) -> None:
    image = Image.merge("LA", [Image.fromarray(rgba8[..., i].copy()) for i in (0, 3)])
    source = stored("x", saved(image, kind, **options))
    np.testing.assert_array_equal(pixels(source), rgba8[..., :1])
    assert read(source).notes == ("alpha dropped",)


@pytest.mark.parametrize("mode", ["L", "RGB", "YCbCr", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg(stored: Stored, rgba8: np.ndarray, mode: str, progressive: bool) -> None:
    image = Image.fromarray(rgba8[..., :3].copy()).convert(mode)
    content = saved(image, "JPEG", quality=95, progressive=progressive)
    source = stored("x.jpg", content)
    with Image.open(io.BytesIO(content)) as opened:
        expected = np.asarray(opened.convert("L" if mode == "L" else "RGB"))
    np.testing.assert_array_equal(pixels(source).squeeze(), expected)
    assert read(source).notes == (("CMYK converted to RGB",) if mode == "CMYK" else ())


def test_webp_lossy(stored: Stored, rgba8: np.ndarray) -> None:
    content = saved(Image.fromarray(rgba8[..., :3].copy()), "WEBP", quality=90)
    with Image.open(io.BytesIO(content)) as opened:
        expected = np.asarray(opened)
    np.testing.assert_array_equal(pixels(stored("x.webp", content)), expected)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_palette(stored: Stored, rgba8: np.ndarray, kind: str) -> None:
    image = Image.fromarray(rgba8[..., :3].copy()).quantize(13)
    source = stored("x", saved(image, kind))
    np.testing.assert_array_equal(pixels(source), np.asarray(image.convert("RGB")))
    assert read(source).notes == ("palette expanded",)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_palette_of_few_bits(stored: Stored, rgba8: np.ndarray, bits: int) -> None:
    image = Image.fromarray(rgba8[..., :3].copy()).quantize(2**bits)
    source = stored("x", saved(image, "PNG", bits=bits))
    np.testing.assert_array_equal(pixels(source), np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("transparency", [0, bytes([0, 100, 255])])
def test_transparent_palette(stored: Stored, rgba8: np.ndarray, transparency: object) -> None:
    image = Image.fromarray(rgba8[..., :3].copy()).quantize(13)
    source = stored("x", saved(image, "PNG", transparency=transparency))
    np.testing.assert_array_equal(pixels(source), np.asarray(image.convert("RGB")))
    assert read(source).notes == ("palette expanded", "alpha dropped")


@pytest.mark.parametrize(
    ("depth", "colour_type", "key"), [(1, 0, 1), (8, 0, 1), (16, 0, 1), (8, 2, 3), (16, 2, 3)]
)
def test_transparent_colour(
    stored: Stored,
    rgba16: np.ndarray,
    encode_png: Encoder,
    png_chunk: Encoder,
    depth: int,
    colour_type: int,
    key: int,
) -> None:
    samples = rgba16[..., :key] >> (16 - depth)
    chunk = png_chunk(b"tRNS", struct.pack(f">{key}H", *samples[0, 0]))
    source = stored("x.png", encode_png(samples, depth, colour_type, extra=chunk))
    np.testing.assert_array_equal(pixels(source), samples * (255 if depth == 1 else 1))
    assert read(source).notes[-1] == "alpha dropped"


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_one_bit(stored: Stored, grey8: np.ndarray, kind: str) -> None:
    source = stored("x", saved(Image.fromarray(grey8).convert("1", dither=0), kind))
    image = read(source)
    np.testing.assert_array_equal(image.samples[0], np.where(grey8 > 127, 255, 0))
    assert (image.bits, image.notes) == (8, ("1-bit samples stretched to 8",))


@pytest.mark.parametrize("depth", [2, 4])
def test_few_bits(stored: Stored, grey8: np.ndarray, encode_png: Encoder, depth: int) -> None:
    samples = grey8 >> (8 - depth)
    image = read(stored("x.png", encode_png(samples, depth, 0)))
    np.testing.assert_array_equal(image.samples[0], samples * (255 // (2**depth - 1)))
    assert image.notes == (f"{depth}-bit samples stretched to 8",)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(stored: Stored, grey8: np.ndarray, kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = saved(Image.fromarray(grey8), kind, exif=exif)
    image = read(stored("x", content))
    with Image.open(io.BytesIO(content)) as opened:
        expected = ImageOps.exif_transpose(opened).convert("L")
    np.testing.assert_array_equal(image.samples[0], np.asarray(expected))
    turned = (f"turned by EXIF orientation {orientation}",) if orientation > 1 else ()
    assert image.notes == turned


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_orientation_that_is_none(stored: Stored, grey8: np.ndarray, value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    image = read(stored("x.png", saved(Image.fromarray(grey8), "PNG", exif=exif)))
    np.testing.assert_array_equal(image.samples[0], grey8)
    assert image.notes == ()


def test_damaged_exif_is_noted(stored: Stored, grey8: np.ndarray) -> None:
    content = saved(Image.fromarray(grey8), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01")
    image = read(stored("x.jpg", content))
    assert image.samples.shape == (1, 48, 64)
    assert image.notes


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_first_of_several_frames(stored: Stored, rgba8: np.ndarray, kind: str) -> None:
    frames = [Image.fromarray(rgba8[..., order].copy()) for order in ([0, 1, 2], [2, 1, 0])]
    options = {"lossless": True} if kind == "WEBP" else {}
    content = saved(
        frames[0], kind, save_all=True, append_images=[*frames[1:], frames[0]], **options
    )
    source = stored("x", content)
    np.testing.assert_array_equal(pixels(source), rgba8[..., :3])
    assert read(source).notes[0] == "first of 3 frames"


def test_first_of_a_jpeg_of_several_images(stored: Stored, rgba8: np.ndarray) -> None:
    left, right = (Image.fromarray(rgba8[..., i].copy()) for i in (0, 1))
    content = saved(left, "MPO", save_all=True, append_images=[right], quality=100)
    image = read(stored("x.jpg", content))
    assert np.abs(image.samples[0].astype(int) - rgba8[..., 0]).max() < 10
    assert image.notes == ("first of 2 frames",)


def test_a_preview_behind_a_jpeg_is_no_image(stored: Stored, rgba8: np.ndarray) -> None:
    image = Image.fromarray(rgba8[..., 0].copy())
    previews = [image.resize((32, 24)), image.resize((8, 6))]
    content = saved(image, "MPO", save_all=True, append_images=previews, quality=100)
    assert read(stored("x.jpg", content)).notes == ("2 reduced copies left out",)


def test_other_formats_are_not_even_tried(stored: Stored, grey8: np.ndarray) -> None:
    for kind in ("EPS", "PCX", "TGA", "PDF"):
        with pytest.raises(ImageError, match="convert it to one of these"):
            read(stored("x.png", saved(Image.fromarray(grey8), kind)))
