from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PillowImage

from imleak.images import Source, read
from imleak.images.pnm import PnmImage
from imleak.interfaces import Image, ImageError

Stored = Callable[[str, bytes], Source]


@pytest.fixture
def parsed(stored: Stored) -> Callable[[bytes], Image]:
    return lambda content: read(stored("x.pnm", content), colour=True)


Parsed = Callable[[bytes], Image]


@pytest.mark.parametrize("kind", [b"5", b"6"])
def test_pillow_reads_the_same_8_bits(parsed: Parsed, rgba8: np.ndarray, kind: bytes) -> None:
    pixels = rgba8[..., :3].copy() if kind == b"6" else rgba8[..., 0].copy()
    file = io.BytesIO()
    PillowImage.fromarray(pixels).save(file, "PPM")
    assert file.getvalue().startswith(b"P" + kind)
    samples = parsed(file.getvalue()).samples
    np.testing.assert_array_equal(np.moveaxis(samples, 0, -1).squeeze(), pixels)


@given(
    st.integers(256, 65535),
    st.sampled_from([1, 3]),
    st.booleans(),
    st.integers(1, 5),
    st.integers(1, 5),
    st.integers(0, 2**32),
)
def test_deep_samples_stay_as_they_are(
    maxval: int, channels: int, raw: bool, height: int, width: int, seed: int
) -> None:
    samples = np.random.default_rng(seed).integers(0, maxval + 1, (height, width, channels))
    kind = {(1, False): 2, (3, False): 3, (1, True): 5, (3, True): 6}[channels, raw]
    header = f"P{kind}\n# a comment\n{width} {height}\n{maxval}\n".encode()
    body = samples.astype(">u2").tobytes() if raw else b" ".join(b"%d" % v for v in samples.flat)
    raster = PnmImage(io.BytesIO(header + body)).decode()
    assert raster.bits == maxval.bit_length()
    np.testing.assert_array_equal(np.moveaxis(raster.samples, 0, -1), samples)


def test_twelve_bits(parsed: Parsed) -> None:
    image = parsed(b"P2 3 1 4095 0 2048 4095")
    assert (image.bits, image.samples.dtype, image.notes) == (12, np.uint16, ())
    assert image.samples.tolist() == [[[0, 2048, 4095]]]


def test_few_levels_are_stretched(parsed: Parsed) -> None:
    image = parsed(b"P2 4 1 3 0 1 2 3")
    assert image.samples.tolist() == [[[0, 85, 170, 255]]]
    assert (image.bits, image.notes) == (8, ("samples of 0..3 stretched to 0..255",))
    # 36.43, 109.29, 218.57
    assert parsed(b"P2 3 1 7 1 3 6").samples.tolist() == [[[36, 109, 219]]]


@pytest.mark.parametrize(
    "content",
    [
        b"P1\n3 2\n0 1 0 1 1 0",
        b"P1\n# one is black\n3 2 010110",
        b"P4 3 2\n" + bytes([0b01011111, 0b11000000]),
    ],
)
def test_bitmaps(parsed: Parsed, content: bytes) -> None:
    assert parsed(content).samples.tolist() == [[[255, 0, 255], [0, 0, 255]]]


def test_bitmap_of_whole_bytes_begins_after_one_space(parsed: Parsed) -> None:
    """The first byte of samples is a white-space character."""
    assert parsed(b"P4 8 1\n\n").samples.tolist() == [[[255] * 4 + [0, 255, 0, 255]]]


def test_comments_anywhere_in_the_header(parsed: Parsed) -> None:
    content = b"P5#first\n#second\n 2# width\n1\t#height\r\n255\n\x07\x08"
    assert parsed(content).samples.tolist() == [[[7, 8]]]


def test_comments_among_plain_samples(parsed: Parsed) -> None:
    assert parsed(b"P2 2 1 255\n7 # seven\n8").samples.tolist() == [[[7, 8]]]


ONE = b"P5 1 1 255\n\x07"


@pytest.mark.parametrize(
    ("content", "frames"),
    [
        (ONE, 1),
        (ONE + b"P5 1 1 255\n\x08", 2),
        (ONE + b"P6 2 1 65535\n" + bytes(12) + b"P4 9 2\n" + bytes(4) + ONE, 4),
        (ONE + b"Personal notes", 1),
        (ONE + b"P5 1 1", 1),
        (b"P2 1 1 255 7 P5 1 1 255\n\x08", 1),
    ],
)
def test_first_of_several(parsed: Parsed, content: bytes, frames: int) -> None:
    image = parsed(content)
    assert image.samples.tolist() == [[[7]]]
    assert image.notes == ((f"first of {frames} frames",) if frames > 1 else ())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"P5 2 2 255\nabc", "damaged"),
        (b"P2 2 2 255\n1 2 3", "damaged"),
        (b"P1 2 2\n101", "damaged"),
        (b"P1 2 2\n1012", "outside 0..1"),
        (b"P2 2 1 255\n1 x", "damaged"),
        (b"P2 2 1 255\n1 -3", r"outside 0\.\.255"),
        (b"P2 2 1 255\n1 256", r"outside 0\.\.255"),
        (b"P5 1 1 1000\n\xff\xff", r"outside 0\.\.1000"),
        (b"P6 1 1 0\n", "maxval 0"),
        (b"P6 1 1 65536\n", "maxval 65536"),
        (b"P5 1\n", "no complete PGM/PPM header"),
    ],
)
def test_damaged(parsed: Parsed, content: bytes, message: str) -> None:
    with pytest.raises(ImageError, match=rf"x\.pnm: .*{message}"):
        parsed(content)
