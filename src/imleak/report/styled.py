"""The table of a run as a Styler of pandas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    """A row a level and a column a quantity, claimed leaks in bold. Raises ImleakError if a
    measure of `names` is not in the run."""
    everything = measures(summary)
    known = list(dict.fromkeys(one.measure for one in everything))
    if unknown := [name for name in names if name not in known]:
        raise ImleakError(f"no measure {unknown[0]!r} in this run; there is {listed(known)}")
    shown = [one for one in everything if not names or one.measure in names]
    levels = Levels.of(manifest)
    cells = table(shown, levels)
    cells = cells.set_index(cells.columns[0])
    styles = [[_style(one, level) for one in shown] for level in ranks(shown)]
    return cells.style.apply(lambda _: pd.DataFrame(styles, cells.index, cells.columns), axis=None)


def _style(shown: Measure, level: int) -> str:
    result = shown.results.get(level)
    if result is None:
        return ""
    return UNSURE if result.verdict == "unreliable" else LEAK if result.claims else ""
