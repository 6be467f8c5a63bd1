"""A level is recommended only where the results support one."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from summaries import of_region

from imleak.report.answer import answer
from imleak.report.levels import Levels
from imleak.report.measures import Measure, Result
from imleak.report.recommend import Recommendation, recommend
from schemes import BITPLANES, LEVELS, RECORDED

EMPTY = pd.DataFrame(
    {"scheme": "bitplanes", "measure": "histogram", "level": range(4), "ceiling": [8.0, 4, 2, 0]}
)


def look(verdict: str, value: float = 0.0, rising: bool | None = False) -> Result:
    return Result(value, value - 0.05, value + 0.05, verdict, rising=rising)


KEYED = {"keys": "one"}
SEEN = look("saturated", 4.0)
QUIET = look("no leak found")


def adversary(*looks: Result, **more: Any) -> Measure:
    given: dict[str, Any] = {
        "row": "pixel" if more.get("encoder") == "pixels" else "patch",
        "encoder": "clip",
        "measure": "best",
        "headings": ("best",),
        "unit": "bit",
        "detectable": 0.05,
        "train": 500,
        "test": 100,
    }
    return Measure(**(given | more), results=dict(enumerate(looks)))


def matching(*looks: Result) -> Measure:
    """Bits an image that need no training; no leak, unless said, below .05."""
    more = {"unit": "bit/image", "measure": "match", "encoder": "layout", "train": None}
    more |= {"protocol": "zero-shot", "row": "image"}
    return adversary(*(looks or (SEEN, QUIET, QUIET, QUIET)), detectable=math.nan, **more)


def advice(*everyone: Measure, acceptable: float = 0.1, summary: Any = None) -> Recommendation:
    rows = EMPTY.assign(ceiling=8.0) if summary is None else summary
    return recommend(rows, everyone, LEVELS, acceptable)


def test_the_lowest_level_from_which_nothing_speaks_against_it() -> None:
    found = advice(adversary(SEEN, look("leak", 0.5), QUIET, QUIET), matching())
    assert found.level == 2
    assert found.words == (
        "For at most 0.10 bits an image: s = 2, against the adversaries named below and no "
        "others; whoever holds an image can still confirm it."
    )


def test_a_level_below_one_that_leaks_is_not_recommended() -> None:
    found = advice(adversary(SEEN, QUIET, look("leak", 0.5), QUIET), matching())
    assert found.level == 3


def test_a_small_leak_that_does_not_grow_is_acceptable() -> None:
    small = look("leak", 0.3)
    who = (adversary(SEEN, small, small, small), matching())
    assert advice(*who, acceptable=0.4).level == 1
    assert advice(*who, acceptable=0.3).level is None


@pytest.mark.parametrize(
    ("last", "more", "why"),
    [
        (look("leak", 0.5), {}, "at s = 3 best on clip finds 0.50 bits [0.45, 0.55]"),
        (look("saturated", 0.01), {}, ", as much as it can show"),
        (look("unreliable", 0.01), {}, "is unreliable"),
        (look("leak", 0.02, rising=True), {}, "would find more with more images"),
        (look("leak", 0.02, rising=None), {}, "whether it grows was not measured (--growth)"),
        (look("no leak found", rising=True), {}, "would find more with more images"),
    ],
)
def test_nothing_is_recommended_against_an_estimator(last: Result, more: Any, why: str) -> None:
    found = advice(adversary(SEEN, SEEN, SEEN, last, **more), matching())
    assert found.level is None
    assert found.words.startswith("No level is recommended for at most 0.10 bits: ")
    assert why in found.words


def test_of_one_adversary_the_surest_number_is_quoted() -> None:
    fano, infonce = Result(3.4, 1.9, 4.0, "leak", "lower"), Result(3.8, 3.4, 4.0, "leak", "lower")
    found = advice(matching(SEEN, fano, fano, fano), matching(SEEN, infonce, infonce, infonce))
    assert "finds 3.80 bits [3.40, 4.00]" in found.words


@pytest.mark.parametrize("who", [adversary(SEEN, QUIET, QUIET, QUIET), None])
def test_nothing_is_recommended_where_match_was_not_asked(who: Measure | None) -> None:
    found = advice(*filter(None, [who]))
    assert found.level is None
    assert "at s = 3 match, which needs no training, was not asked" in found.words


def test_who_finds_nothing_must_have_been_able_to() -> None:
    wide = Result(0.0, 0.0, 0.5, "no leak found")
    few = matching(SEEN, wide, wide, wide)
    assert "a leak below 0.50 bits may have gone unseen" in advice(few).words
    assert advice(few, acceptable=0.5).level == 1
    assert advice(few, adversary(SEEN, QUIET, QUIET, QUIET)).level == 1
    assert advice(few, adversary(SEEN, QUIET, QUIET, QUIET, detectable=math.nan)).level is None
    unknown = matching(SEEN, *[Result(0.0, math.nan, math.nan, "no leak found")] * 3)
    assert "is not known (--sensitivity)" in advice(unknown).words


def test_an_adversary_that_is_blind_supports_nothing() -> None:
    found = advice(matching(QUIET, QUIET, QUIET, QUIET))
    assert found.level is None
    assert "nothing even where nothing is encrypted" in found.words
    assert advice(adversary(QUIET, QUIET, QUIET, QUIET), matching()).level == 1


def test_one_leak_is_too_much() -> None:
    assert advice(matching(), adversary(SEEN, *[look("leak", 0.9)] * 3)).level is None
    assert advice(matching(SEEN, *[look("leak", 0.9)] * 3)).level is None


def test_confirming_and_single_pixels_are_no_judges() -> None:
    loud = [look("leak", 6.0)] * 4
    confirming = adversary(*loud, measure="confirm", unit="bit/image")
    assert advice(matching(), confirming, adversary(*loud, encoder="pixels")).level == 1


def test_where_nothing_is_left_anything_is_acceptable() -> None:
    found = advice(summary=EMPTY, acceptable=1e-5)
    assert found.level == 3
    assert found.words.startswith("For at most 0.000010 bits: s = 3, where nothing is left")
    assert "below it, at s = 2 match, which needs no training" in found.words


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
    strict, lax = (advice(who, matching(), acceptable=bits).level for bits in sorted((one, other)))
    if strict is not None:
        assert lax is not None
        assert lax <= strict
        assert all(who.results[s].verdict in ("leak", "no leak found") for s in range(strict, 4))


def inspecting(*levels: int) -> Measure:
    more = {"unit": "share", "measure": "inspect", "encoder": "pairs", "train": None}
    found = adversary(*[QUIET] * 3, protocol="zero-shot", **more)
    return replace(found, results=dict.fromkeys(levels, QUIET))


def of_ciphers(
    *everyone: Measure, faults: Any = (), inspected: tuple[int, ...] = (1, 2), of: Any = RECORDED
) -> Recommendation:
    rows = EMPTY.assign(scheme="recorded", ceiling=8.0).query("level < 3")
    judges = [*everyone, inspecting(*inspected)]
    return recommend(rows, judges, Levels.of(of), 0.1, dict(faults))


def test_ciphers_of_others_have_no_order_and_each_is_judged_by_itself() -> None:
    found = of_ciphers(matching(SEEN, QUIET, look("leak", 0.5)))
    assert found.level == 1
    assert found.words == (
        'For at most 0.10 bits an image: the ciphers "tile-xor", against the adversaries named '
        "below and no others; whoever holds an image can still confirm it. Not so: in the ciphers "
        '"aes-ctr" match on layout finds 0.50 bits [0.45, 0.55].'
    )
    every = of_ciphers(matching(SEEN, QUIET, QUIET))
    assert 'the ciphers "tile-xor" and the ciphers "aes-ctr", against' in every.words


def test_of_ciphers_that_nobody_inspected_none_is_recommended() -> None:
    found = of_ciphers(matching(SEEN, QUIET, QUIET), inspected=(2,))
    assert found.level == 2
    assert 'Not so: in the ciphers "tile-xor" the ciphers themselves were not' in found.words
    rows, keyed = EMPTY.assign(ceiling=8.0), {**BITPLANES, "scheme": BITPLANES["scheme"] | KEYED}
    one_key = recommend(rows, [matching()], Levels.of(keyed), 0.1)
    assert one_key.level is None
    assert "at s = 3 the ciphers themselves were not inspected (--measure inspect)" in one_key.words


def test_one_reason_of_several_ciphers_is_said_once_and_names_them() -> None:
    wide = Result(0.0, 0.0, 0.5, "no leak found")
    found = of_ciphers(matching(SEEN, wide, wide))
    assert found.words == (
        'No ciphers are recommended for at most 0.10 bits: in the ciphers "tile-xor" and '
        '"aes-ctr" a leak below 0.50 bits may have gone unseen.'
    )


def test_ciphers_in_which_a_fault_was_found_are_not_recommended() -> None:
    faults = {1: "a block of 64 x 64 samples repeats"}
    assert of_ciphers(matching(SEEN, QUIET, QUIET), faults=faults).level == 2
    found = of_ciphers(matching(SEEN, QUIET, look("leak", 0.5)), faults=faults)
    assert found.level is None
    assert found.words == (
        'No ciphers are recommended for at most 0.10 bits: in the ciphers "tile-xor" a block of '
        '64 x 64 samples repeats; in the ciphers "aes-ctr" match on layout finds 0.50 bits '
        "[0.45, 0.55]."
    )


def test_a_finding_of_the_manifest_speaks_against_its_ciphers() -> None:
    findings = ['In the ciphers "aes-ctr": One keystream is used for several images: a and b.']
    seen = of_region().assign(scheme="recorded").query("level < 3")
    found = answer(seen, {**RECORDED, "findings": findings}, acceptable=0.1)
    assert found.recommendation is not None
    assert 'in the ciphers "aes-ctr" one keystream is used for' in found.recommendation.words
