"""Damaged files: an error of one line or an image, never another exception, and never
half an image."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pillow_heif
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dicom_files import dicom
from imleak.images import Source, read, with_frames
from imleak.interfaces import Image as Decoded
from imleak.interfaces import ImageError


def pillow(kind: str, **options: Any) -> Callable[[np.ndarray, np.ndarray], bytes]:
    def encode(rgba8: np.ndarray, rgba16: np.ndarray) -> bytes:
        file = io.BytesIO()
        Image.fromarray(rgba8[..., :3].copy()).save(file, kind, **options)
        return file.getvalue()

    return encode


def tiff16(**options: Any) -> Callable[[np.ndarray, np.ndarray], bytes]:
    def encode(rgba8: np.ndarray, rgba16: np.ndarray) -> bytes:
        file = io.BytesIO()
        tifffile.imwrite(file, rgba16[..., :3], photometric="rgb", **options)
        return file.getvalue()

    return encode


def codec(name: str, deep: bool, **options: Any) -> Callable[[np.ndarray, np.ndarray], bytes]:
    def encode(rgba8: np.ndarray, rgba16: np.ndarray) -> bytes:
        samples = np.ascontiguousarray((rgba16 if deep else rgba8)[..., :3])
        if "bitspersample" in options:
            samples >>= 16 - options["bitspersample"]
        return bytes(getattr(imagecodecs, f"{name}_encode")(samples, **options))

    return encode


def heif(rgba8: np.ndarray, rgba16: np.ndarray) -> bytes:
    file = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(rgba8[..., :3].copy())).save(file, quality=80)
    return file.getvalue()


def dicom12(rgba8: np.ndarray, rgba16: np.ndarray) -> bytes:
    return dicom(np.ascontiguousarray(rgba16[..., 0] >> 4), 12)


def dicom_of(codec: str, syntax: str) -> Callable[[np.ndarray, np.ndarray], bytes]:
    def encode(rgba8: np.ndarray, rgba16: np.ndarray) -> bytes:
        samples = np.ascontiguousarray(rgba16[..., 0])
        coded = getattr(imagecodecs, f"{codec}_encode")(samples)
        return dicom(samples, 16, syntax=syntax, coded=[coded])

    return encode


def y4m(rgba8: np.ndarray, rgba16: np.ndarray) -> bytes:
    height, width = rgba8.shape[:2]
    samples = np.ascontiguousarray(rgba8[..., 0]).tobytes()
    return b"YUV4MPEG2 W%d H%d Cmono\nFRAME\n" % (width, height) + samples


EXIF = b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0"

FILES = {
    "jpeg": pillow("JPEG", exif=EXIF),
    "progressive": pillow("JPEG", progressive=True),
    "png": pillow("PNG", exif=EXIF),
    "webp": pillow("WEBP", exif=EXIF),
    "lossless webp": pillow("WEBP", lossless=True),
    "tiff": pillow("TIFF"),
    "ppm": pillow("PPM"),
    "16-bit tiff": tiff16(),
    "tiled 16-bit tiff": tiff16(tile=(16, 16)),
    "deflated 16-bit tiff": tiff16(compression="deflate", rowsperstrip=8),
    "tiff of jpeg 2000": tiff16(compression="jpeg2000"),
    "bmp": pillow("BMP"),
    "gif": pillow("GIF"),
    "16-bit png": codec("png", True),
    "jpeg 2000": codec("jpeg2k", False, level=0, codecformat="j2k"),
    "12-bit jp2": codec("jpeg2k", True, level=0, bitspersample=12),
    "jpeg xl": codec("jpegxl", False, level=90),
    "lossless jpeg xl": codec("jpegxl", True, lossless=True),
    "avif": pillow("AVIF", exif=EXIF),
    "10-bit avif": codec("avif", True, bitspersample=10),
    "heif": heif,
    "y4m": y4m,
    "dicom": dicom12,
    "dicom of jpeg-ls": dicom_of("jpegls", "1.2.840.10008.1.2.4.80"),
    "dicom of jpeg 2000": dicom_of("jpeg2k", "1.2.840.10008.1.2.4.90"),
}


@pytest.fixture(params=FILES, scope="module")
def content(request: pytest.FixtureRequest, rgba8: np.ndarray, rgba16: np.ndarray) -> bytes:
    return FILES[request.param](rgba8, rgba16)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "x"


def outcome(file: Path, content: bytes) -> Decoded | None:
    file.write_bytes(content)
    try:
        return read(Source("x", file), colour=True, max_pixels=10**5)
    except ImageError as error:
        message = str(error)
    assert message.startswith("x: ")
    assert "\n" not in message
    return None


@pytest.fixture(autouse=True)
def silent(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """No decoder says a word, not even the C libraries below Python."""
    yield
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_a_cut_file_is_an_error_or_whole(content: bytes, file: Path) -> None:
    whole = outcome(file, content)
    assert whole is not None
    near_the_end = range(len(content) - 30, len(content))
    for end in [*range(0, len(content), len(content) // 120), *near_the_end]:
        cut = outcome(file, content[:end])
        assert cut is None or cut.digest == whole.digest
    assert outcome(file, content[: len(content) // 2]) is None


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "WEBP", "PNG", "MPO"])
def test_a_cut_film_is_errors_or_frames(kind: str, file: Path, rgba8: np.ndarray) -> None:
    first, *others = (Image.fromarray(np.roll(rgba8[..., :3], at, 0)) for at in range(3))
    stored = io.BytesIO()
    first.save(stored, kind, save_all=True, append_images=others)
    content = stored.getvalue()
    for end in [*range(0, len(content), len(content) // 40), len(content)]:
        file.write_bytes(content[:end])
        for frame in with_frames([Source("x", file)], 3):
            with suppress(ImageError):
                assert read(frame, max_pixels=10**5).samples.shape == (1, *rgba8.shape[:2])
    assert len(with_frames([Source("x", file)], 3)) == 3


edits = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=4), st.integers(0, 4)),
    min_size=1,
    max_size=4,
)


@settings(max_examples=60, deadline=None)
@given(edits=edits)
def test_a_changed_file(content: bytes, file: Path, edits: list[tuple[float, bytes, int]]) -> None:
    for where, inserted, removed in edits:
        at = int(where**3 * len(content))  # mostly in the header
        content = content[:at] + inserted + content[at + removed :]
    image = outcome(file, content)
    if image is not None:
        assert image.samples.size <= 3 * 10**5


@settings(deadline=None)
@given(
    st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0+", b"P3 "]),
    st.binary(max_size=200),
)
def test_noise(tmp_path_factory: pytest.TempPathFactory, magic: bytes, noise: bytes) -> None:
    outcome(tmp_path_factory.getbasetemp() / "noise", magic + noise)
