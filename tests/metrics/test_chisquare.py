import numpy as np
import pytest
from scipy.stats import chisquare

from imleak.metrics.chisquare import ChiSquare, statistic


def test_it_is_scipys(textured):
    image = textured(channels=3)
    expected = [chisquare(np.bincount(c.ravel(), minlength=256)).statistic for c in image]
    assert statistic(image, 8) == pytest.approx(np.mean(expected))


def test_one_value_and_all_values_have_closed_forms():
    assert statistic(np.zeros((1, 8, 8), np.uint8), 4) == pytest.approx(64 * 15)
    assert statistic(np.arange(16, dtype=np.uint8).reshape(1, 4, 4), 4) == 0


def test_noise_has_its_degrees_of_freedom(observe_bitplanes, textured):
    image = textured(height=128, width=128)
    (one,) = ChiSquare().measure(observe_bitplanes(image, levels=(8,)))
    assert one.value == pytest.approx(255, abs=4 * np.sqrt(2 * 255))
