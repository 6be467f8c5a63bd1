"""Directions that were learned elsewhere, on data of known information."""

import math

import numpy as np
import pytest
from scipy.special import logsumexp
from sklearn.cross_decomposition import CCA

from imleak.estimators.best import Best
from imleak.estimators.calibrated import Calibrated, NothingLearnedError
from imleak.estimators.critics.calibrated import (
    CARRIED,
    STEP,
    STEPS,
    _gains,
    calibrate,
    project,
    read,
)
from imleak.estimators.critics.calibrated import Calibrated as Learner
from imleak.estimators.critics.gaussian import gaussian_log_ratio, infonce_rows
from imleak.estimators.heldout.evidence import SplitSamples
from imleak.estimators.heldout.split import TooFewImagesError, cross_fit
from imleak.estimators.samples.columns import gaussian_ranks
from imleak.interfaces import Directions, PairedSamples

D, RHO = 8, 0.6
TRUTH = -D / 2 * math.log2(1 - RHO**2)
"""Bits of a row."""
EACH = 4
"""Rows of an image."""


def law(images, seed, strength=RHO):
    """Rows of twenty turned directions of which eight are each correlated by `strength`, four
    rows an image."""
    rng, mix = np.random.default_rng(seed), np.random.default_rng(99)
    u, v = rng.standard_normal((2, images * EACH, 20))
    v[:, :D] = strength * u[:, :D] + math.sqrt(1 - strength**2) * v[:, :D]
    x, y = (side @ np.linalg.qr(mix.standard_normal((20, 20)))[0] for side in (u, v))
    return x.astype("f4"), y.astype("f4"), np.repeat(np.arange(images), EACH)


def learned(seed=1):
    """Directions of 500 other images of that law, by the canonical variates of scikit-learn."""
    x, y, _ = law(500, seed)
    found = CCA(D, scale=False, max_iter=2000).fit(x, y)
    variates = zip(*map(np.transpose, found.transform(x, y)), strict=True)
    rho = np.array([np.corrcoef(a, b)[0, 1] for a, b in variates])
    axes = (side[None].astype("f4") for side in (found.x_rotations_, found.y_rotations_))
    return Directions(*axes, rho[None].astype("f4"), 500, "500 images")


@pytest.fixture(scope="module")
def known():
    return learned()


def samples(images, directions, seed=2, strength=RHO):
    x, y, groups = law(images, seed, strength)
    return PairedSamples(x, y[None], groups, directions=directions)


def mean_of(images, directions, draws=6, **law_of):
    found = [
        Calibrated(folds=4, seeds=1).estimate(samples(images, directions, seed=s, **law_of), seed=s)
        for s in range(10, 10 + draws)
    ]
    return np.array([one.value for (one,) in found]), [one for (one,) in found]


def test_what_was_learned_elsewhere_is_found_from_sixteen_images(known):
    """As much as the true law would find, told apart four images at a time, but for a fifth."""
    values, found = mean_of(16, known)
    assert found[0].ceiling == pytest.approx(2)
    rng = np.random.default_rng(0)
    u, noise = rng.standard_normal((2, 400, 4 * EACH, D))
    v, four = RHO * u + math.sqrt(1 - RHO**2) * noise, np.repeat(np.arange(4), EACH)
    true = [
        infonce_rows(gaussian_log_ratio(a, b, np.full(D, RHO)), four).mean()
        for a, b in zip(u, v, strict=True)
    ]
    assert values.mean() > 0.8 * np.mean(true) / math.log(2)
    assert {one.verdict for one in found} <= {"leak", "saturated"}


def test_many_images_show_nearly_all_there_is(known):
    (found,) = Calibrated(folds=2, seeds=1).estimate(samples(200, known, seed=3), seed=0)
    assert 0.8 * TRUTH < found.value < TRUTH + 0.2
    assert found.interval[0] < TRUTH
    assert (found.bound, found.protocol, found.train_groups) == ("lower", "held-out", 100)


def test_wrong_directions_find_nothing(known):
    rng = np.random.default_rng(5)
    wrong = Directions(
        *rng.standard_normal((2, 1, 20, D)).astype("f4"), known.correlations, 500, "nothing"
    )
    values, found = mean_of(16, wrong)
    assert np.abs(values).max() < 0.6
    assert sum(one.verdict == "leak" for one in found) <= 1
    (many,) = Calibrated(folds=2, seeds=1).estimate(samples(100, wrong, seed=4), seed=0)
    assert many.value < 0.5 * TRUTH


