import numpy as np
import pytest
from scipy.stats import pearsonr

from imleak.interfaces import ImageError
from imleak.metrics.correlation import Correlation, neighbours


def test_it_is_scipys_over_all_pairs(textured):
    (image,) = textured()
    pairs = (
        (image[:, :-1], image[:, 1:]),
        (image[:-1], image[1:]),
        (image[:-1, :-1], image[1:, 1:]),
    )
    expected = np.mean([pearsonr(a.ravel(), b.ravel()).statistic for a, b in pairs])
    assert neighbours(image[None]) == pytest.approx(expected)


def test_stripes_are_opposite_across_and_equal_along():
    stripes = np.tile(np.array([0, 255], np.uint8), (1, 20, 10))
    assert neighbours(stripes) == pytest.approx((-1 + 1 - 1) / 3)
    assert neighbours(np.full((1, 4, 4), 7, np.uint8)) == 1


def test_it_falls_as_more_is_encrypted(observe_bitplanes, textured):
    found = Correlation().measure(observe_bitplanes(textured(height=128, width=128)))
    values = [one.value for one in found]
    assert values[0] > 0.9
    assert abs(values[-1]) < 4 / 128
    assert {one.part for one in found} == {"cipher"}


def test_a_line_has_no_neighbours_both_ways(observe_bitplanes, textured):
    with pytest.raises(ImageError, match="both ways"):
        Correlation().measure(observe_bitplanes(textured(height=1)))
