"""So many images cannot show more: no lower bound is shown above its ceiling."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from imleak.estimators.heldout.crossfit import CrossFitted

ROWS, SPREAD = 60, 0.05


class Says(CrossFitted):
    """An estimator whose every test row says what it is told, at one level after the other."""

    name, read = "says", "says"

    def __init__(self, *bits, bound="lower", **options):
        super().__init__(folds=3, seeds=2, **options)
        self.bits, self.bound = bits, bound

    def learner(self):
        return SimpleNamespace(learn=self.learn)

    def learn(self, given):
        parts = [[self.of(given, s, part) for part in (s.validation, s.test)] for s in given.splits]
        return {"says": parts}

    def of(self, given, split, rows):
        noise = SPREAD * np.random.default_rng(0).standard_normal(ROWS)[rows]
        true = np.array(self.bits)[:, None] * math.log(2) + noise
        values = np.stack([true, np.broadcast_to(noise, true.shape)], 1)
        return given.score(split, rows, values)


CEILING = math.log2(20)


@pytest.fixture
def samples(gaussian):
    return gaussian(ROWS, 2, [0.5, 0.5])


def test_a_lower_bound_is_shown_as_its_ceiling_and_saturated(samples):
    below, above = Says(2.0, 9.39).estimate(samples)
    assert below.value == pytest.approx(2, abs=0.05)
    assert (below.verdict, below.details) == ("leak", {})
    assert above.value == above.ceiling == pytest.approx(CEILING)
    assert above.interval == (above.ceiling, above.ceiling)
    assert above.verdict == "saturated"
    assert above.details["uncapped"] == pytest.approx(9.39, abs=0.05)


def test_what_is_no_bound_is_shown_as_it_is(samples):
    _, above = Says(2.0, 9.39, bound="none").estimate(samples)
    assert above.value == pytest.approx(9.39, abs=0.05)
    assert above.details == {}


def test_growth_is_shown_below_it_too(samples):
    _, above = Says(2.0, 9.39, growth=True).estimate(samples)
    assert {point.value for point in above.growth} == {above.ceiling}
    assert above.rising is False


def test_a_constant_of_few_values_has_a_ceiling_of_its_own(pair_up):
    x = np.arange(ROWS)[:, None] % 4
    (found,) = Says(9.39).estimate(pair_up(x, x // 2, sizes=(2,)))
    assert (found.value, found.ceiling) == (1, 1)


def test_not_a_number_stays_unreliable(samples):
    (nothing, _) = Says(math.nan, 1.0).estimate(samples)
    assert math.isnan(nothing.value)
    assert nothing.verdict == "unreliable"
