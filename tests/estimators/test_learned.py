"""Views that are trained: split by split, and for the null again."""

from dataclasses import replace

import numpy as np
import pytest

from imleak import plugins
from imleak.estimators.best import Best
from imleak.estimators.critics import contrastive, variational
from imleak.estimators.heldout.evidence import SplitSamples, blocks_of_images
from imleak.estimators.heldout.split import cross_fit
from imleak.estimators.heldout.trained_view import learn
from imleak.interfaces import PairedSamples

ROWS, LEVELS, STEPS = 160, 2, 60
GROUPS = np.repeat(np.arange(80), 2)
rng = np.random.default_rng(0)
X = rng.normal(size=(ROWS, 3)).astype(np.float32)
Y = (0.8 * X + 0.6 * rng.normal(size=(LEVELS, ROWS, 3))).astype(np.float32)


@pytest.fixture
def briefly(monkeypatch):
    """Trains for few steps where no option says so."""
    for module in (contrastive, variational):

        def train(critic, cohort, loss, check, schedule, rng, train=module.train, **options):
            cut = replace(schedule, steps=min(schedule.steps, STEPS))
            return train(critic, cohort, loss, check, cut, rng, **options)

        monkeypatch.setattr(module, "train", train)


class View:
    """Gives the same vectors whatever it is taught, and notes what that was."""

    def __init__(self, y=Y):
        self.y, self.taught = y, []

    def __call__(self, x, train, validation, seed):
        self.taught.append((x, train, validation, seed))
        return self.y


def samples(view):
    return PairedSamples(X, np.empty((LEVELS, ROWS, 0), np.float32), GROUPS, learned=view)


FROZEN = PairedSamples(X, Y, GROUPS)


@pytest.mark.parametrize("name", ["cca-infonce", "cca"])
def test_a_view_that_learns_nothing_is_a_frozen_one(name):
    """Closed forms, so that true pairs, nulls and intervals agree to the last bit."""
    estimator = plugins.load("estimator", name)(folds=3, seeds=2)
    learned, frozen = estimator.estimate(samples(View())), estimator.estimate(FROZEN)
    for one, other in zip(learned, frozen, strict=True):
        assert one.value == pytest.approx(other.value)
        assert one.interval == pytest.approx(other.interval)
        assert one.null.values == pytest.approx(other.null.values)


@pytest.mark.parametrize("name", ["infonce", "retrieval", "nwj", "smile", "best"])
def test_what_learns_by_steps_is_given_the_view_of_its_split(name, briefly):
    """Its scores are those of the frozen view to the last digit: of true pairs, and of broken
    ones apart from them."""
    learner = plugins.load("estimator", name)(folds=2, seeds=1).learner()
    split = cross_fit(GROUPS, 2, 1, 0)[0]
    blocks = blocks_of_images(GROUPS, 0)
    given = SplitSamples(samples(View()), [split], blocks, 2, seed=0)
    found = learn(learner, given)
    for at, partner in enumerate((np.arange(ROWS), split.broken)):
        frozen = replace(FROZEN, x=X[partner])
        alone = learner.learn(replace(given, samples=frozen, pairings=1))
        for bound, pairs in found.items():
            for one, other in zip(pairs[0], alone[bound][0], strict=True):
                np.testing.assert_allclose(one.sums[:, at], other.sums[:, 0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "name",
    ["infonce", "retrieval", "nwj", pytest.param("smile", marks=pytest.mark.slow), "mine", "best"],
)
def test_every_estimator_that_holds_out_takes_one(name, briefly):
    estimator = plugins.load("estimator", name)(folds=2, seeds=1)
    assert estimator.holds_out
    for one in estimator.estimate(samples(View())):
        assert one.value > one.null.mean


def test_it_is_taught_once_a_split_and_once_for_its_null():
    view = View()
    estimator = plugins.load("estimator", "cca-infonce")(folds=3, seeds=2)
    estimator.estimate(samples(view), seed=5)
    splits = cross_fit(GROUPS, 3, 2, 5)
    assert len(view.taught) == 2 * len(splits)
    told = {(train.tobytes(), validation.tobytes()) for _, train, validation, _ in view.taught}
    assert told == {(split.train.tobytes(), split.validation.tobytes()) for split in splits}
    assert len({seed for *_, seed in view.taught}) == len(splits)
    by_split = {}
    for x, train, *_ in view.taught:
        by_split.setdefault(train.tobytes(), []).append(x)
    for split in splits:
        true, broken = by_split[split.train.tobytes()]
        np.testing.assert_array_equal(true, X)
        np.testing.assert_array_equal(broken, X[split.broken])


@pytest.mark.slow
def test_best_chooses_between_a_trained_view_and_a_frozen_one():
    blind = replace(FROZEN, y=np.random.default_rng(1).normal(size=Y.shape).astype(np.float32))
    views = {"frozen": blind, "conv": samples(View())}
    for estimate in Best(folds=2, seeds=1).choose(views):
        assert estimate.chosen.endswith("through conv")
        assert estimate.verdict == "leak"


def test_growth_teaches_smaller_adversaries():
    view = View()
    estimator = plugins.load("estimator", "cca-infonce")(folds=2, seeds=1, growth=True)
    found = estimator.estimate(samples(view))
    assert [point.train_groups for point in found[0].growth][-1] == found[0].train_groups
    assert len({len(train) for _, train, *_ in view.taught}) == 4


def test_nothing_is_planted_into_what_is_trained():
    estimator = plugins.load("estimator", "cca-infonce")(folds=2, seeds=1, sensitivity=True)
    assert {found.detectable for found in estimator.estimate(samples(View()))} == {None}
