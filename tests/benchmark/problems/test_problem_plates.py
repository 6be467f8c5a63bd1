import numpy as np
import pytest
from scipy.special import ndtri

from imleak.benchmark.problems.plates import LEAST, MOST, plates
from imleak.benchmark.task import Array

SIDE = 12


@pytest.mark.parametrize("total", [2.0, 10.0])
def test_a_plate_tells_its_parameters_and_they_share_what_is_said(total):
    problem = plates(SIDE, total)
    assert problem.bits == pytest.approx(total)
    x, y, _ = problem.draw(4000, np.random.default_rng(0))
    scores = [_scores(images) for images in (x, y)]
    found = np.corrcoef(*scores, rowvar=False)
    shared = np.diag(found[:4, 4:])
    assert -0.5 * np.log2(1 - shared**2).sum() == pytest.approx(total, rel=0.05)
    np.testing.assert_allclose(found[:4, :4], np.eye(4), atol=0.06)
    np.testing.assert_allclose(found[:4, 4:], np.diag(shared), atol=0.06)


def _scores(images: Array) -> Array:
    """Normal scores (n, 4) by the quadratic through the logarithms of three pixels."""
    logs = np.log(images.reshape(-1, SIDE, SIDE)) * SIDE**2
    at = SIDE // 2
    found = []
    for line in (logs[:, at - 1 : at + 2, at], logs[:, at, at - 1 : at + 2]):
        curve = line[:, 0] - 2 * line[:, 1] + line[:, 2]
        slope = (line[:, 2] - line[:, 0]) / 2
        found.append(((at + 0.5 - slope / curve) / SIDE, np.sqrt(-1 / curve)))
    (a, s), (b, t) = found
    return ndtri((np.stack([a, b, s, t], 1) - LEAST) / (MOST - LEAST))
