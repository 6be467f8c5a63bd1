"""A run on A4 pages: its answer, its table, its figures, as one PDF."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from io import BytesIO

import numpy as np
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from ..study.store import Run
from . import cells
from .figures import drawings
from .figures.style import print_style, printable
from .finding import Finding, find

_WIDTH, _HEIGHT = 8.27, 11.69
_LEFT, _TOP, _BOTTOM = 0.555, 0.8, 0.6
"""Inches of an A4 page and its margins, which leave the width of a page of print."""

_GAP, _DPI = 0.3, 200
"""Inches between figures; their resolution."""

_COLUMNS, _LEVELS = 6, 17
"""Of one table."""


def to_pdf(run: Run, acceptable: float | None = None) -> bytes:
    """The pages of a run; the same run gives the same bytes."""
    content = BytesIO()
    finding = find(run.summary, run.manifest, acceptable)
    metadata = {"Title": finding.answer, "CreationDate": None, "Creator": None, "Producer": None}
    with print_style(), PdfPages(content, metadata=metadata) as pages:
        for page in (_first(finding), *_tables(run), *_figures(run)):
            pages.savefig(page)
    return content.getvalue()


def _first(finding: Finding) -> Figure:
    page = _blank()
    below = _write(page, finding.answer, _TOP, 15, 60)
    below = _write(page, finding.reach, below, 9.5, 92)
    if finding.recommendation:
        below = _write(page, finding.recommendation.words, below, 9.5, 92)
    for warning in finding.warnings:
        below = _write(page, f"Note: {warning}", below, 9.5, 92)
    for title, lines in (
        ("Who looked", finding.looked),
        ("What this does not cover", finding.limits),
    ):
        below = _write(page, title if lines else "", below + 0.12, 9.5, 92, weight="bold")
        for line in lines:
            below = _write(page, f"–  {line}", below, 9.5, 92)
    return page


def _write(
    page: Figure, text: str, below: float, size: float, width: int, weight: str = "normal"
) -> float:
    """Text at a height in inches from the top; the height below it."""
    if not text:
        return below
    lines = textwrap.wrap(printable(text, 2000), width)
    place = (_LEFT / _WIDTH, 1 - below / _HEIGHT)
    page.text(*place, "\n".join(lines), fontsize=size, weight=weight, va="top", linespacing=1.4)
    return below + (len(lines) * 1.6 + 0.45) * size / 72


def _figures(run: Run) -> Iterator[Figure]:
    """Every figure in its size, from left to right and from top to bottom."""
    page, left, below, tall = _blank(), _LEFT, _TOP, 0.0
    is_empty = True
    for drawing in drawings(run.histories, run.summary, run.growth, None):
        width, height = drawing.figure.get_size_inches()
        if left > _LEFT and left + width > _WIDTH - _LEFT + 0.01:
            left, below, tall = _LEFT, below + tall + _GAP, 0.0
        if below + height > _HEIGHT - _BOTTOM and not is_empty:
            yield page
            page, left, below, tall = _blank(), _LEFT, _TOP, 0.0
        box = (left / _WIDTH, 1 - (below + height) / _HEIGHT, width / _WIDTH, height / _HEIGHT)
        axes = page.add_axes(box)
        axes.imshow(_pixels(drawing.figure), interpolation="none", aspect="auto")
        axes.axis("off")
        left, tall, is_empty = left + width + 0.16, max(tall, height), False
    if not is_empty:
        yield page


def _pixels(figure: Figure) -> NDArray[np.uint8]:
    content = BytesIO()
    figure.savefig(content, format="png", dpi=_DPI)
    with Image.open(content) as image:
        return np.asarray(image.convert("RGB"))


def _tables(run: Run) -> Iterator[Figure]:
    """Level by measure, a few columns and levels a page."""
    shown = [column for column in cells.columns(run.summary) if column.cells]
    every = cells.levels(shown)
    for first in range(0, len(shown), _COLUMNS):
        block = shown[first : first + _COLUMNS]
        for start in range(0, len(every), _LEVELS):
            yield _table(block, every[start : start + _LEVELS])


def _table(block: list[cells.Column], levels: list[int]) -> Figure:
    page = _blank()
    _write(page, "Level by measure; [low, high]: 95 % interval", _TOP, 11, 80)
    axes = page.add_axes((_LEFT / _WIDTH, 0.06, 1 - 2 * _LEFT / _WIDTH, 0.82))
    axes.axis("off")
    heads = [
        "\n".join([printable(" ".join(c.headings), 22), printable(c.encoder, 22), c.unit])
        for c in block
    ]
    body = [[str(level), *(_cell(column, level) for column in block)] for level in levels]
    table = axes.table(
        cellText=body,
        colLabels=["s", *heads],
        colWidths=[0.06, *[0.94 / _COLUMNS] * len(block)],
        loc="upper left",
        cellLoc="right",
        edges="horizontal",
    )
    table.auto_set_font_size(False)
    table.set_fontsize(7)
    for (row, _), cell in table.get_celld().items():
        cell.set_height(0.055 if row == 0 else 0.052)
        cell.set_linewidth(0.8 if row == 0 else 0.3)
    return page


def _cell(column: cells.Column, level: int) -> str:
    lines = (column.value(level), column.interval(level), column.verdict(level))
    return "\n".join(filter(None, lines))


def _blank() -> Figure:
    return Figure(figsize=(_WIDTH, _HEIGHT))
