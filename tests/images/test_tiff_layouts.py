"""TIFF in every layout, against the samples that were written and against tifffile."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image
from tiff_files import (
    DEFLATE,
    ENCODERS,
    LZW,
    NONE,
    PACKBITS,
    ZSTD,
    Layout,
    Page,
    page_of,
    places,
    tiff,
)

from imleak.images import Source, read
from imleak.interfaces import ImageError

Stored = Callable[[str, bytes], Source]

HEIGHT, WIDTH = 37, 53
PREDICTED = (LZW, DEFLATE, ZSTD)
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE = range(4)


def layouts() -> Iterator[tuple[Layout, int]]:
    """Every layout, and its number of channels."""
    for bits, compression, byteorder, tile in itertools.product(
        (1, 2, 4, 8, 10, 12, 16), ENCODERS, "<>", (None, (16, 32))
    ):
        plain = Layout(bits, compression=compression, byteorder=byteorder, tile=tile)
        for predictor in (1, 2) if bits in (8, 16) and compression in PREDICTED else (1,):
            one = replace(plain, predictor=predictor)
            yield replace(one, photometric=WHITE_IS_ZERO), 1
            yield one, 1
            for separate in (False, True):
                yield replace(one, extra=(2,), separate=separate), 2
                yield replace(one, photometric=RGB, separate=separate), 3
                yield replace(one, photometric=RGB, extra=(2,), separate=separate), 4


EVERY = list(layouts())


def samples_of(layout: Layout, channels: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 1 << layout.bits, (HEIGHT, WIDTH, channels))


def expected(samples: np.ndarray, layout: Layout) -> np.ndarray:
    """(C, H, W) as they are read."""
    top = (1 << layout.bits) - 1
    colours = samples[..., : 3 if layout.photometric == RGB else 1]
    if layout.photometric == WHITE_IS_ZERO:
        colours = top - colours
    if layout.bits < 8:
        colours = np.floor(colours * 255 / top + 0.5).astype(np.int64)
    return np.moveaxis(colours, -1, 0)


def check(stored: Stored, layout: Layout, channels: int, *, sparse: bool = False) -> None:
    samples = samples_of(layout, channels)
    blocks = places(samples, layout)
    empty = frozenset(range(0, len(blocks), 2)) if sparse else frozenset()
    if sparse and not layout.separate:
        for number in empty:
            samples[blocks[number]] = 0
    elif sparse:
        for number in empty:  # of the first plane
            samples[(*blocks[number], 0)] = 0
    content = tiff([page_of(samples, layout, empty=empty)], layout.byteorder)
    source = stored("x.tif", content)
    image = read(source, colour=True)
    np.testing.assert_array_equal(image.samples, expected(samples, layout), str(layout))
    assert image.bits == max(layout.bits, 8)
    by_tifffile = tifffile.imread(source.origin)
    if layout.separate:
        by_tifffile = np.moveaxis(by_tifffile, 0, -1)
    np.testing.assert_array_equal(by_tifffile.reshape(samples.shape), samples, str(layout))


@pytest.mark.parametrize("sparse", [False, True])
def test_some_layouts(stored: Stored, sparse: bool) -> None:
    for layout, channels in random.Random(int(sparse)).sample(EVERY, 60):
        check(stored, layout, channels, sparse=sparse)


@pytest.mark.slow
@pytest.mark.parametrize("sparse", [False, True])
def test_every_layout(stored: Stored, sparse: bool) -> None:
    assert len(EVERY) > 700
    for layout, channels in EVERY:
        check(stored, layout, channels, sparse=sparse)


@pytest.mark.parametrize("tile", [None, (16, 32)])
@pytest.mark.parametrize("bits", [8, 16])
def test_a_file_of_nothing_but_holes_is_black(
    stored: Stored, bits: int, tile: tuple[int, int] | None
) -> None:
    """With one strip, too: its offset is 0, where the header of the file stands."""
    for rows in (10, HEIGHT):
        layout = Layout(bits, tile=tile, rows_a_strip=rows)
        samples = samples_of(layout, 1)
        page = page_of(samples, layout, empty=frozenset(range(9)))
        assert not read(stored("x.tif", tiff([page]))).samples.any()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("bits", [1, 8, 12])
def test_orientation(stored: Stored, bits: int, orientation: int) -> None:
    layout = Layout(bits, orientation=orientation)
    samples = samples_of(layout, 1)
    image = read(stored("x.tif", tiff([page_of(samples, layout)])))
    upright = expected(samples, layout)[0]
    turned = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright, -1),
        7: upright[::-1, ::-1].T,
        8: np.rot90(upright),
    }
    np.testing.assert_array_equal(image.samples[0], turned[orientation])


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("scale", [1, 257])
def test_palette(stored: Stored, bits: int, scale: int) -> None:
    """Entries of 16 bits, or of 8 as old programs write them."""
    layout = Layout(bits, photometric=PALETTE, compression=LZW)
    samples = samples_of(layout, 1)
    page = page_of(samples, layout)
    colours = np.random.default_rng(1).integers(0, 256, (3, 1 << bits))
    page.tags[320] = tuple((colours * scale).ravel().tolist())
    image = read(stored("x.tif", tiff([page])), colour=True)
    np.testing.assert_array_equal(image.samples, colours[:, samples[..., 0]])
    assert image.notes == ("palette expanded",)


@pytest.mark.parametrize("bits", [8, 16])
def test_colours_that_are_multiplied_by_alpha_stay_so(stored: Stored, bits: int) -> None:
    layout = Layout(bits, photometric=RGB, extra=(1,))
    samples = samples_of(layout, 4)
    image = read(stored("x.tif", tiff([page_of(samples, layout)])), colour=True)
    np.testing.assert_array_equal(image.samples, expected(samples, layout))
    assert image.notes == ("colours stay multiplied by alpha", "alpha dropped")


# --- images whose strips are files of another format


@pytest.mark.parametrize("tile", [None, (32, 32)])
@pytest.mark.parametrize("compression", ["jpeg2000", "webp", "jpegxl", "lzma"])
@pytest.mark.parametrize("channels", [1, 3])
def test_lossless_compressions_of_tifffile(
    tmp_path: Path, rgba8: np.ndarray, compression: str, channels: int, tile: tuple[int, int] | None
) -> None:
    if compression == "webp" and channels == 1:
        channels = 4
    pixels = (rgba8 | [0, 0, 0, 255])[..., :channels].astype(np.uint8).squeeze()
    lossless = {"compressionargs": {"lossless": True}} if compression == "webp" else {}
    tifffile.imwrite(tmp_path / "x.tif", pixels, compression=compression, tile=tile, **lossless)
    image = read(Source("x", tmp_path / "x.tif"), colour=True)
    colours = pixels.reshape(48, 64, -1)[..., : min(channels, 3)]
    np.testing.assert_array_equal(image.samples, np.moveaxis(colours, -1, 0))


@pytest.mark.parametrize(
    ("mode", "compression"),
    [
        *itertools.product(["L", "RGB", "YCbCr", "CMYK", "LAB"], ["raw", "tiff_lzw"]),
        *itertools.product(["L", "RGB", "YCbCr", "CMYK"], ["jpeg"]),
        *itertools.product(["1"], ["group3", "group4", "tiff_ccitt"]),
    ],
)
def test_colour_spaces_as_pillow_reads_them(
    tmp_path: Path, rgba8: np.ndarray, mode: str, compression: str
) -> None:
    path = tmp_path / "x.tif"
    image = Image.fromarray(rgba8[..., :3].copy())
    if mode == "LAB":
        image = Image.frombytes("LAB", image.size, image.tobytes())
    else:
        image = image.convert(mode)
    image.save(path, compression=compression)
    with Image.open(path) as opened:
        grey = mode in ("1", "L")
        by_pillow = np.atleast_3d(np.asarray(opened.convert("L" if grey else "RGB")))
    samples = read(Source("x", path), colour=True).samples.astype(int)
    # Pillow leaves compressed YCbCr to libtiff, which rounds in another way.
    rounding = int(mode == "YCbCr" and compression == "tiff_lzw")
    assert np.abs(samples - np.moveaxis(by_pillow, -1, 0)).max() <= rounding


@pytest.mark.parametrize("precision", [8, 12])
def test_jpeg_of_12_bits(tmp_path: Path, grey8: np.ndarray, precision: int) -> None:
    samples = grey8.astype(np.uint16) << 4 if precision == 12 else grey8
    path = tmp_path / "x.tif"
    tifffile.imwrite(path, samples, compression="jpeg", bitspersample=precision)
    image = read(Source("x", path))
    np.testing.assert_array_equal(image.samples[0], tifffile.imread(path))
    assert image.bits == precision


def test_a_strip_that_holds_a_larger_image_than_it_says(stored: Stored, grey8: np.ndarray) -> None:
    """A small file must not take memory for a large image."""
    large = imagecodecs.jpeg8_encode(np.zeros((3000, 3000), np.uint8))
    page = page_of(grey8[..., None], Layout(rows_a_strip=48))
    page.tags[259], page.segments = (7,), [large]
    with pytest.raises(ImageError, match="larger images inside than it says"):
        read(stored("x.tif", tiff([page])))


def test_a_tile_that_is_much_larger_than_its_image(stored: Stored, grey8: np.ndarray) -> None:
    page = page_of(grey8[..., None], Layout(tile=(16, 32), compression=DEFLATE))
    page.tags |= {322: (60000,), 323: (60000,)}
    with pytest.raises(ImageError, match="tiles that are larger than its image"):
        read(stored("x.tif", tiff([page])))


@pytest.mark.parametrize("compression", [6, 34887, 34933, 34934])
def test_compressions_that_are_not_read(
    stored: Stored, grey8: np.ndarray, compression: int
) -> None:
    page = page_of(grey8[..., None], Layout())
    page.tags[259] = (compression,)
    with pytest.raises(ImageError, match="which is not read; save it with deflate"):
        read(stored("x.tif", tiff([page])))


@pytest.mark.parametrize("compression", [NONE, PACKBITS])
def test_a_predictor_that_not_all_programs_undo(
    stored: Stored, grey8: np.ndarray, compression: int
) -> None:
    layout = Layout(compression=compression, predictor=2)
    with pytest.raises(ImageError, match=r"has predictor 2 .* save it without predictor"):
        read(stored("x.tif", tiff([page_of(grey8[..., None], layout)])))


# --- which of several images


def page(samples: np.ndarray, subfiletype: int = 0, *subpages: Page) -> Page:
    made = page_of(samples[..., None], Layout(), subfiletype=subfiletype)
    made.subpages = list(subpages)
    return made


REDUCED, MASK = 1, 4


@pytest.mark.parametrize(
    ("kind", "notes"),
    [
        ("a thumbnail first", ("1 reduced copy left out",)),
        ("a thumbnail last", ("1 reduced copy left out",)),
        ("the image in a SubIFD of the thumbnail", ("2 reduced copies left out",)),
        ("a pyramid in SubIFDs", ("2 reduced copies left out",)),
        ("a pyramid in unmarked SubIFDs", ("2 reduced copies left out",)),
        ("a thumbnail between two images", ("first of 2 frames", "1 reduced copy left out")),
        ("a mask first", ("first of 2 frames",)),
        ("two images", ("first of 2 frames",)),
        ("old tags", ("1 reduced copy left out",)),
        ("alone and marked", ()),
    ],
)
def test_the_image_and_not_its_copies(
    stored: Stored, grey8: np.ndarray, kind: str, notes: tuple[str, ...]
) -> None:
    half, quarter, other = grey8[::2, ::2], grey8[::4, ::4], 255 - grey8
    old = page(half)
    del old.tags[254]
    old.tags[255] = (2,)
    pages = {
        "a thumbnail first": [page(half, REDUCED), page(grey8)],
        "a thumbnail last": [page(grey8), page(half, REDUCED)],
        "the image in a SubIFD of the thumbnail": [
            page(quarter, REDUCED, page(half, REDUCED), page(grey8))
        ],
        "a pyramid in SubIFDs": [page(grey8, 0, page(half, REDUCED), page(quarter, REDUCED))],
        "a pyramid in unmarked SubIFDs": [page(grey8, 0, page(half), page(quarter))],
        "a thumbnail between two images": [page(grey8), page(half, REDUCED), page(other)],
        "a mask first": [page(other, MASK), page(grey8)],
        "two images": [page(grey8), page(other)],
        "old tags": [old, page(grey8)],
        "alone and marked": [page(grey8, REDUCED)],
    }
    image = read(stored("x.tif", tiff(pages[kind])))
    np.testing.assert_array_equal(image.samples[0], grey8)
    assert image.notes == notes


def test_a_chain_of_pages_that_bites_its_tail(stored: Stored, grey8: np.ndarray) -> None:
    content = bytearray(tiff([page(grey8), page(255 - grey8)]))
    content[-4:] = content[4:8]  # the first page follows the second
    image = read(stored("x.tif", bytes(content)))
    np.testing.assert_array_equal(image.samples[0], grey8)
    assert image.notes == ("first of 2 frames",)


def test_very_many_pages(stored: Stored, grey8: np.ndarray) -> None:
    content = tiff([page(grey8[:1, :1])] * 1200)
    assert read(stored("x.tif", content)).notes == ("first of at least 1000 frames",)


def test_raw_samples_of_a_sensor_are_refused_with_their_size(
    stored: Stored, grey8: np.ndarray
) -> None:
    raw = page(grey8)
    raw.tags[262] = (32803,)
    source = stored("x.dng", tiff([page(grey8[::4, ::4], REDUCED, raw)]))
    with pytest.raises(ImageError, match="48 x 64 pixels holds raw samples of a sensor; develop"):
        read(source)


@pytest.mark.parametrize("options", [{"imagej": True}, {"truncate": True, "metadata": {}}])
def test_images_behind_one_header(
    tmp_path: Path, grey8: np.ndarray, options: dict[str, object]
) -> None:
    images = np.stack([grey8, 255 - grey8, grey8 // 2])
    tifffile.imwrite(tmp_path / "x.tif", images, photometric="minisblack", **options)
    image = read(Source("x", tmp_path / "x.tif"))
    np.testing.assert_array_equal(image.samples[0], grey8)
    assert image.notes == ("first of 3 frames",)


# --- what is not all there


@pytest.mark.parametrize("tile", [None, (16, 32)])
@pytest.mark.parametrize("compression", ENCODERS)
@pytest.mark.parametrize("bits", [1, 8, 12, 16])
def test_a_cut_file_is_never_half_an_image(
    stored: Stored, compression: int, tile: tuple[int, int] | None, bits: int
) -> None:
    """The directory stands behind the samples, or before them."""
    layout = Layout(bits, compression=compression, tile=tile)
    samples = samples_of(layout, 1)
    content = tiff([page_of(samples, layout)])
    whole = read(stored("x.tif", content)).digest
    for end in range(8, len(content), max(1, len(content) // 12)):
        try:
            assert read(stored("x.tif", content[:end])).digest == whole
        except ImageError:
            continue


@pytest.mark.parametrize("compression", ENCODERS)
def test_a_strip_that_is_too_short(stored: Stored, grey8: np.ndarray, compression: int) -> None:
    page = page_of(grey8[..., None], Layout(compression=compression))
    page.segments[1] = page.segments[1][: len(page.segments[1]) // 2]  # type: ignore[index]
    with pytest.raises(ImageError):
        read(stored("x.tif", tiff([page])))


def test_strips_that_are_missing(stored: Stored, grey8: np.ndarray) -> None:
    page = page_of(grey8[..., None], Layout())
    del page.segments[-1]
    with pytest.raises(ImageError, match="cut before its samples end"):
        read(stored("x.tif", tiff([page])))


def test_a_place_without_a_length(stored: Stored, grey8: np.ndarray) -> None:
    page = page_of(grey8[..., None], Layout())
    page.segments[2] = b""
    with pytest.raises(ImageError, match="of which the place is not known"):
        read(stored("x.tif", tiff([page])))


def test_byte_order_and_compression_are_what_they_say(grey8: np.ndarray) -> None:
    """The files of these tests, as an independent reader sees them."""
    assert tiff([page_of(grey8[..., None], Layout(byteorder=">"))], ">").startswith(b"MM\0*")
    assert {NONE, LZW, DEFLATE} < set(ENCODERS)
