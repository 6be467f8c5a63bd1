"""The table of a run as a Styler of pandas."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..interfaces import ImleakError
from .levels import Levels
from .measures import Measure, measures, ranks
from .text import table
from .words import listed

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

LEAK, UNSURE = "font-weight: bold", "color: #737373"
"""How a claimed leak, and a value of unknown size, are shown; in any theme."""


def styled(summary: pd.DataFrame, manifest: Mapping[str, Any], names: Sequence[str]) -> Styler:
    """A row a level and a column a quantity, as numbers; shown with what they bound, interval
    and verdict, claimed leaks in bold but for those of plain images. Raises ImleakError if a
    measure of `names` is not in the run."""
    everything = measures(summary)
    known = list(dict.fromkeys(one.measure for one in everything))
    if unknown := [name for name in names if name not in known]:
        raise ImleakError(f"no measure {unknown[0]!r} in this run; there is {listed(known)}")
    shown = [one for one in everything if not names or one.measure in names]
    levels = Levels.of(manifest)
    every = ranks(shown)
    texts = table(shown, levels)
    texts = texts.set_index(texts.columns[0])
    values = [[_value(one, level) for one in shown] for level in every]
    styles = pd.DataFrame(
        [[_style(one, level) for one in shown] for level in every], texts.index, texts.columns
    )
    numbers = pd.DataFrame(values, texts.index, texts.columns, dtype=float)
    made = numbers.style.apply(lambda _: styles, axis=None)
    for row in texts.index:
        for column in texts.columns:
            made.format(_as(str(texts.loc[row, column])), subset=([row], [column]))
    return made


def _value(shown: Measure, level: int) -> float:
    result = shown.results.get(level)
    return math.nan if result is None else result.value


def _as(text: str) -> Callable[[object], str]:
    return lambda _: text


def _style(shown: Measure, level: int) -> str:
    result = shown.results.get(level)
    if result is None or not level:
        return ""
    return UNSURE if result.verdict == "unreliable" else LEAK if result.claims else ""
