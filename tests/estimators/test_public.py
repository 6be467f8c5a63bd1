"""Public images: they train in every fold, are never tested, and do no harm to `best`."""

import math
from dataclasses import replace

import numpy as np
import pytest

from imleak import plugins
from imleak.estimators.best import WITH_PUBLIC, Best
from imleak.estimators.cca import CcaInfoNce
from imleak.estimators.cosine import CosineInfoNce
from imleak.estimators.critics.prepare import reduce
from imleak.estimators.heldout.crossfit import GROWTH, CrossFitted
from imleak.estimators.heldout.evidence import SplitSamples, blocks_of_images
from imleak.estimators.heldout.public import joined, with_public
from imleak.estimators.heldout.split import cross_fit
from imleak.interfaces import PairedSamples

RHO = 0.8
DIMENSIONS = 16
TRUTH = -0.5 * math.log2(1 - RHO**2) * 4
"""Bits of four latents of correlation RHO."""


def collection(images, seed, relation=0, shift=0.0, unit=1.0, rows=4):
    """Rows in which four latents of correlation RHO are turned into other directions; under one
    relation these are the same directions in every collection."""
    rng = np.random.default_rng([seed, 1])
    turn = np.random.default_rng([relation, 2])
    to_x, to_y = (np.linalg.qr(turn.standard_normal((DIMENSIONS, DIMENSIONS)))[0] for _ in range(2))
    x, y = rng.standard_normal((2, images * rows, DIMENSIONS))
    y[:, :4] = RHO * x[:, :4] + math.sqrt(1 - RHO**2) * y[:, :4]
    x, y = unit * (x @ to_x) + shift, unit * (y @ to_y) - shift
    return PairedSamples(
        x.astype("f4"), y[np.newaxis].astype("f4"), np.repeat(np.arange(images), rows)
    )


OWN = collection(48, seed=0)
LIKE_OWN = collection(400, seed=1)
UNLIKE_OWN = collection(400, seed=2, relation=7)


def estimated(estimator, samples, public=None):
    (found,) = estimator.estimate(replace(samples, public=public))
    return found


def test_more_images_of_one_kind_show_more_and_never_more_than_there_is():
    alone, together = (estimated(CcaInfoNce(seeds=1), OWN, public) for public in (None, LIKE_OWN))
    assert together.value > alone.value + 0.3
    assert together.value < TRUTH
    assert abs(together.null.mean) < 0.2
    assert together.verdict == "leak"


@pytest.mark.slow
def test_images_of_another_kind_mislead_and_best_does_without_them():
    quick = {"folds": 3, "seeds": 1}
    misled = estimated(CcaInfoNce(**quick), OWN, UNLIKE_OWN)
    alone, found, helped = (
        estimated(Best(**quick), OWN, public) for public in (None, UNLIKE_OWN, LIKE_OWN)
    )
    assert misled.value < alone.value - 0.3
    assert found.value == pytest.approx(alone.value, abs=0.1)
    assert not found.chosen.endswith(WITH_PUBLIC)
    assert helped.chosen.endswith(WITH_PUBLIC)
    assert alone.value < helped.value < TRUTH


@pytest.mark.slow
def test_best_names_the_view_and_the_images():
    blind = replace(OWN, y=np.random.default_rng(5).normal(size=OWN.y.shape).astype("f4"))
    views = {"blind": blind, "seeing": replace(OWN, public=LIKE_OWN)}
    (found,) = Best(folds=2, seeds=1).choose(views)
    assert found.chosen.endswith(f"through seeing{WITH_PUBLIC}")
    assert (found.train_groups, found.public_groups) == (19 + 400, 400)


@pytest.mark.parametrize("name", ["cca-infonce", "infonce", "nwj", "retrieval", "mine", "smile"])
def test_whatever_trains_is_given_them(name):
    """Two fits of one learner, with and without: the critic, and so its scores, differ."""
    estimator = plugins.load("estimator", name)(folds=2, seeds=1)
    assert estimator.takes_public
    few = replace(OWN, public=collection(40, seed=3))
    split = cross_fit(OWN.groups, 2, 1, 0)[0]
    learner, blocks = _short(estimator), blocks_of_images(OWN.groups, 0)
    alone, both = (
        learner.learn(SplitSamples(joined(one), [with_public(split, one, 1.0, 0)], blocks, 1, 0))
        for one in (OWN, few)
    )
    for of_alone, of_both in zip(alone[estimator.read], both[estimator.read], strict=True):
        assert of_alone[1].rows == of_both[1].rows
        assert not np.allclose(of_alone[1].sums, of_both[1].sums)


def _short(estimator):
    """Its learner, trained for some steps."""
    learner = estimator.variational({}) if estimator.name == "mine" else estimator.learner()
    if not hasattr(learner, "schedule"):
        return learner
    return replace(learner, schedule=replace(learner.schedule, steps=20))


def test_what_learns_from_no_image_is_the_same_without_them():
    estimator = CosineInfoNce(folds=2, seeds=1)
    assert not estimator.takes_public
    assert not plugins.load("estimator", "mine")(protocol="in-sample").takes_public
    assert estimated(estimator, OWN, LIKE_OWN) == estimated(estimator, OWN)


