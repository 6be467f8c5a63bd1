"""Size, type and colour of every figure, and how it is saved.

Made for two-column print: widths of a column and of a page, 8 pt type embedded as
TrueType, the colours of Okabe and Ito for kinds and cividis for ordered levels. Marker
and line style say again what the colour says, so nothing is lost in grey.

References
----------
Okabe & Ito, "Color Universal Design", 2008. Nuñez, Anderton & Renslow, "Optimizing
colormaps with consideration for color vision deficiency", PLoS ONE 13(7), 2018.
"""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from itertools import cycle
from pathlib import Path
from typing import Any, cast

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import Collection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from ...study.store import write_whole
from ..levels import Levels
from ..words import shortened

COLUMN_WIDTH, PAGE_WIDTH = 3.5, 7.16
"""Inches; of an IEEE transactions page."""
BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
BLACK, GREY = "#000000", "#767676"
MARKERS = "osD^vPX<>"
LINES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (5, 1.5, 1, 1.5)), (0, (1, 1.2)))
PROTOCOLS = ("per-image", "training-free", "in-sample", "held-out")

_PRINT: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#333333",
    "axes.grid": True,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 8,
    "figure.constrained_layout.h_pad": 0.03,
    "figure.constrained_layout.w_pad": 0.03,
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.5,
    "legend.borderpad": 0.2,
    "legend.columnspacing": 1.4,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "legend.labelspacing": 0.35,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "pdf.fonttype": 42,
    "savefig.dpi": 300,
    # names of files and folders are text, never formulas
    "text.parse_math": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
}


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure, the stem of its files, the sentence that says what it shows, and the numbers that
    are drawn in it."""

    stem: str
    title: str
    figure: Figure
    table: pd.DataFrame | None = None


@contextmanager
def print_style() -> Iterator[None]:
    """Matplotlib's own defaults and ours, whatever the user's matplotlibrc says."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_PRINT)
        yield


