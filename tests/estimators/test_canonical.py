"""Canonical variates against scikit-learn, and what is read of them."""

import math
from dataclasses import replace

import numpy as np
import pytest
from sklearn.cross_decomposition import CCA

import imleak
from imleak.estimators.critics.canonical import (
    Canonical,
    Variates,
    _gain,
    _nats,
    _products,
    columns_of,
    fit_variates,
    halves_of,
    information_of_sums,
    periodic,
    plain,
    radial,
)
from imleak.estimators.critics.gaussian import (
    correlations,
    gaussian_log_ratio,
    infonce_rows,
)
from imleak.estimators.heldout.evidence import SplitSamples
from imleak.estimators.heldout.split import cross_fit
from imleak.estimators.samples.columns import gaussian_ranks

KNOWN = (0.9, 0.6, 0.3)
"""Canonical correlations of :func:`mixed`."""


def mixed(n, dx=5, dy=7, seed=0):
    """Rows whose canonical correlations are KNOWN, in turned and stretched coordinates."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((n, dx)), rng.standard_normal((n, dy))
    for k, rho in enumerate(KNOWN):
        y[:, k] = rho * x[:, k] + math.sqrt(1 - rho**2) * y[:, k]
    turn, other = (np.linalg.qr(rng.standard_normal((d, d)))[0] for d in (dx, dy))
    return x @ (turn * np.linspace(1, 2, dx)), y @ (other * np.linspace(1, 3, dy))


@pytest.fixture(scope="module")
def fitted(pair_up):
    """A split, its samples, and the variates of the true and of the broken pairs."""
    samples = pair_up(*mixed(3000))
    split = cross_fit(samples.groups, 5, 1, 0)[0]
    return samples, split, variates_of(samples, split)[0]


def variates_of(samples, split, pairings=2, columns=plain):
    """By level and pairing."""
    given = SplitSamples(samples, [split], samples.groups, pairings, seed=0)
    return fit_variates(given, columns)[0]


def test_known_correlations_are_found(fitted):
    _, split, (true, broken) = fitted
    test = split.test
    found = correlations(true.u[test], true.v[test])
    assert found[:3] == pytest.approx(KNOWN, abs=4 / math.sqrt(len(test)))
    error = 4 / math.sqrt(len(split.validation))
    assert true.correlation[:3] == pytest.approx(KNOWN, abs=error)
    assert np.all(np.abs(broken.correlation) < error)
    assert np.all(np.abs(correlations(broken.u[test], broken.v[test])) < error)
    assert true.temper > 0.5


def test_variates_are_those_of_scikit_learn(fitted):
    samples, split, (true, _) = fitted
    train, test = split.train, split.test
    sklearn = CCA(2).fit(samples.x[train], samples.y[0, train])
    expected = sklearn.transform(samples.x[test], samples.y[0, test])
    for ours, theirs in zip((true.u, true.v), expected, strict=True):
        for k in range(2):
            assert abs(np.corrcoef(ours[test, k], theirs[:, k])[0, 1]) > 0.98


def test_no_test_row_is_looked_at(pair_up, fitted):
    """With other images to test on, directions and choices stay the same."""
    samples, split, (true, _) = fitted
    x, y = samples.x.copy(), samples.y[0].copy()
    x[split.test], y[split.test] = 5.0, y[split.test][::-1]
    (again,) = variates_of(pair_up(x, y), split, 1)[0]
    for part in (split.train, split.validation):
        np.testing.assert_array_equal(again.u[part], true.u[part])
        np.testing.assert_array_equal(again.v[part], true.v[part])
    assert (again.kept, again.temper) == (true.kept, true.temper)


def test_many_dimensions_are_reduced_and_a_constant_view_says_nothing(pair_up):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((120, 3))
    wide = x @ rng.standard_normal((3, 600)) + 0.1 * rng.standard_normal((120, 600))
    samples = pair_up(wide, np.stack([wide[:, :90], np.full((120, 90), 0.7)]))
    split = cross_fit(samples.groups, 3, 1, 0)[0]
    (true,), (constant,) = variates_of(samples, split, 1)
    assert np.all(correlations(true.u[split.test], true.v[split.test])[:3] > 0.9)
    assert np.all(constant.correlation == 0)
    assert constant.temper == 0


def test_a_turn_that_grows_outwards_is_found_if_it_is_looked_for(pair_up):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2000, 2))
    angle = 0.6 * np.square(x).sum(1)
    turned = np.stack(
        [
            np.cos(angle) * x[:, 0] - np.sin(angle) * x[:, 1],
            np.sin(angle) * x[:, 0] + np.cos(angle) * x[:, 1],
        ],
        1,
    )
    samples = pair_up(x, turned + 0.3 * rng.standard_normal(x.shape))
    split = cross_fit(samples.groups, 5, 1, 0)[0]
    straight, turning = (variates_of(samples, split, columns=one)[0] for one in (plain, radial))
    assert turning[0].value > straight[0].value + 0.05
    found = correlations(turning[0].u[split.test], turning[0].v[split.test])
    assert found[0] > correlations(straight[0].u[split.test], straight[0].v[split.test])[0]
    assert turning[1].value < 0.05, "and nothing is found of broken pairs"


def test_once_chosen_directions_are_fitted_on_validation_images_too(pair_up):
    """Where images are few; it is the test rows that are seen along these."""
    samples = pair_up(*mixed(200, 30, 20))
    split = cross_fit(samples.groups, 5, 1, 0)[0]
    (true,) = variates_of(samples, split, 1)[0]
    test = np.sort(split.test)
    u, v = true.again(split.validation, test)
    once, again = correlations(true.u[test], true.v[test]), correlations(u, v)
    assert len(u) == len(test)
    assert again[0] > 0.7
    assert not np.array_equal(once, again)


def test_what_that_adds_counts_in_the_choice(pair_up):
    """Of weak directions, the more images the better they are: what the test is read with says
    more than what training images alone would, and validation says so too."""
    rng = np.random.default_rng(0)
    shared = rng.standard_normal((1000, 3))
    x, y = (
        math.sqrt(0.5)
        * shared
        @ np.linalg.qr(rng.standard_normal((80, 3)))[0].T
        * math.sqrt(80 / 3)
        + rng.standard_normal((1000, 80)) * 2
        for _ in "xy"
    )
    samples = pair_up(x, y)
    splits = cross_fit(samples.groups, 5, 1, 0)
    given = SplitSamples(samples, splits, samples.groups, 1, seed=0)
    found = fit_variates(given, plain)
    once = [[[replace(one, again=None) for one in pairs] for pairs in of] for of in found]
    values = [
        np.mean([[part.value()[0, 0] for part in pair] for pair in read["cca-infonce"]], 0)
        for read in (Canonical().read(some, given) for some in (once, found))
    ]
    assert values[1][1] > values[0][1] > 0, "on the test images"
    assert values[1][0] > values[0][0], "on the validation images"


def test_a_loss_on_the_images_that_chose_counts_for_nothing(pair_up, fitted):
    samples, split, (true, _) = fitted
    validation = np.sort(split.validation)
    half, groups = halves_of(samples.groups[validation]), samples.groups
    assert not _gain(true, validation, half, groups).any(), "nothing is fitted again"
    noise = replace(true, again=lambda _, rows: (true.u[rows], true.v[rows[::-1]]))
    assert not _gain(noise, validation, half, groups).any()
    asked = []

    def sure(others, rows):
        asked.append((others, rows))
        return true.v[rows], true.v[rows]

    assert _gain(replace(true, again=sure), validation, half, groups).mean() > 0.1
    for others, rows in asked:
        assert not set(groups[others]) & set(groups[rows]), "no image is learned from and read"
        np.testing.assert_array_equal(np.sort(np.concatenate([others, rows])), validation)
    assert len(asked) == 2


def test_directions_are_fitted_once_where_images_are_many(fitted):
    assert fitted[2][0].again is None


def test_many_weak_directions_are_told_together(pair_up):
    """A hundred correlations of 0.2, none of which stands out: a linear critic fitted to n rows
    can have about the share d / (d + d^2 / (rho^2 n)) of their information."""
    rng = np.random.default_rng(0)
    x, noise = rng.standard_normal((2, 2000, 100))
    samples = pair_up(x, 0.3 * x + math.sqrt(1 - 0.3**2) * noise)
    splits = cross_fit(samples.groups, 5, 1, 0)[:1]
    given = SplitSamples(samples, splits, samples.groups, 2, seed=0)
    ((_, test),) = Canonical().learn(given)["cca-infonce"]
    true, broken = test.value()[0]
    truth = -50 * math.log(1 - 0.3**2)
    share = 1 / (1 + 100 / (0.3**2 * 1600))
    assert true == pytest.approx(share * truth, rel=0.2)
    assert true < truth
    assert abs(broken) < 0.05


@pytest.mark.parametrize("hidden", [3, 4])
def test_what_goes_up_and_down_many_times_is_found_if_it_is_looked_for(pair_up, hidden):
    """The low bits of eight, as a number: a sawtooth of what they are bits of."""
    x = np.random.default_rng(0).integers(0, 256, (4000, 1))
    samples = pair_up(x, (x << hidden) % 256)
    split = cross_fit(samples.groups, 5, 1, 0)[0]
    straight, waving = (variates_of(samples, split, columns=one)[0] for one in (plain, periodic))
    assert straight[0].value < 0.05
    assert waving[0].value > 0.15 * (8 - hidden)
    assert waving[1].value < 0.05, "and nothing is found of broken pairs"


@pytest.mark.parametrize(
    ("dimensions", "kinds"), [(2, (plain, radial, periodic)), (3, (plain, radial)), (65, (plain,))]
)
def test_columns_are_for_so_many_dimensions(pair_up, dimensions, kinds):
    rows = np.random.default_rng(0).standard_normal((9, dimensions))
    assert columns_of(pair_up(rows[:, :1], rows)) == columns_of(pair_up(rows, rows)) == kinds
    with_constants = np.hstack([rows, np.ones((9, 70))])
    assert columns_of(pair_up(with_constants, with_constants)) == kinds


def some_variates(rng, n, summed, kept, temper):
    u = rng.standard_normal((n, 4)).astype("f4")
    v = (0.6 * u + 0.8 * rng.standard_normal((n, 4))).astype("f4")
    rho = np.array([0.7, 0.5, 0.4, 0.1])
    return Variates(u, v, rho, np.stack([rho, rho]), summed, kept, temper, value=0.0)


def test_test_rows_are_read_as_gaussian_information_of_the_variates_kept():
    rng = np.random.default_rng(0)
    found = [[some_variates(rng, 80, summed, 2, 0.5)] for summed in (1, 3)]
    split = cross_fit(np.arange(80), 2, 1, 0)[0]
    sums = _products(found, split.test).sum(2)
    expected = []
    for (one,), summed in zip(found, (1, 3), strict=True):
        rho = correlations(one.u[split.test], one.v[split.test])[:summed]
        expected.append(np.sum(-0.5 * np.sign(rho) * np.log(1 - rho**2)))
    assert information_of_sums(sums)[:, 0] == pytest.approx(expected, abs=1e-5)


def test_a_correlation_of_one_has_finite_information():
    sums = np.array([[5.0, 7.0, 7.0, 7.0], [5.0, 0.0, 0.0, 0.0]])
    found = information_of_sums(sums)
    assert 6 < found[0] < 8
    assert found[1] == 0


@pytest.mark.parametrize("temper", [0.5, 0.0])
def test_test_rows_are_read_as_infonce_of_the_log_ratio(temper):
    rng = np.random.default_rng(0)
    one = some_variates(rng, 80, 3, 2, temper)
    groups = np.arange(80) // 2
    split = cross_fit(groups, 2, 1, 0)[0]
    found = _nats([[one]], groups[split.test], split.test)
    u, v = (gaussian_ranks(side[split.test, :2]) for side in (one.u, one.v))
    scores = temper * gaussian_log_ratio(u, v, one.correlation[:2]).astype(float)
    expected = infonce_rows(scores, groups[split.test]).mean()
    assert found[0, 0].mean() == pytest.approx(expected, abs=1e-5)


def test_learning_scores_validation_and_test_of_every_split(gaussian):
    samples = gaussian(400, 3, [0.8, 0.0])
    splits = cross_fit(samples.groups, 2, 2, 0)
    learned = Canonical().learn(SplitSamples(samples, splits, samples.groups, 2, seed=0))
    assert set(learned) == {"cca", "cca-infonce"}
    truth = -1.5 * math.log(1 - 0.64)
    for pairs in learned.values():
        for (validation, test), split in zip(pairs, splits, strict=True):
            assert (test.seed, test.fold) == (split.seed, split.fold)
            assert set(validation.blocks) == set(split.validation)
            assert set(test.blocks) == set(split.test)
        found = np.mean([test.value() for _, test in pairs], 0)
        assert truth - 0.5 < found[0, 0] < truth + 0.2
        assert np.all(np.abs(found[[0, 1, 1], [1, 0, 1]]) < 0.1)


def blanks(n, d, seed):
    """Independent rows, but for blank ones, which are blank on both sides; and the bits of that."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((2, n, d)).astype("f4")
    blank = rng.random(n) < 0.7
    x[blank], y[blank] = rng.standard_normal((2, d))
    share = np.array([blank.mean(), 1 - blank.mean()])
    return x, y, -float(share @ np.log2(share))


@pytest.mark.parametrize("seed", [0, 1])
def test_blank_rows_are_told_from_others_and_not_from_each_other(seed):
    """The last digit of a product, made a rank, hid what they tell: -0.13 bits of 0.90."""
    x, y, bits = blanks(400, 64, seed)
    found = imleak.estimate(x, y, "cca-infonce", folds=5, seeds=1, seed=seed)
    assert bits / 2 < found.value < bits
    assert found.verdict == "leak"


def test_equal_rows_of_a_fold_tell_nothing():
    """All but one row are 0 on both sides: 0.12 bits, of which the fold of the other sees none."""
    x = np.zeros(60)
    x[7] = 1
    found = imleak.estimate(x, x.copy(), "cca-infonce", folds=5, seeds=1)
    assert abs(found.value) < 1e-6


def test_variates_of_equal_rows_are_equal(pair_up):
    x, y, _ = blanks(301, 64, seed=2)
    samples = pair_up(x, y)
    (level,) = variates_of(samples, cross_fit(samples.groups, 5, 1, 0)[0])
    for side in (level[0].u, level[0].v):
        assert len(np.unique(side, axis=0)) == len(np.unique(x, axis=0))
