"""A run on A4 pages without a browser: first what whoever decides needs, then the rest."""

import textwrap
from dataclasses import dataclass, field
from io import BytesIO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from ..study.store import Run
from .answer import Answer, answer
from .attributes import tables as attribute_tables
from .figures import drawings, findings
from .figures.style import print_style, printable
from .learners import Learners
from .levels import Levels
from .measures import Measure, measures, ranks
from .overview import BOLD, lines, overview, rise
from .rebuilt import RebuiltImages
from .words import unbroken

_WIDTH, _HEIGHT = 8.27, 11.69
_LEFT, _TOP, _BOTTOM = 0.555, 0.6, 0.6
"""Inches of an A4 page and its margins, which leave the width of a page of print."""
_GAP, _DPI = 0.2, 200
"""Inches between figures; their resolution."""
_COLUMNS, _LEVELS = 6, 17
"""Most columns and levels of one table."""


@dataclass
class _Pages:
    """Pages filled from left to right and from top to bottom."""

    full: list[Figure] = field(default_factory=list)
    page: Figure = field(default_factory=lambda: _blank())
    below: float = _TOP
    left: float = _LEFT
    tall: float = 0.0

    def turn(self) -> None:
        """Go on with a new page, unless this one is empty."""
        if (self.below, self.left) != (_TOP, _LEFT):
            self.full.append(self.page)
            self.page, self.below, self.left, self.tall = _blank(), _TOP, _LEFT, 0.0

    def end_row(self) -> None:
        if self.left > _LEFT:
            self.left, self.below, self.tall = _LEFT, self.below + self.tall + _GAP, 0.0

    def keep(self, height: float) -> None:
        """Turn to a new page if this one has less than so many inches left."""
        self.end_row()
        if self.below + height > _HEIGHT - _BOTTOM:
            self.turn()

    def write(self, text: str, size: float, width: int, weight: str = "normal") -> None:
        """Text of so many characters a line, and a gap below it."""
        if not text:
            return
        lines = textwrap.wrap(unbroken(printable(text, 2000)), width)
        height = (len(lines) * 1.45 + 0.4) * size / 72
        self.keep(height)
        place = (_LEFT / _WIDTH, 1 - self.below / _HEIGHT)
        words = "\n".join(lines).replace("\u00a0", " ")
        self.page.text(*place, words, fontsize=size, weight=weight, va="top", linespacing=1.35)
        self.below += height

    def place(self, width: float, height: float) -> Axes:
        """Axes of this size in inches."""
        if self.left > _LEFT and self.left + width > _WIDTH - _LEFT + 0.01:
            self.end_row()
        if self.below + height > _HEIGHT - _BOTTOM:
            self.turn()
        box = (self.left / _WIDTH, 1 - (self.below + height) / _HEIGHT)
        axes = self.page.add_axes((*box, width / _WIDTH, height / _HEIGHT))
        axes.axis("off")
        self.left, self.tall = self.left + width + 0.16, max(self.tall, height)
        return axes

    def show(self, image: NDArray[np.uint8], width: float, height: float) -> None:
        self.place(width, height).imshow(image, interpolation="none", aspect="auto")

    def draw(self, figure: Figure) -> None:
        width, height = figure.get_size_inches()
        self.show(_pixels(figure), width, height)


def to_pdf(run: Run, acceptable: float | None = None) -> bytes:
    """The pages of a run; the same run gives the same bytes."""
    content = BytesIO()
    found = answer(run.summary, run.manifest, acceptable)
    metadata = {"Title": found.text, "CreationDate": None, "Creator": None, "Producer": None}
    with print_style():
        pages = _Pages()
        _decide(pages, run, found)
        pages.turn()
        _rest(pages, run)
        pages.turn()
        with PdfPages(content, metadata=metadata) as file:
            for page in pages.full:
                file.savefig(page)
    return content.getvalue()


def _decide(pages: _Pages, run: Run, found: Answer) -> None:
    """Title, date, answer, strip, chart, table, and what was run."""
    manifest, levels = run.manifest, Levels.of(run.manifest)
    images, started = len(manifest["images"]), manifest["started"][:10]
    version = manifest["versions"].get("imleak", "")
    pages.write("What a selectively encrypted image still gives away", 14, 70, "bold")
    pages.write(f"imleak {version} · {images:,} images · {started}", 8.5, 110)
    if found.recommendation:
        pages.write(found.recommendation.words, 9.5, 92, "bold")
    for place, sentence in enumerate(found.sentences):
        pages.write(str(sentence), *((11, 77, "bold") if place == 0 else (9, 110)))
    for line in (*found.notes, *(f"Note: {warning}" for warning in found.warnings)):
        pages.write(line, 7.5, 135)
    strip = run.path / "figures" / "strip.png"
    if strip.is_file():
        with Image.open(strip) as file:
            image = np.asarray(file.convert("RGB"))
        width = _WIDTH - 2 * _LEFT
        pages.show(image, width, width * image.shape[0] / image.shape[1])
    for chart in findings.drawings(run.summary, levels):
        pages.draw(chart.figure)
    pages.end_row()
    shown = overview(run.summary, manifest)
    if shown:
        heads = [f"{column.title}\n{textwrap.fill(column.words, 18)}" for column in shown]
        body = [[head, *(one.text for one in row)] for head, row in lines(shown, levels)]
        loud = {
            (at, place)
            for at, (_, row) in enumerate(lines(shown, levels), start=1)
            for place, one in enumerate(row, start=1)
            if one.claims
        }
        _table(pages, [levels.symbol or levels.axis, *heads], body, 0.19, loud)
        pages.write(BOLD, 7.5, 135)
        pages.write(rise(shown, levels), 7.5, 135)
    _rebuilt(pages, RebuiltImages.of(run.summary, manifest), levels)
    command = printable(" ".join(manifest["command"] or ()), 700)
    for title, section in (
        ("Who looked", found.looked),
        ("What this does not cover", found.limits),
        ("What was run", (command, manifest["keys"])),
    ):
        pages.write(title, 9, 100, "bold")
        for line in section:
            pages.write(line, 7.5, 125)


