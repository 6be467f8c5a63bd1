"""Planted leaks have the size they claim, and nothing else is new."""

import numpy as np
import pytest
from scipy import stats

from imleak.estimators.heldout import planted
from imleak.estimators.heldout.planted import LARGEST, REPEATS, SMALLEST, plant, smallest_detectable
from imleak.estimators.ksg import nearest_neighbours


def principal_direction(rows, k=0):
    """The k-th right singular vector of the centred rows."""
    return np.linalg.svd(rows - rows.mean(0), full_matrices=False)[2][k]


def standard(rows):
    return (rows - rows.mean(0)) / rows.std(0)


def normal_scores(column):
    return stats.norm.ppf((stats.rankdata(column) - 0.5) / len(column))


@pytest.fixture(scope="module")
def leaking(pair_up):
    """Two views of x in skewed coordinates: a copy, and noise."""
    rng = np.random.default_rng(0)
    n = 3000
    mix = np.array([[3, 1, 0], [1, 2, 0], [0, 0, 1]])
    x = standard(np.exp(rng.standard_normal((n, 3))) @ mix)
    return pair_up(x, np.stack([x, standard(rng.gamma(1.0, size=(n, 3)) @ mix)]))


@pytest.mark.parametrize("bits", [0.02, 0.3, 2.0])
def test_the_planted_correlation_is_that_of_the_bits(leaking, bits):
    """-1/2 log2(1 - rho^2) between the normal scores of the first principal directions."""
    found = plant(leaking, 0, bits, seed=0)
    of_x = normal_scores(leaking.x @ principal_direction(leaking.x))
    direction = principal_direction(leaking.y[0])
    rho = [np.corrcoef(of_x, normal_scores(y @ direction))[0, 1] for y in found.y]
    expected = np.sqrt(1 - 2 ** (-2 * bits))
    error = (1 - expected**2) / np.sqrt(len(of_x)) + 1e-4
    assert np.mean(rho) == pytest.approx(expected, abs=5 * error / np.sqrt(REPEATS) + 1e-3)
    assert np.std(rho) < 2 * error


@pytest.mark.parametrize("bits", [0.5, 1.5])
def test_the_planted_information_is_that_of_the_bits(pair_up, bits):
    """By nearest neighbours, which know nothing of how it was planted."""
    rng = np.random.default_rng(0)
    samples = pair_up(rng.standard_normal((2000, 1)), rng.exponential(size=(2000, 1)))
    found = plant(samples, 0, bits, seed=0)
    x = samples.x.astype(float)
    information = [
        nearest_neighbours(x, normal_scores(y[:, 0])[:, None], 3) / np.log(2) for y in found.y[:3]
    ]
    assert np.mean(information) == pytest.approx(bits, abs=0.06)


def test_marginals_are_kept_and_other_directions_untouched(leaking):
    found = plant(leaking, 0, 1.0, seed=0)
    direction = principal_direction(leaking.y[0])
    before = np.sort(leaking.y[0] @ direction)
    across = leaking.y[0] - np.outer(leaking.y[0] @ direction, direction)
    for y in found.y:
        np.testing.assert_allclose(np.sort(y @ direction), before, rtol=1e-4, atol=1e-3)
        rest = y - np.outer(y @ direction, direction)
        order, same = np.lexsort(rest.T.round(3)), np.lexsort(across.T.round(3))
        np.testing.assert_allclose(rest[order].mean(0), across[same].mean(0), atol=1e-3)
        np.testing.assert_allclose(np.sort(rest[:, 1]), np.sort(across[:, 1]), atol=1e-3)
    np.testing.assert_array_equal(found.x, leaking.x)
    np.testing.assert_array_equal(found.groups, leaking.groups)


def test_what_the_view_said_before_is_broken(leaking):
    """The view is a copy of the target; of that nothing is left but what was planted."""
    found = plant(leaking, 0, 0.001, seed=0)
    for y in found.y:
        rho = stats.spearmanr(leaking.x, y).statistic[:3, 3:]
        assert np.abs(rho).max() < 5 / np.sqrt(len(y)) + 0.04


