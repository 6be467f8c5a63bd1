"""What schemes leak against what their levels cost: a panel an adversary, a line a scheme."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..tradeoff import Adversary, Row, Tradeoff
from . import style
from .style import Drawing

COLOURS = (
    style.BLUE,
    style.VERMILLION,
    style.GREEN,
    style.PURPLE,
    "#E69F00",
    "#56B4E9",
    style.BLACK,
    style.GREY,
    "#882255",
    "#44AA99",
    "#332288",
    "#999933",
    "#AA4466",
)
"""Of Okabe and Ito, and then of Tol's muted ones; the name beside a line says again which it is."""
_HEIGHT, _POINTS = 2.5, 6.5
"""Inches of a panel, and the size of the names of its lines."""
_STEP = _POINTS * 1.25 / 72 / (_HEIGHT - 0.75)
"""Share of the height of a panel that a name takes."""


def drawing(found: Tradeoff) -> Drawing:
    """The figure of a comparison. Levels without its cost are not in it."""
    rows = [row for row in found.rows if math.isfinite(row.costs[found.by])]
    looks = {
        scheme: (COLOURS[at % len(COLOURS)], style.MARKERS[at % len(style.MARKERS)])
        for at, scheme in enumerate(found.schemes)
    }
    lines = math.ceil(len(found.adversaries) / 2)
    size = (style.PAGE_WIDTH, max(1, lines) * _HEIGHT)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(lines, 2, squeeze=False).ravel()
    for axes, adversary in zip(panels, found.adversaries, strict=False):
        _panel(axes, found, adversary, rows, looks)
    for axes in panels[len(found.adversaries) :]:
        axes.remove()
    return Drawing(f"schemes-by-{found.by}", found.title, figure, found.frame())


def _panel(
    axes: Axes,
    found: Tradeoff,
    adversary: Adversary,
    rows: Sequence[Row],
    looks: dict[str, tuple[str, str]],
) -> None:
    """One adversary: its number with interval, hollow where it claims no leak, and how high the
    nulls reach."""
    ends = []
    for scheme, (colour, marker) in looks.items():
        points = [row for row in rows if row.scheme == scheme and adversary.key in row.found]
        if not points:
            continue
        points.sort(key=lambda row: row.level)
        results = [row.found[adversary.key] for row in points]
        costs, values = [row.costs[found.by] for row in points], [one.value for one in results]
        axes.plot(costs, values, color=colour, linewidth=1, zorder=3)
        axes.vlines(costs, [r.low for r in results], [r.high for r in results], colour, alpha=0.35)
        for cost, result in zip(costs, results, strict=True):
            is_quiet = result.verdict in ("no leak found", "unreliable")
            face = "white" if is_quiet else colour
            axes.plot(cost, result.value, marker, color=colour, markerfacecolor=face, zorder=4)
        ends.append((costs[-1], values[-1], scheme, colour))
    nulls = [row.found[adversary.key].null_p95 for row in rows if adversary.key in row.found]
    highest = float(np.nanmax([*nulls, -np.inf]))
    axes.set_title(f"{adversary.title}: {adversary.words}")
    axes.set_xlabel(style.with_unit(found.cost.title, found.cost.unit))
    axes.set_ylabel("share of images" if adversary.is_share else "")
    if adversary.is_share:
        axes.set_ylim(-0.03, 1.03)
    low, high = axes.get_ylim()
    if highest > low:
        axes.axhspan(low, highest, color="#E4E4E4", linewidth=0, zorder=0)
    axes.set_ylim(low, high)
    costs = [row.costs[found.by] for row in rows]
    margin = 0.04 * (max(costs) - min(costs)) or 1.0
    axes.set_xlim(min(costs) - margin, max(costs) + margin)
    if found.cost.falls:
        axes.invert_xaxis()
    _name(axes, ends)


def _name(axes: Axes, ends: Sequence[tuple[float, float, str, str]]) -> None:
    """The name of every line on the right, tied to its last point by what looks like no line of
    numbers; no name over another."""
    if not ends:
        return
    low, high = axes.get_ylim()
    heights = [(value - low) / (high - low) for _, value, _, _ in ends]
    places = spread(heights, _STEP)
    for (x, y, name, colour), place in zip(ends, places, strict=True):
        axes.annotate(
            style.printable(name, 28),
            xy=(x, y),
            xycoords="data",
            xytext=(1.05, place),
            textcoords="axes fraction",
            fontsize=_POINTS,
            color=colour,
            va="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": style.GREY,
                "linestyle": (0, (1, 3)),
                "linewidth": 0.6,
                "relpos": (0, 0.5),
                "shrinkA": 2,
                "shrinkB": 4,
            },
            zorder=1,
        )


def spread(heights: Sequence[float], step: float) -> list[float]:
    """Heights in the order given, moved as little as it takes to be `step` apart, and within
    0..1 where there is room.

    >>> [round(place, 2) for place in spread([0.5, 0.5, 0.9], 0.2)]
    [0.4, 0.6, 0.9]
    """
    order = np.argsort(heights, kind="stable")
    # Isotonic regression of what is left of the heights once the steps are taken off.
    steps = step * np.arange(len(order))
    blocks: list[list[float]] = []
    for value in np.array(heights)[order] - steps:
        blocks.append([float(value)])
        while len(blocks) > 1 and np.mean(blocks[-2]) > np.mean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    level = np.concatenate([np.full(len(block), np.mean(block)) for block in blocks])
    most = max(0.0, 1 - steps[-1])
    placed = np.empty(len(order))
    placed[order] = level.clip(0, most) + steps
    return [float(place) for place in placed]