def _rebuilt(pages: _Pages, images: RebuiltImages, levels: Levels) -> None:
    """The table of rebuilt images, if there are any."""
    if images.levels:
        heads = [textwrap.fill(f"{one.title}, {one.words}", 13) for one in images.columns()]
        body = [[head, *entries] for head, entries in images.lines(levels)]
        title = images.caption
        _table(pages, [levels.symbol or levels.axis, *heads], body, 0.19, title=title)


def _rest(pages: _Pages, run: Run) -> None:
    """Level by measure, a few columns and levels a table; attributes; then every figure in its
    size."""
    shown = [one for one in measures(run.summary) if one.results]
    if shown:
        pages.write("Level by measure; [low, high]: 95 % interval", 9, 100, "bold")
    levels, every = Levels.of(run.manifest), ranks(shown)
    for first in range(0, len(shown), _COLUMNS):
        block = shown[first : first + _COLUMNS]
        heads = [
            "\n".join([*_heading(column), printable(column.encoder, 18), column.unit])
            for column in block
        ]
        for start in range(0, len(every), _LEVELS):
            body = [
                [levels.tick(rank), *("\n".join(column.lines(rank)) for column in block)]
                for rank in every[start : start + _LEVELS]
            ]
            _table(pages, [levels.symbol or levels.axis, *heads], body, 0.44)
    for told in attribute_tables(run.summary, run.manifest):
        body = [[row.name, *map(row.bits, told.ranks)] for row in told.rows]
        loud = {
            (at, place)
            for at, row in enumerate(told.rows, start=1)
            for place, rank in enumerate(told.ranks, start=1)
            if row.claims(rank)
        }
        heads = [levels[rank].short for rank in told.ranks]
        _table(pages, [told.heading, *heads], body, 0.19, loud, title=told.title)
        pages.write(told.short_note, 7.5, 125)
    drawn = drawings(
        run.histories, run.summary, run.growth, None, levels, Learners.of(run.manifest)
    )
    for drawing in drawn:
        if drawing.stem != findings.STEM:
            pages.draw(drawing.figure)


def _table(
    pages: _Pages,
    heads: list[str],
    body: list[list[str]],
    row: float,
    loud: set[tuple[int, int]] | None = None,
    title: str = "",
) -> None:
    """A table with rows of so many inches, the level first, and its title on the same page;
    `loud` cells are bold."""
    width, head = _WIDTH - 2 * _LEFT, 0.14 * max(text.count("\n") + 1 for text in heads) + 0.14
    pages.keep(head + len(body) * row + (0.3 if title else 0))
    pages.write(title, 9, 100, "bold")
    longest = max(len(row_of[0]) for row_of in body) if body else 0
    first = min(0.3, max(0.06, 0.009 * longest + 0.02))
    axes = pages.place(width, head + len(body) * row)
    table = axes.table(
        cellText=body,
        colLabels=["\n".join(textwrap.wrap(printable(heads[0]), int(120 * first))), *heads[1:]],
        colWidths=[first, *[(1 - first) / max(len(heads) - 1, _COLUMNS)] * (len(heads) - 1)],
        loc="upper left",
        cellLoc="right",
        edges="horizontal",
    )
    table.auto_set_font_size(False)
    table.set_fontsize(7)
    tall = head + len(body) * row
    for at, cell in table.get_celld().items():
        cell.set_height((head if at[0] == 0 else row) / tall)
        cell.set_linewidth(0.8 if at[0] == 0 else 0.3)
        if at in (loud or ()):
            cell.set_text_props(weight="bold")
    pages.end_row()


def _heading(column: Measure) -> list[str]:
    return textwrap.wrap(printable(" ".join(column.headings), 40), 20)[:2]


def _pixels(figure: Figure) -> NDArray[np.uint8]:
    content = BytesIO()
    figure.savefig(content, format="png", dpi=_DPI)
    with Image.open(content) as image:
        return np.asarray(image.convert("RGB"))


def _blank() -> Figure:
    return Figure(figsize=(_WIDTH, _HEIGHT))