def test_every_planting_is_another_one(leaking):
    found = plant(leaking, 1, 0.5, seed=0)
    assert found.y.shape == (REPEATS, *leaking.x.shape)
    assert found.y.dtype == np.float32
    assert len({y.tobytes() for y in found.y}) == REPEATS
    np.testing.assert_array_equal(found.y, plant(leaking, 1, 0.5, seed=0).y)
    assert not np.array_equal(found.y, plant(leaking, 1, 0.5, seed=1).y)
    assert found.sizes is None


def test_images_keep_their_rows_together(pair_up):
    """Rows of one image that are alike in y stay alike: the null keeps that likeness."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(200), 4)
    own = np.repeat(10 * rng.standard_normal((200, 1)), 4, axis=0)
    across = np.repeat(rng.standard_normal((200, 1)), 4, axis=0)
    y = standard(np.hstack([own, own + across]))
    samples = pair_up(rng.standard_normal((800, 2)), y, groups)
    direction = principal_direction(samples.y[0], 1)
    for y in plant(samples, 0, 0.1, seed=0).y:
        spread = (y @ direction).reshape(200, 4).std(1)
        assert spread.max() < 1e-3


@pytest.mark.parametrize("factor", [1e-30, 100.0, 1e30])
def test_the_unit_of_a_column_does_not_matter(leaking, pair_up, factor):
    unit = np.array([1, factor, 1])
    found = plant(pair_up(leaking.x * unit, leaking.y * unit), 1, 0.5, seed=0)
    np.testing.assert_allclose(found.y, plant(leaking, 1, 0.5, seed=0).y, atol=1e-4)


def threshold(bits, *, share=1.0):
    """A detector of `share` of the plantings whose correlation is worth `bits` or more."""

    def is_found(samples):
        of_x = normal_scores(samples.x[:, 0])
        rho = [np.corrcoef(of_x, normal_scores(y[:, 0]))[0, 1] for y in samples.y]
        said = -0.5 * np.log2(1 - np.mean(rho) ** 2)
        count = round(share * len(rho)) if said >= bits else 0
        return np.arange(len(rho)) < count

    return is_found


@pytest.fixture
def scalars(pair_up):
    rng = np.random.default_rng(0)
    return pair_up(rng.standard_normal((800, 1)), rng.exponential(size=(800, 1)))


@pytest.mark.parametrize(("bits", "share"), [(0.1, 0.8), (0.4, 1.0), (1.5, 0.9)])
def test_the_smallest_leak_a_detector_finds_is_found(scalars, bits, share):
    found = smallest_detectable(scalars, 0, threshold(bits, share=share), seed=0)
    assert bits * 0.9 <= found <= bits * 1.2


def test_a_power_of_less_than_80_percent_does_not_count(scalars):
    assert smallest_detectable(scalars, 0, threshold(0.4, share=0.7), seed=0) == np.inf


def test_a_detector_that_finds_nothing_or_everything(scalars):
    def found(every):
        return smallest_detectable(scalars, 0, lambda s: np.full(len(s.y), every), seed=0)

    assert found(False) == np.inf
    assert SMALLEST <= found(True) < 1.2 * SMALLEST


def test_the_detector_is_asked_about_the_level_it_was_told(pair_up, monkeypatch):
    asked = []

    def recording(samples, level, bits, seed):
        asked.append((level, bits, seed))
        return samples

    monkeypatch.setattr(planted, "plant", recording)
    samples = pair_up(np.zeros((4, 1)), np.zeros((3, 4, 1)))
    smallest_detectable(samples, 2, lambda s: np.array([True]), seed=7)
    assert {(level, seed) for level, _, seed in asked} == {(2, 7)}
    bits = [bits for _, bits, _ in asked]
    assert bits[0] == LARGEST
    assert bits == sorted(bits, reverse=True), "a bisection downwards"
    assert len(bits) == planted.ROUNDS + 1
