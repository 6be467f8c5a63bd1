"""First places and what they need at least, against scipy and against Fano's formula."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from imleak.estimators.bounds import bernoulli_divergence
from imleak.estimators.critics.contrastive import Contrastive
from imleak.estimators.critics.training import Schedule
from imleak.estimators.retrieval import Retrieval, clopper_pearson


class Quick(Retrieval):
    """Fewer steps."""

    def learner(self):
        return Contrastive(schedule=Schedule(steps=120, batch=100, rate=1e-2, decay=0.1))


@given(st.integers(0, 60), st.integers(1, 60))
@settings(deadline=None)
def test_clopper_pearson_is_scipy_s(hits, trials):
    hits = min(hits, trials)
    expected = stats.binomtest(hits, trials).proportion_ci(0.95, method="exact")
    assert clopper_pearson(hits, trials) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_an_average_of_hits_lies_between_its_neighbours():
    below, between, above = (clopper_pearson(hits, 20) for hits in (7, 7.4, 8))
    assert below < between < above


@pytest.fixture(scope="module")
def found(gaussian):
    """90 images in folds of 30: copies, something, nothing."""
    return Quick(folds=3, seeds=2).estimate(gaussian(90, 4, [1.0, 0.8, 0.0]), seed=0)


def test_copies_are_found_every_time_and_that_needs_everything(found):
    copies = found[0]
    assert copies.details == {"R@1": 1.0, "among": 30.0}
    assert copies.value == pytest.approx(math.log2(30))
    assert copies.ceiling == pytest.approx(math.log2(30))
    assert copies.verdict == "saturated"


def test_the_interval_is_clopper_pearson_s_of_as_many_trials_as_images(found):
    for one in found:
        share = one.details["R@1"]
        interval = stats.beta.ppf(0.025, share * 90, 91 - share * 90) if share else 0
        low = bernoulli_divergence(np.array(interval), 1 / 30) / math.log(2)
        assert one.interval[0] == pytest.approx(float(low))
        assert one.interval[0] <= one.value <= one.interval[1] + 1e-9
        assert (one.bound, one.test_groups, one.seeds) == ("lower", 90, 2)


def test_independent_views_are_found_by_chance(found):
    nothing = found[2]
    assert nothing.details["R@1"] < 0.12
    assert nothing.verdict == "no leak found"
    assert all(abs(one.null.mean) < 0.1 for one in found)


def test_a_lower_bound_lies_below_the_truth(found):
    truth = -2 * math.log2(1 - 0.64)
    assert 0.1 < found[1].value < truth
    assert 0.05 < found[1].details["R@1"] < 0.9


@pytest.mark.parametrize("images", [90, 31])
def test_the_value_lies_in_its_interval_and_below_its_ceiling(gaussian, images):
    """In folds of unequal size too."""
    (copies,) = Quick(folds=3, seeds=1).estimate(gaussian(images, 4, [1.0]), seed=0)
    assert copies.interval[0] <= copies.value <= copies.interval[1] + 1e-9
    assert copies.value <= copies.ceiling + 1e-9


def test_an_image_counts_once_however_many_rows_it_has(gaussian, pair_up):
    once = gaussian(60, 4, [1.0])
    noise = 0.01 * np.random.default_rng(0).standard_normal((180, 4))
    x = np.repeat(once.x, 3, axis=0)
    samples = pair_up(x, x + noise, np.repeat(np.arange(60), 3))
    (one,) = Quick(folds=3, seeds=1).estimate(samples)
    assert one.details["among"] == 20
    assert one.details["R@1"] > 0.3, "rows of one image are no candidates"
    assert one.ceiling == pytest.approx(math.log2(20))
    assert (one.n, one.test_groups) == (180, 60)


def test_intervals_of_growth_are_those_of_shares(gaussian):
    (found,) = Quick(folds=3, seeds=1, growth=True).estimate(gaussian(90, 4, [1.0]), seed=0)
    assert found.growth[-1].interval == found.interval
    assert found.interval[0] < found.interval[1] == pytest.approx(found.ceiling)
    assert all(low < high for low, high in (point.interval for point in found.growth))


def test_no_end_of_an_interval_is_above_the_ceiling(gaussian):
    samples = replace(gaussian(60, 4, [1.0]), sizes=(4,))
    (found,) = Quick(folds=3, seeds=1).estimate(samples, seed=0)
    assert found.value == found.interval[1] == found.ceiling == 2
