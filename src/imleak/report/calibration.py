"""Known answers and self-consistency, drawn.

Every estimator has a colour, a marker and a line style, so nothing is lost in grey.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .adversaries import CLAIMS
from .figures import style
from .figures.style import Drawing, numbers

COLOURS = (style.BLUE, style.VERMILLION, style.GREEN, style.PURPLE, "#E69F00", "#56B4E9")
MOST_ROWS = 40
"""Tasks in one panel; more are shown in panels side by side."""

_PITCH, _SPACING = 0.095, 0.062
"""Inches: of a task, and of each estimator of a task."""


def draw_calibration(frame: pd.DataFrame, path: str | Path) -> list[Path]:
    """Truth and estimates of every task, from a frame of `imleak.calibration.calibrate`.

    A row is a task; a bar its truth; a marker the mean of an estimator over seeds, on the
    mean of its intervals. The marker is open where an interval misses the truth, and has
    a ring where a bound lies on its wrong side or a leak is claimed of independent data.
    A value off the scale stands at its edge as an arrowhead.

    Parameters
    ----------
    path : of the files, without suffix (``.pdf`` and ``.png`` are taken off).

    Returns
    -------
    The PDF and the PNG.
    """
    estimators = list(frame["estimator"].drop_duplicates())
    points = _points(frame)
    tasks = list(points["task"].drop_duplicates())
    count = max(1, -(-len(tasks) // MOST_ROWS))
    rows = max(1, -(-len(tasks) // count))
    with style.print_style():
        height = 0.9 + rows * (_PITCH + _SPACING * len(estimators))
        width = style.COLUMN_WIDTH if count == 1 else style.PAGE_WIDTH * count / 2
        figure = Figure(figsize=(width, height), layout="constrained")
        panels = list(figure.subplots(1, count, squeeze=False)[0])
        limits = _limits(points)
        for position, axes in enumerate(panels):
            shown = tasks[position * rows : (position + 1) * rows]
            _draw_tasks(axes, points[points["task"].isin(shown)], estimators, limits)
            axes.set_ylim(rows - 0.5, -0.5)
        _explain(panels[0], points)
        style.common_legend(figure, panels, columns=2 if count == 1 else 4)
        return _save(figure, path, "Estimates of known mutual information")


def draw_consistency(frame: pd.DataFrame, path: str | Path) -> list[Path]:
    """The tests of `imleak.calibration.self_consistency`; several frames may be stacked.

    Markers are open where the property does not hold within the intervals. The intervals
    of a ratio are those of its numerator.

    Parameters
    ----------
    path : of the files, without suffix (``.pdf`` and ``.png`` are taken off).

    Returns
    -------
    The PDF and the PNG.
    """
    estimators = list(frame["estimator"].drop_duplicates())
    with style.print_style():
        figure = Figure(figsize=(style.COLUMN_WIDTH, 5.6), layout="constrained")
        masking, redundancy, additivity = figure.subplots(3, 1, sharex=True)
        masking.set_title("Data processing: more rows, never less", loc="left")
        masking.set_ylabel("I(X; Yₜ) (bits)")
        redundancy.set_title("Redundancy: a second, smaller view adds nothing", loc="left")
        redundancy.set_ylabel("ratio")
        additivity.set_title("Additivity: two pictures, twice as much", loc="left")
        additivity.set_ylabel("ratio")
        additivity.set_xlabel("rows that are not masked, t")
        for position, estimator in enumerate(estimators):
            rows = frame[frame["estimator"] == estimator]
            look = _look(position)
            of_test = {str(test): part for test, part in rows.groupby("test")}
            _curve(masking, of_test.get("data processing"), look, scaled=False)
            _independence(masking, of_test.get("independence"), look, position)
            _curve(redundancy, of_test.get("redundancy"), look, scaled=True)
            _curve(additivity, of_test.get("additivity"), look, scaled=True)
            failed = " (failed)" if rows["value"].isna().all() else ""
            masking.plot([], [], label=f"{estimator}{failed}", **look)
        if frame["holds"].eq(False).any():
            masking.plot([], [], "o", mfc="none", color=style.GREY, label="does not hold")
        masking.axhline(0, color=style.GREY, linewidth=0.8)
        for axes, ideal in ((redundancy, 1.0), (additivity, 2.0)):
            axes.axhline(ideal, color=style.BLACK, linewidth=0.8, linestyle=(0, (1, 1)))
            axes.set_ylim(*_around(axes, ideal))
        _name_independence(masking, frame)
        style.common_legend(figure, [masking], columns=3)
        return _save(figure, path, "Self-consistency of estimators on pictures")


def _points(frame: pd.DataFrame) -> pd.DataFrame:
    """A row per task and estimator: means over seeds, and what went wrong in any."""
    flags = frame.assign(
        missed=frame["inside"].eq(False).fillna(False),
        ring=frame["defect"].fillna(False).astype(bool)
        | ((frame["truth"] == 0) & frame["verdict"].isin(CLAIMS)),
        failed=frame["error"].notna() & frame["suited"],
    )
    return (
        flags.groupby(["task", "estimator"], sort=False)
        .agg(
            title=("title", "first"),
            truth=("truth", "first"),
            published=("published", "first"),
            value=("value", "mean"),
            low=("low", "mean"),
            high=("high", "mean"),
            missed=("missed", "any"),
            ring=("ring", "any"),
            failed=("failed", "any"),
        )
        .reset_index()
    )


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
    places = {task: row for row, task in enumerate(points["task"].drop_duplicates())}
    first = points.drop_duplicates("task")
    for row in range(0, len(places), 2):
        axes.axhspan(row - 0.5, row + 0.5, color="#F2F2F2", linewidth=0, zorder=0)
    rows = np.arange(len(places))
    axes.vlines(
        first["truth"], rows - 0.46, rows + 0.46, color=style.BLACK, linewidth=1.4, label="truth"
    )
    published = first["published"].notna().to_numpy()
    if published.any():
        axes.plot(
            first["published"][published],
            rows[published],
            marker="*",
            markersize=5,
            linestyle="none",
            color=style.GREY,
            label="published",
        )
    for position, estimator in enumerate(estimators):
        of = points[points["estimator"] == estimator]
        offset = (position + 0.5) / len(estimators) - 0.5
        heights = np.array([places[task] for task in of["task"]]) + 0.84 * offset
        _draw_estimates(axes, of, heights, _look(position), str(estimator), limits)
    axes.set_yticks(rows, [style.printable(str(title), 34) for title in first["title"]])
    axes.tick_params(axis="y", labelsize=6, length=0)
    axes.grid(visible=False, axis="y")
    axes.set_xlim(*limits)
    axes.set_xlabel("mutual information (bits)")


def _draw_estimates(
    axes: Axes,
    points: pd.DataFrame,
    heights: np.ndarray[Any, np.dtype[np.float64]],
    look: dict[str, Any],
    label: str,
    limits: tuple[float, float],
) -> None:
    """Intervals, then markers; what is off the scale is an arrowhead at its edge."""
    colour, size = look["color"], 3.2
    axes.hlines(heights, points["low"], points["high"], color=colour, linewidth=0.9)
    value = numbers(points, "value")
    shown = np.clip(value, *limits)
    shape = np.where(value < limits[0], "<", np.where(value > limits[1], ">", look["marker"]))
    missed = points["missed"].to_numpy(dtype=bool)
    axes.plot([], [], linestyle="none", marker=look["marker"], color=colour, label=label)
    for x, y, marker, is_open in zip(shown, heights, shape, missed, strict=True):
        axes.plot(
            x,
            y,
            marker=str(marker),
            markersize=size,
            color=colour,
            markerfacecolor="white" if is_open else colour,
            markeredgewidth=0.8,
            clip_on=False,
        )
    ring = points["ring"].to_numpy(dtype=bool) & np.isfinite(shown)
    if ring.any():
        axes.plot(
            shown[ring],
            heights[ring],
            linestyle="none",
            marker="o",
            markersize=7,
            color=style.BLACK,
            markerfacecolor="none",
            markeredgewidth=0.8,
            clip_on=False,
        )
    for y in heights[points["failed"].to_numpy(dtype=bool) & ~np.isfinite(value)]:
        axes.text(limits[1], y, "failed", ha="right", va="center", fontsize=5, color=colour)


def _explain(axes: Axes, points: pd.DataFrame) -> None:
    """Legend entries of the marks that occur."""
    ring: dict[str, Any] = {"marker": "o", "linestyle": "none", "markerfacecolor": "none"}
    if points["missed"].any():
        axes.plot([], [], color=style.GREY, markersize=3.2, label="interval misses truth", **ring)
    if points["ring"].any():
        axes.plot([], [], color=style.BLACK, markersize=7, label="defect or false leak", **ring)


def _look(position: int) -> dict[str, Any]:
    return {
        "color": COLOURS[position % len(COLOURS)],
        "marker": style.MARKERS[position % len(style.MARKERS)],
        "linestyle": style.LINES[position % len(style.LINES)],
    }


def _curve(axes: Axes, rows: pd.DataFrame | None, look: dict[str, Any], *, scaled: bool) -> None:
    if rows is None:
        return
    by = numbers(rows, "reference") if scaled else np.ones(len(rows))
    by = np.where(by > 0, by, np.nan)
    kept, value = numbers(rows, "rows"), numbers(rows, "value") / by
    low, high = numbers(rows, "low") / by, numbers(rows, "high") / by
    axes.plot(kept, value, color=look["color"], linestyle=look["linestyle"])
    axes.vlines(kept, low, high, color=look["color"], linewidth=0.9)
    _markers(axes, kept, value, rows, look)


def _markers(axes: Axes, x: Any, y: Any, rows: pd.DataFrame, look: dict[str, Any]) -> None:
    broken = rows["holds"].eq(False).fillna(False).to_numpy(dtype=bool)
    for at, face in ((broken, "white"), (~broken, look["color"])):
        axes.plot(
            x[at],
            y[at],
            linestyle="none",
            marker=look["marker"],
            color=look["color"],
            markerfacecolor=face,
        )


def _independence(
    axes: Axes, rows: pd.DataFrame | None, look: dict[str, Any], position: int
) -> None:
    """Left of the curves: the same estimator on pictures that have nothing in common."""
    if rows is None:
        return
    place = np.full(len(rows), _left(rows) - 0.03 * float(rows["height"].iloc[0]) * position)
    axes.vlines(place, rows["low"], rows["high"], color=look["color"], linewidth=0.9)
    _markers(axes, place, numbers(rows, "value"), rows, look)


def _left(rows: pd.DataFrame) -> float:
    return -0.04 * float(rows["height"].iloc[0])


def _name_independence(axes: Axes, frame: pd.DataFrame) -> None:
    """Set the independent pictures apart, with room for their name."""
    if not (frame["test"] == "independence").any():
        return
    left, right = axes.get_xlim()
    low, high = axes.get_ylim()
    axes.axvspan(left, 0, color="#F2F2F2", linewidth=0, zorder=0)
    axes.set_xlim(left, right)
    axes.set_ylim(low, high + 0.12 * (high - low))
    axes.text(
        left,
        1.0,
        " independent",
        transform=axes.get_xaxis_transform(),
        fontsize=6,
        ha="left",
        va="top",
    )


def _around(axes: Axes, ideal: float) -> tuple[float, float]:
    """The scale of a ratio: all of it up to three times the ideal."""
    low, high = axes.get_ylim()
    return max(min(low, 0.0), -ideal), min(max(high, 1.25 * ideal), 3 * ideal)


def _save(figure: Figure, path: str | Path, title: str) -> list[Path]:
    target = Path(path)
    stem = target.stem if target.suffix in (".pdf", ".png") else target.name
    target.parent.mkdir(parents=True, exist_ok=True)
    return style.save(Drawing(stem, title, figure), target.parent)
