"""What of an image is inside the rectangle, and what is seen of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rasters import KEYSTREAM, keystream, raster
from scipy import stats

from imleak.interfaces import ImageError, ImleakError, Raster
from imleak.schemes.region import Region, centred


def inside(scheme, height, width, level):
    """(H, W) where samples are encrypted: those of some key that differ from zero."""
    zeros = Raster(np.zeros((1, height, width), np.uint16), 16)
    ciphers = [scheme.encrypt(zeros, level, keystream(seed)).samples[0] for seed in range(8)]
    return np.any(ciphers, axis=0)


def test_a_quarter_of_four_by_four_by_hand():
    image = raster(np.arange(16).reshape(4, 4))
    exposure = Region(shares=[0.25]).expose(image, 1)
    seen = [[0, 1, 2, 3], [4, 128, 128, 7], [8, 128, 128, 11], [12, 13, 14, 15]]
    assert exposure.rendered[0].tolist() == seen
    assert (
        exposure.symbols["samples"][0].tolist() == np.where(np.equal(seen, 128), 0, seen).tolist()
    )
    assert exposure.size == 256
    assert not exposure.is_empty


def test_a_rectangle_by_hand_in_pixels_and_in_shares():
    expected = np.zeros((4, 8), bool)
    expected[1:4, 2:4] = True
    for rectangle in ([2, 1, 2, 3], [0.25, 0.25, 0.25, 0.75]):
        np.testing.assert_array_equal(inside(Region(rectangle=rectangle), 4, 8, 1), expected)


@given(st.integers(1, 300), st.integers(1, 300), st.floats(0.001, 1))
def test_the_share_is_met_to_the_nearest_row_and_column(height, width, share):
    rows, columns = centred(height, width, share)
    h, w = rows.stop - rows.start, columns.stop - columns.start
    assert 0 <= rows.start < rows.stop <= height
    assert 0 <= columns.start < columns.stop <= width
    assert abs(2 * rows.start + h - height) <= 1
    assert abs(2 * columns.start + w - width) <= 1
    assert abs(h * w - share * height * width) <= max(h, w, 2) / 2 + 1e-9
    if min(height, width) * share**0.5 > 8:
        assert h / height == pytest.approx(w / width, rel=0.15)
    if share == 1:
        assert (h, w) == (height, width)


@pytest.mark.parametrize("level", range(6))
def test_shares_of_a_photograph_are_those_of_the_labels(level):
    scheme = Region()
    share = inside(scheme, 480, 640, level).mean()
    label = scheme.levels(8)[level].label
    assert label.endswith(" % of the area encrypted")
    assert share == pytest.approx(float(label.split()[0]) / 100, abs=1e-3)


@pytest.mark.parametrize("bits", [1, 2, 3])
def test_every_cipher_is_equally_likely(bits):
    """Over keys, the two samples inside take each of the (2**B)**2 pairs of values."""
    scheme, image = Region(rectangle=[1, 0, 1, 2]), raster([[1, 0, 1], [0, 1, 1]], bits)
    values = 1 << bits
    drawn = [scheme.encrypt(image, 1, keystream(seed)).samples[0] for seed in range(40 * values**2)]
    assert all((cipher[:, ::2] == image.samples[0][:, ::2]).all() for cipher in drawn)
    pairs = [int(cipher[0, 1]) * values + int(cipher[1, 1]) for cipher in drawn]
    assert stats.chisquare(np.bincount(pairs, minlength=values**2)).pvalue > 0.01


def test_channels_and_levels_have_keystreams_of_their_own():
    zeros = Raster(np.zeros((3, 64, 64), np.uint8), 8)
    scheme = Region(shares=[0.9, 1])
    low, high = (scheme.encrypt(zeros, level, KEYSTREAM).samples for level in (1, 2))
    streams = [*low[:, 8:56, 8:56], *high[:, 8:56, 8:56]]
    for one in range(6):
        for other in range(one):
            equal = int((streams[one] == streams[other]).sum())
            assert stats.binomtest(equal, 48 * 48, 1 / 256).pvalue > 1e-6


def test_nothing_is_left_of_the_whole_area():
    for scheme in (Region(shares=[0.5, 1]), Region(rectangle=[0, 0, 1, 1])):
        *rest, last = scheme.levels(8)
        assert last.leaves_nothing
        assert not any(level.leaves_nothing for level in rest)
        exposure = scheme.expose(raster(np.arange(16).reshape(4, 4)), last.rank)
        assert exposure.is_empty
        assert exposure.size == 1
        assert (exposure.rendered == 128).all()
        assert not exposure.symbols["samples"].any()


@pytest.mark.parametrize(
    "shares", [[], [0, 0.5], [0.5, 0.5], [0.5, 0.2], [0.5, 1.01], [-1], [float("nan")], [25]]
)
def test_shares_that_are_none_are_refused(shares):
    with pytest.raises(ImleakError, match=r"above 0 and at most 1, such as 0\.25"):
        Region(shares=shares)


@pytest.mark.parametrize(
    "rectangle",
    [
        [],
        [0, 0, 5],
        [0, 0, 0, 5],
        [-1, 0, 5, 5],
        [0.5, 0, 5, 5],
        [0.5, 0.5, 0.6, 0.5],
        [1, 1, 1, 1],
        [0, 0, float("nan"), 2],
        [0, 0, float("inf"), 2],
    ],
)
def test_rectangles_that_are_none_are_refused(rectangle):
    with pytest.raises(ImleakError, match="give x, y, width and height in whole pixels"):
        Region(rectangle=rectangle)


def test_a_rectangle_must_lie_in_the_image():
    small = raster(np.zeros((4, 6)))
    for call in (
        lambda scheme: scheme.encrypt(small, 1, KEYSTREAM),
        lambda scheme: scheme.expose(small, 1),
    ):
        with pytest.raises(ImageError, match="reaches to x=7, y=3 in an image of 6x4"):
            call(Region(rectangle=[4, 1, 3, 2]))
        with pytest.raises(ImageError, match="holds no sample of an image of 6x4"):
            call(Region(rectangle=[0.4, 0.4, 0.01, 0.01]))


def test_it_is_shown_by_its_options():
    assert repr(Region(shares=[0.5])) == "Region(shares=(0.5,))"
    assert repr(Region(rectangle=[1, 2, 3, 4])) == "Region(rectangle=(1, 2, 3, 4))"
    label = Region(rectangle=[1, 2, 3, 4]).levels(8)[1].label
    assert label == "rectangle 1,2,3,4 encrypted"
