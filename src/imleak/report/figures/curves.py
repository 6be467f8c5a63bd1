"""Each measure against the level: what is left after encrypting more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ..learners import Learners
from ..levels import Levels
from ..words import BOUNDS
from . import style
from .style import Drawing, finite, numbers

_PARTS = {"clear": (style.BLUE, "o", "-"), "cipher": (style.VERMILLION, "s", style.LINES[1])}
_PART_WORDS = {"clear": "clear part"}
_OTHER_PART = (style.GREEN, "D", style.LINES[2])
_NOT_SHOWN_AS_LEAK = ("no leak found", "unreliable")
_NO_VALUE = "no value: every measurement failed"


def drawings(
    summary: pd.DataFrame, levels: Levels, learners: Learners | None = None
) -> Iterator[Drawing]:
    """One figure an encoder and measure; protocols side by side. Measures of several
    quantities stand in the figure of findings."""
    alone = summary[summary["level"].notna() & summary["quantity"].isna()]
    placed = alone.sort_values("level", kind="stable")
    for words, heading, rows in style.by_measure(placed):
        yield replace(drawing(style.stem(*words), heading, rows, levels, learners), table=rows)


def drawing(
    stem: str,
    heading: str,
    rows: pd.DataFrame,
    levels: Levels,
    learners: Learners | None = None,
) -> Drawing:
    """Summary rows of one measure and encoder against the level."""
    protocols = style.by_protocol(rows)
    figure, panels = style.panels(len(protocols), heading, height=2.5)
    frame = _Frame.around(rows, joined=not levels.recorded)
    ranks = sorted({int(level) for level in rows["level"]})
    for axes, (protocol, shown) in zip(panels, protocols, strict=True):
        axes.set_title(_subtitle(protocol, shown, learners or Learners()))
        style.level_axis(axes, ranks, levels)
        _draw(axes, shown, frame)
    measure = style.printable(str(rows["measure"].iloc[0]), 24)
    panels[0].set_ylabel(style.with_unit(measure, rows["unit"].iloc[0]))
    style.common_legend(figure, panels)
    return Drawing(stem, f"{style.printable(heading)} against the level", figure)


def _subtitle(protocol: str, rows: pd.DataFrame, learners: Learners) -> str:
    """How the values came about, on how many images, and what they bound."""
    bounds = dict.fromkeys(BOUNDS.get(str(bound), str(bound)) for bound in rows["bound"].dropna())
    per_image = protocol == "per-image"
    if per_image:
        images = _span(numbers(rows, "n"), "image")
        how = images if images == "1 image" else f"mean of {images}"
    else:
        images = _span(numbers(rows, "train_groups"), learners.noun)
        how = f"{protocol}, {learners.trained(str(rows['measure'].iloc[0]), images)}"
    return " · ".join([how if images else protocol, *bounds])


def _span(counts: NDArray[np.float64], what: str) -> str:
    """``100 images``, ``97–100 images``; empty where not known."""
    known = finite(counts)
    if not known.size:
        return ""
    few, many = int(known.min()), int(known.max())
    return (f"{few}–{many}" if few < many else str(many)) + f" {what}" + "s" * (many != 1)


@dataclass(frozen=True)
class _Frame:
    """What the vertical scale shows. Values, exact values and nulls always; the ends of
    intervals and the ceiling only as far as they do not press the curve flat.

    Levels that have no order are not `joined` by lines and bands.
    """

    low: float
    high: float
    ceiling_fits: bool
    joined: bool = True

    @classmethod
    def around(cls, rows: pd.DataFrame, *, joined: bool) -> _Frame:
        core = finite(*(numbers(rows, name) for name in ("mean", "exact", "null_mean")))
        if not core.size:
            return cls(0.0, 1.0, ceiling_fits=False, joined=joined)
        edges = finite(*(numbers(rows, name) for name in ("low", "high", "null_p95")))
        ceiling = finite(numbers(rows, "ceiling"))
        high = float(core.max())
        reach = (high - float(core.min())) or abs(high) or 1.0
        fits = bool(ceiling.size) and float(ceiling.max()) <= high + reach
        edges = np.concatenate([edges, ceiling]) if fits else edges
        return cls(*style.value_range(core, edges), fits, joined)


def _draw(axes: Axes, rows: pd.DataFrame, frame: _Frame) -> None:
    axes.set_ylim(frame.low, frame.high)
    if frame.low < 0 < frame.high:
        axes.axhline(0, color=style.GREY, linewidth=0.6, zorder=1)
    mean = numbers(rows, "mean")
    if not np.isfinite(mean).any():
        style.no_value(axes, _NO_VALUE if np.isnan(mean).all() else "no finite value")
    parts = list(rows.groupby("part", sort=False, dropna=False))
    for place, (part, shown) in enumerate(parts):
        _values(axes, shown, frame, str(part), place, label_part=len(parts) > 1)
        _references(axes, shown, frame)


def _references(axes: Axes, rows: pd.DataFrame, frame: _Frame) -> None:
    """The null band, the ceiling and the exact value, where there are any; an exact value
    is not drawn over an equal one."""
    levels = numbers(rows, "level")
    mean, p95 = numbers(rows, "null_mean"), numbers(rows, "null_p95")
    if np.isfinite(mean).any():
        _band(axes, levels, mean, p95, style.GREY, "null, mean–p95", joined=frame.joined)
        # In-sample both ends are one value: a band of no height would not be seen.
        look = "-" if frame.joined else "_"
        axes.plot(levels, mean, look, color=style.GREY, linewidth=1, zorder=1)
    ceiling = numbers(rows, "ceiling")
    if np.isfinite(ceiling).any():
        label = "ceiling" if frame.ceiling_fits else _above(ceiling)
        shown = ceiling if frame.ceiling_fits else np.full_like(ceiling, np.nan)
        axes.plot(
            levels,
            shown,
            "_:" if frame.joined else "_",
            color=style.GREY,
            markersize=6,
            label=label,
            zorder=2,
        )
    exact = numbers(rows, "exact")
    beside = np.isfinite(exact) & ~np.isclose(exact, numbers(rows, "mean"), atol=1e-9)
    if beside.any():
        axes.plot(
            levels,
            exact,
            color=style.BLACK,
            linestyle=style.LINES[3] if frame.joined else "none",
            marker="x",
            label="exact value",
            zorder=2,
        )


def _above(ceiling: NDArray[np.float64]) -> str:
    values = finite(ceiling)
    low, high = f"{values.min():.3g}", f"{values.max():.3g}"
    return f"ceiling {low}" + f"–{high}" * (low != high) + " (above)"


def _values(
    axes: Axes, rows: pd.DataFrame, frame: _Frame, part: str, place: int, *, label_part: bool
) -> None:
    colour, marker, line = _PARTS.get(part, _OTHER_PART)
    line = line if frame.joined else "none"
    levels, mean = numbers(rows, "level"), numbers(rows, "mean")
    points = np.where(np.isfinite(mean), mean, np.nan)
    low, high = (np.where(np.isnan(points), np.nan, numbers(rows, end)) for end in ("low", "high"))
    if np.isfinite(points).any():
        label = _PART_WORDS.get(part, part) if label_part else "value"
        style_of: dict[str, Any] = {"color": colour, "linestyle": line, "marker": marker}
        axes.plot(levels, points, label=label, zorder=3, **style_of)
    if np.isfinite(low).any():
        _band(axes, levels, low, high, colour, "95 % interval", joined=frame.joined)
    _hollow(axes, levels, points, rows, colour, marker)
    _off_scale(axes, levels, mean, colour, place)


def _band(
    axes: Axes,
    levels: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    colour: str,
    label: str,
    *,
    joined: bool,
) -> None:
    """A band between two curves; a bar where it has no neighbour to be drawn to."""
    wide: dict[str, Any] = {"color": colour, "alpha": 0.25, "linewidth": 0, "label": label}
    axes.fill_between(levels, low, high, where=np.full(len(levels), joined), **wide)
    there = np.pad(np.isfinite(low) & np.isfinite(high), 1)
    alone = there[1:-1] & ~(joined & (there[:-2] | there[2:]))
    axes.vlines(levels[alone], low[alone], high[alone], color=colour, alpha=0.4, linewidth=5)


def _hollow(
    axes: Axes,
    levels: NDArray[np.float64],
    points: NDArray[np.float64],
    rows: pd.DataFrame,
    colour: str,
    marker: str,
) -> None:
    """White markers where the verdict claims no leak."""
    quiet = rows["verdict"].isin(_NOT_SHOWN_AS_LEAK).to_numpy() & np.isfinite(points)
    if quiet.any():
        axes.plot(
            levels[quiet],
            points[quiet],
            color=colour,
            marker=marker,
            linestyle="none",
            markerfacecolor="white",
            label="no leak claimed",
            zorder=5,
        )


def _off_scale(
    axes: Axes, levels: NDArray[np.float64], mean: NDArray[np.float64], colour: str, place: int
) -> None:
    """Values no scale holds: infinities at the edges of the frame, failures at its foot;
    those of the part number `place` stand a step further in than the ones before."""
    step = 0.06 * place
    marks = (
        (np.isposinf(mean), "^", 1 - step, "infinite"),
        (np.isneginf(mean), "v", step, "minus infinite"),
        (np.isnan(mean), "X", step, "failed"),
    )
    for where, marker, height, label in marks:
        if where.any():
            axes.plot(
                levels[where],
                np.full(where.sum(), height),
                color=colour,
                marker=marker,
                linestyle="none",
                markeredgecolor="white",
                markeredgewidth=0.4,
                markersize=6,
                transform=axes.get_xaxis_transform(),
                label=label,
                clip_on=False,
                zorder=6,
            )
