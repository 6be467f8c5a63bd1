"""Known answers and self-consistency, drawn.

Every estimator has a colour, a marker and a line style, so nothing is lost in grey.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..report.figures import style
from ..report.figures.style import Drawing, numbers
from .evaluation import by_task
from .task import Array

COLOURS = (style.BLUE, style.VERMILLION, style.GREEN, style.PURPLE, "#E69F00", "#56B4E9")
MOST_ROWS = 40
"""Tasks in one panel; more are shown in panels side by side."""
_PITCH, _SPACING = 0.095, 0.062
"""Inches: of a task, and of each estimator of a task."""

_TESTS = (
    ("data processing", "Data processing: more rows, never less", "I(X; Yₜ) (bits)", None),
    ("redundancy", "Redundancy: a second, smaller view adds nothing", "ratio", 1.0),
    ("additivity", "Additivity: two images, twice as much", "ratio", 2.0),
)
"""Test, title, axis, and the ideal ratio."""
_RING: dict[str, Any] = {"marker": "o", "linestyle": "none", "markerfacecolor": "none"}


def write_figures(frame: pd.DataFrame, consistency: pd.DataFrame, folder: Path) -> list[Path]:
    """``calibration`` and ``consistency`` as PDF and PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    with style.print_style():
        drawings = draw_calibration(frame), draw_consistency(consistency)
        return [path for drawing in drawings for path in style.save(drawing, folder)]


