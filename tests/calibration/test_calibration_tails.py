from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats

from imleak.calibration.tails import additive_uniform, independent_student, student, student_entropy


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
    assert additive_uniform(epsilon).mi_bits == pytest.approx(truth, abs=1e-6)


def test_uniform_noise_samples():
    task = additive_uniform(0.1)
    samples = task.sample(20_000, seed=0)
    noise = (samples.y[0] - samples.x).ravel().astype(float)
    assert stats.kstest(samples.x.ravel(), "uniform").pvalue > 1e-4
    assert stats.kstest(noise, "uniform", args=(-0.1, 0.2)).pvalue > 1e-4
    assert abs(np.corrcoef(samples.x.ravel(), noise)[0, 1]) < 0.03


@pytest.mark.parametrize(("d", "freedom"), [(1, 1), (2, 2), (5, 2), (5, 3)])
def test_student_agrees_with_scipy_densities_on_its_samples(d, freedom):
    """E log p(x, y) / p(x) p(y), with SciPy's densities, within four standard errors."""
    task = student(d, freedom)
    samples = task.sample(40_000, seed=3)
    x, y = samples.x.astype(float), samples.y[0].astype(float)
    half, whole = (
        stats.multivariate_t(np.zeros(d), df=freedom),
        stats.multivariate_t(np.zeros(2 * d), df=freedom),
    )
    pointwise = whole.logpdf(np.hstack([x, y])) - half.logpdf(x) - half.logpdf(y)
    error = 4 * pointwise.std() / np.sqrt(len(x)) / np.log(2)
    assert error < 0.03
    assert pointwise.mean() / np.log(2) == pytest.approx(task.mi_bits, abs=error)


@pytest.mark.parametrize(("d", "freedom"), [(1, 1), (3, 2), (10, 3)])
def test_student_entropy_agrees_with_scipy(d, freedom):
    theirs = stats.multivariate_t(np.zeros(d), df=freedom).entropy()
    assert student_entropy(d, freedom) == pytest.approx(float(theirs), abs=1e-9)


def test_student_figure_of_the_literature():
    assert student(5, 2).mi_bits * np.log(2) == pytest.approx(0.4482, abs=1e-4)


def test_independent_student_shares_no_scale():
    samples = independent_student(5, 2).sample(20_000, seed=0)
    size_x = np.log(np.linalg.norm(samples.x, axis=1))
    size_y = np.log(np.linalg.norm(samples.y[0], axis=1))
    assert abs(np.corrcoef(size_x, size_y)[0, 1]) < 0.03
    dependent = student(5, 2).sample(20_000, seed=0)
    size_x = np.log(np.linalg.norm(dependent.x, axis=1))
    size_y = np.log(np.linalg.norm(dependent.y[0], axis=1))
    assert np.corrcoef(size_x, size_y)[0, 1] > 0.5
