"""Nearest neighbours against scikit-learn's and against closed forms."""

import math

import numpy as np
import pytest
from scipy.special import digamma
from sklearn.feature_selection import mutual_info_regression

from imleak.estimators.ksg import Ksg, TooManyDimensionsError, nearest_neighbours
from imleak.interfaces import ImleakError


@pytest.mark.parametrize("k", [1, 3, 7])
@pytest.mark.parametrize("rho", [0.4, 0.9])
def test_scalars_have_the_information_scikit_learn_says(gaussian, k, rho):
    samples = gaussian(400, 1, [rho])
    expected = mutual_info_regression(samples.x, samples.y[0, :, 0], n_neighbors=k, random_state=0)
    x, y = (side / side.std() for side in (samples.x.astype(float), samples.y[0].astype(float)))
    assert nearest_neighbours(x, y, k) == pytest.approx(expected[0], abs=1e-6)
    (found,) = Ksg(k=k, nulls=1).estimate(samples)
    assert found.value * math.log(2) == pytest.approx(expected[0], abs=1e-3)


@pytest.mark.parametrize(("d", "rho"), [(1, 0.6), (1, 0.95), (2, 0.6), (3, 0.5)])
def test_gaussians_have_their_closed_form(gaussian, d, rho):
    (found,) = Ksg(nulls=5).estimate(gaussian(2000, d, [rho]))
    truth = -d / 2 * math.log2(1 - rho**2)
    assert found.value == pytest.approx(truth, abs=0.12)
    low, high = found.interval
    assert low - 0.1 < truth < high + 0.1
    assert 0.02 < high - low < 0.4
    assert found.verdict == "leak"
    assert abs(found.null.mean) < 0.06
    assert found.ceiling == pytest.approx((digamma(2000) - digamma(4)) / math.log(2))


def test_what_no_correlation_shows_is_found(pair_up):
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * math.pi, 1000)
    noise = rng.standard_normal((1000, 1))
    samples = pair_up(np.cos(angle)[:, None], np.sin(angle)[:, None] + 0.05 * noise)
    (found,) = Ksg(nulls=5).estimate(samples)
    assert found.verdict == "leak"
    assert found.value > 1


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_units_do_not_matter(gaussian, pair_up, unit):
    samples = gaussian(300, 2, [0.7])
    scaled = pair_up(samples.x * unit, samples.y / np.float32(unit))
    one, other = (Ksg(nulls=3).estimate(given)[0] for given in (samples, scaled))
    assert one.value == pytest.approx(other.value, abs=1e-3)


def test_ties_are_parted_and_discrete_values_keep_their_entropy(pair_up):
    """Of eight equally likely values, most of the three bits (equal rows are neighbours
    by the noise that parts them, and the estimate is biased towards zero)."""
    values = np.random.default_rng(0).integers(0, 8, (1500, 1))
    (found,) = Ksg(nulls=3).estimate(pair_up(values, values))
    assert math.isfinite(found.value)
    assert found.verdict == "leak"


def test_rows_that_repeat_an_image_show_in_the_null(pair_up):
    """Fifty like rows of each of forty independent pairs look dependent, and so do broken
    pairs of whole images: no leak is claimed."""
    rng = np.random.default_rng(0)
    x, y = np.repeat(rng.standard_normal((2, 40, 1)), 50, axis=1)
    x, y = (side + 1e-3 * rng.standard_normal(side.shape) for side in (x, y))
    (found,) = Ksg(nulls=5).estimate(pair_up(x, y, np.repeat(np.arange(40), 50)))
    assert found.value > 1
    assert found.null.p95 > 1
    assert found.verdict == "no leak found"
    assert found.test_groups == 40


def test_many_dimensions_are_refused_with_what_would_work(gaussian):
    with pytest.raises(TooManyDimensionsError, match=r"at most 10 dimensions.*given 11.*infonce"):
        Ksg().estimate(gaussian(50, 11, [0.5]))


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 8])
def test_too_few_rows_are_refused_in_one_line(gaussian, rows):
    """No interval can be given that means something, so no estimate is."""
    with pytest.raises(ImleakError) as caught:
        Ksg().estimate(gaussian(rows, 1, [0.5]))
    assert "\n" not in str(caught.value)


def test_no_neighbour_is_refused():
    with pytest.raises(ValueError, match="k=0"):
        Ksg(k=0)


@pytest.mark.parametrize("k", [1, 3])
def test_what_rows_can_show_is_shown_and_called_saturated(gaussian, pair_up, k):
    x = gaussian(300, 1, [0.0]).x
    (found,) = Ksg(k=k, nulls=3).estimate(pair_up(x, 2 * x + 1))
    assert found.value == pytest.approx(found.ceiling, abs=0.01)
    assert found.verdict == "saturated"
