"""Bounds at the true log-ratio of a Gaussian pair, whose information is known."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats

from imleak.estimators.bounds import (
    bernoulli_divergence,
    donsker_varadhan,
    gaussian_information,
    infonce,
    jensen_shannon,
    log_mean_exp,
    nguyen_wainwright_jordan,
    smile,
)

SCORES = arrays.arrays(
    np.float64, st.tuples(st.integers(1, 3), st.integers(2, 8)), elements=st.floats(-20, 20)
)


def log_ratio(x, y, rho):
    """log p(x, y) / p(x) p(y) by the densities of scipy."""
    joint = stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]])
    marginals = stats.norm.logpdf(x) + stats.norm.logpdf(y)
    return joint.logpdf(np.stack([x, y], -1)) - marginals


def scores_at_the_truth(rho, count=2**16):
    """Joint and marginal scores on quasi-random points: their means are integrals."""
    points = stats.norm.ppf(stats.qmc.Sobol(2, seed=0).random(count))
    x, z = points.T
    y = rho * x + math.sqrt(1 - rho**2) * z
    return tuple(torch.from_numpy(log_ratio(x, of, rho)) for of in (y, z))


def truth(rho):
    """I(X; Y) in nats, from the entropies of scipy."""
    whole = stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]])
    return 2 * stats.norm.entropy() - whole.entropy()


@pytest.mark.parametrize("rho", [-0.7, -0.3, 0.0, 0.5, 0.8])
def test_variational_bounds_are_tight_at_the_true_log_ratio(rho):
    joint, marginal = scores_at_the_truth(rho)
    expected = pytest.approx(truth(rho), abs=3e-3)
    assert float(donsker_varadhan(joint, marginal)) == expected
    assert float(nguyen_wainwright_jordan(joint, marginal)) == expected
    assert float(smile(joint, marginal, tau=50.0)) == expected


@pytest.mark.parametrize("tau", [0.3, 1.0])
def test_smile_clips_the_ratio_of_the_marginal_alone(tau):
    joint, marginal = scores_at_the_truth(0.8)
    ratio = np.exp(marginal.numpy()).clip(math.exp(-tau), math.exp(tau))
    expected = truth(0.8) - math.log(ratio.mean())
    assert float(smile(joint, marginal, tau)) == pytest.approx(expected, abs=3e-3)
    assert float(smile(3 * joint, 3 * marginal, tau)) > truth(0.8), "which makes it no bound"


def test_infonce_of_many_candidates_nears_the_truth():
    rho, count = 0.6, 1024
    rng = np.random.default_rng(0)
    x, z = rng.standard_normal((2, count))
    y = rho * x + math.sqrt(1 - rho**2) * z
    scores = torch.from_numpy(log_ratio(*np.broadcast_arrays(x[None], y[:, None]), rho))
    rows = infonce(scores.diagonal(), scores.logsumexp(-1), math.log(count))
    error = float(rows.std()) / math.sqrt(count)
    assert float(rows.mean()) == pytest.approx(truth(rho), abs=4 * error)


@given(SCORES)
@settings(deadline=None)
def test_infonce_is_the_log_softmax_and_never_exceeds_its_ceiling(scores):
    scores = torch.from_numpy(scores)
    count = scores.shape[1]
    rows = infonce(scores[:, 0], scores.logsumexp(-1), math.log(count))
    expected = torch.log_softmax(scores, -1)[:, 0] + math.log(count)
    torch.testing.assert_close(rows, expected)
    assert float(rows.max()) <= math.log(count) + 1e-12


def test_infonce_of_equal_scores_is_nothing():
    scores = torch.full((5,), 3.0)
    assert infonce(scores, scores + math.log(10), math.log(10)).abs().max() < 1e-6


@given(SCORES, st.floats(-5, 5))
@settings(deadline=None)
def test_a_constant_moves_nwj_and_not_donsker_varadhan(scores, constant):
    joint, marginal = torch.from_numpy(scores), torch.from_numpy(scores[:, ::-1].copy() / 2)
    bound = donsker_varadhan(joint, marginal)
    torch.testing.assert_close(donsker_varadhan(joint + constant, marginal + constant), bound)
    nwj = nguyen_wainwright_jordan(joint + constant, marginal + constant)
    assert torch.all(nwj <= bound + 1e-9), "log z <= z - 1"
    best = -log_mean_exp(marginal)[..., None]
    torch.testing.assert_close(nguyen_wainwright_jordan(joint + best, marginal + best), bound)


@given(SCORES)
@settings(deadline=None)
def test_a_batch_of_members_is_each_alone(scores):
    joint, marginal = torch.from_numpy(scores), torch.from_numpy(scores[:, :-1] / 3)
    bounds = (
        donsker_varadhan,
        nguyen_wainwright_jordan,
        jensen_shannon,
        lambda true, broken: smile(true, broken, 2.0),
    )
    for bound in bounds:
        alone = [bound(*one) for one in zip(joint, marginal, strict=True)]
        torch.testing.assert_close(bound(joint, marginal), torch.stack(alone))


def test_jensen_shannon_is_the_cross_entropy_of_true_against_broken():
    joint, marginal = torch.randn(2, 3, 7, generator=torch.Generator().manual_seed(0))
    entropy = torch.nn.functional.binary_cross_entropy_with_logits
    expected = -entropy(joint[0], torch.ones(7)) - entropy(marginal[0], torch.zeros(7))
    torch.testing.assert_close(jensen_shannon(joint, marginal)[0], expected)


def test_log_mean_exp_does_not_overflow():
    scores = torch.tensor([[1e4, 1e4 - 1], [-1e4, -1e4 - 1]], dtype=torch.float64)
    offset = math.log((1 + math.exp(-1)) / 2)
    torch.testing.assert_close(
        log_mean_exp(scores), torch.tensor([1e4, -1e4], dtype=torch.float64) + offset
    )
    assert log_mean_exp(scores, dim=0).shape == (2,)


@given(st.floats(-0.999, 0.999))
@settings(deadline=None)
def test_gaussian_information_is_that_of_the_density_with_the_sign_of_the_correlation(rho):
    found = float(gaussian_information(np.array(rho)))
    assert abs(found) == pytest.approx(truth(rho), abs=1e-9)
    assert np.sign(found) in (0, np.sign(rho))


@given(st.floats(0, 1), st.integers(2, 1000))
@settings(deadline=None)
def test_bernoulli_divergence_is_fano(share, count):
    """log N - h(1-p) - (1-p) log(N-1), negative below chance."""
    errors = 1 - share
    fano = math.log(count) - stats.entropy([share, errors]) - errors * math.log(count - 1)
    found = float(bernoulli_divergence(np.array(share), 1 / count))
    assert abs(found) == pytest.approx(fano, abs=1e-9)
    assert found <= 0 or share >= 1 / count


def test_fano_of_chance_and_of_certainty():
    found = bernoulli_divergence(np.array([1 / 8, 1.0, 0.0]), 1 / 8)
    assert found == pytest.approx([0.0, math.log(8), math.log(7 / 8)])
