"""Figures for print, as PDF and PNG."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import pandas as pd

from . import curves, learning, training
from .strip import StripImages
from .strip import drawings as strip_drawings
from .style import print_style, save

__all__ = ["StripImages", "write_figures"]


def write_figures(
    out: Path,
    frame: pd.DataFrame,
    summary: pd.DataFrame,
    growth: pd.DataFrame,
    strip: StripImages | None,
) -> list[Path]:
    """Draw a run into ``out/figures``: one picture at all levels, each measure against the
    level, each estimator against its training images, its epochs and its distance to the
    maximum.

    Parameters
    ----------
    out : folder of the run.
    frame : the tidy results; rows with an epoch are histories.
    summary : a row a scheme, encoder, measure, part, protocol and level.
    growth : a row an estimate and number of training images.
    strip : the picture of the strip, or None for no strip.

    Returns
    -------
    The files written, PDF before PNG of each figure. The same arguments give the same
    bytes.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    folder = out / "figures"
    with print_style():
        drawn = chain(
            strip_drawings(strip),
            curves.drawings(summary),
            learning.drawings(growth),
            training.drawings(frame),
        )
        return [path for drawing in drawn for path in save(drawing, folder)]
