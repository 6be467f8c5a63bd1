"""Runs beside each other, for whoever looks in Python."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from html import escape
from pathlib import Path

import pandas as pd

from ..study.store import Run
from .levels import Levels
from .measures import measures
from .runs import cautions, labels


class Comparison:
    """Runs beside each other.

    Parameters
    ----------
    runs : two or more.

    Attributes
    ----------
    frame : a row a measure and level, a column a run, as the tables of reports have them.
    cautions : what differs between the runs that a reader of the numbers must know.

    Raises
    ------
    ComparisonError
        If there are fewer than two, or one stands there twice.
    """

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = labels(runs)
        self.cautions = cautions(self._runs)

    @cached_property
    def frame(self) -> pd.DataFrame:
        columns = {name: _column(run) for name, run in self._runs.items()}
        index = ["encoder", "measure", "level"]
        return pd.concat(columns, axis=1, sort=False).rename_axis(index).fillna("")

    def save(self, path: str | Path) -> Path:
        """Write the page of the comparison. Raises OutputError if it cannot be written."""
        from . import write_comparison

        return write_comparison(list(self._runs.values()), Path(path))

    def _repr_html_(self) -> str:
        lines = "".join(f"<p>{escape(line)}</p>" for line in self.cautions)
        return f'{lines}<div style="overflow-x: auto">{self.frame.to_html(border=0)}</div>'


def _column(run: Run) -> pd.Series[str]:
    """What a run measured, as text with marks, intervals and verdicts."""
    levels = Levels.of(run.manifest)
    return pd.Series(
        {
            (one.encoder, " ".join(one.headings), levels.tick(rank)): " ".join(one.lines(rank))
            for one in measures(run.summary)
            for rank in one.results
        },
        dtype=str,
    )
