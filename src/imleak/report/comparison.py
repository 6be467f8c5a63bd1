"""Runs beside each other, for whoever looks in Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from html import escape
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from ..study.store import Run
from .levels import Levels
from .measures import measures
from .runs import cautions, labels
from .tradeoff import COSTS, Tradeoff, measured

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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

    @property
    def costs(self) -> list[str]:
        """What schemes can be compared at: "psnr", "bits", "size", as far as runs have it."""
        return measured(run.summary for run in self._runs.values())

    def tradeoff(self, by: str | None = None) -> Tradeoff:
        """What the schemes leak to the same adversaries at equal cost; its ``frame()`` has a row a
        scheme and level.

        Parameters
        ----------
        by : "psnr", "bits" or "size"; else the first that any run has.

        Raises
        ------
        ComparisonError
            If no run has it.
        """
        return Tradeoff.of(self._runs, by or next(iter([*self.costs, *COSTS])))

    def plot(self, by: str | None = None) -> list[Axes]:
        """Draw what :meth:`tradeoff` says, an adversary in each of the axes; raises as it does."""
        from .figures.style import print_style
        from .figures.tradeoff import drawing

        with print_style():
            return list(drawing(self.tradeoff(by)).figure.axes)

    def at_equal_cost(self, by: str | None, format: str) -> bytes:
        """The same as a file: "md", "tex" or "csv" a table, "pdf" or "png" a figure."""
        from .tradeoff.text import to_csv, to_latex, to_markdown

        texts: dict[str, Callable[[Tradeoff], str]] = {
            "md": to_markdown,
            "tex": to_latex,
            "csv": to_csv,
        }
        found = self.tradeoff(by)
        return texts[format](found).encode() if format in texts else _drawn(found, format)

    def save(self, path: str | Path) -> Path:
        """Write the page of the comparison. Raises OutputError if it cannot be written."""
        from . import write_comparison

        return write_comparison(list(self._runs.values()), Path(path))

    def __repr__(self) -> str:
        return f"<Comparison of {' and '.join(self._runs)}>"

    def __str__(self) -> str:
        return "\n".join((*self.cautions, self.frame.to_string()))

    def _repr_html_(self) -> str:
        lines = "".join(f"<p>{escape(line)}</p>" for line in self.cautions)
        return f'{lines}<div style="overflow-x: auto">{self.frame.to_html(border=0)}</div>'


def _drawn(found: Tradeoff, format: str) -> bytes:
    from .figures.style import print_style
    from .figures.tradeoff import drawing

    content = BytesIO()
    with print_style():
        drawing(found).figure.savefig(content, format=format)
    return content.getvalue()


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
