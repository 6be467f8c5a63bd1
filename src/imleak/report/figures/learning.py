"""An estimator against the number of images it learns from, one curve a level.

What is found belongs to an adversary with that many images; where a curve still rises, a
larger one would find more.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from ..learners import Learners
from ..levels import Levels
from ..words import BOUNDS
from . import style
from .style import Drawing, finite, numbers

_APART = 1.02
"""Ratio between the places of one count at neighbouring levels, so that their intervals
do not cover each other."""


def drawings(
    growth: pd.DataFrame, levels: Levels, learners: Learners | None = None
) -> Iterator[Drawing]:
    """One figure an encoder and measure that was asked for its growth."""
    for words, heading, rows in style.by_measure(growth):
        noun = (learners or Learners()).noun
        yield _drawing(style.stem(*words, "growth"), heading, rows, levels, noun)


def _drawing(stem: str, heading: str, rows: pd.DataFrame, levels: Levels, noun: str) -> Drawing:
    figure, (axes,) = style.panels(1, heading, height=2.6)
    protocol, bound = (str(rows[name].iloc[0]) for name in ("protocol", "bound"))
    axes.set_title(f"{protocol} · {BOUNDS.get(bound, bound)}")
    axes.set_xlabel(f"training {noun}s")
    measure = style.printable(str(rows["measure"].iloc[0]), 24)
    axes.set_ylabel(style.with_unit(measure, rows["unit"].iloc[0]))
    _count(axes, sorted({int(count) for count in rows["train_groups"]}))
    _scale(axes, rows)
    _draw(axes, rows, levels)
    figure.legend(loc="outside right center", handlelength=2.2)
    title = f"{style.printable(heading)} against the number of training {noun}s"
    return Drawing(stem, title, figure, rows)


def _count(axes: Axes, counts: list[int]) -> None:
    """A logarithmic axis with a tick at every number of images there is."""
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(counts))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([str(count) for count in counts])


def _scale(axes: Axes, rows: pd.DataFrame) -> None:
    """All values, and the ends of intervals as far as they do not press the curves flat."""
    values = finite(numbers(rows, "value"))
    if not values.size:
        style.no_value(axes, "no finite value")
        return
    low, high = style.value_range(values, finite(numbers(rows, "low"), numbers(rows, "high")))
    axes.set_ylim(low, high)
    if low < 0 < high:
        axes.axhline(0, color=style.GREY, linewidth=0.6, zorder=1)


def _draw(axes: Axes, rows: pd.DataFrame, levels: Levels) -> None:
    """The curve of each level with its intervals, and a mark at its end where it rises."""
    ranks = sorted({int(level) for level in rows["level"]})
    ends = []
    for place, (rank, look) in enumerate(zip(ranks, style.level_looks(len(ranks)), strict=True)):
        curve = rows[rows["level"] == rank].sort_values("train_groups")
        shift = _APART ** (place - (len(ranks) - 1) / 2)
        images, value = numbers(curve, "train_groups") * shift, numbers(curve, "value")
        axes.plot(images, value, markersize=3.5, label=levels[rank].short, **look)
        low, high = numbers(curve, "low"), numbers(curve, "high")
        axes.vlines(images, low, high, color=look["color"], linewidth=0.8)
        if curve["rising"].fillna(value=False).any():
            ends.append((images[-1], value[-1]))
    if ends:
        x, y = np.transpose(ends)
        ring: dict[str, Any] = {
            "marker": "o",
            "markersize": 7,
            "markerfacecolor": "none",
            "linestyle": "none",
        }
        axes.plot(x, y, color=style.VERMILLION, label="still rising", **ring)
