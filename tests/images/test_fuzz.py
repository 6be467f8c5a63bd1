"""Damaged files: an error of one line or a picture, never another exception, and never
half a picture."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from imleak.images import Source, read
from imleak.interfaces import Image as Picture
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
}


@pytest.fixture(params=FILES, scope="module")
def content(request: pytest.FixtureRequest, rgba8: np.ndarray, rgba16: np.ndarray) -> bytes:
    return FILES[request.param](rgba8, rgba16)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "x"


def outcome(file: Path, content: bytes) -> Picture | None:
    file.write_bytes(content)
    try:
        return read(Source("x", file), colour=True, max_pixels=10**5)
    except ImageError as error:
        message = str(error)
    assert message.startswith("x: ")
    assert "\n" not in message
    return None


def test_a_cut_file_is_an_error_or_whole(content: bytes, file: Path) -> None:
    whole = outcome(file, content)
    assert whole is not None
    near_the_end = range(len(content) - 30, len(content))
    for end in [*range(0, len(content), len(content) // 120), *near_the_end]:
        cut = outcome(file, content[:end])
        assert cut is None or cut.digest == whole.digest
    assert outcome(file, content[: len(content) // 2]) is None


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
    picture = outcome(file, content)
    if picture is not None:
        assert picture.samples.size <= 3 * 10**5


@settings(deadline=None)
@given(
    st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0+", b"P3 "]),
    st.binary(max_size=200),
)
def test_noise(tmp_path_factory: pytest.TempPathFactory, magic: bytes, noise: bytes) -> None:
    outcome(tmp_path_factory.getbasetemp() / "noise", magic + noise)
