"""Which level to use, where the results support one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from ..interfaces import LARGEST_PLANTED
from .adversaries import PIXELS, Adversary, Look, empty_levels, smallest_seen
from .words import bits, levels


@dataclass(frozen=True)
class Recommendation:
    """A level, or None with the reason why there is none.

    Parameters
    ----------
    acceptable : bits a row that may leak.
    level : the lowest level from which on no result speaks against it.
    words : the recommendation, or the refusal, as a sentence.
    """

    acceptable: float
    level: int | None
    words: str


def recommend(
    summary: pd.DataFrame, everyone: Sequence[Adversary], acceptable: float
) -> Recommendation:
    """The lowest level from which on every adversary leaves at most `acceptable` bits.

    A level is supported where nothing is left in the clear. It is also where no adversary
    with trained features finds more, as far as its interval reaches, or would with more
    images; and where one that finds nothing would have seen as little. A lower bound that
    lies below a threshold supports nothing by itself.

    Parameters
    ----------
    summary : a row per scheme, encoder, measure, part, protocol and level.
    everyone : the adversaries of the run.
    acceptable : bits a row, above 0.
    """
    schemes = summary["scheme"].dropna().nunique()
    most = f"at most {bits(acceptable)} bit"
    if schemes > 1:
        words = f"No level is recommended for {most}: this run has {schemes} schemes; audit one."
        return Recommendation(acceptable, None, words)
    judges = [one for one in everyone if one.encoder != PIXELS and not one.untrained]
    empty = empty_levels(summary)
    measured = sorted({int(level) for level in summary["level"].dropna()})
    objections = {level: next(_objections(level, judges, acceptable), "") for level in measured}
    supported = [level for level in measured if level in empty or not objections[level]]
    tail = _tail(measured, supported)
    if not tail:
        last = measured[-1] if measured else 0
        why = objections.get(last) or "nothing was measured"
        return Recommendation(acceptable, None, f"No level is recommended for {most}: {why}.")
    level = tail[0]
    if level in empty:
        before = (
            objections.get(measured[measured.index(level) - 1], "") if level > measured[0] else ""
        )
        below = f"; below it, {before}" if before else ""
        words = f"For {most}: s = {level}, where nothing is left in the clear{below}."
    else:
        words = (
            f"For {most} a {judges[0].row}: s = {level}, against the adversaries named below "
            "and no others."
        )
    return Recommendation(acceptable, level, words)


def _tail(measured: Sequence[int], supported: Sequence[int]) -> list[int]:
    """The highest levels without a gap: a level is not supported where a higher one is not."""
    kept: list[int] = []
    for level in reversed(measured):
        if level not in supported:
            break
        kept.insert(0, level)
    return kept


def _objections(level: int, judges: Sequence[Adversary], acceptable: float) -> Iterator[str]:
    """What speaks against a level, the gravest first."""
    at = f"at {levels([level])}"
    here = [one for one in judges if level in one.looks]
    if not here:
        yield f"{at} no adversary with trained features was tested on images it had not seen"
        return
    for one in here:
        yield from _claimed(one, one.looks[level], at, acceptable)
    sighted = [one for one in here if one.sees_plain is not False]
    if not sighted:
        yield "the adversaries find nothing even where nothing is encrypted"
    quiet = [one for one in sighted if not one.looks[level].claims]
    if len(quiet) == len(sighted) and not any(one.detectable <= acceptable for one in quiet):
        yield _unseen(quiet)


def _claimed(one: Adversary, look: Look, at: str, acceptable: float) -> Iterator[str]:
    """What an adversary found that is more than acceptable, or may be."""
    if look.verdict == "unreliable":
        yield f"{at} what {one.title} says is unreliable"
    elif look.verdict == "saturated":
        yield f"{at} {one.title} finds as much as it can show, {bits(look.value)} bit or more"
    elif look.claims and look.high > acceptable:
        yield f"{at} {one.title} finds {bits(look.value)} bit [{bits(look.low)}, {bits(look.high)}]"
    elif look.rising:
        yield f"{at} {one.title} would find more with more images"
    elif look.claims and look.rising is None:
        yield f"{at} {one.title} finds a leak, and whether it grows was not measured (--growth)"


def _unseen(quiet: Sequence[Adversary]) -> str:
    """Why it says nothing that none of them found a leak."""
    smallest = smallest_seen(quiet)
    if math.isnan(smallest):
        return "the smallest leak that would have been seen was not measured (--sensitivity)"
    if math.isinf(smallest):
        return f"no planted leak was found, up to {LARGEST_PLANTED:g} bits"
    return f"a leak below {bits(smallest)} bit may have gone unseen"
