from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats

from imleak.benchmark.problems.uniform_noise import uniform_noise


@pytest.mark.parametrize("epsilon", [0.05, 0.1, 0.5, 0.75, 3.0])
def test_uniform_noise_agrees_with_quadrature(epsilon):
    """h(Y) - h(N), with the density of Y = X + N as the overlap of two intervals."""

    def density(y):
        overlap = min(1.0, y + epsilon) - max(0.0, y - epsilon)
        return max(overlap, 0.0) / (2 * epsilon)

    def surprise(y):
        p = density(y)
        return -p * np.log(p) if p > 0 else 0.0

    corners = sorted({-epsilon, epsilon, 1 - epsilon, 1 + epsilon})
    entropy = sum(integrate.quad(surprise, a, b)[0] for a, b in pairwise(corners))
    truth = (entropy - np.log(2 * epsilon)) / np.log(2)
    assert uniform_noise(epsilon).bits == pytest.approx(truth, abs=1e-6)


def test_uniform_noise_samples():
    x, y, _ = uniform_noise(0.1).draw(20_000, np.random.default_rng(0))
    noise = (y - x).ravel()
    assert stats.kstest(x.ravel(), "uniform").pvalue > 1e-4
    assert stats.kstest(noise, "uniform", args=(-0.1, 0.2)).pvalue > 1e-4
    assert abs(np.corrcoef(x.ravel(), noise)[0, 1]) < 0.03
