"""Which level to use, where the results support one."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd

from ..interfaces import LARGEST_PLANTED
from .adversaries import INSPECT, MATCH
from .levels import Levels
from .measures import Measure, Result, empty_levels, surest
from .words import bits, interval, listed


@dataclass(frozen=True)
class Recommendation:
    """A level, or None with the reason why there is none.

    Parameters
    ----------
    acceptable : bits an image that may leak.
    level : the lowest level from which on no result speaks against it; of ciphers that
        others made, which have no order, the first.
    words : the recommendation, or the refusal, as a sentence.
    """

    acceptable: float
    level: int | None
    words: str


def recommend(
    summary: pd.DataFrame,
    everyone: Sequence[Measure],
    levels: Levels,
    acceptable: float,
    faults: Mapping[int, str] = MappingProxyType({}),
) -> Recommendation:
    """The lowest level from which on every adversary leaves at most `acceptable` bits.

    A level is supported where nothing is left in the clear. It is also where nothing was found
    in the ciphers themselves; `match`, which learned from none of the images, was asked; no
    adversary finds more, as far as its interval reaches, or would with more images; and one
    that finds nothing would have seen as little. Bits of a patch count as bits of its image,
    which has at least as many. A lower bound that lies below a threshold supports nothing by
    itself. Ciphers that others made have no order: each is judged by itself.

    Parameters
    ----------
    summary : a row per encoder, measure, quantity, part, protocol and level.
    everyone : the adversaries of the run.
    acceptable : bits an image, above 0.
    faults : level -> what was found in the ciphers themselves, in words.
    """
    most = f"at most {bits(acceptable)} bits"
    judges = [one for one in everyone if one.bounds_content]
    empty = empty_levels(summary, levels)
    measured = sorted({int(level) for level in summary["level"].dropna()})
    inspected = {level for one in everyone if one.measure == INSPECT for level in one.results}
    unseen = set(measured) - inspected if levels.needs_inspection else set()
    objections = {
        level: next(
            _objections(
                level,
                levels[level].phrase,
                judges,
                acceptable,
                faults.get(level, _UNINSPECTED if level in unseen else ""),
            ),
            "",
        )
        for level in measured
    }
    supported = [level for level in measured if level in empty or not objections[level]]
    if levels.recorded:
        return _of_ciphers(objections, supported, levels, acceptable)
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
        words = f"For {most}: {levels.name(level)}, where nothing is left in the clear{below}."
    else:
        words = f"For {most} an image: {levels.name(level)}, {_AGAINST}."
    return Recommendation(acceptable, level, words)


_UNINSPECTED = "the ciphers themselves were not inspected (--measure inspect)"
_AGAINST = (
    "against the adversaries named below and no others; whoever holds an image can still confirm it"
)


def _of_ciphers(
    objections: Mapping[int, str], supported: Sequence[int], levels: Levels, acceptable: float
) -> Recommendation:
    """Every set of ciphers that is supported; of the others why not."""
    most, encrypted = f"at most {bits(acceptable)} bits", [level for level in objections if level]
    good = [level for level in encrypted if level in supported]
    reasons: dict[str, list[int]] = {}
    for level in encrypted:
        if level not in good:
            reasons.setdefault(objections[level], []).append(level)
    against = "; ".join(_of(levels, those, why) for why, those in reasons.items())
    if not good:
        why = against or "nothing was measured"
        return Recommendation(acceptable, None, f"No ciphers are recommended for {most}: {why}.")
    which = listed([levels.name(level) for level in good])
    but = f". Not so: {against}" if against else ""
    return Recommendation(acceptable, good[0], f"For {most} an image: {which}, {_AGAINST}{but}.")


def _of(levels: Levels, those: Sequence[int], why: str) -> str:
    """An objection with the ciphers it is of, where it does not begin with them."""
    return why if why.startswith(levels[those[0]].phrase) else f"{levels.at(those)} {why}"


def _tail(measured: Sequence[int], supported: Sequence[int]) -> list[int]:
    """The highest levels without a gap: a level is not supported where a higher one is not."""
    kept: list[int] = []
    for level in reversed(measured):
        if level not in supported:
            break
        kept.insert(0, level)
    return kept


def _objections(
    level: int, at: str, judges: Sequence[Measure], acceptable: float, fault: str
) -> Iterator[str]:
    """What speaks against a level, the gravest first; `at` names it."""
    if fault:
        yield f"{at} {fault}"
    here = [one for one in judges if level in one.results]
    if not any(one.measure == MATCH for one in here):
        yield f"{at} match, which needs no training, was not asked (--measure match)"
        return
    for one in _surest_first(here, level):
        yield from _claimed(one, one.results[level], at, acceptable)
    sighted = [one for one in here if one.sees_plain is not False]
    if not sighted:
        yield "the adversaries find nothing even where nothing is encrypted"
    quiet = [one for one in sighted if not one.results[level].claims]
    smallest = smallest_of(_seen(one, level) for one in quiet)
    if len(quiet) == len(sighted) and not smallest <= acceptable:
        yield _unseen(smallest)


def _surest_first(here: Sequence[Measure], level: int) -> list[Measure]:
    """Adversaries in their order; of each the quantity that the answer quotes first."""
    by_measure: dict[str, list[Measure]] = {}
    for one in here:
        by_measure.setdefault(one.measure, []).append(one)
    ordered = []
    for some in by_measure.values():
        quoted = surest(one.results[level] for one in some)
        ordered += sorted(some, key=lambda one: _rank(one.results[level], quoted))
    return ordered


def _rank(result: Result, quoted: Result | None) -> tuple[bool, float]:
    return result is not quoted, -result.lower_end


def _claimed(one: Measure, result: Result, at: str, acceptable: float) -> Iterator[str]:
    """What an adversary found that is more than acceptable, or may be."""
    size = f"{bits(result.value)} bits{interval(result.low, result.high)}"
    if result.verdict == "unreliable":
        yield f"{at} what {one.title} finds is unreliable"
    elif result.verdict == "saturated":
        yield f"{at} {one.title} finds at least {size}, as much as it can show"
    elif result.claims and result.high > acceptable:
        yield f"{at} {one.title} finds {size}"
    elif result.rising:
        yield f"{at} {one.title} would find more with more images"
    elif result.claims and result.rising is None and not (one.is_zero_shot or one.is_attribute):
        yield f"{at} {one.title} finds a leak, and whether it grows was not measured (--growth)"


def _seen(quiet: Measure, level: int) -> float:
    """The smallest leak that an adversary who found nothing would have seen: the planted one
    that it finds, or for one that learned from nothing the upper end of its interval; NaN
    where that was not asked."""
    return quiet.results[level].high if quiet.is_zero_shot else quiet.detectable


def _unseen(smallest: float) -> str:
    if math.isnan(smallest):
        return "how small a leak would have been seen is not known (--sensitivity)"
    if math.isinf(smallest):
        return f"no planted leak was found, up to {LARGEST_PLANTED:g} bits"
    return f"a leak below {bits(smallest)} bits may have gone unseen"


def smallest_of(leaks: Iterable[float]) -> float:
    """The smallest leak of those that are found; NaN where none was asked for."""
    return min((leak for leak in leaks if not math.isnan(leak)), default=math.nan)
