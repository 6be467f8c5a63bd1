from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from imleak.images import DeadLeaves, Source, resolution
from imleak.images.formats import format_of
from imleak.interfaces import ImageError

Stored = Callable[[str, bytes], Source]


def encoded(pixels: np.ndarray, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


WEBP_KINDS = {"lossy": {}, "lossless": {"lossless": True}, "extended": {"exif": b"Exif\0\0MM\0*"}}


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("JPEG", {"comment": b"\xff\xc0" * 30_000}),
        ("PNG", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"big_tiff": True}),
        ("PPM", {}),
        ("BMP", {}),
        ("GIF", {}),
        ("JPEG2000", {}),
        ("JPEG2000", {"no_jp2": True}),
        ("AVIF", {}),
        *[("WEBP", options) for options in WEBP_KINDS.values()],
    ],
)
def test_height_and_width(
    stored: Stored, rgba8: np.ndarray, kind: str, options: dict[str, object]
) -> None:
    content = encoded(rgba8[..., :3], kind, **options)
    assert resolution(stored("image.bin", content)) == (48, 64)


def test_webp_of_the_three_kinds_is_what_it_says(rgba8: np.ndarray) -> None:
    kinds = [encoded(rgba8[..., :3], "WEBP", **o)[12:16] for o in WEBP_KINDS.values()]
    assert kinds == [b"VP8 ", b"VP8L", b"VP8X"]


def test_fill_bytes_before_a_jpeg_marker(stored: Stored, grey8: np.ndarray) -> None:
    content = encoded(grey8, "JPEG")
    assert resolution(stored("x.jpg", content[:2] + b"\xff\xff\xff" + content[2:])) == (48, 64)


def test_a_huffman_table_before_the_frame_of_a_jpeg(stored: Stored, grey8: np.ndarray) -> None:
    content = encoded(grey8, "JPEG")
    table = b"\xff\xc4\0\x0a" + bytes(8)
    assert resolution(stored("x.jpg", content[:2] + table + content[2:])) == (48, 64)


def test_exif_orientation_does_not_count(stored: Stored, grey8: np.ndarray) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    for kind in ("JPEG", "PNG", "TIFF", "WEBP"):
        content = encoded(grey8, kind, exif=exif)
        assert resolution(stored("x", content)) == (48, 64), kind


@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_tiff_byte_orders(tmp_path: Path, grey8: np.ndarray, byteorder: str) -> None:
    tifffile.imwrite(tmp_path / "x.tif", grey8, byteorder=byteorder)
    assert resolution(Source("x.tif", tmp_path / "x.tif")) == (48, 64)


def test_generated() -> None:
    assert resolution(Source("x", DeadLeaves(48, 64))) == (48, 64)


class Counting(io.BytesIO):
    """A file that counts the bytes read from it."""

    taken = 0

    def read(self, count: int | None = -1) -> bytes:  # type: ignore[override]
        content = super().read(count)
        self.taken += len(content)
        return content


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP", "GIF", "PPM"])
def test_only_the_header_is_read(kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (500, 500)).astype(np.uint8)
    file = Counting(encoded(noise, kind))
    assert format_of(file.getvalue()).open(file).size == (500, 500)
    assert file.taken < (1 << 16) + 100


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8\xff\xda\0\x04\0\0",
        b"\xff\xd8\xff\xe0\0\x10",
        b"\x89PNG\r\n\x1a\n",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 0, 5),
        b"II*\0",
        b"RIFF\0\0\0\0WEBPVP8 ",
        b"P5\n3",
        b"P5 3 4 0\n",
        b"P5 3 4 70000\n",
        b"P5 0 4 255\n",
    ],
)
def test_a_header_that_says_nothing(stored: Stored, content: bytes) -> None:
    with pytest.raises(ImageError, match=r"^broken\.png: ") as caught:
        resolution(stored("broken.png", content))
    assert "\n" not in str(caught.value)
