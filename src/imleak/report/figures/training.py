"""An estimator against its epochs, one curve a level, as in Figs 4 to 8 of the paper.

References
----------
Messadi, Cervia & Itier, "Image selective encryption analysis using mutual information in
CNN based embedding space", Section V.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ..levels import Levels
from . import style
from .style import Drawing

_MANY_LEVELS = 12


def drawings(frame: pd.DataFrame, levels: Levels) -> Iterator[Drawing]:
    """The value, then its distance to the maximum, of every estimator with a history."""
    history = frame[frame["epoch"].notna() & frame["level"].notna()]
    for words, heading, rows in style.by_measure(history):
        unit = rows["unit"].iloc[0]
        label = style.with_unit("value", unit)
        drawn = _drawing(style.stem(*words, "epochs"), heading, rows, by_epoch, label, levels)
        yield replace(drawn, table=_long(rows, by_epoch))
        if rows["level"].nunique() > 1:
            drawn = distance(style.stem(*words, "distance"), heading, rows, levels)
            yield replace(drawn, table=_long(rows, _distance))


def distance(stem: str, heading: str, rows: pd.DataFrame, levels: Levels) -> Drawing:
    """Histories of one measure and encoder as their distance to the maximum."""
    label = style.with_unit("distance to maximum", rows["unit"].iloc[0])
    return _drawing(stem, heading, rows, _distance, label, levels)


def by_epoch(rows: pd.DataFrame) -> pd.DataFrame:
    """Value by epoch (rows) and level (columns), mean over seeds; NaN where not finite."""
    finite = rows.assign(value=pd.to_numeric(rows["value"]).replace([np.inf, -np.inf], np.nan))
    means = finite.groupby(["epoch", "level"])["value"].mean()
    return means.unstack("level").sort_index().sort_index(axis=1)


def to_maximum(values: pd.DataFrame) -> pd.DataFrame:
    r"""Distance to the maximum: :math:`|\max_{s'} I_e(s') - I_e(s)|` at every epoch e.

    The paper calls it the relative distance to the maximum: the absolute difference from
    the highest value across all levels.

    Parameters
    ----------
    values : epochs in rows, levels in columns.
    """
    return values.rsub(values.max(axis=1), axis=0).abs()


def _distance(rows: pd.DataFrame) -> pd.DataFrame:
    return to_maximum(by_epoch(rows))


def _long(rows: pd.DataFrame, curves: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
    """The curves of every protocol, a row a protocol, epoch and level."""
    drawn = {
        name: curves(shown).melt(ignore_index=False).reset_index()
        for name, shown in style.by_protocol(rows)
    }
    return pd.concat(drawn, names=["protocol", "row"]).reset_index("protocol")


def _drawing(
    stem: str,
    heading: str,
    rows: pd.DataFrame,
    curves: Callable[[pd.DataFrame], pd.DataFrame],
    label: str,
    levels: Levels,
) -> Drawing:
    protocols = style.by_protocol(rows)
    ranks = sorted({int(level) for level in rows["level"]})
    many = len(ranks) > _MANY_LEVELS
    figure, panels = style.panels(len(protocols), heading, wide=many)
    entries: dict[int, Line2D] = {}
    for axes, (protocol, shown) in zip(panels, protocols, strict=True):
        axes.set_title(protocol)
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
        entries |= _draw(axes, curves(shown), ranks)
    panels[0].set_ylabel(label)
    names = [style.printable(levels[rank].short, 24) for rank in ranks]
    lines = [entries[rank] for rank in ranks]
    figure.legend(lines, names, loc="outside right center", ncols=1 + many, handlelength=2.2)
    title = f"{style.printable(heading)}: {label.partition(' (')[0]} by epoch, one curve a level"
    return Drawing(stem, title, figure)


def _draw(axes: Axes, curves: pd.DataFrame, ranks: Sequence[int]) -> dict[int, Line2D]:
    """The curve of each level, which looks the same in every panel."""
    drawn = {}
    for place, (rank, look) in enumerate(zip(ranks, style.level_looks(len(ranks)), strict=True)):
        if rank in curves:
            (drawn[rank],) = axes.plot(
                curves.index.to_numpy(dtype=float),
                curves[rank].to_numpy(dtype=float),
                markersize=3.5,
                markevery=style.spaced_markers(len(curves), place, len(ranks)),
                **look,
            )
    if len(curves) == 1:
        axes.set_xlim(curves.index[0] - 1, curves.index[0] + 1)
    if not curves.notna().any(axis=None):
        style.no_value(axes, "no value: training failed")
    low, high = axes.get_ylim()
    if low < 0 < high:
        axes.axhline(0, color=style.GREY, linewidth=0.6, zorder=1)
    return drawn
