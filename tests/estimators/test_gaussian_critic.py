"""The Gaussian log-ratio against scipy, its InfoNCE against the formula, its strength."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from imleak import estimate
from imleak.estimators.critics.gaussian import (
    STRONGEST,
    cautious_mean,
    correlations,
    crossed_log_ratio,
    expected_log_ratio,
    falling,
    gaussian_log_ratio,
    infonce_rows,
    strength,
)
from imleak.estimators.samples.columns import gaussian_ranks


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=25)
def test_gaussian_ranks_are_normal_scores(seed):
    columns = np.random.default_rng(seed).integers(0, 9, (30, 2)).astype("f4")
    expected = stats.norm.ppf((stats.rankdata(columns, axis=0) - 0.5) / 30)
    np.testing.assert_allclose(gaussian_ranks(columns), expected, atol=1e-5)


def test_correlations_are_pearson_s_of_normal_scores():
    rng = np.random.default_rng(0)
    u = rng.standard_normal((400, 3))
    v = np.exp(u + rng.standard_normal((400, 3)) * [0.1, 1, 5])
    scores = [stats.norm.ppf((stats.rankdata(side, axis=0) - 0.5) / 400) for side in (u, v)]
    expected = [
        stats.pearsonr(a, b).statistic for a, b in zip(scores[0].T, scores[1].T, strict=True)
    ]
    assert correlations(u, v) == pytest.approx(expected, abs=1e-5)
    assert correlations(u, np.zeros_like(u)) == pytest.approx(np.zeros(3))
    assert np.all(correlations(u, u) < 1)


@pytest.mark.parametrize("rho", [(0.7,), (0.9, 0.5, 0.1), (0.0,)])
def test_the_log_ratio_is_that_of_scipy_s_densities(rho):
    u, v = np.random.default_rng(0).standard_normal((2, 6, len(rho)))
    found = gaussian_log_ratio(u, v, np.array(rho))
    for i, j in np.ndindex(6, 6):
        expected = 0.0
        for k, one in enumerate(rho):
            joint = stats.multivariate_normal([0, 0], [[1, one], [one, 1]])
            apart = stats.norm.logpdf(u[j, k]) + stats.norm.logpdf(v[i, k])
            expected += joint.logpdf([u[j, k], v[i, k]]) - apart
        assert found[i, j] == pytest.approx(expected, abs=1e-4)


def test_negative_correlations_say_nothing_and_strong_ones_are_held_back():
    u, v = np.random.default_rng(0).standard_normal((2, 6, 1))
    assert np.all(gaussian_log_ratio(u, v, np.array([-0.8])) == 0)
    np.testing.assert_array_equal(
        gaussian_log_ratio(u, v, np.array([0.9999])),
        gaussian_log_ratio(u, v, np.array([STRONGEST])),
    )


def test_the_mean_log_ratio_is_that_of_gaussian_rows():
    rng = np.random.default_rng(0)
    shown, assumed = np.array([0.6, 0.2]), np.array([0.5, 0.3])
    u, noise = rng.standard_normal((2, 4000, 2))
    v = shown * u + np.sqrt(1 - shown**2) * noise
    found = gaussian_log_ratio(u, v, assumed).diagonal()
    error = 4 * found.std() / math.sqrt(4000)
    assert expected_log_ratio(assumed, shown) == pytest.approx(found.mean(), abs=error)
    assert expected_log_ratio(shown, shown) == pytest.approx(-0.5 * np.log(1 - shown**2).sum())


def test_falling_correlations_are_the_nearest_that_fall_and_are_not_negative():
    assert falling(np.array([0.3, 0.5, 0.1, -0.2])) == pytest.approx([0.4, 0.4, 0.1, 0.0])


def slow_infonce(scores, groups, i):
    """The true pair against one candidate an image, scored by its mean of exp."""
    positive = math.exp(scores[i, i])
    total = positive
    for image in np.unique(groups):
        if image != groups[i]:
            total += np.mean(np.exp(scores[i, groups == image]))
    return math.log(len(np.unique(groups)) * positive / total)


@given(st.lists(st.integers(0, 6), min_size=2, max_size=15), st.integers(0, 1000))
@settings(deadline=None)
def test_rows_are_compared_with_other_images_as_by_the_formula(groups, seed):
    groups = np.array(groups) * 3
    scores = 3 * np.random.default_rng(seed).standard_normal((len(groups), len(groups)))
    expected = [slow_infonce(scores, groups, i) for i in range(len(groups))]
    np.testing.assert_allclose(infonce_rows(scores, groups), expected, atol=1e-9)
    single = infonce_rows(scores.astype(np.float32), groups)
    np.testing.assert_allclose(single, expected, atol=1e-4)
    assert infonce_rows(scores, groups).max() <= math.log(len(np.unique(groups))) + 1e-12


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("gap", [50.0, 200.0, 5000.0])
def test_a_true_pair_far_below_the_others_costs_what_it_costs(kind, gap):
    scores = np.array([[-gap, 0], [0, gap]], kind)
    found = infonce_rows(scores, np.arange(2))
    assert found == pytest.approx([math.log(2) - gap, math.log(2)], rel=1e-5)


def test_caution_takes_off_the_standard_error_over_images():
    rows, groups = np.array([1.0, 3.0, 2.0, 7.0, 0.0]), np.array([4, 4, 9, 6, 6])
    images = [2.0, 2.0, 3.5]
    expected = rows.mean() - np.std(images) / math.sqrt(3)
    assert cautious_mean(rows, groups) == pytest.approx(expected)


def test_a_row_is_scored_under_the_correlations_of_the_other_half():
    rng = np.random.default_rng(0)
    u, v = rng.standard_normal((2, 5, 2)).astype("f4")
    shown, half = np.array([[0.8, 0.1], [0.3, 0.0]]), np.array([0, 1, 1, 0, 1])
    found = crossed_log_ratio(u, v, shown, half)
    for row, side in enumerate(half):
        expected = gaussian_log_ratio(u, v[[row]], shown[1 - side])[0]
        np.testing.assert_allclose(found[row], expected, rtol=1e-6)


def test_what_one_half_shows_and_the_other_does_not_is_not_believed():
    """Rows that match in one half only: correlations of all rows would be believed."""
    rng = np.random.default_rng(0)
    u, v = rng.standard_normal((2, 60, 1)).astype("f4")
    half = np.arange(60) % 2
    v[half == 0] = u[half == 0]
    shown = np.array([[0.97], [0.0]])
    assert strength(u, v, shown, half, np.arange(60))[1] == 0
    assert strength(u, u, np.array([[0.9], [0.9]]), half, np.arange(60))[1] > 0


def test_three_images_are_too_few_to_judge_a_critic():
    u = np.random.default_rng(0).standard_normal((40, 1)).astype("f4")
    groups, shown = np.arange(40) % 4, np.array([[0.9], [0.9]])
    assert strength(u, u, shown, groups % 2, groups)[1] > 0
    few = groups < 3
    assert strength(u[few], u[few], shown, groups[few] % 2, groups[few]) == (1, 0.0, 0.0)


def test_few_images_of_many_like_rows_are_not_overrated():
    """Thirty images of ten rows that are all but the same, in 40 dimensions: correlations
    judged on the rows they were measured on cost four bits here."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(30), 10)
    x, y = (
        rng.standard_normal((30, 40))[groups] + 0.3 * rng.standard_normal((300, 40))
        for _ in range(2)
    )
    found = estimate(x, y, "cca-infonce", groups=groups, seeds=2)
    assert found.null.mean > -1
    assert -1 < found.value < 0.1
