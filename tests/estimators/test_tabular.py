"""MINE on a table: its expectations are those of all pixels, its exact value the entropy."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from imleak.estimators.bounds import donsker_varadhan
from imleak.estimators.critics.networks import JointCritic
from imleak.estimators.critics.table import _distinct, _expectations, _scaled, entropy
from imleak.estimators.tabular import NotCountedError, TabularMine

VALUES = np.arange(8.0)
COUNTS = np.array([1, 5, 2, 8, 3, 1, 4, 6])
VIEWS = np.stack([VALUES, VALUES % 4, VALUES // 4, np.zeros(8)])


@pytest.fixture
def table(pair_up):
    return pair_up(VALUES[:, None], VIEWS[..., None], weights=COUNTS.astype(float))


@pytest.fixture
def pixels(pair_up):
    """The same, a row a pixel."""
    x = np.repeat(VALUES, COUNTS)
    return pair_up(x[:, None], np.repeat(VIEWS, COUNTS, 1)[..., None])


def test_expectations_are_those_over_all_pairs_of_pixels():
    """Donsker-Varadhan of every pixel and of every pair of pixels, for any network."""
    weights = COUNTS / COUNTS.sum()
    critic = JointCritic((1, 4, 1), 1, 1, (9, 7), torch.Generator().manual_seed(0))
    with torch.no_grad():
        critic.deep[-1].mul_(10)
        x, own = torch.from_numpy(_scaled(VALUES)), torch.from_numpy(_scaled(VIEWS))
        rows, shares = _distinct(VIEWS, weights)
        p = torch.from_numpy(weights).float()
        joint, marginal = _expectations(critic, x, own, rows, shares, p)
        at = np.repeat(np.arange(8), COUNTS)
        every, other = (pair.ravel() for pair in np.meshgrid(at, at))
        for level in range(4):

            def score(i, j, level=level):
                hx, hy = critic.halves(
                    x[i, None].expand(1, 1, -1, -1), own[:, j, None].expand(1, -1, -1, -1)
                )
                return critic.score(hx, hy)[0, level, 0]

            expected = donsker_varadhan(score(at, at), score(every, other))
            assert float(joint[level] - marginal[level]) == pytest.approx(float(expected), abs=1e-4)


def test_the_exact_value_is_the_entropy_of_the_view(table, pixels):
    for samples in (table, pixels):
        found = TabularMine(epochs=2).estimate(samples)
        for one, view in zip(found, VIEWS, strict=True):
            counts = np.bincount(view.astype(int), COUNTS)
            assert one.exact == pytest.approx(stats.entropy(counts, base=2), abs=1e-9)
            assert one.ceiling == one.exact


def test_an_entropy_of_nothing_is_zero_without_a_sign():
    assert str(entropy(np.array([0.4, 0.6]), np.zeros(2))) == "0.0"


def test_values_that_never_occur_change_nothing(pair_up):
    weights = np.array([1.0, 1, 2, 0])
    samples = pair_up([[0], [1], [2], [3]], [[0], [0], [1], [2]], weights=weights)
    (found,) = TabularMine(epochs=3).estimate(samples)
    assert found.exact == pytest.approx(1.0)
    assert math.isfinite(found.value)


def test_training_nears_the_exact_value_from_below(table):
    found = TabularMine(epochs=300, rate=1e-2, hidden=(40, 40)).estimate(table, seed=1)
    for one in found:
        assert max(one.history) <= one.exact + 1e-4
    assert [one.value for one in found[:3]] == pytest.approx(
        [one.exact for one in found[:3]], rel=0.15
    )
    assert abs(found[3].value) < 1e-5


def test_pixels_and_their_table_are_one(table, pixels, pair_up):
    """Neither the size of the image nor how it is counted changes the estimate."""
    larger = pair_up(VALUES[:, None], VIEWS[..., None], weights=1e6 * COUNTS)
    of_table, of_pixels, of_larger = (
        TabularMine(epochs=20).estimate(samples) for samples in (table, pixels, larger)
    )
    for one, other, large in zip(of_table, of_pixels, of_larger, strict=True):
        assert one.value == pytest.approx(other.value, abs=1e-5)
        assert one.value == pytest.approx(large.value, abs=1e-5)
        assert one.n == other.n == COUNTS.sum()
        assert large.n == 1e6 * COUNTS.sum()


def test_images_are_pooled(pair_up):
    """Two images with half of the counts each are their sum."""
    once = pair_up(VALUES[:, None], VIEWS[..., None], weights=COUNTS.astype(float))
    twice = pair_up(
        np.tile(VALUES, 2)[:, None], np.tile(VIEWS, 2)[..., None],
        groups=np.repeat([0, 1], 8), weights=np.concatenate([COUNTS * 0.25, COUNTS * 0.75]),
    )  # fmt: skip
    one, other = (TabularMine(epochs=20).estimate(samples)[0] for samples in (once, twice))
    assert one.value == pytest.approx(other.value, abs=1e-5)
    assert (one.train_groups, other.train_groups) == (8, 2)


def test_every_epoch_is_reported(table):
    shares = []
    found = TabularMine(epochs=7).estimate(table, progress=shares.append)
    assert shares == pytest.approx(np.arange(1, 8) / 7)
    for one in found:
        assert len(one.history) == 7
        assert one.history[-1] == one.value
        assert (one.bound, one.protocol, one.verdict) == ("lower", "in-sample", None)


def test_drawn_batches_train_towards_the_same_value(table):
    found = TabularMine(epochs=300, rate=1e-2, hidden=(40, 40), batch=200).estimate(table)
    exact = [one.exact for one in found[:3]]
    assert [one.value for one in found[:3]] == pytest.approx(exact, rel=0.15)
    for one in found:
        assert max(one.history) <= one.exact + 1e-4, "reported on the whole table"


def test_vectors_are_refused_with_what_would_work(pair_up):
    with pytest.raises(NotCountedError, match=r"given 3 dimensions.*encoder pixels, or use mine"):
        TabularMine().estimate(pair_up(np.eye(5, 3), np.eye(5, 3)))
    with pytest.raises(NotCountedError, match="scalar pixels"):
        TabularMine().estimate(pair_up(np.eye(5, 1), np.eye(5, 2)))


def test_a_constant_beside_a_scalar_is_no_dimension(pair_up):
    x = np.arange(6)[:, None] % 3
    beside = np.hstack([np.full((6, 1), 1e7), x])
    (found,) = TabularMine(epochs=1).estimate(pair_up(x, beside))
    assert found.exact == pytest.approx(math.log2(3))


def test_too_many_values_are_refused(pair_up):
    many = np.arange(2000)[:, None]
    with pytest.raises(NotCountedError, match=r"at most 1024.*given 2000"):
        TabularMine().estimate(pair_up(many, many))


def test_no_epoch_is_refused():
    with pytest.raises(ValueError, match="epochs=0"):
        TabularMine(epochs=0)


def test_a_view_that_is_no_function_of_the_target_has_no_exact_value(pair_up):
    rng = np.random.default_rng(0)
    x, noise = rng.integers(0, 8, (2, 600))
    (found, function) = TabularMine(epochs=2).estimate(
        pair_up(x[:, None], np.stack([noise, x // 2])[..., None])
    )
    assert (found.bound, found.exact) == ("none", None)
    assert function.null is None
    assert function.bound == "lower"
    assert function.exact == pytest.approx(2, abs=0.01)


@pytest.mark.parametrize("counted", [False, True])
def test_what_it_fits_of_nothing_is_what_its_null_says(pair_up, counted):
    rng = np.random.default_rng(0)
    pairs = rng.integers(0, 8, (2, 400))
    counts = np.ones(400)
    if counted:
        pairs, counts = np.unique(pairs, axis=1, return_counts=True)
    x, y = pairs[0][:, None], pairs[1][None, :, None]
    samples = pair_up(x, y, weights=counts.astype(float) if counted else None)
    (found,) = TabularMine(epochs=300, rate=2e-2, hidden=(40, 40)).estimate(samples)
    assert found.n == 400
    assert found.value > 0.05, "a fit to noise"
    assert found.null.mean == pytest.approx(found.value, rel=0.5)
