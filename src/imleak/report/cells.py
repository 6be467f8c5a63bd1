"""The columns of the table of levels and measures: what every form of it shows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ..interfaces import LARGEST_PLANTED
from .levels import Levels

MARKS = {"lower": "≥", "upper": "≤", "exact": "=", "none": "~"}
_MEANING = {
    "lower": "≥ lower bound",
    "upper": "≤ upper bound",
    "exact": "= exact",
    "none": "~ no bound",
}
_KEY = ["scheme", "encoder", "measure", "quantity", "part", "protocol"]
_PLAIN_PROTOCOLS = ("per-image", "zero-shot", "")


@dataclass(frozen=True)
class Cell:
    """One number of the table; `value` is NaN where nothing could be measured."""

    value: float
    low: float
    high: float
    bound: str
    verdict: str = ""
    rising: bool = False
    chosen: str = ""
    null_mean: float = math.nan
    null_p95: float = math.nan
    ceiling: float = math.nan
    exact: float = math.nan


@dataclass(frozen=True)
class Column:
    """One measure at all its levels.

    Parameters
    ----------
    headings : words that tell this column from the others, the measure first.
    failed : how many measurements of it failed.
    quantity : of a measure that gives several.
    part, protocol : of the encrypted image that was compared, and how.
    train : images an estimator learned from, where known.
    """

    scheme: str
    encoder: str
    measure: str
    headings: tuple[str, ...]
    unit: str
    failed: int
    cells: Mapping[int, Cell] = field(repr=False)
    quantity: str = ""
    part: str = "clear"
    protocol: str = ""
    train: int | None = None

    @property
    def has_verdict(self) -> bool:
        return any(cell.verdict for cell in self.cells.values())

    @property
    def decimals(self) -> int:
        """Three significant digits of the largest value, and two decimals below 1000."""
        values = [abs(cell.value) for cell in self.cells.values()]
        largest = max((value for value in values if value and math.isfinite(value)), default=1.0)
        return 0 if largest >= 1000 else min(6, max(2, 2 - math.floor(math.log10(largest))))

    def value(self, level: int) -> str:
        """``≥ 1.06``; ``failed`` where nothing could be measured, empty where nothing was
        asked for."""
        cell = self.cells.get(level)
        if cell is None:
            return "failed" if self.failed and not self.cells else ""
        if math.isnan(cell.value):
            return "failed"
        return f"{MARKS.get(cell.bound, '?')} {self.number(cell.value)}"

    def interval(self, level: int) -> str:
        """``[0.98, 1.14]``, or empty where there is none."""
        cell = self.cells.get(level)
        if cell is None or math.isnan(cell.low) or math.isnan(cell.high):
            return ""
        return f"[{self.number(cell.low)}, {self.number(cell.high)}]"

    def verdict(self, level: int) -> str:
        cell = self.cells.get(level)
        return cell.verdict if cell else ""

    def lines(self, level: int) -> list[str]:
        """Value, interval and verdict, as far as there are any."""
        found = (self.value(level), self.interval(level), self.verdict(level))
        return [line for line in found if line]

    def remarks(self, level: int) -> list[str]:
        """The estimator that was chosen, and ``still rising`` where more training images
        would find more."""
        cell = self.cells.get(level)
        if cell is None:
            return []
        return [*([cell.chosen] if cell.chosen else []), *(["still rising"] * cell.rising)]

    def number(self, value: float) -> str:
        """A value with the decimals of this column."""
        if math.isinf(value):
            return "∞" if value > 0 else "-∞"
        return f"{value:z.{self.decimals}f}"


def columns(summary: pd.DataFrame) -> list[Column]:
    """The columns of the table, grouped by scheme and encoder, else in the order given.

    A measure that failed before it had a level has a column without cells.
    """
    order = {pair: place for place, pair in enumerate(pairs(summary))}
    parts = summary.groupby(["scheme", "encoder", "measure"])["part"].nunique()
    found = []
    for key, rows in summary.groupby(_KEY, sort=False, dropna=False):
        scheme, encoder, measure, quantity, part, protocol = map(_word, key)
        further = (
            quantity,
            part if part != "clear" or parts[scheme, encoder, measure] > 1 else "",
            protocol if protocol not in _PLAIN_PROTOCOLS else "",
        )
        column = Column(
            scheme=scheme,
            encoder=encoder,
            measure=measure,
            headings=(measure, *filter(None, further)),
            unit=_unit(rows["unit"].iloc[0]),
            failed=int(rows["errors"].fillna(0).max()),
            cells={
                int(row["level"]): _cell(row)
                for row in rows[rows["level"].notna()].to_dict("records")
            },
            quantity=quantity,
            part=part,
            protocol=protocol,
            train=_count(rows["train_groups"]),
        )
        found.append(column)
    return sorted(found, key=lambda column: order[column.scheme, column.encoder])


def ranks(shown: Sequence[Column]) -> list[int]:
    """The rank of every level of some columns, rising."""
    return sorted({level for column in shown for level in column.cells})


def notes(summary: pd.DataFrame, levels: Levels) -> list[str]:
    """What the reader of the table must know: the marks, how far to trust that nothing
    was found, and what failed."""
    bounds = set(summary.loc[summary["level"].notna(), "bound"])
    meanings = [meaning for bound, meaning in _MEANING.items() if bound in bounds]
    found = [" · ".join(meanings), "[low, high]: 95 % interval"] if meanings else []
    titles = summary["measure"] + " on " + summary["encoder"]
    for title, rows in summary.groupby(titles, sort=False):
        found += _reach(str(title), rows, levels)
        failed = rows["errors"].fillna(0).max()
        if failed > 0:
            found.append(f"{title}: {int(failed)} failed; see column error of the results")
    return found


def _reach(title: str, rows: pd.DataFrame, levels: Levels) -> Iterator[str]:
    """What a larger adversary would find, and the smallest leak this one would have."""
    rising = rows[rows["rising"].fillna(value=False)]
    if not rising.empty:
        images = int(rising["train_groups"].max())
        yield (
            f"{title} still rises at {images} training images, "
            f"{levels.at(map(int, rising['level']))}: a larger adversary would find more"
        )
    smallest = float(rows["detectable"].max())
    if math.isfinite(smallest):
        yield f"{title}: the smallest planted leak that is found has {smallest:.2g} bit"
    elif math.isinf(smallest):
        yield f"{title}: no planted leak is found, up to {LARGEST_PLANTED:g} bits"


def pairs(summary: pd.DataFrame) -> list[tuple[str, str]]:
    """Every scheme and encoder, in the order given."""
    named = zip(summary["scheme"].map(_word), summary["encoder"].map(_word), strict=True)
    return list(dict.fromkeys(named))


def _cell(row: Mapping[Any, Any]) -> Cell:
    value, low, high = (_float(row[name]) for name in ("mean", "low", "high"))
    rising = not pd.isna(row["rising"]) and bool(row["rising"])
    verdict, chosen = _word(row["verdict"]), _word(row["chosen"])
    beside = (_float(row[name]) for name in ("null_mean", "null_p95", "ceiling", "exact"))
    return Cell(value, low, high, _word(row["bound"]), verdict, rising, chosen, *beside)


def _count(column: pd.Series[Any]) -> int | None:
    known = column.dropna()
    return None if known.empty else int(known.max())


def _float(value: Any) -> float:
    return math.nan if pd.isna(value) else float(value)


def _word(value: Any) -> str:
    return "" if pd.isna(value) else str(value)


def _unit(value: Any) -> str:
    word = _word(value)
    return "" if word == "1" else word