def test_another_mean_and_unit_of_the_public_rows_make_no_difference():
    estimator = CcaInfoNce(folds=2, seeds=1)
    moved = collection(400, seed=1, shift=5.0, unit=3.0)
    found, same = (estimated(estimator, OWN, public) for public in (moved, LIKE_OWN))
    assert found.value == pytest.approx(same.value, abs=0.02)
    rng = np.random.default_rng(0)
    wide = rng.standard_normal((60, 80)).astype("f4")  # more than are made Gaussian by rank
    train, public = np.arange(10, 60), np.arange(40, 60)
    other = wide.copy()
    other[public] = 7 * other[public] + 3
    for count in (5, None):
        np.testing.assert_allclose(
            reduce(other, train, count, 0, public), reduce(wide, train, count, 0, public), atol=1e-4
        )


class Watched(CrossFitted):
    """An estimator that keeps what its learner is given, and says nothing."""

    name = read = "watched"

    def __init__(self, **options):
        super().__init__(**options)
        object.__setattr__(self, "given", [])

    def learner(self):
        return self

    def learn(self, given):
        self.given.append(given)
        return {
            "watched": [
                tuple(
                    given.score(
                        split, rows, np.zeros((len(given.samples.y), given.pairings, len(rows)))
                    )
                    for rows in (split.validation, split.test)
                )
                for split in given.splits
            ]
        }


def test_they_train_in_every_fold_and_are_never_looked_at_else():
    watched = Watched(folds=3, seeds=2, growth=True)
    (found,) = watched.estimate(replace(OWN, public=LIKE_OWN))
    own, every = len(OWN.groups), len(OWN.groups) + len(LIKE_OWN.groups)
    plain = cross_fit(OWN.groups, 3, 2, 0)
    by_split = {}
    for given in watched.given:
        groups = given.samples.groups
        np.testing.assert_array_equal(given.samples.x[own:], LIKE_OWN.x)
        assert not set(groups[:own]) & set(groups[own:])
        for split in given.splits:
            np.testing.assert_array_equal(np.concatenate([split.own, split.public]), split.train)
            assert split.own.max() < own <= split.public.min()
            assert max(split.validation.max(), split.test.max()) < own
            # Pairs are broken across images, of one kind.
            assert len(split.broken) == every
            assert split.broken[:own].max() < own
            partners = split.broken[split.public]
            assert set(partners) <= set(split.public)
            assert np.all(groups[partners] != groups[split.public])
            by_split.setdefault((split.seed, split.fold), []).append(split)
    for split in plain:
        whole, *smaller = by_split[split.seed, split.fold]
        np.testing.assert_array_equal(whole.own, split.train)
        np.testing.assert_array_equal(whole.broken[:own], split.broken)
        assert len(whole.public) == len(LIKE_OWN.groups)
        sizes = [len(one.public) // 4 for one in smaller]
        assert sizes == [round(400 * share) for share in GROWTH]
        eighth, quarter, half = (set(one.public) for one in smaller)
        assert eighth < quarter < half
    counts = [point.train_groups for point in found.growth]
    assert counts == sorted(counts)
    assert counts[-1] == found.train_groups == 400 + len(np.unique(OWN.groups[plain[0].train]))
    assert found.public_groups == 400


def test_joined_rows_are_those_of_both():
    both = joined(replace(OWN, public=LIKE_OWN))
    assert both.public is None
    assert len(np.unique(both.groups)) == 448
    assert joined(OWN) is OWN
    (split, *_) = cross_fit(OWN.groups, 2, 1, 0)
    assert with_public(split, OWN, 1.0, 0) is split


@pytest.mark.parametrize("name", ["cca-infonce", "retrieval"])
def test_broken_pairs_stay_broken_whatever_the_public_ones_teach(name):
    """The images are of one collection with public ones, and their views are of other images."""
    broken = replace(OWN, y=np.roll(OWN.y, 14, axis=1))
    estimator = plugins.load("estimator", name)(folds=3, seeds=1)
    found = estimated(estimator, broken, LIKE_OWN)
    assert found.verdict == "no leak found"
    assert found.value < 0.1


def test_nothing_is_planted_in_public_images():
    """So none of them takes part in the search for the smallest leak that is found."""
    watched = Watched(folds=2, seeds=1, sensitivity=True)
    watched.estimate(replace(OWN, public=LIKE_OWN))
    first, *planted = watched.given
    assert len(first.samples.groups) == len(OWN.groups) + len(LIKE_OWN.groups)
    assert {len(one.samples.groups) for one in planted} == {len(OWN.groups)}


def counted(images):
    """Every one of eight values once in each image, and all of it in the clear."""
    values = np.tile(np.arange(8.0), images).astype("f4")[:, np.newaxis]
    groups = np.repeat(np.arange(images), 8)
    return PairedSamples(values, values[np.newaxis], groups, weights=np.ones(len(groups)))


def test_counted_pixels_are_drawn_of_both():
    own, public = (counted(images) for images in (40, 12))
    found = estimated(CcaInfoNce(folds=2, seeds=1), own, public)
    assert (found.train_groups, found.public_groups) == (16 + 12, 12)
    assert found.verdict in ("leak", "saturated")
