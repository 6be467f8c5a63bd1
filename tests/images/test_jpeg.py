"""Coefficients of JPEG files, and files with other ones."""

import io
from contextlib import suppress

import imagecodecs
import jpeglib
import numpy as np
import pytest
from PIL import Image
from scipy.fft import dctn

from imleak.images import Source, copy_of, read
from imleak.images.jpeg import OtherCodeError, coefficients, decoded, parse, rewritten, written
from imleak.images.jpeg.order import ZIGZAG
from imleak.images.jpeg.structure import look_up
from imleak.interfaces import ImageError
from jpeg_files import LAYOUTS, SIZES, jpeg

EVERY = [(layout, mode) for layout in LAYOUTS for mode in ("RGB", "L")]


def other_signs(found, seed=0):
    """The coefficients with other signs of AC."""
    rng = np.random.default_rng(seed)
    new = [blocks.copy() for blocks in found.components]
    for blocks in new:
        signs = rng.choice(np.array([-1, 1], np.int16), blocks.shape)
        signs[..., 0, 0] = 1
        blocks *= signs
    return new


def test_zigzag_is_that_of_the_standard():
    assert ZIGZAG[:12].tolist() == [0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25]
    assert ZIGZAG[-4:].tolist() == [47, 55, 62, 63]
    assert sorted(ZIGZAG) == list(range(64))


def test_a_code_is_looked_up_by_all_that_it_begins():
    table = look_up(bytes([1, 1, 1] + [0] * 13), bytes([7, 8, 9]))  # 0, 10, 110
    assert table[0] == table[0x7FFF] == 1 << 8 | 7
    assert table[0x8000] == table[0xBFFF] == 2 << 8 | 8
    assert table[0xC000] == table[0xDFFF] == 3 << 8 | 9
    assert table[0xE000] == 0


def test_coefficients_are_those_of_the_transform():
    pixels = np.random.default_rng(0).integers(0, 256, (16, 24), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", qtables=[[16] * 64])
    (blocks,) = coefficients(file.getvalue()).components
    cut = pixels.reshape(2, 8, 3, 8).transpose(0, 2, 1, 3).astype(float) - 128
    expected = dctn(cut, axes=(2, 3), norm="ortho") / 16
    assert blocks.shape == (2, 3, 8, 8)
    assert np.abs(blocks - expected).max() < 0.51


@pytest.mark.parametrize(("layout", "mode"), EVERY)
def test_other_signs_and_then_the_same_bytes(layout, mode, tmp_path):
    for size in SIZES if layout in ("4:2:0", "progressive") else SIZES[:1]:
        content = jpeg(size, mode, **LAYOUTS[layout])
        found = coefficients(content)
        np.testing.assert_array_equal(found.render(found.components), decoded(content))
        new = other_signs(found)
        changed = rewritten(content, found.components, new)
        (tmp_path / "changed.jpg").write_bytes(changed)
        read_again = coefficients(changed)
        for one, other in zip(read_again.components, new, strict=True):
            np.testing.assert_array_equal(one, other)
        seen = jpeglib.read_dct(str(tmp_path / "changed.jpg"))
        rows, columns = seen.Y.shape[:2]
        np.testing.assert_array_equal(seen.Y, new[0][:rows, :columns])
        np.testing.assert_array_equal(
            np.squeeze(imagecodecs.jpeg8_decode(changed)),
            np.squeeze(np.moveaxis(decoded(changed), 0, -1)),
        )
        assert abs(len(changed) - len(content)) <= 40
        assert rewritten(changed, new, found.components) == content


def test_blocks_beyond_the_edges_are_read_where_one_scan_codes_them():
    found = coefficients(jpeg((17, 9), subsampling="4:2:0"))
    assert [blocks.shape[:2] for blocks in found.components] == [(2, 4), (1, 2), (1, 2)]
    assert [len(order) for order in found.order] == [8, 2, 2]
    assert found.order[0].tolist() == [0, 1, 4, 5, 2, 3, 6, 7]
    seen = coefficients(jpeg((17, 9), subsampling="4:2:0"), unseen=False)
    assert [blocks.shape[:2] for blocks in seen.components] == [(2, 3), (1, 2), (1, 2)]
    assert seen.order[0].tolist() == [0, 1, 3, 4, 2, 5]


def test_the_prediction_of_dc_starts_anew_behind_a_restart_marker():
    found = coefficients(jpeg((64, 32), subsampling="4:2:0", restart_marker_blocks=3))
    assert np.flatnonzero(found.starts[0]).tolist() == [0, 12, 24]
    assert np.flatnonzero(found.starts[1]).tolist() == [0, 3, 6]


def test_coefficients_of_other_lengths_are_told():
    content = jpeg()
    found = coefficients(content)
    for change in ((0, 0, 0, 0), (0, 0, 0, 1)):
        new = [blocks.copy() for blocks in found.components]
        new[0][change] = new[0][change] * 2 + 1
        with pytest.raises(OtherCodeError):
            rewritten(content, found.components, new)


def test_any_coefficients_are_written_anew(tmp_path):
    content = jpeg(progressive=True)
    found = coefficients(content, unseen=False)
    new = [blocks.clip(-3, 3) for blocks in found.components]
    again = coefficients(written(content, new), unseen=False)
    for one, other in zip(again.components, new, strict=True):
        np.testing.assert_array_equal(one, other)


def test_white_and_black_of_the_best_quality_are_rendered_as_they_are():
    pixels = np.zeros((16, 32), np.uint8)
    pixels[:, 16:] = 255
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=100)
    found = coefficients(file.getvalue())
    np.testing.assert_array_equal(found.render(found.components)[0], pixels)


