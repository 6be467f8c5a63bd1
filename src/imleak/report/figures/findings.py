"""What is found against the level: shares of images in one panel, bits in the other."""

import math
from collections.abc import Iterator, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..adversaries import ATTRIBUTES, MATCH, RECOGNISE
from ..findings import QUANTITIES
from ..levels import Levels
from ..measures import Measure, measures
from . import style
from .style import Drawing

STEM = "findings"

LOOKS = (
    (style.BLUE, "o"),
    (style.VERMILLION, "s"),
    (style.GREEN, "^"),
    (style.PURPLE, "D"),
    (style.BLACK, "v"),
)

LEGEND_SIZE = 6.5
LEGEND_WIDTH = style.PAGE_WIDTH / 2 * 8 / LEGEND_SIZE
"""Inches that a panel has for a legend, in those of type of 8 pt."""
HEIGHT, LEGEND_LINE = 2.2, LEGEND_SIZE * 1.35 / 72
"""Inches of the figure with up to two lines of legend, and of each further line."""


def chart_of(column: Measure) -> str | None:
    """``share`` or ``bit``: the panel a measure stands in; None for what is no finding about
    what images show, or is reported by another quantity."""
    if column.measure == MATCH and column.is_of_rebuilt:
        return None
    if column.measure in (RECOGNISE, MATCH):
        if column.unit == "share":
            return "share" if column.quantity in QUANTITIES[column.measure][:1] else None
        return "bit"
    is_held_out = column.encoder != "pixels" and column.protocol == "held-out"
    is_held_out &= column.measure != ATTRIBUTES
    return "bit" if is_held_out and column.unit == "bit" and column.has_verdict else None


def drawings(summary: pd.DataFrame, levels: Levels) -> Iterator[Drawing]:
    """Both panels side by side, or the one there is; nothing where nobody looked at images."""
    charts: dict[str, list[Measure]] = {"share": [], "bit": []}
    for column in measures(summary):
        if max(column.results, default=0) > 0 and (chart := chart_of(column)):
            charts[chart].append(column)
    shown = {chart: columns for chart, columns in charts.items() if columns}
    if not shown:
        return
    fits = {
        chart: style.fitting([_label(column) for column in columns], LEGEND_WIDTH)
        for chart, columns in shown.items()
    }
    lines = max(math.ceil(len(columns) / fits[chart]) for chart, columns in shown.items())
    height = HEIGHT + LEGEND_LINE * max(0, lines - 2)
    figure = Figure(figsize=(style.PAGE_WIDTH, height), layout="constrained")
    panels = figure.subplots(1, 2, squeeze=False)[0]
    place = 0
    for axes, (chart, columns) in zip(panels, shown.items(), strict=False):
        for column in columns:
            colour, marker = LOOKS[place % len(LOOKS)]
            line = "none" if levels.recorded else "-"
            draw(axes, column, _label(column), colour, marker, line)
            place += 1
        ranks = {rank for column in columns for rank in column.results if rank > 0}
        style.level_axis(axes, sorted(ranks), levels)
        axes.set_ylabel("share of images" if chart == "share" else "bits, at least")
        if chart == "share":
            axes.set_ylim(-0.02, 1.02)
        axes.legend(
            loc="lower left", bbox_to_anchor=(0, 1), ncols=fits[chart], fontsize=LEGEND_SIZE
        )
    for axes in panels[len(shown) :]:
        axes.remove()
    drawn = [column for columns in shown.values() for column in columns]
    yield Drawing(STEM, "What is found against the level", figure, _table(drawn))


def _label(column: Measure) -> str:
    return " ".join(column.headings) + (", rebuilt image" if column.is_of_rebuilt else "")


def _table(drawn: Sequence[Measure]) -> pd.DataFrame:
    """A row a point."""
    names = ("value", "low", "high", "null_mean", "null_p95", "ceiling", "verdict")
    return pd.DataFrame(
        [
            {"encoder": one.encoder, "measure": one.measure, "quantity": one.quantity}
            | {"unit": one.unit, "level": level}
            | {name: getattr(one.results[level], name) for name in names}
            for one in drawn
            for level in sorted(one.results)
            if level > 0
        ]
    )


def draw(axes: Axes, column: Measure, label: str, colour: str, marker: str, line: str) -> None:
    """A measure against the levels that encrypt something, with its intervals and its null."""
    levels = [level for level in sorted(column.results) if level > 0]
    found = [column.results[level] for level in levels]
    values = [cell.value for cell in found]
    axes.plot(levels, values, marker, color=colour, label=label, linestyle=line)
    axes.vlines(levels, [c.low for c in found], [c.high for c in found], color=colour, alpha=0.4)
    for cell, level in zip(found, levels, strict=True):
        claims = cell.verdict not in ("no leak found", "unreliable")
        face = colour if claims else "white"
        axes.plot(level, cell.value, marker, color=colour, markerfacecolor=face)
    axes.plot(levels, [c.null_mean for c in found], color=colour, ls=style.LINES[3], lw=0.8)
