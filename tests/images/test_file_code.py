"""JPEG files as codes of what is read from them."""

import io
import sys

import imagecodecs
import numpy as np
import pytest
import skimage.data
from PIL import Image

from imleak.images import Source, luma, read
from imleak.images.jpeg import decoded, file_code
from imleak.images.jpeg.code import BESIDES, without_metadata
from jpeg_files import ASTRONAUT, LAYOUTS, SIZES, jpeg


def as_it_is(samples):
    return samples


def in_grey(samples):
    return samples if len(samples) == 1 else luma(samples)


def saved(path, content, **options):
    path.write_bytes(content)
    return read(Source(path.name, path), **options)


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_samples_are_those_that_are_read(layout, mode):
    for size in SIZES:
        content = jpeg(size, mode, **LAYOUTS[layout])
        code = file_code(content, as_it_is, grey=False)
        np.testing.assert_array_equal(code.samples, decoded(content))
        assert code.size <= len(content) + BESIDES


@pytest.mark.parametrize("layout", ["4:2:0", "4:4:4", "progressive", "restarts", "best"])
def test_grey_needs_the_luma_of_the_file_alone(layout):
    """Luma of colours that are not clipped is the luma of the file, but for rounding."""
    for size in SIZES:
        part = ASTRONAUT.crop((0, 0, *size))
        file = io.BytesIO()
        muted = Image.fromarray((np.asarray(part) // 3 + 80).astype(np.uint8))
        muted.save(file, "JPEG", **{"quality": 80, **LAYOUTS[layout]})
        content = file.getvalue()
        code = file_code(content, in_grey, grey=True)
        read_grey = luma(decoded(content))
        off = np.abs(code.samples.astype(int) - read_grey)
        assert off.max() <= 1
        assert off.mean() < 0.01
        assert code.size < file_code(content, in_grey, grey=False).size


def test_the_code_is_that_of_jpeg_xl():
    file = io.BytesIO()
    Image.fromarray(skimage.data.astronaut()).save(file, "JPEG", quality=90)
    content = file.getvalue()
    code = file_code(content, as_it_is, grey=False)
    assert code.size == len(imagecodecs.jpegxl_encode_jpeg(content)) + BESIDES
    assert code.size < 0.9 * len(content)


def test_components_that_are_no_luma_are_coded_whole():
    content = jpeg(**LAYOUTS["RGB"])
    code = file_code(content, in_grey, grey=True)
    np.testing.assert_array_equal(code.samples, luma(decoded(content)))
    assert code.size == file_code(content, as_it_is, grey=False).size


def test_without_jpeglib_the_file_is_coded_whole(monkeypatch):
    content = jpeg()
    monkeypatch.setitem(sys.modules, "jpeglib", None)
    code = file_code(content, in_grey, grey=True)
    np.testing.assert_array_equal(code.samples, luma(decoded(content)))
    assert code.size == file_code(content, as_it_is, grey=False).size


@pytest.mark.parametrize("colour", [True, False])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_metadata_costs_nothing_and_the_turn_is_made(colour, mode, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "".join(map(chr, np.random.default_rng(0).integers(33, 126, 20_000)))
    extra = {"exif": exif, "icc_profile": bytes(np.arange(9000) % 251), "comment": b"c" * 3000}
    plain = saved(tmp_path / "plain.jpg", jpeg(mode=mode), colour=colour)
    image = saved(tmp_path / "more.jpg", jpeg(mode=mode, **extra) + b"more", colour=colour)
    assert image.height == plain.width
    code = image.file_code(True)
    np.testing.assert_array_equal(code.samples, image.samples)
    if mode != "CMYK":  # such a file is not taken apart
        assert code.size == plain.file_code(True).size


def test_a_read_image_has_the_code_of_what_was_read(tmp_path):
    grey = saved(tmp_path / "image.jpg", jpeg())
    colour = saved(tmp_path / "image.jpg", jpeg(), colour=True)
    assert grey.file_code(False).size < grey.file_code(True).size == colour.file_code(False).size
    assert grey.file_code(False).samples.shape == grey.samples.shape
    png = tmp_path / "image.png"
    ASTRONAUT.save(png)
    assert read(Source("image.png", png)).file_code is None
    compressed = read(Source("image.png", png), colour=True, jpeg_quality=75)
    np.testing.assert_array_equal(compressed.file_code(False).samples, compressed.samples)


@pytest.mark.parametrize("coded", [b"", b"other"])
def test_where_jpeg_xl_does_not_give_the_file_back_it_is_its_own_code(coded, monkeypatch):
    content = jpeg()
    monkeypatch.setattr(imagecodecs, "jpegxl_decode_jpeg", lambda code, **_: coded)
    code = file_code(content, as_it_is, grey=False)
    assert code.size == len(content) + BESIDES


def test_previews_of_jfif_are_metadata_and_what_is_no_jpeg_stays():
    content = jpeg()
    preview = b"\xff\xe0\x00\x07JFXX\0"
    assert without_metadata(content[:2] + preview + content[2:]) == content
    assert without_metadata(content[:30]) == content[:30]
