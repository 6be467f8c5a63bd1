"""The table of levels and measures, in all its forms."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pandas as pd
import pytest
from rich.console import Console
from rich.table import Table

from imleak.report import tables
from imleak.report.measures import measures
from imleak.report.text import markdown_table, table, to_csv
from imleak.study.store import Run
from schemes import BITPLANES, LEVELS

Make = Callable[..., pd.DataFrame]
MakeRun = Callable[..., Run]


def shown(drawn: Table, width: int = 300) -> str:
    console = Console(width=width, file=io.StringIO(), record=True)
    console.print(drawn)
    return console.export_text()


def to_markdown(summary: pd.DataFrame) -> str:
    return markdown_table(table(measures(summary), LEVELS))


def test_one_table_holds_units_intervals_verdicts_and_notes(whole: pd.DataFrame) -> None:
    text = shown(tables.level_tables(whole, BITPLANES, 1000)[0])
    for expected in (
        "dB",
        "= 7.40",
        "[7.35, 7.45]",
        "no leak found",
        "still rising",
        "cca-infonce",
        "a larger adversary would find more",
        "the smallest planted leak that is found has 0.12 bits",
        "rounded on efficientnet-lite0: 3 failed",
    ):
        assert expected in text


@pytest.mark.parametrize("width", [60, 80, 120, 400])
def test_tables_fit_the_terminal_and_lose_no_column(whole: pd.DataFrame, width: int) -> None:
    parts = tables.level_tables(whole, BITPLANES, width)
    lines = [line.rstrip() for part in parts for line in shown(part, 1000).splitlines()]
    assert max(map(len, lines)) <= width
    assert "\n".join(lines).count("in-sample") == 2
    assert sum("≥ lower bound" in line for line in lines) == 1
    assert (len(parts) == 1) == (width == 400)


def test_a_split_table_names_the_encoder_of_each_part(whole: pd.DataFrame) -> None:
    titles = [str(part.title) for part in tables.level_tables(whole, BITPLANES, 120)]
    assert titles == ["bitplanes · pixels", "bitplanes · efficientnet-lite0"]


def test_names_are_text_and_never_markup(make_rows: Make) -> None:
    summary = make_rows("[red]m[/red]", [1.0], encoder="[link=x]|")
    assert "[red]m[/red]" in shown(tables.level_tables(summary, BITPLANES, 300)[0])
    assert r"\[red\]m\[/red\] on \[link=x\]\|" in to_markdown(summary)


def test_an_empty_summary_is_an_empty_table(whole: pd.DataFrame, make_run: MakeRun) -> None:
    assert measures(whole[:0]) == []
    assert tables.level_tables(whole[:0], BITPLANES, 80)[0].row_count == 0
    assert to_csv(make_run(whole[:0], [], previews=0)) == "level,label\n"


def test_markdown_has_a_cell_for_every_level_and_measure(whole: pd.DataFrame) -> None:
    lines = [line for line in to_markdown(whole).splitlines() if line.startswith("|")]
    assert len(lines) == 2 + 9
    assert {line.count("|") for line in lines} == {len(measures(whole)) + 2}
    assert "≥ 1.06 [0.86, 1.26] no leak found" in lines[2 + 6]


def test_csv_gives_every_number_back_exactly(whole: pd.DataFrame, make_run: MakeRun) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(make_run(whole, [], previews=0)))))
    assert [row["level"] for row in rows] == [str(level) for level in range(9)]
    expected = whole[(whole["measure"] == "infonce")]
    name = "bitplanes efficientnet-lite0 infonce held-out"
    for column, end in (("mean", ""), ("low", " low"), ("high", " high")):
        assert [float(row[f"{name}{end} (bit)"]) for row in rows] == list(expected[column])
    assert [row[f"{name} verdict"] for row in rows] == list(expected["verdict"])
    assert rows[0]["bitplanes pixels psnr clear (dB)"] == "inf"
    assert rows[8]["bitplanes efficientnet-lite0 rounded (bit)"] == ""