def draw_calibration(frame: pd.DataFrame) -> Drawing:
    """Truth and estimates of every task, from a frame of :func:`~.evaluation.evaluate`.

    A row is a task; a bar its truth; a marker the mean of an estimator over seeds, on the
    mean of its intervals. The marker is open where an interval misses the truth, and has
    a ring where a bound lies on its wrong side or a leak is claimed of independent data.
    A value off the scale stands at its edge as an arrowhead.
    """
    points = by_task(frame)
    points["missed"] = points["above"] + points["below"] > 0
    points["ring"] = points["defects"] + points["false_leaks"] > 0
    estimators, tasks = (list(points[name].unique()) for name in ("estimator", "task"))
    count = max(1, -(-len(tasks) // MOST_ROWS))
    rows = max(1, -(-len(tasks) // count))
    height = 0.9 + rows * (_PITCH + _SPACING * len(estimators))
    width = style.COLUMN_WIDTH if count == 1 else style.PAGE_WIDTH * count / 2
    figure = Figure(figsize=(width, height), layout="constrained")
    panels = list(figure.subplots(1, count, squeeze=False)[0])
    limits = _limits(points)
    for position, axes in enumerate(panels):
        shown = tasks[position * rows : (position + 1) * rows]
        _draw_tasks(axes, points[points["task"].isin(shown)], estimators, limits)
        axes.set_ylim(rows - 0.5, -0.5)
    missed = {"color": style.GREY, "markersize": 3.2, "label": "interval misses truth"}
    wrong = {"color": style.BLACK, "markersize": 7, "label": "defect or false leak"}
    for column, entry in (("missed", missed), ("ring", wrong)):
        if points[column].any():
            panels[0].plot([], [], **_RING, **entry)
    style.common_legend(figure, panels, columns=2 if count == 1 else 4)
    return Drawing("calibration", "Estimates of known mutual information", figure)


def draw_consistency(frame: pd.DataFrame) -> Drawing:
    """The tests of :func:`~.consistency.self_consistency`; several frames may be stacked.

    Markers are open where the property does not hold within the intervals. The intervals
    of a ratio are those of its numerator.
    """
    figure = Figure(figsize=(style.COLUMN_WIDTH, 5.6), layout="constrained")
    panels = figure.subplots(3, 1, sharex=True)
    for axes, (test, title, label, ideal) in zip(panels, _TESTS, strict=True):
        axes.set_title(title, loc="left")
        axes.set_ylabel(label)
        for position, (name, rows) in enumerate(frame.groupby("estimator", sort=False)):
            look = _look(position)
            _curve(axes, rows[rows["test"] == test], look, scaled=ideal is not None)
            if ideal is None:
                _independent(axes, rows[rows["test"] == "independence"], look, position)
                failed = " (failed)" if rows["value"].isna().all() else ""
                axes.plot([], [], label=f"{name}{failed}", **look)
        if ideal is not None:
            axes.axhline(ideal, color=style.BLACK, linewidth=0.8, linestyle=(0, (1, 1)))
            low, high = axes.get_ylim()  # all of it up to three times the ideal
            axes.set_ylim(max(min(low, 0), -ideal), min(max(high, 1.25 * ideal), 3 * ideal))
    panels[-1].set_xlabel("rows that are not masked, t")
    if frame["holds"].eq(False).any():
        panels[0].plot([], [], "o", mfc="none", color=style.GREY, label="does not hold")
    panels[0].axhline(0, color=style.GREY, linewidth=0.8)
    if (frame["test"] == "independence").any():
        _set_apart(panels[0])
    style.common_legend(figure, [panels[0]], columns=3)
    return Drawing("consistency", "Self-consistency of estimators on images", figure)


def _limits(points: pd.DataFrame) -> tuple[float, float]:
    """All truths and published figures; estimates as far as they do not press them flat."""
    known = style.finite(numbers(points, "truth"), numbers(points, "published"))
    seen = style.finite(*(numbers(points, name) for name in ("value", "low", "high")))
    top = float(known.max(initial=0.5))
    low = max(float(seen.min(initial=0.0)), -0.5 * top)
    high = max(min(float(seen.max(initial=0.0)), 1.4 * top), top)
    margin = 0.04 * (high - low)
    return low - margin, high + margin


def _draw_tasks(
    axes: Axes, points: pd.DataFrame, estimators: Sequence[Any], limits: tuple[float, float]
) -> None:
    first = points.drop_duplicates("task")
    rows = np.arange(len(first))
    for row in rows[::2]:
        axes.axhspan(row - 0.5, row + 0.5, color="#F2F2F2", linewidth=0, zorder=0)
    truth: dict[str, Any] = {"color": style.BLACK, "linewidth": 1.4, "label": "truth"}
    axes.vlines(first["truth"], rows - 0.46, rows + 0.46, **truth)
    known = first["published"].notna().to_numpy()
    if known.any():
        star: dict[str, Any] = {"marker": "*", "markersize": 5, "linestyle": "none"}
        published = first["published"][known]
        axes.plot(published, rows[known], color=style.GREY, label="published", **star)
    for position, estimator in enumerate(estimators):
        of = points[points["estimator"] == estimator]
        offset = (position + 0.5) / len(estimators) - 0.5
        heights = pd.Index(first["task"]).get_indexer(of["task"]) + 0.84 * offset
        look = _look(position)
        axes.plot([], [], label=str(estimator), **look | {"linestyle": "none"})
        _draw_estimates(axes, of, heights, look, limits)
    axes.set_yticks(rows, [style.printable(str(title), 34) for title in first["title"]])
    axes.tick_params(axis="y", labelsize=6, length=0)
    axes.grid(visible=False, axis="y")
    axes.set_xlim(*limits)
    axes.set_xlabel("mutual information (bits)")


def _draw_estimates(
    axes: Axes,
    points: pd.DataFrame,
    heights: Array,
    look: dict[str, Any],
    limits: tuple[float, float],
) -> None:
    """Intervals, then markers; what is off the scale is an arrowhead at its edge."""
    axes.hlines(heights, points["low"], points["high"], color=look["color"], linewidth=0.9)
    value, missed = numbers(points, "value"), points["missed"].to_numpy(dtype=bool)
    shown, left, right = np.clip(value, *limits), value < limits[0], value > limits[1]
    small: dict[str, Any] = {"markersize": 3.2, "markeredgewidth": 0.8, "clip_on": False}
    for marker, at in ((look["marker"], ~(left | right)), ("<", left), (">", right)):
        _markers(axes, shown[at], heights[at], missed[at], look | small | {"marker": marker})
    ring = points["ring"].to_numpy(dtype=bool) & np.isfinite(shown)
    if ring.any():
        look_of_ring = _RING | small | {"markersize": 7, "color": style.BLACK}
        axes.plot(shown[ring], heights[ring], **look_of_ring)
    for y in heights[(points["failures"] > 0).to_numpy() & ~np.isfinite(value)]:
        place: dict[str, Any] = {"ha": "right", "va": "center", "fontsize": 5}
        axes.text(limits[1], y, "failed", color=look["color"], **place)


def _curve(axes: Axes, rows: pd.DataFrame, look: dict[str, Any], *, scaled: bool) -> None:
    by = numbers(rows, "reference") if scaled else np.ones(len(rows))
    by = np.where(by > 0, by, np.nan)
    kept, value = numbers(rows, "rows"), numbers(rows, "value") / by
    axes.plot(kept, value, **look | {"marker": ""})
    _interval_and_markers(axes, kept, value, rows, look, by)


def _independent(axes: Axes, rows: pd.DataFrame, look: dict[str, Any], position: int) -> None:
    """Left of the curves: the same estimator on images that have nothing in common."""
    place = numbers(rows, "height") * -(0.04 + 0.03 * position)
    _interval_and_markers(axes, place, numbers(rows, "value"), rows, look)


def _interval_and_markers(
    axes: Axes, x: Array, y: Array, rows: pd.DataFrame, look: dict[str, Any], by: Any = 1.0
) -> None:
    low, high = numbers(rows, "low") / by, numbers(rows, "high") / by
    axes.vlines(x, low, high, color=look["color"], linewidth=0.9)
    _markers(axes, x, y, rows["holds"].eq(False).fillna(False).to_numpy(dtype=bool), look)


def _markers(
    axes: Axes, x: Array, y: Array, hollow: NDArray[np.bool_], look: dict[str, Any]
) -> None:
    for at, face in ((hollow, "white"), (~hollow, look["color"])):
        if at.any():  # a line of no points that is not clipped upsets the layout
            axes.plot(x[at], y[at], **look | {"linestyle": "none", "markerfacecolor": face})


def _look(position: int) -> dict[str, Any]:
    return {
        "color": COLOURS[position % len(COLOURS)],
        "marker": style.MARKERS[position % len(style.MARKERS)],
        "linestyle": style.LINES[position % len(style.LINES)],
    }


def _set_apart(axes: Axes) -> None:
    """The independent images left of zero, with room for their name."""
    left, right = axes.get_xlim()
    low, high = axes.get_ylim()
    axes.axvspan(left, 0, color="#F2F2F2", linewidth=0, zorder=0)
    axes.set_xlim(left, right)
    axes.set_ylim(low, high + 0.12 * (high - low))
    top: dict[str, Any] = {"fontsize": 6, "ha": "left", "va": "top"}
    axes.text(left, 1.0, " independent", transform=axes.get_xaxis_transform(), **top)
