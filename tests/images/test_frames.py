"""Files that hold several images: which of their frames are read, and what of them."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from imleak.images import DeadLeaves, Source, find, rank, read, resolution, with_frames
from imleak.images.frames import evenly_spaced
from imleak.interfaces import ImageError

Stored = Callable[[str, bytes], Source]


@pytest.fixture(scope="session")
def film() -> np.ndarray:
    """(5, 32, 40) uint8, five different scenes."""
    return np.stack([DeadLeaves(32, 40, index, seed=3).render()[0] for index in range(5)])


def animated(frames: np.ndarray, format_: str, **options: Any) -> bytes:
    content = io.BytesIO()
    first, *others = (Pillow.fromarray(frame) for frame in frames)
    first.save(content, format_, save_all=True, append_images=others, **options)
    return content.getvalue()


def stacked(frames: np.ndarray, **options: Any) -> bytes:
    content = io.BytesIO()
    tifffile.imwrite(content, frames, **options)
    return content.getvalue()


def netpbm(frames: np.ndarray) -> bytes:
    height, width = frames.shape[1:]
    return b"".join(b"P5 %d %d 255\n" % (width, height) + frame.tobytes() for frame in frames)


@given(there=st.integers(1, 500), wanted=st.integers(1, 60))
def test_frames_are_evenly_spaced(there: int, wanted: int) -> None:
    chosen = evenly_spaced(there, wanted)
    assert len(chosen) == min(there, wanted)
    assert chosen == sorted(set(chosen))
    ends = np.array([-chosen[0] - 1, *chosen, 2 * there - chosen[-1] - 1])  # mirrored at both ends
    steps = np.diff(ends)
    assert steps.max() - steps.min() <= 2
    assert 0 <= chosen[0] <= chosen[-1] < there


@pytest.mark.parametrize(
    "write",
    [
        lambda film: animated(film, "GIF"),
        lambda film: animated(film, "GIF", disposal=2),
        lambda film: animated(film, "WEBP", lossless=True),
        lambda film: animated(film, "PNG"),
        lambda film: animated(film, "TIFF"),
        lambda film: stacked(film, photometric="minisblack"),
        lambda film: stacked(film, photometric="minisblack", compression="zlib"),
        lambda film: stacked(film, imagej=True),
        lambda film: stacked(film, byteorder=">", imagej=True),
        lambda film: stacked(film, photometric="minisblack", truncate=True),
        netpbm,
    ],
)
def test_every_frame_is_read(
    write: Callable[[np.ndarray], bytes], stored: Stored, film: np.ndarray
) -> None:
    source = stored("film.x", write(film))
    frames = with_frames([source], 99)
    assert [frame.name for frame in frames] == [f"film.x#{number}" for number in range(1, 6)]
    assert {frame.file for frame in frames} == {"film.x"}
    for frame, samples in zip(frames, film, strict=True):
        image = read(frame)
        np.testing.assert_array_equal(image.samples[0], samples)
        assert image.notes[0] == f"frame {(frame.frame or 0) + 1} of 5"
        assert resolution(frame) == samples.shape
    np.testing.assert_array_equal(read(source).samples[0], film[0])
    assert read(source).notes[0] == "first of 5 frames"


def test_16_bits_of_a_stack(stored: Stored, film: np.ndarray) -> None:
    deep = film.astype(np.uint16) << 8 | 0x5A
    for options in ({"imagej": True}, {"photometric": "minisblack", "truncate": True}):
        frame = with_frames([stored("x.tif", stacked(deep, **options))], 1)[0]
        assert frame.frame == 2
        np.testing.assert_array_equal(read(frame).samples[0], deep[2])
        assert read(frame).bits == 16


@pytest.mark.parametrize(("first", "channels"), [(0, 1), (1, 3)])
def test_frames_of_a_gif_have_the_channels_of_the_first(
    first: int, channels: int, stored: Stored, film: np.ndarray
) -> None:
    """Pillow gives all but the first in colour; the first is grey if its palette is all greys."""
    every = np.arange(1280, dtype=np.uint16).reshape(1, 32, 40).astype(np.uint8)
    frames = np.concatenate([every, film])[first:]
    content = animated(frames, "GIF")
    read_ = [read(one, colour=True) for one in with_frames([stored("x.gif", content)], 6)]
    assert [len(image.samples) for image in read_] == [channels] * len(frames)
    for image, frame in zip(read_, frames, strict=True):
        np.testing.assert_array_equal(image.samples[0], frame)


def test_the_second_eye(stored: Stored, film: np.ndarray) -> None:
    content = animated(film[:2], "MPO", quality=95)
    first, second = with_frames([stored("x.mpo", content)], 2)
    assert abs(read(second).samples[0].astype(int) - film[1]).mean() < 3
    assert read(first).coded is not None
    assert read(second).coded is None  # the coefficients at hand are those of the first


def test_pages_of_several_sizes(stored: Stored, film: np.ndarray) -> None:
    content = io.BytesIO()
    with tifffile.TiffWriter(content) as file:
        file.write(film[0], photometric="minisblack", metadata=None)
        file.write(film[1, :10, :12], photometric="minisblack", metadata=None)
    _, second = with_frames([stored("x.tif", content.getvalue())], 2)
    assert resolution(second) == (10, 12)
    np.testing.assert_array_equal(read(second).samples[0], film[1, :10, :12])
    with pytest.raises(ImageError, match=r"x\.tif#2: 10 x 12 is 120 pixels, above the limit"):
        read(second, max_pixels=119)


def test_what_holds_one_image_or_none_stays_as_it_is(stored: Stored, film: np.ndarray) -> None:
    one = stored("x.gif", animated(film[:1], "GIF"))
    damaged = stored("y.gif", b"GIF89a")
    generated = find("dead-leaves:1x8x8")
    assert with_frames([one, damaged, *generated], 3) == [one, damaged, *generated]


def test_a_frame_that_is_not_there(stored: Stored, film: np.ndarray) -> None:
    source = stored("x.gif", animated(film, "GIF"))
    with pytest.raises(ImageError, match="has 5 frames, and no frame 6"):
        read(Source("x.gif#6", source.origin, frame=5))


def test_frames_are_ranked_by_their_own_size(tmp_path: Path, film: np.ndarray) -> None:
    with tifffile.TiffWriter(tmp_path / "x.tif") as file:
        file.write(film[0, :4], photometric="minisblack", metadata=None)
        file.write(film[1], photometric="minisblack", metadata=None)
    assert [one.name for one in rank(with_frames(find(tmp_path), 2), 1)] == ["x.tif#2"]


def y4m(form: str, planes: list[bytes], header: bytes = b"W6 H4 F25:1 Ip A1:1") -> bytes:
    begin = b"YUV4MPEG2 " + header + (b" C" + form.encode() if form else b"") + b"\n"
    return begin + b"".join(b"FRAME Xcomment\n" + one for one in planes)


@pytest.mark.parametrize(
    ("form", "bits", "chroma"),
    [
        ("", 8, 12), ("420jpeg", 8, 12), ("420mpeg2", 8, 12), ("420paldv", 8, 12),
        ("422", 8, 24), ("444", 8, 48), ("411", 8, 16), ("mono", 8, 0), ("444alpha", 8, 72),
        ("420p10", 10, 12), ("422p12", 12, 24), ("444p16", 16, 48), ("mono10", 10, 0),
    ],
)  # fmt: skip
def test_luma_of_a_video(form: str, bits: int, chroma: int, stored: Stored) -> None:
    rng = np.random.default_rng(0)
    dtype = np.dtype("u1" if bits == 8 else "<u2")
    luma = rng.integers(0, 1 << bits, (3, 4, 6)).astype(dtype)
    others = bytes(range(chroma)) * dtype.itemsize
    source = stored("x.y4m", y4m(form, [one.tobytes() + others for one in luma]))
    for frame, samples in zip(with_frames([source], 3), luma, strict=True):
        image = read(frame, colour=True)
        np.testing.assert_array_equal(image.samples[0], samples)
        assert image.bits == bits
        assert ("chroma left out" in image.notes) == (chroma > 0)


@pytest.mark.parametrize("size", [b"W5 H3", b"W1 H1"])
def test_odd_sides_round_chroma_up(size: bytes, stored: Stored) -> None:
    width, height = (int(part[1:]) for part in size.split())
    frame = bytes(range(width * height)) + bytes(2 * ((width + 1) // 2) * ((height + 1) // 2))
    assert len(with_frames([stored("x.y4m", y4m("420", [frame] * 3, size))], 9)) == 3


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"YUV4MPEG2 W6\n", "no complete YUV4MPEG2 header"),
        (y4m("420bad", [bytes(36)]), "of the form C420bad"),
        (y4m("420", [bytes(35)]), "no whole frame"),
        (y4m("mono10", [b"\xff" * 48]), "more than its 10 bits"),
        (y4m("420", [bytes(36)], b"W0 H4"), "no whole frame"),
    ],
)
def test_videos_that_are_none(content: bytes, why: str, stored: Stored) -> None:
    with pytest.raises(ImageError, match=why):
        read(stored("x.y4m", content))


def test_a_last_frame_that_is_cut_is_none(stored: Stored) -> None:
    content = y4m("mono", [bytes(24)] * 3)[:-1]
    assert len(with_frames([stored("x.y4m", content)], 9)) == 2