@pytest.mark.parametrize("images", [6, 12])
def test_few_independent_images_are_not_believed(known, images):
    values, found = mean_of(images, known, draws=12, strength=0.0)
    assert sum(one.verdict in ("leak", "saturated") for one in found) <= 1
    assert values.mean() < 0.05


def test_few_images_are_believed_where_they_agree(known):
    values, _ = mean_of(6, known, strength=0.95)
    assert values.mean() > 0.8 * math.log2(2)


@pytest.mark.parametrize(("images", "folds"), [(3, 5), (5, 5), (6, 2)])
def test_fewer_images_than_calibrate_are_refused(known, images, folds):
    with pytest.raises(TooFewImagesError, match="calibration takes at least 4 and test two"):
        Calibrated(folds=folds).estimate(samples(images, known))


def test_without_directions_it_is_refused():
    with pytest.raises(NothingLearnedError, match="learned from other images"):
        Calibrated().estimate(samples(20, None))


def test_gains_are_infonce_of_every_strength():
    rng = np.random.default_rng(0)
    u, v = rng.standard_normal((2, 24, 3)).astype("f4")
    groups, rho = np.repeat(np.arange(6), 4), np.array([0.8, 0.5, 0.2])
    found = _gains(u, v, rho, groups, [1, 3])
    assert found.shape == (2, 1 + STEPS, 6)
    assert not found[:, 0].any()
    for at, kept in enumerate((1, 3)):
        for step in (1, 4, 10):
            rows = read(u, v, rho, groups, (kept, STEP * step))
            expected = np.bincount(groups, rows) / 4
            np.testing.assert_allclose(found[at, step], expected, atol=1e-4)


def test_the_value_is_infonce_written_out(known):
    given = samples(40, known, seed=7)
    split = cross_fit(given.groups, 4, 1, 0, validation=0)[0]
    learner = Learner().learn(SplitSamples(given, [split], given.groups, 1, seed=0))
    value = learner["calibrated"][0][1].value()[0, 0]
    u, v = project(given.x, given.y[0], known, 0)
    rho = CARRIED * known.correlations[0]
    rows = np.sort(split.train)
    kept, strength = calibrate(u[rows], v[rows], rho, given.groups[rows], np.random.default_rng(0))
    assert 0 < strength <= 1
    test = np.sort(split.test)
    a, b = (gaussian_ranks(side[test, :kept]) for side in (u, v))
    possible = []
    for step in range(1, STEPS + 1):
        scores = STEP * step * gaussian_log_ratio(a, b, rho[:kept]).astype(float)
        own = given.groups[test]
        nats = []
        for i in range(len(test)):
            images = [
                logsumexp(scores[i, own == g]) - math.log(EACH)
                for g in np.unique(own)
                if g != own[i]
            ]
            nats.append(
                scores[i, i] - logsumexp([scores[i, i], *images]) + math.log(len(np.unique(own)))
            )
        possible.append(np.mean(nats))
    assert np.abs(np.array(possible) - value).min() < 1e-4
    np.testing.assert_allclose(possible[-1], infonce_rows(scores, own).mean(), atol=1e-6)


def test_no_test_row_is_looked_at(known):
    given = samples(24, known)
    split = cross_fit(given.groups, 4, 1, 0)[0]

    def validation(x):
        one = SplitSamples(
            PairedSamples(x, given.y, given.groups, directions=known), [split], given.groups, 1, 0
        )
        return Learner().learn(one)["calibrated"][0][0].value()

    other = given.x.copy()
    other[split.test] = 7.0
    np.testing.assert_allclose(validation(other), validation(given.x), atol=1e-5)


@pytest.mark.slow
def test_best_takes_it_where_its_own_images_teach_little(known):
    given = samples(40, known, seed=8)
    (found,) = Best(folds=3, seeds=1).estimate(given, seed=0)
    assert found.chosen == "calibrated"
    assert found.verdict in ("leak", "saturated")


def test_three_images_calibrate_nothing_and_four_do():
    rng = np.random.default_rng(0)
    u = rng.standard_normal((12, 2))
    for images, says in ((3, False), (4, True)):
        found = calibrate(u, u, np.array([0.9, 0.9]), np.arange(12) % images, rng)
        assert (found[1] > 0) is says
