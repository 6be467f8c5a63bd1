"""A level is recommended only where the results support one."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imleak.report.adversaries import Adversary, Look
from imleak.report.recommend import Recommendation, recommend

EMPTY = pd.DataFrame(
    {"scheme": "bitplanes", "measure": "histogram", "level": range(4), "ceiling": [8.0, 4, 2, 0]}
)


def look(verdict: str, value: float = 0.0, rising: bool | None = False) -> Look:
    return Look(value, value - 0.05, value + 0.05, verdict, rising)


SEEN = look("saturated", 4.0)
QUIET = look("no leak found")


def adversary(*looks: Look, **more: Any) -> Adversary:
    given: dict[str, Any] = {
        "scheme": "bitplanes",
        "encoder": "clip",
        "measure": "best",
        "bound": "lower",
        "detectable": 0.05,
        "train": 500,
        "test": 100,
        "untrained": False,
    }
    return Adversary(**(given | more), looks=dict(enumerate(looks)))


def advice(*everyone: Adversary, acceptable: float = 0.1, summary: Any = None) -> Recommendation:
    rows = EMPTY.assign(ceiling=8.0) if summary is None else summary
    return recommend(rows, everyone, acceptable)


def test_the_lowest_level_from_which_nothing_speaks_against_it() -> None:
    found = advice(adversary(SEEN, look("leak", 0.5), QUIET, QUIET))
    assert found.level == 2
    assert found.words == (
        "For at most 0.10 bit a patch: s = 2, against the adversaries named below and no others."
    )


def test_a_level_below_one_that_leaks_is_not_recommended() -> None:
    found = advice(adversary(SEEN, QUIET, look("leak", 0.5), QUIET))
    assert found.level == 3


def test_a_small_leak_that_does_not_grow_is_acceptable() -> None:
    small = look("leak", 0.3)
    assert advice(adversary(SEEN, small, small, small), acceptable=0.4).level == 1
    assert advice(adversary(SEEN, small, small, small), acceptable=0.3).level is None


@pytest.mark.parametrize(
    ("last", "more", "why"),
    [
        (look("leak", 0.5), {}, "at s = 3 best on clip finds 0.50 bit [0.45, 0.55]"),
        (look("saturated", 0.01), {}, "finds as much as it can show"),
        (look("unreliable", 0.01), {}, "is unreliable"),
        (look("leak", 0.02, rising=True), {}, "would find more with more images"),
        (look("leak", 0.02, rising=None), {}, "whether it grows was not measured (--growth)"),
        (look("no leak found", rising=True), {}, "would find more with more images"),
        (QUIET, {"detectable": math.nan}, "was not measured (--sensitivity)"),
        (QUIET, {"detectable": math.inf}, "no planted leak was found"),
        (QUIET, {"detectable": 0.5}, "a leak below 0.50 bit may have gone unseen"),
        (QUIET, {"untrained": True}, "no adversary with trained features"),
        (QUIET, {"encoder": "pixels"}, "no adversary with trained features"),
    ],
)
def test_nothing_is_recommended_without_support(last: Look, more: Any, why: str) -> None:
    found = advice(adversary(SEEN, SEEN, SEEN, last, **more))
    assert found.level is None
    assert found.words.startswith("No level is recommended for at most 0.10 bit: ")
    assert why in found.words


def test_an_adversary_that_is_blind_supports_nothing() -> None:
    found = advice(adversary(QUIET, QUIET, QUIET, QUIET))
    assert found.level is None
    assert "nothing even where nothing is encrypted" in found.words
    seeing = adversary(SEEN, QUIET, QUIET, QUIET)
    assert advice(adversary(QUIET, QUIET, QUIET, QUIET), seeing).level == 1


def test_one_keen_adversary_is_enough_and_one_leak_too_much() -> None:
    dull = adversary(SEEN, QUIET, QUIET, QUIET, detectable=math.inf)
    assert advice(dull).level is None
    assert advice(dull, adversary(SEEN, QUIET, QUIET, QUIET)).level == 1
    assert advice(dull, adversary(SEEN, *[look("leak", 0.9)] * 3)).level is None


def test_where_nothing_is_left_anything_is_acceptable() -> None:
    found = advice(summary=EMPTY, acceptable=1e-5)
    assert found.level == 3
    assert found.words.startswith("For at most 0.000010 bit: s = 3, where nothing is left")
    assert "below it, at s = 2 no adversary" in found.words


@given(
    st.lists(
        st.sampled_from(["leak", "no leak found", "unreliable", "saturated"]),
        min_size=4,
        max_size=4,
    ),
    st.lists(st.floats(0, 5), min_size=4, max_size=4),
    st.floats(0.01, 4),
    st.floats(0.01, 4),
)
def test_more_may_leak_never_asks_for_a_higher_level(
    verdicts: tuple[str, ...], values: tuple[float, ...], one: float, other: float
) -> None:
    who = adversary(*(look(*pair) for pair in zip(verdicts, values, strict=True)))
    strict, lax = (advice(who, acceptable=bits).level for bits in sorted((one, other)))
    if strict is not None:
        assert lax is not None
        assert lax <= strict
        assert all(who.looks[s].verdict in ("leak", "no leak found") for s in range(strict, 4))
