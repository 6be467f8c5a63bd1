"""The table for whoever decides: a row a level, a column a kind of finding."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from .adversaries import CONFIRM, HISTOGRAM, MATCH, RECOGNISE
from .findings import QUANTITIES, leading
from .levels import Levels
from .measures import Measure, Result, adversaries, pixel_leaks
from .words import bits, percent


@dataclass(frozen=True)
class Entry:
    """A number as shown; `claims` is None where it is no finding of an adversary."""

    text: str
    claims: bool | None = None


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
    """Every level, rising, as the head of its row and an entry a column."""
    ranks = sorted({rank for column in shown for rank in column.entries})
    empty = Entry("")
    return [
        (levels.tick(rank), [column.entries.get(rank, empty) for column in shown]) for rank in ranks
    ]


def _columns(summary: pd.DataFrame, everyone: Sequence[Measure]) -> Iterator[Aspect]:
    of = {name: [one for one in everyone if one.measure == name] for name in QUANTITIES}
    count = max((result.images for one in of[MATCH] for result in one.results.values()), default=0)
    guesses = ", five guesses" if any(one.quantity == "top-5" for one in of[RECOGNISE]) else ""
    yield Aspect("named", f"by a network{guesses}", _entries(_reported(of[RECOGNISE]), percent))
    yield Aspect("picked", f"among {count} images", _entries(_reported(of[MATCH]), percent))
    sizes = [one for one in of[MATCH] if one.unit == "bit/image"]
    yield Aspect("bits an image", "at least, of what is picked", _entries(sizes, bits))
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


def _entries(some: Iterable[Measure], shown: Callable[[float], str]) -> dict[int, Entry]:
    """By level, the result of whoever finds most."""
    by_level: dict[int, list[Result]] = {}
    for one in some:
        for level, result in one.results.items():
            by_level.setdefault(level, []).append(result)
    best = {
        level: max(results, key=lambda result: (result.claims, result.value))
        for level, results in by_level.items()
    }
    return {level: Entry(shown(one.value), one.claims) for level, one in sorted(best.items())}


def _of_pixels(summary: pd.DataFrame) -> tuple[str, dict[int, Entry]]:
    rows = summary[(summary["measure"] == HISTOGRAM) & summary["mean"].notna()]
    is_exact, leaks = bool((rows["bound"] == "exact").all()), pixel_leaks(summary)
    entries = {
        int(row["level"]): Entry(bits(row["mean"]), None if is_exact else row["level"] in leaks)
        for row in rows.to_dict("records")
    }
    return "left in the clear" if is_exact else "estimated, seen alone", entries
