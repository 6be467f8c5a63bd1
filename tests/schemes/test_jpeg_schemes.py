"""Schemes on coefficients: by hand, by how often every cipher occurs, and exactly back."""

import io
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from rasters import KEYSTREAM, keystream
from scipy import stats

from imleak.images.jpeg import coefficients, raster_of
from imleak.interfaces import ImageError, ImleakError, Raster
from imleak.schemes.jpeg_amplitudes import JpegAmplitudes
from imleak.schemes.jpeg_signs import JpegSigns
from imleak.schemes.p3 import P3
from jpeg_files import LAYOUTS, jpeg

SCHEMES = [
    JpegSigns(),
    JpegSigns(first=(3, 63), dc="all"),
    JpegAmplitudes(),
    JpegAmplitudes(components="luma"),
    P3(),
]


def flat_file(width=16, height=8):
    """A grey JPEG file in which every coefficient is 0, with tables of ones."""
    file = io.BytesIO()
    grey = Image.new("L", (width, height), 128)
    grey.save(file, "JPEG", qtables=[[1] * 64])
    return file.getvalue()


def with_coefficients(given):
    """A raster of two grey blocks: {(block, row, column): value}."""
    found = coefficients(flat_file())
    blocks = found.components[0].copy()
    for (block, row, column), value in given.items():
        blocks[0, block, row, column] = value
    changed = replace(found, components=(blocks,))
    return Raster(found.render([blocks]), 8, lambda: changed)


@pytest.mark.parametrize("scheme", SCHEMES, ids=repr)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_decrypts_to_the_same_coefficients(scheme, layout):
    plain = raster_of(jpeg(**LAYOUTS[layout]))
    for level in (1, len(scheme.levels(8)) - 1):
        cipher = scheme.encrypt(plain, level, KEYSTREAM)
        again = scheme.decrypt(cipher, level, KEYSTREAM)
        np.testing.assert_array_equal(again.samples, plain.samples)
        for one, other in zip(again.jpeg.components, plain.jpeg.components, strict=True):
            np.testing.assert_array_equal(one, other)
        exposed = [scheme.expose(one, level) for one in (plain, cipher)]
        np.testing.assert_array_equal(exposed[0].rendered, exposed[1].rendered)
        for name, symbols in exposed[0].symbols.items():
            np.testing.assert_array_equal(symbols, exposed[1].symbols[name])


def test_signs_by_hand():
    plain = with_coefficients({(0, 0, 0): 10, (1, 0, 0): 7, (0, 0, 1): -5, (1, 1, 0): 3})
    scheme = JpegSigns(first=(1, 63))
    reached = {
        scheme.encrypt(plain, 1, keystream(s)).jpeg.components[0].tobytes() for s in range(20)
    }
    assert len(reached) == 2  # AC 1 of the first block, and nothing else
    left = scheme.expose(plain, 1).symbols["Y"][0]
    assert left.shape == (8, 16)
    assert left[0, :4].tolist() == [20, 5, 5, 0]  # differences 10 and -3, folded; |-5| and 0
    assert left[1, 0:2].tolist() == [0, 6]  # AC 2 is not reached: 3, folded
    left = scheme.expose(plain, 3).symbols["Y"][0]
    assert left[0, :4].tolist() == [10, 3, 5, 0]
    assert left[1, 0:2].tolist() == [0, 3]


def test_signs_of_dc_are_those_of_its_differences():
    plain = with_coefficients({(0, 0, 0): 10, (1, 0, 0): 7})
    scheme = JpegSigns(first=(1,))
    pairs = Counter(
        tuple(scheme.encrypt(plain, 2, keystream(s)).jpeg.components[0][0, :, 0, 0].tolist())
        for s in range(60)
    )
    assert pairs.keys() == {(10, 7), (10, 13), (-10, -13), (-10, -7)}
    assert stats.chisquare(list(pairs.values())).pvalue > 1e-6


def test_amplitudes_by_hand():
    plain = with_coefficients({(0, 0, 1): -5, (0, 1, 0): 1, (1, 0, 1): 2})
    scheme = JpegAmplitudes(first=(1, 63))
    values = [scheme.encrypt(plain, 1, keystream(s)).jpeg.components[0][0] for s in range(100)]
    first = Counter(int(blocks[0, 0, 1]) for blocks in values)
    assert first.keys() == {-7, -6, -5, -4, 4, 5, 6, 7}
    assert stats.chisquare(list(first.values())).pvalue > 1e-6
    assert {int(blocks[1, 0, 1]) for blocks in values} == {-3, -2, 2, 3}
    assert {int(blocks[0, 1, 0]) for blocks in values} == {1}  # AC 2 is not reached
    left = scheme.expose(plain, 1).symbols["Y"][0]
    assert left[0, 2:4].tolist() == [3, 2]  # sizes of -5 and of 2
    assert left[1, 0:2].tolist() == [2, 0]  # 1, folded


