"""InfoNCE of a cosine that is fitted to no image."""

import math

import numpy as np
import pytest
from scipy.special import logsumexp
from sklearn.metrics.pairwise import cosine_similarity

from imleak.estimators.cosine import CosineInfoNce, OtherSpaceError
from imleak.estimators.critics.fixed_cosine import FixedCosine, _directions, _standard
from imleak.estimators.heldout.evidence import SplitSamples
from imleak.estimators.heldout.split import cross_fit

FEW = {"folds": 3, "seeds": 1}


def test_directions_are_those_of_standardised_rows_less_their_mean():
    rows = np.random.default_rng(0).gamma(2.0, size=(40, 7)).astype("f4")
    train = np.arange(30)
    alike = (rows - rows.mean(1, keepdims=True)) / rows.std(1, keepdims=True)
    expected = cosine_similarity(alike - alike[train].mean(0))
    found = _directions(rows, train)
    np.testing.assert_allclose(found @ found.T, expected, atol=1e-5)


@pytest.mark.parametrize("unit", [1e-30, 1e30])
def test_the_unit_of_the_space_does_not_matter(unit):
    rows = np.random.default_rng(0).normal(size=(40, 7)).astype("f4")
    train = np.arange(30)
    for prepare in (_directions, _standard):
        np.testing.assert_allclose(
            prepare(rows * np.float32(unit), train), prepare(rows, train), atol=1e-4
        )
    columns = rows * np.float32(10.0) ** np.arange(-3, 4, dtype="f4")
    np.testing.assert_allclose(_standard(columns, train), _standard(rows, train), atol=1e-4)


@pytest.mark.parametrize("row", [np.zeros(7), np.full(7, 1e6), np.arange(7.0)])
def test_rows_that_are_all_alike_have_no_direction(row):
    rows = np.tile(row, (40, 1)).astype("f4")
    assert not _directions(rows, np.arange(30)).any()


def test_the_value_is_infonce_of_a_scaled_cosine(gaussian):
    """Written out: the logarithm of the softmax of the true partner among all, plus log N."""
    samples = gaussian(60, 12, [0.7])
    (split, *_) = cross_fit(samples.groups, 3, 1, 0)
    learned = FixedCosine().learn(SplitSamples(samples, [split], samples.groups, 1, seed=0))
    test = learned["cosine-infonce"][0][1].value()[0, 0]
    rows, possible = split.test, []
    for prepare in (_directions, _standard):
        x, y = prepare(samples.x, split.train)[rows], prepare(samples.y[0], split.train)[rows]
        for scale in (1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64):
            scores = scale * (y @ x.T)
            rows_nats = np.diag(scores) - logsumexp(scores, axis=1) + math.log(len(rows))
            possible.append(rows_nats.mean())
    assert np.abs(np.array(possible) - test).min() < 1e-5
    assert test > np.median(possible)


def test_few_images_say_much_and_broken_pairs_nothing(gaussian):
    found = CosineInfoNce(**FEW).estimate(gaussian(48, 100, [0.6, 0.0]), seed=1)
    assert found[0].value > 0.8 * found[0].ceiling
    assert found[0].verdict in ("leak", "saturated")
    assert found[1].verdict == "no leak found"
    assert max(one.null.mean for one in found) < 0.1
    assert found[0].ceiling == pytest.approx(4)


def test_a_bound_is_not_above_the_truth(gaussian):
    samples = gaussian(900, 6, [0.3])
    (found,) = CosineInfoNce(**FEW).estimate(samples, seed=0)
    assert found.interval[0] < -3 * math.log2(1 - 0.09)


def test_sides_of_two_spaces_are_refused(gaussian, pair_up):
    samples = gaussian(40, 3, [0.5])
    with pytest.raises(OtherSpaceError, match="was given 2 and 3; use cca-infonce or infonce"):
        CosineInfoNce().estimate(pair_up(samples.x[:, :2], samples.y))
