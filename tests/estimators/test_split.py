"""No image on two sides of a split, and no pair that stays true."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imleak.estimators.heldout.split import TooFewImagesError, cross_fit, derange, subset

LABELS = st.lists(st.integers(0, 30), min_size=2, max_size=80).map(np.array)
POPULATIONS = st.lists(st.integers(1, 4), min_size=10, max_size=40)
"""Rows of every image."""


def shuffled_rows(sizes, seed=0):
    """Labels (n,) in any order, and not counted from zero."""
    return np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)) * 7 - 20, sizes))


@given(POPULATIONS, st.integers(2, 5), st.integers(1, 3), st.integers(0, 5))
@settings(deadline=None)
def test_cross_fitting_tests_every_image_once_a_seed(sizes, folds, seeds, seed):
    groups = shuffled_rows(sizes, seed)
    if len(sizes) < 4 * folds:
        return
    splits = cross_fit(groups, folds, seeds, seed)
    assert [(s.seed, s.fold) for s in splits] == [
        (r, k) for r in range(seeds) for k in range(folds)
    ]
    for split in splits:
        parts = (split.train, split.validation, split.test)
        np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(len(groups)))
        images = [set(groups[part]) for part in parts]
        assert sum(map(len, images)) == len(sizes), "no image stands in two parts"
        assert min(map(len, images)) >= 2
    for repetition in range(seeds):
        tested = np.concatenate([s.test for s in splits if s.seed == repetition])
        np.testing.assert_array_equal(np.sort(tested), np.arange(len(groups)))


@given(POPULATIONS, st.integers(0, 5))
@settings(deadline=None)
def test_broken_pairs_stay_within_their_part_and_leave_their_image(sizes, seed):
    groups = shuffled_rows(sizes, seed)
    for split in cross_fit(groups, 2 if len(sizes) < 15 else 3, 1, seed) if len(sizes) > 10 else ():
        for part in (split.train, split.validation, split.test):
            assert set(split.broken[part]) <= set(part)
            assert np.all(groups[split.broken[part]] != groups[part])


def test_folds_differ_from_seed_to_seed_and_stay_when_seeds_are_added():
    groups = np.arange(40)
    few, more = cross_fit(groups, 4, 1, seed=3), cross_fit(groups, 4, 2, seed=3)
    for one, same in zip(few, more[:4], strict=True):
        for name in ("train", "validation", "test", "broken"):
            np.testing.assert_array_equal(getattr(one, name), getattr(same, name))
    assert any(set(a.test) != set(b.test) for a, b in zip(more[:4], more[4:], strict=True))
    other = cross_fit(groups, 4, 1, seed=4)
    assert any(set(a.test) != set(b.test) for a, b in zip(few, other, strict=True))


def test_a_fold_is_tested_and_a_fifth_of_the_others_validates():
    for split in cross_fit(np.arange(100), 5, 1, 0):
        assert [len(split.train), len(split.validation), len(split.test)] == [64, 16, 20]


@given(st.integers(1, 40), st.integers(2, 8))
@settings(deadline=None)
def test_every_part_has_two_images_or_their_number_is_refused(count, folds):
    try:
        splits = cross_fit(np.arange(count), folds, 1, 0)
    except TooFewImagesError as error:
        said = str(error)
        assert count < 2 * folds or count < 8, "there were enough"
        assert said.startswith(f"{count} images are too few, a group counted once")
        assert "\n" not in said
    else:
        assert min(len(p) for s in splits for p in (s.train, s.validation, s.test)) >= 2


@given(LABELS, st.integers(0, 9))
@settings(deadline=None)
def test_a_derangement_always_takes_another_image(groups, seed):
    if len(np.unique(groups)) < 2:
        with pytest.raises(TooFewImagesError, match="two images or more"):
            derange(groups, np.random.default_rng(seed))
        return
    partner = derange(groups, np.random.default_rng(seed))
    assert np.all(groups[partner] != groups)
    source = {group: set(groups[partner[groups == group]]) for group in np.unique(groups)}
    assert all(len(taken) == 1 for taken in source.values()), "rows of one image stay together"
    taken = [next(iter(one)) for one in source.values()]
    assert sorted(taken) == sorted(source), "every image is used once"


@given(st.integers(2, 12), st.integers(1, 4), st.integers(0, 9))
@settings(deadline=None)
def test_a_derangement_of_equal_images_is_a_permutation(count, rows, seed):
    groups = np.tile(np.arange(count), rows)
    partner = derange(groups, np.random.default_rng(seed))
    np.testing.assert_array_equal(np.sort(partner), np.arange(len(groups)))


def test_derangements_are_not_all_alike():
    rng = np.random.default_rng(0)
    found = {tuple(derange(np.arange(6), rng)) for _ in range(50)}
    assert len(found) > 10


@given(POPULATIONS, st.integers(0, 9))
@settings(deadline=None)
def test_subsets_nest_and_keep_images_whole(sizes, seed):
    groups = shuffled_rows(sizes, seed)
    rows = np.flatnonzero(groups % 3 != 0)
    shares = (0.125, 0.25, 0.5, 1.0)
    subsets = [subset(groups, rows, share, np.random.default_rng(seed)) for share in shares]
    count = len(np.unique(groups[rows]))
    for share, found in zip(shares, subsets, strict=True):
        kept = np.unique(groups[found])
        assert len(kept) == max(2, round(share * count))
        np.testing.assert_array_equal(found, rows[np.isin(groups[rows], kept)])
    for smaller, larger in pairwise(subsets):
        assert set(smaller) <= set(larger)
    np.testing.assert_array_equal(subsets[-1], rows)
