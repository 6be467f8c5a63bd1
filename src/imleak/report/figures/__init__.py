"""Figures for print, as PDF and PNG, and their numbers as CSV."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes

from ...interfaces import ImleakError
from ...study.store import Run
from ..learners import Learners
from ..levels import Levels
from . import attributes, curves, findings, learning, training
from .strip import StripImages
from .strip import drawings as strip_drawings
from .style import Drawing, print_style, save

__all__ = ["StripImages", "axes_of", "drawings", "write_figures"]


class FigureError(ImleakError):
    """A figure that a run has not."""


def write_figures(
    out: Path,
    frame: pd.DataFrame,
    summary: pd.DataFrame,
    growth: pd.DataFrame,
    strip: StripImages | None,
    levels: Levels,
    learners: Learners | None = None,
) -> list[Path]:
    """Draw a run into ``out/figures``: one image at all levels, what is found, attributes, each
    measure against the level, each estimator against its training images, its epochs and its
    distance to the maximum.

    Parameters
    ----------
    out : folder of the run.
    frame : the tidy results; rows with an epoch are histories.
    summary : a row an encoder, measure, part, protocol and level.
    growth : a row an estimate and number of training images.
    strip : the image of the strip, or None for no strip.
    levels : what the levels are called.
    learners : how what was learned from is counted; else in images.

    Returns
    -------
    The files written, PDF before PNG before CSV of each figure. The same arguments give the same
    bytes.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    folder = out / "figures"
    with print_style():
        drawn = drawings(frame, summary, growth, strip, levels, learners)
        return [path for drawing in drawn for path in save(drawing, folder)]


def axes_of(run: Run, names: Sequence[str] = ()) -> dict[str, list[Axes]]:
    """The axes of the figures of a run, by the stems of their files; all without names. Raises
    FigureError if there is none of a name."""
    from ..shown import strip_of_previews

    levels = Levels.of(run.manifest)
    with print_style():
        drawn = drawings(
            run.histories,
            run.summary,
            run.growth,
            strip_of_previews(run.path),
            levels,
            Learners.of(run.manifest),
        )
        found = {one.stem: one.figure.axes for one in drawn}
    for name in names:
        if name not in found:
            raise FigureError(f"no figure {name!r}; give one of {', '.join(found)}")
    return {name: found[name] for name in names or found}


def drawings(
    frame: pd.DataFrame,
    summary: pd.DataFrame,
    growth: pd.DataFrame,
    strip: StripImages | None,
    levels: Levels,
    learners: Learners | None = None,
) -> Iterator[Drawing]:
    """Every figure of a run, drawn when it is asked for; the arguments of
    :func:`write_figures`."""
    yield from strip_drawings(strip, levels)
    yield from findings.drawings(summary, levels)
    yield from attributes.drawings(summary, levels)
    yield from curves.drawings(summary, levels, learners)
    yield from learning.drawings(growth, levels, learners)
    yield from training.drawings(frame, levels)
