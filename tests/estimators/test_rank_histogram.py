"""A table of density ratios of two scalars: the partition, the bounds and the estimator."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.special import betaln, logsumexp

import imleak
from imleak.benchmark import select
from imleak.estimators.bounds import nguyen_wainwright_jordan_of_means
from imleak.estimators.critics.histogram import Histogram, _Critic, binned
from imleak.estimators.critics.partition import density_ratio, halvings
from imleak.estimators.heldout.evidence import SplitSamples
from imleak.estimators.heldout.split import cross_fit
from imleak.estimators.rank_histogram import NotScalarsError, RankHistogram

NO_SPREAD = np.random.default_rng(0)


def middle(size):
    return halvings(size, 0.0, NO_SPREAD)


def test_one_cut_is_a_beta_mixture_of_two_halves():
    """Ten rows of 2 x 1 cells: left whole, or cut in halves of Beta(1/2, 1/2) shares."""
    counts = np.array([[9.0], [1.0]])
    ratio, independent = density_ratio(counts, np.full((2, 1), 0.5), middle(2), middle(1))
    evidence = betaln(9.5, 1.5) - betaln(0.5, 0.5) + 10 * np.log(2)
    whole = 1 / (1 + np.exp(evidence))
    assert independent == pytest.approx(whole)
    expected = whole + (1 - whole) * np.array([9.5, 1.5]) / 11 * 2
    np.testing.assert_allclose(ratio[:, 0], expected)


def test_the_ratio_integrates_to_one_under_the_product():
    rng = np.random.default_rng(0)
    counts = rng.poisson(rng.gamma(0.3, 6.0, (24, 9))).astype(float)
    product = np.outer(counts.sum(1), counts.sum(0)) / counts.sum() ** 2
    cuts = halvings(24, 0.5, rng), halvings(9, 0.5, rng)
    finest = [np.repeat(np.arange(len(c[-1]) - 1), np.diff(c[-1])) for c in cuts]
    ratio, _ = density_ratio(counts, product, *cuts)
    assert (ratio * product).sum() == pytest.approx(1.0)
    assert (np.diff(ratio, axis=0)[np.diff(finest[0]) == 0] == 0).all()


def test_cuts_are_nested_and_end_at_single_bins():
    for spread in (0.0, 0.5):
        cuts = halvings(100, spread, np.random.default_rng(1))
        for coarse, fine in pairwise(cuts):
            assert set(coarse) <= set(fine)
            assert (np.diff(fine) >= 0).all()
    assert set(middle(100)[-1]) == set(range(101))


def test_few_values_have_bins_of_their_own_and_many_share():
    few = np.float32([3, 1, 7, 7, 1, 5])
    bins, count = binned(few, np.array([0, 1, 2, 3]))
    assert count == 3
    assert (bins[[1, 4]] == 0).all()
    assert (bins[[2, 3]] == 2).all()
    rows = np.random.default_rng(0).normal(size=10_000).astype("f4")
    bins, count = binned(rows, np.arange(6400))
    assert count == 128
    assert np.bincount(bins[:6400]).tolist() == [50] * 128


@pytest.mark.parametrize("each", [1, 3])
def test_bounds_of_a_table_are_those_of_all_pairs_written_out(each):
    """Three rows an image: its rows are no negatives, and enter as their mean."""
    rng = np.random.default_rng(each)
    table, groups = rng.gamma(1.0, size=(5, 4)), np.repeat(np.arange(12), each)
    x, y = rng.integers(5, size=12 * each), rng.integers(4, size=12 * each)
    critic = _Critic((0,), 1.0, table, x, y, groups)
    scores = np.log(table)[x[None, :], y[:, None]]
    others = np.where(groups[:, None] == groups, -np.inf, scores)
    means = np.exp(logsumexp(others, axis=1)) / (11 * each)
    positive = scores.diagonal()
    expected = np.log(12) + positive - np.log(np.exp(positive) + 11 * means)
    np.testing.assert_allclose(critic.infonce(), expected, rtol=1e-10)
    nwj = nguyen_wainwright_jordan_of_means(positive.mean(), means.mean())
    assert critic.nwj().mean() == pytest.approx(nwj)


def test_pairs_that_weigh_alike_are_as_many_images_as_there_are():
    x = np.arange(40) % 4
    alike = _Critic((0,), 1.0, np.ones((4, 4)), x, x, np.arange(40))
    assert alike.effective() == pytest.approx((40 * 39) ** 0.5)
    rare = np.full((4, 4), 1e-3)
    rare[0, 0] = 4.0
    once = np.where(np.arange(40) < 2, 0, 1 + np.arange(40) % 3)
    assert replace(alike, ratio=rare, x=once, y=once).effective() < 2
    unseen = np.where(x == 0, 1, x)
    assert replace(alike, ratio=rare, x=unseen, y=unseen).effective() == 0


@pytest.mark.parametrize(
    ("task", "rows", "least"),
    [
        pytest.param("1v1-additive-0.1", 4000, 2.2, marks=pytest.mark.slow),
        pytest.param("1v1-additive-0.75", 4000, 0.37, marks=pytest.mark.slow),
        pytest.param("student-identity-1-1-1", 4000, 0.2, marks=pytest.mark.slow),
        ("leaves-pixel-bitplanes-4", 10_000, 3.5),
        ("leaves-pixel-bitplanes-6", 10_000, 1.7),
        ("discrete-table-12-7", 4000, 0.4),
    ],
)
def test_scalars_of_known_information(task, rows, least):
    """Sharp edges, heavy tails, and planes of bits that are hidden, half seen by a network."""
    (known,) = select(task)
    (found,) = RankHistogram(folds=2, seeds=1).estimate(known.sample(rows, seed=9), seed=9)
    assert least < found.value < known.problem.bits + 0.05
    assert found.verdict == "leak"
    assert abs(found.null.mean) < 0.01


@pytest.mark.slow
def test_independent_scalars_are_told_apart_from_nothing_else():
    (known,) = select("independent-1")
    for seed in range(4):
        (found,) = RankHistogram(folds=2, seeds=1).estimate(known.sample(600, seed), seed=seed)
        assert found.verdict == "no leak found"
        assert abs(found.value) < 0.01


@pytest.mark.parametrize("name", ["best", "rank-histogram"])
def test_a_value_that_is_missing_where_it_is_learned_from_is_no_fault(name):
    x = np.zeros(60)
    x[7] = 1
    found = imleak.estimate(x, x.copy(), name, folds=5, seeds=1)
    assert found.verdict == "no leak found"


def test_rows_are_weighed_alike_where_images_have_unequal_numbers():
    """Sixteen images of 60 rows share little and 64 of 2 rows much: of rows it is little."""
    rng = np.random.default_rng(0)
    counts = np.repeat([60, 2], [16, 64])
    groups = np.repeat(np.arange(80), counts)
    rho = np.where(groups < 16, 0.3, 0.95)
    x, noise = rng.standard_normal((2, len(groups)))
    y = rho * x + np.sqrt(1 - rho**2) * noise
    critic = _Critic((0,), 1.0, *_table(x, y), groups)
    pairs = np.log(critic.ratio)[critic.x[None, :], critic.y[:, None]]
    others = np.where(groups[:, None] == groups, -np.inf, pairs)
    means = np.exp(logsumexp(others, axis=1)) / (len(groups) - counts[groups])
    expected = nguyen_wainwright_jordan_of_means(pairs.diagonal().mean(), means.mean())
    assert critic.nwj().mean() == pytest.approx(expected)


def _table(x, y):
    """A ratio of six bins a side, and bins."""
    bins = [np.searchsorted(np.quantile(one, np.arange(1, 6) / 6), one) for one in (x, y)]
    counts = np.ones((6, 6))
    np.add.at(counts, tuple(bins), 1)
    return counts / np.outer(counts.sum(1), counts.sum(0)) * counts.sum(), *bins


def test_vectors_are_refused(gaussian):
    with pytest.raises(NotScalarsError, match="table of two scalars and was given 3 and 3"):
        RankHistogram().estimate(gaussian(40, 3, [0.5]))


def test_of_vectors_the_learner_has_no_score(gaussian):
    samples = gaussian(40, 3, [0.5])
    splits = cross_fit(samples.groups, 2, 1, 0)
    learned = Histogram().learn(SplitSamples(samples, splits, samples.groups, 1, seed=0))
    assert np.isnan(learned["rank-histogram"][0][0].value()).all()
