"""A run on A4 pages: its answer, its table, its figures, as one PDF."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from io import BytesIO

from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from ..study.store import Run
from . import cells
from .figures import drawings
from .figures.style import print_style, printable
from .finding import Finding, find

_WIDTH, _HEIGHT = 8.27, 11.69
_LEFT, _TOP = 0.75, 0.9
"""Inches of an A4 page and its margins."""

_COLUMNS, _LEVELS = 5, 17
"""Of one table."""


def to_pdf(run: Run, acceptable: float | None = None) -> bytes:
    """The pages of a run; the same run gives the same bytes."""
    content = BytesIO()
    finding = find(run.summary, run.manifest, acceptable)
    metadata = {"Title": finding.answer, "CreationDate": None, "Creator": None, "Producer": None}
    with print_style(), PdfPages(content, metadata=metadata) as pages:
        for page in (_first(finding), *_tables(run)):
            pages.savefig(page)
        for drawing in drawings(run.frame, run.summary, run.growth, None):
            pages.savefig(drawing.figure, bbox_inches=_page_around(drawing.figure))
    return content.getvalue()


def _first(finding: Finding) -> Figure:
    page, below = _blank(), _TOP
    advice = finding.recommendation.words if finding.recommendation else ""
    parts = [(finding.answer, 14, 62), (finding.reach, 9, 96), (advice, 9, 96)]
    parts += [(f"Note. {warning}", 9, 96) for warning in finding.warnings]
    for title, lines in (
        ("Who looked", finding.looked),
        ("What this does not cover", finding.limits),
    ):
        parts += [(f"{title}:", 9, 96), *((f"– {line}", 9, 96) for line in lines)]
    for text, size, width in parts:
        below = _write(page, text, below, size, width)
    return page


def _write(page: Figure, text: str, below: float, size: float, width: int) -> float:
    """Text at a height in inches from the top; the height below it."""
    if not text:
        return below
    lines = textwrap.wrap(printable(text, 2000), width)
    page.text(
        _LEFT / _WIDTH,
        1 - below / _HEIGHT,
        "\n".join(lines),
        fontsize=size,
        va="top",
        linespacing=1.35,
    )
    return below + (len(lines) * 1.35 + 0.7) * size / 72


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


def _page_around(figure: Figure) -> Bbox:
    """An A4 page with the figure at the top, centred, in inches of the figure."""
    width, height = figure.get_size_inches()
    left = -(_WIDTH - width) / 2
    top = height + _TOP
    return Bbox.from_extents(left, top - _HEIGHT, left + _WIDTH, top)
