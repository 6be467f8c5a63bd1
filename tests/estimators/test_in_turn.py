"""Where images are few, every one outside the test set chooses once."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imleak.estimators.best import Best
from imleak.estimators.critics.candidates import FAST
from imleak.estimators.critics.fixed_cosine import FixedCosine
from imleak.estimators.heldout.evidence import SplitSamples
from imleak.estimators.heldout.in_turn import FEWEST_TO_CHOOSE, _turns, validated_in_turn
from imleak.estimators.heldout.split import cross_fit
from imleak.interfaces import Directions, PairedSamples

EACH, DIMENSION = 5, 30
OF_NOTHING = Directions(
    *np.random.default_rng(1).standard_normal((2, 1, DIMENSION, 4)).astype("f4"),
    np.full((1, 4), 0.9, "f4"),
    800,
    "other images",
)


def given_of(images, seed=0, folds=4):
    """Rows that share their first three coordinates but for a little noise."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((2, images * EACH, DIMENSION)).astype("f4")
    y[:, 5:8] = x[:, :3] + 0.2 * y[:, 5:8]
    groups = np.repeat(np.arange(images), EACH)
    samples = PairedSamples(x, y[None], groups, directions=OF_NOTHING)
    return SplitSamples(samples, cross_fit(groups, folds, 1, seed), groups, 2, seed)


@given(images=st.integers(8, 60), folds=st.integers(2, 7), seed=st.integers(0, 9))
def test_every_image_outside_the_test_set_validates_once(images, folds, seed):
    known = given_of(images, seed, folds)
    for split in known.splits:
        turns = [split, *_turns(split, known)]
        checked = np.concatenate([np.unique(known.groups[one.validation]) for one in turns])
        outside = np.setdiff1d(known.groups, known.groups[split.test])
        few = len(np.unique(known.groups[split.validation])) < FEWEST_TO_CHOOSE
        np.testing.assert_array_equal(np.sort(checked), outside if few else np.unique(checked))
        for one in turns:
            assert one.test is split.test
            parts = one.train, one.validation, one.test
            assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(len(known.groups)))
            for part in parts:
                assert np.isin(one.broken[part], part).all()
                assert np.all(known.groups[one.broken[part]] != known.groups[part])


def test_public_images_stay_among_those_that_train():
    known = given_of(20)
    split = known.splits[0]
    public = split.train[-2 * EACH :]
    turns = list(_turns(replace(split, public=public), known))
    assert turns
    for one in turns:
        np.testing.assert_array_equal(one.train[-2 * EACH :], public)
        assert not np.isin(public, np.concatenate([one.own, one.validation])).any()


@pytest.mark.parametrize(
    ("learner", "name"), [(FixedCosine(), "cosine-infonce"), (FAST, "cca-infonce")]
)
def test_scores_are_of_all_these_images_and_the_test_stays(learner, name):
    known = given_of(16)
    first = learner.learn(known)[name]
    found = validated_in_turn(first, learner, name, known)
    for split, (before, test), (validation, same) in zip(known.splits, first, found, strict=True):
        outside = np.setdiff1d(known.groups, known.groups[split.test])
        assert (validation.images, validation.rows) == (len(outside), EACH * len(outside))
        np.testing.assert_array_equal(np.sort(validation.blocks), outside)
        np.testing.assert_array_equal(validation.sums[:, :, : len(before.blocks)], before.sums)
        assert same is test


def test_no_test_row_is_looked_at():
    known = given_of(16, folds=2)
    split = known.splits[0]
    x = known.samples.x.copy()
    x[split.test] = np.random.default_rng(3).standard_normal(x[split.test].shape)

    def validation(samples):
        one = replace(known, samples=samples, splits=[split])
        found = validated_in_turn(FAST.learn(one)["cca-infonce"], FAST, "cca-infonce", one)
        return found[0][0].sums

    other = validation(replace(known.samples, x=x))
    np.testing.assert_allclose(other, validation(known.samples), atol=1e-4)


def test_what_was_learned_of_other_images_gives_way_to_what_these_show():
    """Of thirty images five validate: directions that say nothing were taken without a choice."""
    (found,) = Best(folds=5, seeds=1).estimate(given_of(30).samples, seed=0)
    assert found.chosen == "cca-infonce"
    assert found.verdict in ("leak", "saturated")
    assert found.value > 1
