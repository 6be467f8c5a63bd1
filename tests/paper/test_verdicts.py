from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imleak.paper.verdicts import Figure, Verdict, all_of, any_of, at_least, below, opposite

VERDICTS: tuple[Verdict, ...] = ("holds", "does not hold", "not decided")
verdicts = st.sampled_from(VERDICTS)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(1.0, 2.0, "holds"), (0.2, 0.9, "does not hold"), (0.9, 1.1, "not decided")],
)
def test_an_interval_against_a_threshold(low: float, high: float, verdict: Verdict) -> None:
    figure = Figure((low + high) / 2, low, high)
    assert at_least(figure, 1.0) == verdict
    assert below(figure, 1.0) == opposite(verdict)


def test_what_has_no_value_decides_nothing() -> None:
    nothing = Figure.of(lambda c: c.mean(-1), np.array([np.nan]), np.ones((3, 1)))
    assert at_least(nothing, 0) == below(nothing, 0) == "not decided"


@given(st.lists(verdicts, min_size=1))
def test_all_and_any_are_dual(some: list[Verdict]) -> None:
    assert any_of(*some) == opposite(all_of(*map(opposite, some)))
    assert all_of(*some) == all_of(*reversed(some))


@given(verdicts, verdicts)
def test_adding_a_part_never_makes_a_claim_stronger(one: Verdict, other: Verdict) -> None:
    order = {"does not hold": 0, "not decided": 1, "holds": 2}
    assert order[all_of(one, other)] == min(order[one], order[other])


def test_no_part_is_no_claim() -> None:
    assert all_of() == "not decided"


def test_the_interval_of_a_statistic_is_of_its_draws() -> None:
    draws = np.random.default_rng(0).standard_normal((20_000, 1))
    figure = Figure.of(lambda c: c[..., 0], np.array([0.0]), draws)
    assert figure.low == pytest.approx(-1.96, abs=0.05)
    assert figure.high == pytest.approx(1.96, abs=0.05)
    assert str(Figure(0.5, 0.5, 0.5)) == "0.5"
    assert str(Figure(0.5, 0.25, 0.75)) == "0.5 [0.25, 0.75]"
