"""A row a scheme and level, beside what the level costs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import pandas as pd

from ...study.store import Run
from ..levels import Levels
from ..measures import Result, measures
from ..runs import ComparisonError
from ..words import listed, plural
from .asked import ADVERSARIES, Adversary
from .costs import COSTS, Cost, cost_of, costs_by_level, measured


@dataclass(frozen=True)
class Row:
    """A scheme at a level.

    Parameters
    ----------
    scheme : as it is told from the others.
    level, label : rank, and the level in words.
    costs : by name; NaN of what it has not.
    found : by the key of an adversary.
    """

    scheme: str
    level: int
    label: str
    costs: Mapping[str, float]
    found: Mapping[str, Result]


@dataclass(frozen=True)
class Tradeoff:
    """What schemes leak to the same adversaries, by what their levels cost.

    Parameters
    ----------
    by : one of :data:`COSTS`.
    rows : the cheapest level first; those without this cost last.
    adversaries : those that looked in any run.
    notes : what has no cost, and what was not measured, a sentence each.
    """

    by: str
    rows: tuple[Row, ...]
    adversaries: tuple[Adversary, ...]
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, named: Mapping[str, Run], by: str) -> Self:
        """Of runs by their names.

        Parameters
        ----------
        by : one of :data:`COSTS`.

        Raises
        ------
        ComparisonError
            If there is no such cost, or no run has it.
        """
        cost, schemes = cost_of(by), scheme_names(named)
        rows = [row for name, run in named.items() for row in _rows(schemes[name], run)]
        if by not in (there := measured(run.summary for run in named.values())):
            by_others = f", or compare by {listed(there)}" if there else ""
            raise ComparisonError(
                f"no run has the {cost.title}; give imleak audit "
                f"--measure {cost.measure}{by_others}"
            )
        asked = tuple(one for one in ADVERSARIES if any(one.key in row.found for row in rows))
        sign = -1 if cost.falls else 1
        rows.sort(key=lambda row: (math.isnan(row.costs[by]), sign * _or_0(row.costs[by])))
        return cls(by, tuple(rows), asked, tuple(_notes(rows, by)))

    @property
    def cost(self) -> Cost:
        return COSTS[self.by]

    @property
    def schemes(self) -> list[str]:
        """Every scheme, in the order of its cheapest level."""
        return list(dict.fromkeys(row.scheme for row in self.rows))

    @property
    def title(self) -> str:
        return f"What the schemes leak, by {self.cost.title}"

    def heads(self) -> list[tuple[str, str]]:
        """The head of every column of the table, and what stands below it."""
        return [
            ("scheme", ""),
            ("level", ""),
            (self.cost.title, self.cost.unit),
            *((one.title, one.words) for one in self.adversaries),
        ]

    def lines(self) -> list[list[tuple[str, str]]]:
        """Every row as texts, of two lines each."""
        return [
            [
                (row.scheme, ""),
                (row.label, ""),
                (self.cost.text(row.costs[self.by]), ""),
                *(one.text(row.found.get(one.key)) for one in self.adversaries),
            ]
            for row in self.rows
        ]

    def claims(self, row: int, adversary: int) -> bool:
        """Whether an adversary claims a leak of a row."""
        result = self.rows[row].found.get(self.adversaries[adversary].key)
        return result is not None and result.claims

    def table(self) -> pd.DataFrame:
        """The table as text, a null behind a comma."""
        heads = [f"{head} ({below})" if below else head for head, below in self.heads()]
        cells = [
            [f"{text}, {null}" if null else text for text, null in line] for line in self.lines()
        ]
        return pd.DataFrame(cells, columns=heads, dtype=str)

    def frame(self) -> pd.DataFrame:
        """A row a scheme and level: every cost, and of every adversary its value, interval, null
        and verdict."""
        ends = ("value", "low", "high", "null_mean", "null_p95", "verdict", "images")
        return pd.DataFrame(
            [
                {"scheme": row.scheme, "level": row.level, "label": row.label}
                | {f"{COSTS[by].title} ({COSTS[by].unit})": cost for by, cost in row.costs.items()}
                | {
                    f"{one.key} {end}": getattr(row.found.get(one.key), end, None)
                    for one in self.adversaries
                    for end in ends
                }
                for row in self.rows
            ]
        )


def scheme_names(named: Mapping[str, Run]) -> dict[str, str]:
    """What tells the scheme of every run from the others: its name, with its options where there
    are any, and with the name of the run where that is not enough."""
    titles = {name: _scheme(run.manifest) for name, run in named.items()}
    counts = Counter(titles.values())
    return {
        name: title if counts[title] == 1 else f"{title} of {name}"
        for name, title in titles.items()
    }


def _scheme(manifest: Mapping[str, Any]) -> str:
    given = (manifest.get("spec") or {}).get("scheme")
    name = str((manifest.get("scheme") or {}).get("name", "scheme"))
    options = (
        {key: value for key, value in given.items() if key != "name"}
        if (isinstance(given, Mapping))
        else {}
    )
    words = ", ".join(f"{key}={value}" for key, value in options.items())
    one_key = " under one key" if Levels.of(manifest).keys == "one" else ""
    return (f"{name} ({words})" if words else name) + one_key


def _rows(scheme: str, run: Run) -> Iterator[Row]:
    """Every level that encrypts something and at which somebody looked."""
    summary, manifest = run.summary, run.manifest
    levels, costs = Levels.of(manifest), costs_by_level(summary)
    everything = measures(summary, manifest)
    found = {one.key: one.find(everything) for one in ADVERSARIES}
    looked = {level for results in found.values() for level in results}
    for level in sorted(looked):
        yield Row(
            scheme,
            level,
            levels[level].label,
            {by: of_level.get(level, math.nan) for by, of_level in costs.items()},
            {key: results[level] for key, results in found.items() if level in results},
        )


def _notes(rows: Sequence[Row], by: str) -> Iterator[str]:
    cost = COSTS[by]
    without = list(dict.fromkeys(row.scheme for row in rows if math.isnan(row.costs[by])))
    if without:
        others = " or ".join(other for other in COSTS if other != by)
        yield (
            f"{listed(without)}: no {cost.title}, because there are none to count or because they "
            f"were not asked for; they stand last. Compare them by {others}."
        )
    counts = {
        row.found[one.key].images
        for row in rows
        for one in ADVERSARIES
        if one.is_share and one.key in row.found
    }
    if len(counts) > 1:
        yield (
            f"The rates are of {min(counts)} to {plural(max(counts), 'image')}: the right image of "
            "fewer is picked more easily."
        )
    yield (
        "Null up to: 95 % of what the same adversary finds on pairs of different images is less; "
        "the mean of it is what an answer calls chance."
    )


def _or_0(value: float) -> float:
    return 0.0 if math.isnan(value) else value
