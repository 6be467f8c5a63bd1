"""Level x measure: every number with its unit, its bound and its interval; and the small
table of what is found at each level.

For the terminal, in Markdown and in CSV.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .cells import Cell, Column, columns, levels, notes, pairs
from .overview import Entry, overview
from .overview import levels as overview_levels

_VERDICT_STYLE = {"leak": "bold red", "saturated": "magenta", "unreliable": "yellow"}


def level_table(summary: pd.DataFrame) -> Table:
    """All measures in one table, however wide: see :func:`level_tables` for a terminal."""
    shown = columns(summary)
    return _table(shown, _title(shown), notes(summary))


def level_tables(summary: pd.DataFrame, width: int) -> list[Table]:
    """The same in tables no wider than `width` characters: one if it fits, else one an
    encoder, else as many as each encoder needs. The notes stand below the last."""
    whole = level_table(summary)
    if _width(whole) <= width:
        return [whole]
    blocks = []
    for pair in pairs(summary):
        block: list[Column] = []
        for column in columns(summary):
            if (column.scheme, column.encoder) != pair:
                continue
            if block and _width(_table([*block, column], "", [])) > width:
                blocks.append(block)
                block = []
            block.append(column)
        blocks += [block] if block else []
    last = len(blocks) - 1
    return [
        _table(block, _title(block), notes(summary) if place == last else [])
        for place, block in enumerate(blocks)
    ]


def overview_table(summary: pd.DataFrame) -> Table:
    """What is found at each level; without rows where no adversary looked."""
    shown = overview(summary)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    if not any(one.claims is not None for column in shown for one in column.entries.values()):
        return table
    table.add_column(Text("s"), justify="right", style="bold")
    for column in shown:
        table.add_column(Text(f"{column.title}\n{column.words}"), justify="right")
    styles = {True: "bold red", False: "dim", None: ""}
    for level in overview_levels(shown):
        entries = [column.entries.get(level, Entry("")) for column in shown]
        words = [Text(one.text, style=styles[one.claims]) for one in entries]
        table.add_row(Text(str(level)), *words)
    return table


def shows_strongest_only(summary: pd.DataFrame) -> bool:
    """Whether an estimator was asked through several encoders, which share a column of the
    overview."""
    judged = summary[summary["verdict"].notna() & summary["quantity"].isna()]
    return bool((judged.groupby("measure")["encoder"].nunique() > 1).any())


def to_markdown(summary: pd.DataFrame) -> str:
    """A table in GitHub's Markdown, notes below."""
    shown = columns(summary)
    heads = [_escape(" ".join(filter(None, (*c.headings, "on", c.encoder)))) for c in shown]
    units = [f" ({column.unit})" if column.unit else "" for column in shown]
    lines = [
        "| s | " + " | ".join(head + unit for head, unit in zip(heads, units, strict=True)) + " |",
        "|--:|" + "---:|" * len(shown),
    ]
    for level in levels(shown):
        cells = [
            " ".join(filter(None, (c.value(level), c.interval(level), c.verdict(level))))
            for c in shown
        ]
        lines.append(f"| {level} | " + " | ".join(cells) + " |")
    below = [f"\n{_escape(note)}" for note in notes(summary)]
    return "\n".join([*lines, *below]) + "\n"


def to_csv(summary: pd.DataFrame) -> str:
    """A row a level, and for each measure its value, interval, bound and verdict, in full
    precision. A missing value is an empty field."""
    shown = columns(summary)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["level", *(head for column in shown for head in _csv_heads(column))])
    for level in levels(shown):
        writer.writerow([level, *(entry for c in shown for entry in _csv_cells(c, level))])
    return text.getvalue()


def _csv_heads(column: Column) -> Iterator[str]:
    name = " ".join((column.scheme, column.encoder, *column.headings))
    unit = f" ({column.unit})" if column.unit else ""
    yield from (f"{name}{unit}", f"{name} low{unit}", f"{name} high{unit}", f"{name} bound")
    if column.has_verdict:
        yield f"{name} verdict"


def _csv_cells(column: Column, level: int) -> Iterator[str]:
    cell = column.cells.get(level, Cell(math.nan, math.nan, math.nan, ""))
    for value in (cell.value, cell.low, cell.high):
        yield "" if math.isnan(value) else repr(value)
    yield cell.bound
    if column.has_verdict:
        yield cell.verdict


def _table(shown: Sequence[Column], title: str, below: Sequence[str]) -> Table:
    table = Table(
        title=Text(title, style="bold") if title else None,
        title_justify="left",
        caption=Text("\n".join(below)) if below else None,
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column(Text("s"), justify="right", style="bold")
    several = len({(column.scheme, column.encoder) for column in shown}) > 1
    height = max((len(column.headings) + several for column in shown), default=0)
    for column in shown:
        words = [*column.headings, *([column.encoder] if several else [])]
        words += [""] * (height - len(words)) + [column.unit]
        table.add_column(Text("\n".join(words)), justify="right", no_wrap=True)
        if column.has_verdict:
            table.add_column(Text("verdict"), no_wrap=True)
    for level in levels(shown):
        entries = [entry for column in shown for entry in _entries(column, level)]
        table.add_row(Text(str(level)), *entries)
    return table


def _entries(column: Column, level: int) -> Iterator[Text]:
    """Value over interval; and verdict over how it came about."""
    missing = column.value(level) == "failed"
    text = Text(column.value(level), style="red" if missing else "")
    if interval := column.interval(level):
        text.append(f"\n{interval}", style="dim")
    yield text
    if column.has_verdict:
        verdict = column.verdict(level)
        words = Text(verdict, style=_VERDICT_STYLE.get(verdict, ""))
        for remark in column.remarks(level):
            words.append(f"\n{remark}", style="dim")
        yield words


def _title(shown: Sequence[Column]) -> str:
    """What all columns have in common."""
    encoders = dict.fromkeys(column.encoder for column in shown)
    schemes = dict.fromkeys(column.scheme for column in shown)
    return " · ".join([*schemes, *(encoders if len(encoders) == 1 else ())])


def _width(table: Table) -> int:
    console = Console(file=io.StringIO(), width=100_000)
    return console.measure(table).maximum


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")
