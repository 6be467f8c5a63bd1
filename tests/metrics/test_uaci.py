import numpy as np
import pytest

from imleak.metrics.uaci import intensity

EXPECTED = 33.4635
"""Wu, Noonan and Agaian, 2011, table 1, for 8 bits."""


def test_all_pairs_of_values_have_the_published_mean():
    one, other = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8))
    assert intensity(one, other, 255) == pytest.approx(EXPECTED, abs=5e-5)
    assert intensity(one, other, 255) == pytest.approx(100 * 257 / (3 * 256))


@pytest.mark.parametrize(("kind", "peak"), [(np.uint8, 255), (np.uint16, 65535)])
def test_opposite_images_differ_wholly(kind, peak):
    black, white = np.zeros((1, 3, 3), kind), np.full((1, 3, 3), peak, kind)
    assert intensity(black, white, peak) == intensity(white, black, peak) == 100
    assert intensity(white, white, peak) == 0
