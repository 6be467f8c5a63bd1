"""Figures 1 to 8 of the paper, and the numbers behind each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..report.figures import StripImages, curves, style, training
from ..report.figures import strip as strips
from ..report.figures.style import Drawing
from ..report.levels import Levels
from .curves import Curve, Results, Role
from .settings import NAMES
from .shapes import line, r_squared

TRAINED: Mapping[Role, tuple[str, str]] = {
    "pixels": ("4", "6a"),
    "clip": ("5", "6b"),
    "control": ("5", "6b"),
    "resnet": ("7", "8"),
}
"""Figures of MINE in a space: its epochs, and its final value against s."""
HISTORY_COLUMNS = ["encoder", "protocol", "level", "epoch", "value", "unit"]


@dataclass(frozen=True, eq=False)
class Panel:
    """One of the paper's figures.

    Parameters
    ----------
    number : the paper's, ``6b``; followed by the encoder where several stand in one place.
    caption : what it shows, with the encoder really used.
    drawing : to be saved.
    table : the numbers behind it, or None where images are shown.
    """

    number: str
    caption: str
    drawing: Drawing
    table: pd.DataFrame | None


def panels(results: Results, strip: StripImages | None, levels: Levels) -> list[Panel]:
    """Every figure there are results for, in the paper's order."""
    return sorted(_panels(results, strip, levels), key=lambda panel: panel.number.partition(" ")[0])


def _panels(results: Results, strip: StripImages | None, levels: Levels) -> Iterator[Panel]:
    for drawing in strips.drawings(strip, levels):
        caption = "One image, plain; encrypted, and its clear part, at every level"
        yield Panel("1", caption, replace(drawing, stem="figure-1"), None)
    yield from _histogram(results)
    yield from _whole_images(results)
    for role, numbers in TRAINED.items():
        yield from _trained(results, role, numbers, levels)


def called(results: Results, encoder: str) -> str:
    """An encoder by its own name, with the one it stands for."""
    role = results.roles.get(encoder)
    if role == "control":
        return f"{encoder} (untrained)"
    stands = encoder in results.stand_ins and role in NAMES
    return f"{encoder} (for {NAMES[role]})" if stands and role else encoder


def _histogram(results: Results) -> Iterator[Panel]:
    curve = results.curve("histogram", "pixels", "per-image")
    if curve is None:
        return
    figure, (axes,) = style.panels(1, "2. Histogram MI")
    _with_interval(axes, curve, 0, "histogram MI")
    fit = float(r_squared(curve.levels, curve.values))
    fitted = line(curve.levels, curve.values)
    axes.plot(curve.levels, fitted, color=style.VERMILLION, label=f"line, R² = {fit:.4f}")
    uniform = curve.column("ceiling")
    axes.plot(curve.levels, uniform, ":", color=style.GREY, label="uniform pixels")
    _finish(axes, curve)
    style.common_legend(figure, [axes])
    caption = f"Histogram MI against s, mean over {len(curve.by_image)} images"
    yield _panel("2", caption, figure, curve.table.assign(line=fitted, uniform=uniform))


def _whole_images(results: Results) -> Iterator[Panel]:
    for number, measure, words in (
        ("3a", "cosine", "Cosine similarity of features"),
        ("3b", "rounded", "MI of rounded features"),
    ):
        found = list(results.curves(measure, protocol="per-image"))
        if not found:
            continue
        figure, (axes,) = style.panels(1, f"{number}. {words}", height=2.9)
        for place, curve in enumerate(found):
            _with_interval(axes, curve, place, called(results, curve.encoder))
        _finish(axes, found[0])
        style.common_legend(figure, [axes], columns=1)
        caption = f"{words} of whole images against s, mean over {len(found[0].by_image)} images"
        table = pd.concat([curve.table for curve in found], ignore_index=True)
        yield _panel(number, caption, figure, table)


def _trained(
    results: Results, role: Role, places: tuple[str, str], levels: Levels
) -> Iterator[Panel]:
    """Distance to the maximum against the epoch, and the final value against s."""
    for at, encoder in enumerate(results.encoders(role)):
        first = at == 0 and role != "control"
        stems = [f"figure-{n}" if first else style.stem("figure", n, encoder) for n in places]
        numbers = places if first else tuple(f"{n} ({encoder})" for n in places)
        name, trained = called(results, encoder), _mine(results.frame, encoder)
        history = trained[trained["epoch"].notna()]
        if history["level"].nunique() > 1:
            drawing = training.distance(stems[0], f"{places[0]}. {name}", history, levels)
            caption = f"Distance to the maximum MI by epoch, MINE on {name}"
            yield Panel(numbers[0], caption, drawing, history[HISTORY_COLUMNS])
        rows = _mine(results.summary, encoder).sort_values("level", kind="stable")
        if len(rows):
            rows = _with_exact(results, encoder, rows)
            drawing = curves.drawing(stems[1], f"{places[1]}. {name}", rows, levels)
            caption = f"Final MI against s, MINE on {name}"
            yield Panel(numbers[1], caption, drawing, _bare(rows))


def _mine(table: pd.DataFrame, encoder: str) -> pd.DataFrame:
    rows = table[(table["encoder"] == encoder) & (table["measure"] == "mine")]
    return rows[rows["level"].notna()]


def _with_exact(results: Results, encoder: str, rows: pd.DataFrame) -> pd.DataFrame:
    """On pixels, the exact value beside that of MINE."""
    table = results.curve("tabular-mine", encoder, "in-sample")
    if table is None:
        return rows
    exact = dict(zip(table.levels, table.column("exact"), strict=True))
    return rows.assign(exact=[exact.get(float(level), np.nan) for level in rows["level"]])


def _with_interval(axes: Axes, curve: Curve, place: int, label: str) -> None:
    colour = (style.BLUE, style.VERMILLION, style.GREEN, style.PURPLE)[place % 4]
    low, high = curve.column("low"), curve.column("high")
    axes.fill_between(curve.levels, low, high, color=colour, alpha=0.25, linewidth=0)
    look = {"color": colour, "marker": style.MARKERS[place], "linestyle": style.LINES[place % 4]}
    axes.plot(curve.levels, curve.values, label=label, **look)


def _finish(axes: Axes, curve: Curve) -> None:
    axes.set_title(f"mean of {len(curve.by_image)} images, 95 % interval")
    axes.set_xlabel("level s")
    axes.set_xticks(curve.levels)
    axes.set_ylabel(style.with_unit(curve.measure, curve.unit))


def _panel(number: str, caption: str, figure: Figure, table: pd.DataFrame) -> Panel:
    return Panel(number, caption, Drawing(f"figure-{number}", caption, figure), _bare(table))


def _bare(table: pd.DataFrame) -> pd.DataFrame:
    """Without the columns that are empty here."""
    return table.dropna(axis=1, how="all")
