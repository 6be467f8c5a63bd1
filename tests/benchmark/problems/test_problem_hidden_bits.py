import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from imleak.benchmark.problems.hidden_bits import hidden_bits, quadrant_bits


def test_the_bits_are_the_only_thing_shared():
    problem = hidden_bits(0.1)
    x, y, _ = problem.draw(8_000, np.random.default_rng(0))
    bits_x, bits_y = (quadrant_bits(images).reshape(-1, 4) for images in (x, y))
    assert (bits_x != bits_y).mean(0) == pytest.approx(np.full(4, 0.1), abs=0.02)
    assert bits_x.mean(0) == pytest.approx(np.full(4, 0.5), abs=0.03)
    sixteen = bits_x @ [1, 2, 4, 8], bits_y @ [1, 2, 4, 8]
    assert mutual_info_score(*sixteen) / np.log(2) == pytest.approx(problem.bits, abs=0.09)
    # given the bits, an image shows nothing of the contrast of the other
    contrasts = [np.abs(images - 0.5).mean(1) for images in (x, y)]
    assert abs(np.corrcoef(*contrasts)[0, 1]) < 0.04
