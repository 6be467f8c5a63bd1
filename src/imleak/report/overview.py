"""The table for whoever decides: a row a level, a column a kind of finding."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

import pandas as pd

from .adversaries import CONFIRM, HISTOGRAM, MATCH, RECOGNISE
from .findings import QUANTITIES, leading, strongest
from .levels import Levels
from .measures import Measure, Result, adversaries, pixel_leaks, surest
from .words import bits, percent

BOLD = "Bold: a leak. Exact numbers, and those of plain images, are never bold."
"""How the table is to be read."""


@dataclass(frozen=True)
class Entry:
    """A number as shown; `claims` is None where it is no finding of an adversary, and `result` what
    was measured, where that is a number with an interval."""

    text: str
    claims: bool | None = None
    result: Result | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Aspect:
    """A column: one kind of finding at every level."""

    title: str
    words: str
    entries: Mapping[int, Entry] = field(repr=False)


def overview(summary: pd.DataFrame, manifest: Mapping[str, Any]) -> list[Aspect]:
    """The columns a run has numbers for, the gravest finding first."""
    everyone = adversaries(summary, manifest)
    return [column for column in _columns(summary, everyone) if column.entries]


def lines(shown: Sequence[Aspect], levels: Levels) -> list[tuple[str, list[Entry]]]:
    """Every level, rising, as the head of its row and an entry a column; what is told of a plain
    image is no leak."""
    ranks = sorted({rank for column in shown for rank in column.entries})
    empty = Entry("")
    found = {rank: [column.entries.get(rank, empty) for column in shown] for rank in ranks}
    if 0 in found:
        found[0] = [replace(entry, claims=None) for entry in found[0]]
    return [(levels.tick(rank), entries) for rank, entries in found.items()]


def rise(shown: Sequence[Aspect], levels: Levels) -> str:
    """Where more is found at a higher level than at a lower one, by intervals that do not overlap,
    and what that means; empty if nowhere, or if the levels have no order."""
    if levels.recorded:
        return ""
    found = [(column, pair) for column in shown if (pair := _furthest_rise(column))]
    if not found:
        return ""
    each = [
        f"{column.title} {column.entries[high].text} {levels[high].phrase} and "
        f"{column.entries[low].text} {levels[low].phrase}"
        for column, (low, high) in found
    ]
    no_order = "the levels of this scheme are no order"
    pairs = sum(math.comb(len(column.entries), 2) for column in shown)
    why = (
        f"these numbers are exact, so {no_order}"
        if all(column.entries[low].claims is None for column, (low, _) in found)
        else "an adversary finds a number at least, so either it reads the higher level better, or "
        f"{no_order}, or it is chance, as {pairs} pairs of levels are compared"
    )
    return f"More is found at a higher level ({'; '.join(each)}; intervals do not overlap): {why}."


def _furthest_rise(column: Aspect) -> tuple[int, int] | None:
    """The lower and the higher of two levels between which a column rises most for certain."""
    results = {rank: one.result for rank, one in column.entries.items() if one.result}
    pairs = [
        (results[high].low - results[low].high, (low, high))
        for low, high in combinations(sorted(results), 2)
        if column.entries[high].claims is not False and results[high].low > results[low].high
    ]
    return max(pairs)[1] if pairs else None


def _columns(summary: pd.DataFrame, everyone: Sequence[Measure]) -> Iterator[Aspect]:
    of = {name: [one for one in everyone if one.measure == name] for name in QUANTITIES}
    count = max((result.images for one in of[MATCH] for result in one.results.values()), default=0)
    guesses = ", five guesses" if any(one.quantity == "top-5" for one in of[RECOGNISE]) else ""
    yield Aspect("named", f"by a network{guesses}", _entries(_reported(of[RECOGNISE]), percent))
    yield Aspect("picked", f"among {count} images", _entries(_reported(of[MATCH]), percent))
    yield Aspect("bits an image", "at least, of what is picked", _sizes(of[MATCH]))
    exact = _entries(_reported(of[CONFIRM]), lambda _: "")
    yield Aspect(
        "confirmed",
        "by who holds the image",
        {level: Entry("yes" if one.claims else "no", one.claims) for level, one in exact.items()},
    )
    trained = [one for one in leading(everyone) if not one.is_attribute]
    row = trained[0].row if trained else "patch"
    names = ", ".join(dict.fromkeys(one.measure for one in trained))
    of_row = "an image" if row == "image" else f"a {row}"
    yield Aspect(f"bits {of_row}", names, _entries(trained, bits))
    yield Aspect("bits a pixel", *_of_pixels(summary))


def _reported(of_kind: Sequence[Measure]) -> list[Measure]:
    """Those of the first quantity a finding is reported by."""
    for quantity in QUANTITIES[of_kind[0].measure] if of_kind else ():
        if found := [one for one in of_kind if one.quantity == quantity]:
            return found
    return []


def _most(results: Iterable[Result]) -> Result | None:
    """That of whoever finds most."""
    return max(results, key=lambda result: (result.claims, result.value), default=None)


def _entries(
    some: Iterable[Measure],
    shown: Callable[[float], str],
    chosen: Callable[[Iterable[Result]], Result | None] = _most,
) -> dict[int, Entry]:
    """By level, the result that is chosen among those of all."""
    by_level: dict[int, list[Result]] = {}
    for one in some:
        for level, result in one.results.items():
            by_level.setdefault(level, []).append(result)
    best = {level: chosen(results) for level, results in sorted(by_level.items())}
    return {level: Entry(shown(one.value), one.claims, one) for level, one in best.items() if one}


def _sizes(matches: Sequence[Measure]) -> dict[int, Entry]:
    """By level, the bits of who picks most images, as the answer quotes them; where nobody picks
    any for certain, the surest of all."""
    found = _entries([one for one in matches if one.unit == "bit/image"], bits, surest)
    for level in found:
        picks = strongest(matches, level)
        if picks and picks.size:
            found[level] = Entry(bits(picks.size.value), picks.size.claims, picks.size)
    return found


def _of_pixels(summary: pd.DataFrame) -> tuple[str, dict[int, Entry]]:
    rows = summary[(summary["measure"] == HISTOGRAM) & summary["mean"].notna()]
    is_exact, leaks = bool((rows["bound"] == "exact").all()), pixel_leaks(summary)
    entries = {
        int(row["level"]): Entry(
            bits(row["mean"]),
            None if row["bound"] == "exact" else row["level"] in leaks,
            Result(row["mean"], row["low"], row["high"]),
        )
        for row in rows.to_dict("records")
    }
    return "left in the clear" if is_exact else "estimated, seen alone", entries
