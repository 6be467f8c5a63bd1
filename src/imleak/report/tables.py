"""Level x measure in the terminal: every number with its unit, its bound and its interval;
and the small table of what is found at each level."""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .attributes import tables as of_attributes
from .levels import Levels
from .measures import Measure, blocks, measures, ranks, tabulated
from .notes import notes
from .overview import BOLD, lines, overview, rise

_VERDICT_STYLE = {"leak": "bold red", "saturated": "magenta", "unreliable": "yellow"}
CLAIM_STYLE = {True: "bold red", False: "dim", None: ""}
"""By whether a number claims a leak; None where it is no finding of an adversary."""


def level_tables(summary: pd.DataFrame, manifest: Mapping[str, Any], width: int) -> list[Table]:
    """All measures in tables no wider than `width` characters: one if it fits, else one an
    encoder, else as many as each encoder needs. The notes stand below the last."""
    levels, by_encoder = Levels.of(manifest), blocks(tabulated(measures(summary)))
    shown = [one for _, block in by_encoder for one in block]
    if not shown and not summary.empty:
        return []
    whole = _table(shown, levels, notes(summary, levels))
    if width_of(whole) <= width:
        return [whole]
    fitting: list[list[Measure]] = []
    for _, of_encoder in by_encoder:
        fitting.append([])
        for one in of_encoder:
            if fitting[-1] and width_of(_table([*fitting[-1], one], levels)) > width:
                fitting.append([])
            fitting[-1].append(one)
    *first, last = fitting
    return [
        *(_table(block, levels) for block in first),
        _table(last, levels, notes(summary, levels)),
    ]


def overview_table(summary: pd.DataFrame, manifest: Mapping[str, Any]) -> Table:
    """What is found at each level; without rows where no adversary looked."""
    shown, levels = overview(summary, manifest), Levels.of(manifest)
    table = Table(
        caption=Text("\n".join(filter(None, (BOLD, rise(shown, levels))))),
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    if not any(one.claims is not None for column in shown for one in column.entries.values()):
        return table
    _add_levels(table, levels)
    for column in shown:
        table.add_column(Text(f"{column.title}\n{column.words}"), justify="right")
    for head, entries in lines(shown, levels):
        words = [Text(one.text, style=CLAIM_STYLE[one.claims]) for one in entries]
        table.add_row(Text(head), *words)
    return table


def attribute_tables(summary: pd.DataFrame, manifest: Mapping[str, Any]) -> Iterator[Table]:
    """What leaks by attribute, a table each view: bits, bold where it is a leak."""
    levels = Levels.of(manifest)
    for told in of_attributes(summary, manifest):
        table = Table(
            title=Text(told.title, style="bold"),
            title_justify="left",
            caption=Text(told.short_note),
            caption_justify="left",
            box=box.SIMPLE_HEAD,
            pad_edge=False,
        )
        table.add_column(Text(told.heading), style="bold")
        for rank in told.ranks:
            table.add_column(Text(levels[rank].short), justify="right")
        for row in told.rows:
            cells = [
                Text(row.number(rank), style=CLAIM_STYLE[row.claims(rank)]) for rank in told.ranks
            ]
            table.add_row(Text(row.name), *cells)
        yield table


def shows_strongest_only(summary: pd.DataFrame) -> bool:
    """Whether an estimator was asked through several encoders, which share a column of the
    overview."""
    judged = summary[summary["verdict"].notna() & summary["quantity"].isna()]
    return bool((judged.groupby("measure")["encoder"].nunique() > 1).any())


def _table(shown: Sequence[Measure], levels: Levels, below: Sequence[str] = ()) -> Table:
    title = _title(shown)
    table = Table(
        title=Text(title, style="bold") if title else None,
        title_justify="left",
        caption=Text("\n".join(below)) if below else None,
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    _add_levels(table, levels)
    several = len({(column.scheme, column.encoder) for column in shown}) > 1
    height = max((len(column.headings) + several for column in shown), default=0)
    for column in shown:
        words = [*column.headings, *([column.encoder] if several else [])]
        words += [""] * (height - len(words)) + [column.unit]
        table.add_column(Text("\n".join(words)), justify="right", no_wrap=True)
        if column.has_verdict:
            table.add_column(Text("verdict"), no_wrap=True)
    for rank in ranks(shown):
        entries = [entry for column in shown for entry in _entries(column, rank)]
        table.add_row(Text(levels.tick(rank)), *entries)
    return table


def _add_levels(table: Table, levels: Levels) -> None:
    head = Text(levels.symbol or levels.axis)
    table.add_column(head, justify="right", style="bold", min_width=3, max_width=24)


def _entries(column: Measure, rank: int) -> Iterator[Text]:
    """Value over interval; and verdict over how it came about."""
    value, verdict = column.value(rank), column.verdict(rank)
    text = Text(value, style="red" if value == "failed" else "")
    if interval := column.interval(rank):
        text.append(f"\n{interval}", style="dim")
    yield text
    if column.has_verdict:
        words = Text(verdict, style=_VERDICT_STYLE.get(verdict, "") if rank else "")
        for remark in column.remarks(rank):
            words.append(f"\n{remark}", style="dim")
        yield words


def _title(shown: Sequence[Measure]) -> str:
    """What all columns have in common."""
    encoders = dict.fromkeys(column.encoder for column in shown)
    schemes = dict.fromkeys(column.scheme for column in shown)
    return " · ".join([*schemes, *(encoders if len(encoders) == 1 else ())])


def width_of(table: Table) -> int:
    """Characters that a table takes."""
    console = Console(file=io.StringIO(), width=100_000)
    return console.measure(table).maximum
