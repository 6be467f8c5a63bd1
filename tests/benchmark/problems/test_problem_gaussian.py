import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from imleak.benchmark.problems.gaussian import dense, gaussian_bits, pairs


def covariance_bits(covariance, dx):
    """I(X; Y) from determinants, independently of canonical correlations."""
    _, whole = np.linalg.slogdet(covariance)
    _, of_x = np.linalg.slogdet(covariance[:dx, :dx])
    _, of_y = np.linalg.slogdet(covariance[dx:, dx:])
    return 0.5 * (of_x + of_y - whole) / np.log(2)


@pytest.mark.parametrize("d", [1, 2, 5, 50, 512])
def test_dense_agrees_with_determinants(d):
    covariance = np.full((2 * d, 2 * d), 0.5) + 0.5 * np.eye(2 * d)
    assert dense(d).bits == pytest.approx(covariance_bits(covariance, d), abs=1e-9)


@given(st.lists(st.floats(-0.99, 0.99), min_size=1, max_size=4), st.integers(4, 8))
def test_pairs_agree_with_determinants(correlations, d):
    covariance = np.eye(2 * d)
    for i, rho in enumerate(correlations):
        covariance[i, d + i] = covariance[d + i, i] = rho
    assert pairs((d, d), correlations).bits == pytest.approx(
        covariance_bits(covariance, d), abs=1e-9
    )


def test_figures_of_the_literature():
    nats = np.log(2)
    assert gaussian_bits([0.75]) * nats == pytest.approx(0.4133, abs=1e-4)
    assert gaussian_bits([0.8, 0.8]) * nats == pytest.approx(1.0217, abs=1e-4)
    assert gaussian_bits([0.5] * 20) == pytest.approx(4.15, abs=1e-3)
    assert gaussian_bits([0.5] * 5) == pytest.approx(1.0376, abs=1e-4)
    assert str(gaussian_bits([])) == "0.0"


@pytest.mark.parametrize(
    "problem",
    [pairs((1, 1), [0.75]), dense(5), pairs((5, 4), [0.8, 0.8]), pairs((4, 4), [0.5] * 4)],
)
def test_samples_have_the_density_of_the_truth(problem):
    """The mean of log p(x, y) / p(x) p(y) under the fitted Gaussian is the truth."""
    rows = problem.draw(40_000, np.random.default_rng(1))
    joint = np.hstack([rows.x, rows.y])
    covariance, dx = np.cov(joint.T), problem.dims[0]
    assert covariance_bits(covariance, dx) == pytest.approx(problem.bits, abs=0.03)
    assert np.abs(np.diag(covariance) - 1).max() < 0.05
    for column in joint.T:
        assert stats.kstest(column, "norm").pvalue > 1e-4


def test_hidden_latents_leave_isotropic_data():
    problem = pairs((32, 32), [0.5] * 5, hidden=True)
    x, y, _ = problem.draw(50_000, np.random.default_rng(0))
    assert np.abs(np.cov(x.T) - np.eye(32)).max() < 0.03
    assert np.abs(np.cov(y.T) - np.eye(32)).max() < 0.03
    found = np.linalg.svd(x.T @ y / len(x), compute_uv=False)
    assert found[:5] == pytest.approx(np.full(5, 0.5), abs=0.03)
    assert found[5] < 0.05
    assert np.abs(x.T @ y / len(x)).max() < 0.3, "no single pair of coordinates shows it"


def test_hiding_needs_the_same_rotation_for_every_sample():
    problem = pairs((8, 8), [0.9, 0.9], hidden=True)
    draws = (problem.draw(20_000, np.random.default_rng(seed)) for seed in (0, 1))
    cross = [rows.x.T @ rows.y / 20_000 for rows in draws]
    assert cross[0] == pytest.approx(cross[1], abs=0.05)


@given(st.lists(st.floats(0, 0.99), max_size=3), st.lists(st.floats(0, 0.99), max_size=3))
def test_independent_pairs_add(first, second):
    together = gaussian_bits(first) + gaussian_bits(second)
    assert gaussian_bits([*first, *second]) == pytest.approx(together, abs=1e-9)