def test_p3_by_hand():
    plain = with_coefficients(
        {(0, 0, 0): 9, (0, 0, 1): -5, (0, 1, 0): 2, (1, 0, 1): -2, (1, 1, 0): 300}
    )
    scheme = P3(thresholds=(2,))
    public = scheme.encrypt(plain, 1, KEYSTREAM).jpeg.components[0][0]
    assert public[0, 0, :2].tolist() == [0, 2]
    assert public[0, 1, 0] == 2
    assert public[1, 0, 1] == -2
    assert public[1, 1, 0] == 2
    rest = scheme.expose(plain, 1).symbols["Y"]
    assert rest.max() == 4


def test_p3_refuses_a_wrong_key_and_a_lost_secret():
    scheme, plain = P3(), raster_of(jpeg())
    cipher = scheme.encrypt(plain, 2, KEYSTREAM)
    for given, key in ((cipher, keystream(5)), (plain, KEYSTREAM)):
        with pytest.raises(ImageError, match="has no secret part that this key reads"):
            scheme.decrypt(given, 2, key)


def test_dc_that_runs_out_of_range_comes_back():
    rng = np.random.default_rng(0)
    file = io.BytesIO()
    wide = np.kron(rng.integers(0, 2, (8, 260), np.uint8) * 255, np.ones((8, 8), np.uint8))
    Image.fromarray(wide).save(file, "JPEG", qtables=[[1] * 64])
    plain = raster_of(file.getvalue())
    scheme = JpegSigns(first=(1,))
    cipher = scheme.encrypt(plain, 2, KEYSTREAM)
    dc = cipher.jpeg.components[0][..., 0, 0]
    assert np.abs(dc.astype(int)).max() > 2047
    again = scheme.decrypt(cipher, 2, KEYSTREAM)
    np.testing.assert_array_equal(again.samples, plain.samples)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: JpegSigns(first=(5, 5)), "give rising numbers of AC coefficients, 1 to 63"),
        (lambda: JpegSigns(first=(64,)), "give rising numbers of AC coefficients, 1 to 63"),
        (lambda: JpegSigns(dc="some"), "take last, all, none"),
        (lambda: JpegAmplitudes(components="chroma"), "take all or luma"),
        (lambda: P3(thresholds=(5, 10)), "give falling ones"),
        (lambda: P3(thresholds=(0,)), "give falling ones"),
        (lambda: P3().levels(16), "takes JPEG files of 8 bits"),
    ],
)
def test_options_are_refused_with_what_would_have_worked(make, message):
    with pytest.raises(ImleakError, match=message):
        make()


@pytest.mark.parametrize("scheme", SCHEMES, ids=repr)
def test_an_image_without_coefficients_is_refused(scheme):
    plain = Raster(np.zeros((1, 8, 8), np.uint8), 8)
    for call in (scheme.encrypt, scheme.decrypt):
        with pytest.raises(ImageError, match="is no JPEG file"):
            call(plain, 1, KEYSTREAM)
    with pytest.raises(ImageError, match="is no JPEG file"):
        scheme.expose(plain, 1)


@pytest.mark.parametrize("scheme", [JpegSigns(), JpegAmplitudes()], ids=repr)
def test_the_size_of_a_file_stays_but_for_stuffed_bytes(scheme):
    plain = raster_of(jpeg(quality=95, subsampling="4:4:4"))
    size = plain.jpeg.coded_size(plain.jpeg.components)
    for level in range(len(scheme.levels(8))):
        cipher = scheme.encrypt(plain, level, KEYSTREAM).jpeg
        assert plain.jpeg.coded_size(cipher.components) == pytest.approx(size, rel=5e-3)


def test_what_p3_takes_out_of_a_file_is_shorter():
    plain = raster_of(jpeg(quality=95))
    public = P3().encrypt(plain, 5, KEYSTREAM).jpeg
    sizes = [plain.jpeg.coded_size(one.components) for one in (plain.jpeg, public)]
    assert sizes[1] < sizes[0] < sizes[1] + len(public.secret)
