"""What leaks, by attribute, against the level; and what is left of features when it is given."""

from collections.abc import Iterator, Sequence
from itertools import cycle

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..levels import Levels
from ..measures import Measure, measures
from . import style
from .findings import LOOKS, draw
from .style import Drawing


def drawings(summary: pd.DataFrame, levels: Levels) -> Iterator[Drawing]:
    """A figure for every view that was asked for attributes, with a panel for these and one for
    features."""
    by_view: dict[tuple[str, str], list[Measure]] = {}
    for one in measures(summary):
        if one.is_attribute or one.is_given:
            by_view.setdefault((one.scheme, one.encoder), []).append(one)
    for (_, encoder), some in by_view.items():
        panels = [[one for one in some if one.is_given is given] for given in (False, True)]
        panels = [shown for shown in panels if any(max(one.results, default=0) for one in shown)]
        if panels:
            heading = f"Attributes told by {some[0].view} against the level"
            figure = Figure(figsize=(style.PAGE_WIDTH, 2.8), layout="constrained")
            every = figure.subplots(1, 2, squeeze=False)[0]
            for axes, shown in zip(every, panels, strict=False):
                _panel(axes, shown, levels)
            for axes in every[len(panels) :]:
                axes.remove()
            yield Drawing(style.stem("attributes", encoder), style.printable(heading), figure)


def _panel(axes: Axes, shown: Sequence[Measure], levels: Levels) -> None:
    looks = zip(cycle(colour for colour, _ in LOOKS), cycle(style.MARKERS), strict=False)
    for one, (colour, marker) in zip(shown, looks, strict=False):
        line = "none" if levels.recorded else "-"
        draw(axes, one, one.attribute.removeprefix("features, "), colour, marker, line)
    ranks = {rank for one in shown for rank in one.results if rank > 0}
    style.level_axis(axes, sorted(ranks), levels)
    axes.set_ylabel("bits")
    columns = 2 if shown[0].is_given else 3
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, fontsize=6)
