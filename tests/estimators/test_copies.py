"""Copies of rows share a group, and rows of few values do not."""

import warnings

import numpy as np
import pytest

import imleak
from imleak.estimators.samples.copies import as_equal, equal_rows, joined

RNG = np.random.default_rng(0)


def groups_of(x, y, groups=None):
    x, y = (side[:, None] if side.ndim == 1 else side for side in (x, y))
    found, copies = joined(np.arange(len(x)) if groups is None else groups, x, y[None])
    return found, copies


@pytest.mark.parametrize("side", [lambda n: RNG.standard_normal((n, 4)), lambda n: RNG.random(n)])
@pytest.mark.parametrize("copies", [2, 3, 7])
def test_rows_given_several_times_are_one_group_each(side, copies):
    x, y = np.concatenate([side(66)] * copies), np.concatenate([RNG.integers(0, 2, 66)] * copies)
    found, count = groups_of(x, y)
    assert count == 66 * (copies - 1)
    assert len(np.unique(found)) == 66
    np.testing.assert_array_equal(found, np.tile(found[:66], copies))


def test_only_what_is_copied_is_joined():
    x, y = RNG.random(50), RNG.random(50)
    x[[7, 9]], y[[7, 9]] = x[3], y[3]
    x[20] = x[21]
    y[30] = y[31]
    found, count = groups_of(x, y)
    assert count == 2
    assert found[3] == found[7] == found[9]
    assert len(np.unique(found)) == 48


def test_groups_that_share_a_copy_become_one():
    x, y = RNG.random(40), RNG.random(40)
    groups = np.arange(40) // 4
    x[[5, 9]], y[[5, 9]] = x[0], y[0]
    x[3], y[3] = x[2], y[2]
    found, count = groups_of(x, y, groups)
    assert count == 2, "the other stands in its own group already"
    assert len(np.unique(found)) == 8
    assert len(np.unique(found[:12])) == 1


@pytest.mark.parametrize(
    "values",
    [
        lambda n: RNG.integers(0, 2, n),
        lambda n: RNG.integers(0, 256, n).astype(np.uint8),
        lambda n: RNG.integers(-128, 128, n).astype(np.int8),
        lambda n: RNG.integers(0, 30, n) * 0.1 + 36.6,
        lambda n: RNG.integers(0, 30, n) * np.pi * 1e-300 + 1e-297,
        lambda n: (RNG.integers(0, 50, n) / 10).astype(np.float32),
        lambda n: RNG.integers(0, 99, n) + 2**60,
        lambda n: np.log1p(RNG.poisson(3.0, n)),
        lambda n: np.maximum(RNG.standard_normal(n), 0),
        lambda n: np.full(n, 3.0),
    ],
)
def test_values_that_are_few_may_repeat(values):
    """Of labels, pixels, rounded numbers, counts, zeros: with y the same, or its half."""
    x = values(500)
    for y in (x, x // 2 if x.dtype.kind in "iu" else x > 0):
        found, count = groups_of(x, np.asarray(y))
        assert count <= 25, "but for a rare value of counts, here and there"
        assert len(np.unique(found)) >= 475


@pytest.mark.parametrize("values", [lambda n: np.log1p(RNG.poisson(9.0, n))])
def test_rows_of_one_side_alone_are_no_copies(values):
    x, y = values(300), RNG.random(300)
    assert groups_of(x, y)[1] == 0
    assert groups_of(np.repeat(RNG.random(100), 3), RNG.random(300))[1] == 0


def test_copies_are_equal_at_every_level():
    x, y = np.tile(RNG.random((30, 1)), (2, 1)), np.tile(RNG.random((2, 30, 1)), (1, 2, 1))
    assert joined(np.arange(60), x, y)[1] == 30
    y[1, 0] += 1
    assert joined(np.arange(60), x, y)[1] == 29


def test_independent_rows_given_three_times_are_no_leak():
    for seed in range(8):
        rng = np.random.default_rng(seed)
        x, y = (np.tile(rng.standard_normal((66, 4)), (3, 1)) for _ in range(2))
        with pytest.warns(UserWarning, match="132 rows are exact copies of others"):
            found = imleak.estimate(x, y, "cca-infonce", seeds=1)
        assert found.verdict not in ("leak", "saturated")
        assert found.details["copies"] == 132
        assert found.test_groups == 66


def test_pixels_are_counted_one_by_one():
    x = np.random.default_rng(0).integers(0, 256, 2000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = imleak.estimate(x, x >> 4, "cca-infonce", folds=2, seeds=1)
    assert found.test_groups == 2000
    assert found.details == {}
    assert found.verdict == "leak"


def test_zeros_are_equal_whatever_their_sign():
    assert list(equal_rows(np.array([[0.0, 1], [-0.0, 1], [1, -0.0]], "f4"))) == [0, 0, 1]
    assert list(equal_rows(np.array([[2**62], [2**62 + 1], [2**62]]))) == [0, 1, 0]


@pytest.mark.parametrize("dimension", [1, 7, 64, 256])
def test_what_is_computed_of_equal_rows_is_equal(dimension):
    """A product rounds a row by its place among the others."""
    rows = RNG.standard_normal((61, dimension)).astype("f4")
    rows[::3] = rows[0]
    numbers = equal_rows(rows)
    assert [len(np.unique(numbers)), *numbers[:5]] == [41, 0, 1, 2, 0, 3]
    product = rows @ RNG.standard_normal((dimension, 16)).astype("f4")
    found = as_equal(product, numbers)
    assert len(np.unique(found[::3], axis=0)) == 1
    np.testing.assert_allclose(found, product, rtol=1e-3, atol=1e-4)
    some = RNG.permutation(61)[:40]
    np.testing.assert_array_equal(
        np.unique(as_equal(product[some], numbers[some]), axis=0).shape[0],
        len(np.unique(numbers[some])),
    )
    other = np.arange(61)
    assert as_equal(product, other) is product, "nothing is equal, and nothing copied"
