"""Values, bootstraps and verdicts from sums, against direct computation and scipy."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from imleak.estimators.bounds import donsker_varadhan, donsker_varadhan_of_sums
from imleak.estimators.heldout import evidence
from imleak.estimators.heldout.evidence import (
    Score,
    blocks_of_images,
    bootstrap,
    judge,
    mean_of_rows,
)


def split(seed=0, fold=0):
    return SimpleNamespace(seed=seed, fold=fold)


def score_of(values, images, *, seed=0, fold=0, functional=mean_of_rows):
    """Nats (L, P, m) of rows of these images, each its own block."""
    sums = np.stack([np.ones_like(values), values], -1)
    return Score.of(split(seed, fold), images, sums, functional, images)


def test_sums_are_kept_by_block():
    values = np.arange(24.0).reshape(1, 2, 4, 3)
    blocks, images = np.array([7, 2, 7, 2]), np.array([10, 11, 12, 11])
    score = Score.of(split(3, 1), blocks, values, mean_of_rows, images)
    np.testing.assert_array_equal(score.blocks, [2, 7])
    np.testing.assert_array_equal(score.sums[..., 0, :], values[..., 1, :] + values[..., 3, :])
    np.testing.assert_array_equal(score.sums[..., 1, :], values[..., 0, :] + values[..., 2, :])
    assert (score.seed, score.fold, score.images, score.rows) == (3, 1, 3, 4)


@given(st.integers(0, 1000), st.integers(2, 9))
@settings(deadline=None, max_examples=30)
def test_caution_takes_off_the_jackknife_error_of_a_mean(seed, count):
    values = np.random.default_rng(seed).standard_normal((2, 1, count))
    score = score_of(values, np.arange(count))
    error = stats.sem(values, axis=-1)
    np.testing.assert_allclose(score.value(), values.mean(-1))
    np.testing.assert_allclose(score.cautious_value(), values.mean(-1) - error, atol=1e-12)


def test_caution_recomputes_any_functional_without_each_block():
    joint, marginal = np.random.default_rng(0).standard_normal((2, 12))
    blocks = np.arange(12) // 3
    values = np.stack([np.ones(12), joint, np.exp(marginal)], -1)[None, None]
    score = Score.of(split(), blocks, values, donsker_varadhan_of_sums, blocks)

    def value(rows):
        return joint[rows].mean() - math.log(np.exp(marginal[rows]).mean())

    without = [value(blocks != block) for block in range(4)]
    error = math.sqrt(3 / 4 * np.sum((without - np.mean(without)) ** 2))
    assert float(score.value()[0, 0]) == pytest.approx(value(blocks >= 0))
    assert float(score.cautious_value()[0, 0]) == pytest.approx(value(blocks >= 0) - error)


def test_sums_of_scores_are_donsker_varadhan():
    joint, marginal = np.random.default_rng(0).standard_normal((2, 3, 50))
    sums = np.stack([np.full(3, 50.0), joint.sum(-1), np.exp(marginal).sum(-1)], -1)
    expected = donsker_varadhan(torch.from_numpy(joint), torch.from_numpy(marginal))
    np.testing.assert_allclose(donsker_varadhan_of_sums(sums), expected)


@pytest.mark.parametrize("count", [1, 999, 1000])
def test_every_image_is_its_own_block_while_they_are_few(count):
    groups = np.tile(np.arange(count) * 3, 2)
    blocks = blocks_of_images(groups, 0)
    np.testing.assert_array_equal(blocks[:count], blocks[count:])
    assert len(np.unique(blocks)) == count


def test_many_images_share_a_thousand_blocks_evenly():
    groups = np.repeat(np.arange(2500), 2)
    blocks = blocks_of_images(groups, 0)
    np.testing.assert_array_equal(blocks[::2], blocks[1::2])
    assert set(np.bincount(blocks)) == {4, 6}
    assert not np.array_equal(blocks, blocks_of_images(groups, 1))


def folds_and_seeds(seeds=3, folds=2, levels=2, pairings=2, rows=2):
    """Scores of 11 images of `rows` rows, in folds of 6 and 5, and their nats by seed."""
    rng = np.random.default_rng(0)
    scores, nats = [], []
    for seed in range(seeds):
        order = rng.permutation(11)
        said = rng.normal(1.0, 1.0, (levels, pairings, 11, rows))
        nats.append(said)
        for fold, tested in enumerate(np.array_split(order, folds)):
            values = said[:, :, tested].reshape(levels, pairings, -1)
            scores.append(score_of(values, np.repeat(tested, rows), seed=seed, fold=fold))
    return scores, np.stack(nats)


def test_the_value_of_a_mean_is_the_mean_over_rows_and_seeds():
    scores, nats = folds_and_seeds()
    found = bootstrap(scores, 0)
    np.testing.assert_allclose(found.value, nats[:, :, 0].mean((0, 2, 3)))
    np.testing.assert_allclose(found.null, nats[:, :, 1].mean((2, 3)).T)
    assert found.draws.shape == found.null_draws.shape == (evidence.DRAWS, 2)


def test_folds_of_another_functional_are_weighted_by_their_rows():
    rng = np.random.default_rng(0)
    scores, expected = [], np.zeros(1)
    for fold, count in enumerate((10, 30)):
        values = np.stack([np.ones(count), *rng.gamma(2.0, size=(2, count))], -1)[None, None]
        images = np.arange(count) + 100 * fold
        one = Score.of(split(0, fold), images, values, donsker_varadhan_of_sums, images)
        scores.append(one)
        sums = values[0, 0].sum(0)
        expected += count / 40 * (sums[1] / count - math.log(sums[2] / count))
        np.testing.assert_allclose(one.value()[0, 0], sums[1] / count - math.log(sums[2] / count))
    found = bootstrap(scores, 0)
    np.testing.assert_allclose(found.value, expected)
    np.testing.assert_allclose(found.by_fold[0, 0], [one.value()[0, 0] for one in scores])


def test_estimates_are_kept_by_seed_and_fold():
    scores, _ = folds_and_seeds()
    found = bootstrap(scores, 0)
    for one in scores:
        np.testing.assert_allclose(found.by_fold[:, one.seed, one.fold], one.value()[:, 0])


def test_without_broken_pairs_there_is_no_null():
    found = bootstrap(folds_and_seeds(pairings=1)[0], 0)
    assert found.null is None
    assert found.null_draws is None


def test_the_interval_of_a_mean_is_the_bootstrap_s():
    values = np.random.default_rng(1).gamma(1.0, size=80)
    found = bootstrap([score_of(values[None, None], np.arange(80))], 0)
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=4000, method="percentile", random_state=0
    ).confidence_interval
    width = expected.high - expected.low
    low, high = np.percentile(found.draws[:, 0], [2.5, 97.5])
    assert low == pytest.approx(expected.low, abs=0.08 * width)
    assert high == pytest.approx(expected.high, abs=0.08 * width)


def test_the_bootstrap_resamples_images_and_not_rows():
    """Rows of one image that agree say no more than one of them."""
    values = np.random.default_rng(1).standard_normal(60)
    images = np.arange(60)
    once = bootstrap([score_of(values[None, None], images)], 0)
    four = bootstrap([score_of(np.repeat(values, 4)[None, None], np.repeat(images, 4))], 0)
    np.testing.assert_allclose(four.draws, once.draws)


def test_every_seed_is_resampled_with_the_same_images():
    """Seeds that say the same of every image make no interval narrower."""
    values = np.random.default_rng(1).standard_normal((1, 1, 60))
    one = bootstrap([score_of(values, np.arange(60))], 0)
    five = bootstrap([score_of(values, np.arange(60), seed=at) for at in range(5)], 0)
    np.testing.assert_allclose(five.draws.std(0), one.draws.std(0), rtol=0.08)


def test_seeds_that_disagree_widen_the_interval():
    scores = [score_of(np.full((1, 1, 30), float(at)), np.arange(30), seed=at) for at in range(5)]
    found = bootstrap(scores, 0)
    assert found.value[0] == 2
    assert found.draws.std() == pytest.approx(math.sqrt(2 / 5), rel=0.1)
    np.testing.assert_array_equal(found.null is None, True)


def test_a_fold_without_resampled_images_does_not_count():
    scores = [score_of(np.full((1, 1, 1), float(at)), np.array([at]), fold=at) for at in range(3)]
    found = bootstrap(scores, 0)
    assert np.all(np.isfinite(found.draws))
    assert found.draws.min() == 0
    assert found.draws.max() == 2
    assert found.value[0] == 1


def test_the_same_seed_draws_the_same():
    scores, _ = folds_and_seeds()
    np.testing.assert_array_equal(bootstrap(scores, 4).draws, bootstrap(scores, 4).draws)
    assert not np.array_equal(bootstrap(scores, 4).draws, bootstrap(scores, 5).draws)


FINE = {"value": 1.0, "low": 0.7, "high": 1.3, "null_p95": 0.1, "ceiling": 3.0}
CASES = {
    "clear of the null": ({}, "leak"),
    "at the null": ({"null_p95": 0.7}, "no leak found"),
    "within the null": ({"null_p95": 0.9}, "no leak found"),
    "a null below zero does not help": ({"low": -0.1, "null_p95": -0.5}, "no leak found"),
    "at zero": ({"low": 0.0, "null_p95": -0.5}, "no leak found"),
    "negative": ({"value": -1.0, "low": -2.0, "high": -0.5}, "no leak found"),
    "worse than nothing": ({"value": -1.1, "low": -2.0, "high": -0.5}, "unreliable"),
    "nothing at all": (
        {"value": 0.0, "low": 0.0, "high": 0.0, "null_p95": 0.0, "ceiling": 0.0},
        "no leak found",
    ),
    "nothing but rounding": (
        {"value": 3e-7, "low": 3e-7, "high": 3e-7, "null_p95": 0.0, "by_fold": [3e-7, 3e-7]},
        "no leak found",
    ),
    "wider than its value": ({"low": 0.2, "high": 1.3}, "unreliable"),
    "as wide as its value": ({"low": 0.5, "high": 1.5}, "leak"),
    "folds disagree": ({"by_fold": [0.0, 0.0, 0.0, 5.0]}, "unreliable"),
    "folds disagree in every seed, and not on average": (
        {"by_fold": [[-0.5, 2.5], [2.5, -0.5]]},
        "unreliable",
    ),
    "seeds disagree": ({"by_fold": [[0.0, 0.1], [2.0, 2.1]]}, "leak"),
    "one fold diverged": ({"by_fold": [1.0, math.inf]}, "unreliable"),
    "no value": ({"value": math.nan}, "unreliable"),
    "no interval": ({"low": -math.inf}, "unreliable"),
    "no null": ({"null_p95": math.nan}, "unreliable"),
    "near the ceiling": ({"ceiling": 1.04}, "saturated"),
    "above the ceiling": ({"ceiling": 0.9}, "saturated"),
    "below the ceiling": ({"ceiling": 1.06}, "leak"),
    "no ceiling": ({"ceiling": math.inf}, "leak"),
    "near the ceiling and not clear of the null": (
        {"ceiling": 1.04, "null_p95": 0.8},
        "no leak found",
    ),
}


@pytest.mark.parametrize(("given", "verdict"), CASES.values(), ids=CASES)
def test_verdicts_case_by_case(given, verdict):
    facts = {"by_fold": [0.9, 1.0, 1.1], **FINE, **given}
    facts["by_fold"] = np.array(facts["by_fold"])
    assert judge(**facts) == verdict