@pytest.mark.parametrize("colour", [True, False])
def test_an_image_is_rendered_as_it_was_read(colour, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "turned.jpg"
    path.write_bytes(jpeg(exif=exif))
    image = read(Source("turned.jpg", path), colour=colour)
    assert image.samples.shape == (3 if colour else 1, 83, 41)
    np.testing.assert_array_equal(image.jpeg.render(image.jpeg.components), image.samples)
    copied = copy_of(image, "crop")
    assert copied.jpeg.render(copied.jpeg.components).shape == copied.samples.shape


def test_what_cannot_be_kept_is_refused(tmp_path):
    cmyk = jpeg(mode="CMYK")
    with pytest.raises(ImageError, match="4 components, as CMYK has"):
        coefficients(cmyk)
    arithmetic = bytearray(jpeg())
    frame = arithmetic.index(b"\xff\xc0")
    arithmetic[frame + 1] = 0xC9
    with pytest.raises(ImageError, match="arithmetic coding"):
        coefficients(bytes(arithmetic))
    deep = bytearray(jpeg())
    deep[frame + 1], deep[frame + 4] = 0xC1, 12
    with pytest.raises(ImageError, match="samples of 12 bits"):
        coefficients(bytes(deep))


def test_damaged_files_are_refused_in_one_line():
    content = jpeg(progressive=True)
    found = coefficients(content)
    rng = np.random.default_rng(0)
    for _ in range(40):
        bad = bytearray(content)
        for at in rng.integers(2, len(bad), 4):
            bad[at] = rng.integers(256)
        with suppress(ImageError):
            rewritten(bytes(bad), found.components, found.components)
    for cut in (3, 30, 400, len(content) - 2):
        with pytest.raises(ImageError):
            parse(content[:cut])


def test_an_image_of_another_format_is_compressed_if_asked_for(tmp_path):
    path = tmp_path / "image.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)).save(path)
    source = Source("image.png", path)
    with pytest.raises(ImageError, match="--jpeg-quality 90 compresses it first"):
        _ = read(source).jpeg
    image = read(source, colour=True, jpeg_quality=75)
    assert image.notes == ("compressed as JPEG 75",)
    np.testing.assert_array_equal(image.jpeg.render(image.jpeg.components), image.samples)
    deep = tmp_path / "deep.png"
    deep.write_bytes(imagecodecs.png_encode(np.zeros((9, 9), np.uint16)))
    with pytest.raises(ImageError, match="has 16 bits a sample and JPEG files have 8"):
        read(Source("deep.png", deep), jpeg_quality=75)


def test_a_default_read_reads_no_coefficients(tmp_path, monkeypatch):
    path = tmp_path / "image.jpg"
    path.write_bytes(jpeg())
    monkeypatch.setattr(jpeglib, "read_dct", None)
    assert read(Source("image.jpg", path)).samples.shape == (1, 41, 83)