def save(drawing: Drawing, folder: Path) -> list[Path]:
    """Write a drawing as PDF and PNG, and its numbers as CSV; the same drawing gives the same
    bytes.

    The title goes into the metadata of both; time and version do not.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    metadata: dict[str, dict[str, Any]] = {
        "pdf": {"Title": drawing.title, "CreationDate": None, "Creator": None, "Producer": None},
        "png": {"Title": drawing.title, "Software": None},
    }
    paths = []
    for suffix, entries in metadata.items():
        path, content = folder / f"{drawing.stem}.{suffix}", BytesIO()
        drawing.figure.savefig(content, format=suffix, metadata=entries)
        write_whole(path, content.getvalue())
        paths.append(path)
    if drawing.table is not None:
        path, rows = folder / f"{drawing.stem}.csv", drawing.table.dropna(axis=1, how="all")
        write_whole(path, rows.to_csv(index=False, lineterminator="\n").encode(errors="replace"))
        paths.append(path)
    return paths


def stem(*words: str) -> str:
    """A file name without its suffix, from any words; different words never share one.

    >>> stem("mine", "efficientnet-lite0", "epochs")
    'mine-efficientnet-lite0-epochs'
    """
    given = "-".join(words)
    safe = re.sub(r"[^a-z0-9]+", "-", given.lower()).strip("-")[:80]
    if safe == given:
        return safe
    return f"{safe}-{sha256(given.encode(errors='surrogatepass')).hexdigest()[:8]}".strip("-")


def printable(text: str, length: int = 60) -> str:
    """`text` in glyphs the font has (others become □), shortened in its middle."""
    known = get_font(findfont(FontProperties(family="DejaVu Sans"))).get_charmap()
    shown = "".join(sign if ord(sign) in known else "□" for sign in text)
    return shortened(shown, length)


def panels(
    count: int, heading: str, height: float = 2.4, wide: bool = False
) -> tuple[Figure, list[Axes]]:
    """`count` panels side by side on one vertical scale, under one heading: as wide as a
    column for one that is not to be `wide`, else as a page."""
    wide = wide or count > 1
    width = PAGE_WIDTH if wide else COLUMN_WIDTH
    figure = Figure(figsize=(width, height), layout="constrained")
    grid = list(figure.subplots(1, count, sharey=True, squeeze=False)[0])
    grid[0].annotate(
        printable(heading, 90 if wide else 40),
        xy=(0, 1),
        xycoords="axes fraction",
        xytext=(0, 18),
        textcoords="offset points",
        weight="bold",
    )
    return figure, grid


def by_measure(rows: pd.DataFrame) -> Iterator[tuple[tuple[str, ...], str, pd.DataFrame]]:
    """The rows of each measure and encoder; with the words that name them, and a heading."""
    for key, group in rows.groupby(["measure", "encoder"], sort=False):
        measure, encoder = map(str, key)
        yield (measure, encoder), f"{measure} on {encoder}", group


def by_protocol(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """The rows of each protocol, in the order of :data:`PROTOCOLS`."""
    protocols = rows["protocol"].fillna("")
    names = [*PROTOCOLS, *sorted(set(protocols) - set(PROTOCOLS))]
    return [(name, rows[protocols == name]) for name in names if (protocols == name).any()]


def level_axis(axes: Axes, ranks: Sequence[int], levels: Levels) -> None:
    """The levels of a scheme along the horizontal axis; long names are set aslant, and of more
    than 20 some are left out."""
    shown = list(ranks)[:: 1 + len(ranks) // 20]
    ticks = [printable(levels.tick(rank)) for rank in shown]
    axes.set_xlabel(levels.axis)
    axes.set_xticks(shown, ticks)
    if sum(map(len, ticks)) > 30:
        axes.tick_params("x", rotation=30)
    axes.set_xlim(min(ranks) - 0.4, max(ranks) + 0.4)


def numbers(rows: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """A column as floats, missing values as NaN."""
    values: NDArray[np.float64] = rows[column].to_numpy(dtype=np.float64, na_value=np.nan)
    return values


def finite(*arrays: NDArray[np.float64]) -> NDArray[np.float64]:
    """All finite values of some arrays, in one."""
    pooled: NDArray[np.float64] = np.concatenate([np.ravel(array) for array in arrays])
    return pooled[np.isfinite(pooled)]


def value_range(core: NDArray[np.float64], edges: NDArray[np.float64]) -> tuple[float, float]:
    """The ends of a vertical scale: all of `core`, and of `edges` as much as does not press it
    flat."""
    low, high = float(core.min()), float(core.max())
    reach = (high - low) or abs(high) or 1.0
    low = max(float(edges.min(initial=low)), low - reach)
    high = min(float(edges.max(initial=high)), high + reach)
    margin = 0.06 * ((high - low) or reach)
    return low - margin, high + margin


def with_unit(name: str, unit: object) -> str:
    """``name (unit)``, or the bare name of a number that has none."""
    return f"{name} ({unit})" if isinstance(unit, str) and unit not in ("", "1") else name


def level_colours(count: int) -> Iterable[Any]:
    """`count` colours of cividis, dark to light, without its palest yellow."""
    return mpl.colormaps["cividis"](np.linspace(0, 0.88, count))


def level_looks(count: int) -> Iterator[dict[str, Any]]:
    """Colour, line and marker of each of `count` levels."""
    looks = zip(level_colours(count), cycle(LINES), cycle(MARKERS))
    for colour, line, marker in looks:
        yield {"color": colour, "linestyle": line, "marker": marker}


def spaced_markers(points: int, position: int, of: int, shown: int = 6) -> tuple[int, int]:
    """`markevery` of the line number `position` of `of`: about `shown` markers a line,
    at other places on each."""
    step = max(1, math.ceil(points / shown))
    return (position * step // max(of, 1)) % step, step


def no_value(axes: Axes, text: str) -> None:
    """Say in an empty panel why it is empty."""
    axes.set_yticks([])
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=GREY)


def common_legend(figure: Figure, panels: Sequence[Axes], columns: int | None = None) -> None:
    """One legend below all panels: every label once, beside all that looks different
    under it; in as many columns as the width holds, where `columns` does not say."""
    entries: dict[str, tuple[Artist, ...]] = {}
    for axes in panels:
        here: dict[str, dict[str, Artist]] = {}
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            here.setdefault(label, {})[_colours(handle)] = handle
        entries = {label: tuple(looks.values()) for label, looks in here.items()} | entries
    if not entries:
        return
    figure.legend(
        cast("list[Artist]", list(entries.values())),  # a tuple of artists is drawn as one
        list(entries),
        loc="outside lower center",
        ncols=columns or fitting(list(entries), figure.get_figwidth()),
        handler_map={tuple: HandlerTuple(ndivide=None)},
    )


def fitting(labels: Sequence[str], width: float) -> int:
    """How many columns of a legend with these labels a width in inches holds."""
    for columns in range(len(labels), 1, -1):
        rows = math.ceil(len(labels) / columns)
        longest = [max(map(len, labels[at : at + rows])) for at in range(0, len(labels), rows)]
        if sum(0.56 + 0.066 * length for length in longest) <= width:
            return columns
    return 1


def _colours(handle: Artist) -> str:
    if isinstance(handle, Line2D):
        return str(handle.get_color())
    if isinstance(handle, Collection):
        return f"{handle.get_facecolor()} {handle.get_edgecolor()}"
    return ""
