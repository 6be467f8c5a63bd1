"""Drawing from counted rows is drawing pixels."""

import numpy as np
import pytest
from scipy import stats

from imleak.estimators.samples.counted import MOST_DRAWN, drawn


@pytest.fixture
def counted(pair_up):
    """Three images of four values each, which occur unequally often."""
    rng = np.random.default_rng(0)
    values = np.tile(np.arange(4.0), 3)[:, None]
    groups = np.repeat([5, 9, 11], 4)
    counts = rng.integers(1, 50, 12).astype(float) * np.repeat([1, 100, 7], 4)
    return pair_up(values, np.stack([values, values % 2]), groups, weights=counts)


def test_rows_without_counts_are_as_they_are(pair_up):
    samples = pair_up(np.zeros((3, 1)), np.zeros((3, 1)))
    assert drawn(samples, 0) is samples


def test_every_image_gives_as_many_rows(counted):
    found = drawn(counted, 0)
    assert found.weights is None
    groups, counts = np.unique(found.groups, return_counts=True)
    np.testing.assert_array_equal(groups, [5, 9, 11])
    assert set(counts) == {MOST_DRAWN // 3}
    np.testing.assert_array_equal(found.y[0], found.x)
    np.testing.assert_array_equal(found.y[1], found.x % 2)


def test_values_come_as_often_as_they_occur(counted):
    found = drawn(counted, 0)
    for group in (5, 9, 11):
        expected = counted.weights[counted.groups == group]
        seen = np.bincount(found.x[found.groups == group, 0].astype(int))
        assert stats.chisquare(seen, expected / expected.sum() * seen.sum()).pvalue > 1e-3


def test_draws_are_those_of_the_seed(counted):
    np.testing.assert_array_equal(drawn(counted, 3).x, drawn(counted, 3).x)
    assert not np.array_equal(drawn(counted, 3).x, drawn(counted, 4).x)


def test_even_very_many_images_give_one_row_each(counted, monkeypatch):
    monkeypatch.setattr("imleak.estimators.samples.counted.MOST_DRAWN", 2)
    np.testing.assert_array_equal(drawn(counted, 0).groups, [5, 9, 11])
