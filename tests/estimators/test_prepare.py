"""Coordinates fitted on training rows, against scipy and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from imleak.estimators.critics.prepare import (
    FEW,
    cohort_of,
    principal,
    reduce,
)
from imleak.estimators.heldout.evidence import SplitSamples
from imleak.estimators.heldout.split import cross_fit
from imleak.estimators.samples.columns import (
    in_order,
    normal_scores,
    standardise,
)

RNG = np.random.default_rng(0)
TRAIN = np.sort(RNG.permutation(300)[:200])
OTHERS = np.setdiff1d(np.arange(300), TRAIN)
ROWS = (RNG.gamma(2.0, size=(300, 6)) * [1, 10, 0.1, 1, 5, 2] + [0, 3, 0, -50, 0, 0]).astype("f4")
WIDE = (RNG.normal(size=(300, 8)) @ RNG.normal(size=(8, 80))).astype("f4")
SCALED = StandardScaler().fit(WIDE[TRAIN]).transform(WIDE).astype("f4")


def test_standardised_rows_are_those_of_scikit_learn():
    expected = StandardScaler().fit(ROWS[TRAIN]).transform(ROWS)
    np.testing.assert_allclose(standardise(ROWS, TRAIN), expected, atol=1e-4)


@pytest.mark.parametrize("constant", [0.0, 0.1, -1e6])
def test_a_constant_column_becomes_zero(constant):
    rows = ROWS.copy()
    rows[:, 2] = constant
    for prepared in (standardise(rows, TRAIN), normal_scores(rows, TRAIN)):
        assert prepared.dtype == np.float32
        assert np.all(prepared[:, 2] == 0)
        assert np.all(prepared[:, [0, 1, 3, 4, 5]].std(0) > 0.5)


@pytest.mark.parametrize("unit", [1e-12, 1e-7, 1e-3, 1e6])
def test_the_unit_of_a_column_does_not_matter(unit):
    for prepare in (standardise, normal_scores):
        np.testing.assert_allclose(prepare(ROWS * unit, TRAIN), prepare(ROWS, TRAIN), atol=1e-3)
    some = np.where(np.arange(80) % 3, unit, 1).astype("f4")
    for count in (5, None):
        by_unit = reduce(WIDE * some, TRAIN, count, 0)
        np.testing.assert_allclose(
            np.sort(by_unit), np.sort(reduce(WIDE, TRAIN, count, 0)), atol=1e-3
        )


@pytest.mark.parametrize("count", [5, None])
def test_columns_of_one_unit_keep_their_strength_whatever_the_unit(count):
    strength = np.where(np.arange(80) < 3, 30, 1).astype("f4")
    kept = reduce(WIDE * strength, TRAIN, count, 0, one_unit=True)
    other_unit = reduce(WIDE * strength * 1e-7, TRAIN, count, 0, one_unit=True)
    np.testing.assert_allclose(other_unit, kept, atol=1e-3)
    variance = np.sort(kept[TRAIN].var(0))[::-1]
    assert variance[:3].sum() > 0.9 * variance.sum()
    alone = reduce(WIDE * strength, TRAIN, count, 0)
    assert np.ptp(alone[TRAIN].std(0)) < 0.5 * alone[TRAIN].std(0).mean()


def test_a_constant_column_of_one_unit_becomes_zero():
    rows = np.hstack([ROWS, np.full((len(ROWS), 1), 1e6, np.float32)])
    together = standardise(rows, TRAIN, one_unit=True)
    assert np.all(together[:, -1] == 0)
    np.testing.assert_allclose(together[TRAIN][:, :-1].var(0).mean(), 1, rtol=1e-4)
    assert not standardise(np.ones_like(rows), TRAIN, one_unit=True).any()


def test_normal_scores_of_training_rows_are_van_der_waerden_s():
    expected = stats.norm.ppf(stats.rankdata(ROWS[TRAIN], axis=0) / (len(TRAIN) + 1))
    np.testing.assert_allclose(normal_scores(ROWS, TRAIN)[TRAIN], expected, atol=1e-5)


def test_normal_scores_of_ties_are_equal_and_central():
    rows = RNG.integers(0, 4, (300, 2)).astype("f4")
    prepared = normal_scores(rows, TRAIN)
    ranks = stats.rankdata(rows[TRAIN], axis=0)
    expected = stats.norm.ppf(ranks / (len(TRAIN) + 1))
    np.testing.assert_allclose(prepared[TRAIN], expected, atol=1e-5)
    assert all(len(np.unique(column)) == 4 for column in prepared.T)


def test_new_rows_take_their_place_among_the_training_rows():
    column = np.arange(5, dtype="f4")[:, None]
    train = np.arange(1, 4)
    prepared = normal_scores(np.vstack([column, [[1.5], [100.0]]]).astype("f4"), train)[:, 0]
    expected = stats.norm.ppf(np.array([0.5, 1, 2, 3, 3.5, 1.5, 3.5]) / 4)
    np.testing.assert_allclose(prepared, expected, atol=1e-6)


@given(
    st.integers(0, 10_000), st.sampled_from([np.exp, np.arctan, lambda x: x**3, lambda x: 7 * x])
)
@settings(deadline=None, max_examples=25)
def test_normal_scores_do_not_feel_a_monotone_map(seed, monotone):
    rows = np.round(np.random.default_rng(seed).normal(size=(60, 3)), 1)
    mapped = monotone(rows).astype("f4")
    train = np.arange(40)
    np.testing.assert_array_equal(
        normal_scores(mapped, train), normal_scores(rows.astype("f4"), train)
    )


@pytest.mark.parametrize("count", [1, 3, 8])
def test_principal_components_are_those_of_scikit_learn(count):
    found = principal(SCALED, TRAIN, count, seed=0)
    expected = PCA(count).fit(SCALED[TRAIN]).transform(SCALED)
    expected /= np.sqrt(np.mean(expected[TRAIN] ** 2))
    assert found.shape == (300, count)
    signs = np.sign((found * expected).sum(0))
    np.testing.assert_allclose(found * signs, expected, atol=2e-3)


def test_all_components_are_a_rotation_that_keeps_distances():
    found = principal(SCALED, TRAIN, 80, seed=0)
    ratio = np.linalg.norm(found, axis=1) / np.linalg.norm(SCALED, axis=1)
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-4)
    assert np.mean(found[TRAIN] ** 2) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("constant", [0.0, 0.3, 1e5])
def test_constant_views_have_no_components(constant):
    rows = np.full((300, 80), constant, "f4")
    for count in (None, 10, 80):
        reduced = reduce(rows, TRAIN, count, 0)
        assert np.all(reduced == 0)


@pytest.mark.parametrize(
    ("rows", "count", "expected"),
    [
        (ROWS, 6, normal_scores),
        (WIDE[:, :FEW], FEW, normal_scores),
        (WIDE, None, standardise),
        (WIDE, 80, standardise),
    ],
    ids=["few", "64", "all", "as many as there are"],
)
def test_few_dimensions_are_ranked_and_many_standardised(rows, count, expected):
    np.testing.assert_array_equal(
        reduce(rows, TRAIN, count, 3), in_order(expected(rows, TRAIN), TRAIN)
    )


@pytest.mark.parametrize(("columns", "scaled"), [(80, standardise), (FEW, normal_scores)])
def test_more_than_are_kept_become_components(columns, scaled):
    rows = WIDE[:, :columns]
    expected = principal(in_order(scaled(rows, TRAIN), TRAIN), TRAIN, 10, 3)
    np.testing.assert_array_equal(reduce(rows, TRAIN, 10, 3), expected)


@pytest.mark.parametrize("count", [None, 10])
@pytest.mark.parametrize("columns", [ROWS, WIDE], ids=["few", "many"])
def test_a_loud_column_does_not_drown_the_others(columns, count):
    loud = columns * np.where(np.arange(columns.shape[1]) == 0, np.float32(128), np.float32(1))
    np.testing.assert_array_equal(reduce(loud, TRAIN, count, 0), reduce(columns, TRAIN, count, 0))


@pytest.mark.parametrize("columns", [ROWS, WIDE], ids=["few", "many"])
def test_a_constant_column_leaves_the_others_as_they_are(columns):
    among = np.hstack([columns, np.full((300, 1), 1e7, "f4")])
    reduced = reduce(among, TRAIN, None, 0)
    np.testing.assert_array_equal(reduced[:, reduced.any(0)], reduce(columns, TRAIN, None, 0))
    if columns is WIDE:
        few, alone = (reduce(rows, TRAIN, 8, 0) for rows in (among, columns))
        np.testing.assert_allclose(np.abs(few), np.abs(alone), atol=1e-3)


@pytest.mark.parametrize("count", [None, 10])
@pytest.mark.parametrize("columns", [ROWS, WIDE, np.round(ROWS)], ids=["few", "many", "ties"])
def test_the_order_of_columns_does_not_matter(columns, count):
    order = RNG.permutation(columns.shape[1])
    np.testing.assert_array_equal(
        reduce(columns[:, order], TRAIN, count, 0), reduce(columns, TRAIN, count, 0)
    )


@pytest.mark.parametrize("prepare", [standardise, normal_scores, lambda r, t: reduce(r, t, 4, 0)])
def test_other_rows_are_not_looked_at(prepare):
    """Neither the place nor the number of held-out rows moves what training rows become."""
    spoilt = WIDE.copy()
    spoilt[OTHERS] *= 100
    np.testing.assert_array_equal(prepare(spoilt, TRAIN)[TRAIN], prepare(WIDE, TRAIN)[TRAIN])
    fewer, among = WIDE[TRAIN], np.arange(len(TRAIN))
    np.testing.assert_allclose(prepare(fewer, among), prepare(WIDE, TRAIN)[TRAIN], atol=1e-5)


def test_a_cohort_is_prepared_split_by_split(gaussian):
    samples = gaussian(60, 70, [0.5, 0.0])
    splits = cross_fit(samples.groups, 3, 1, 0)
    given = SplitSamples(samples, splits, samples.groups, 2, seed=0)
    cohort = cohort_of(given, x_components=4, y_components=6, device="cpu")
    assert cohort.x.shape == (3, 60, 4)
    assert cohort.y.shape == (3, 2, 60, 6)
    assert cohort.members == (3, 2, 2)
    for r, split in enumerate(splits):
        np.testing.assert_array_equal(cohort.x[r], reduce(samples.x, split.train, 4, split.seed))
        for at in range(2):
            expected = reduce(samples.y[at], split.train, 6, split.seed)
            np.testing.assert_array_equal(cohort.y[r, at], expected)
