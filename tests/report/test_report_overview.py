"""The small table of what is found at each level."""

from __future__ import annotations

from io import StringIO

import pandas as pd
from rich.console import Console
from summaries import default, estimated, histogram, matched, rates

from imleak.report.overview import Entry, lines, overview
from imleak.report.tables import overview_table
from schemes import BITPLANES, LEVELS


def test_a_column_for_every_kind_of_finding_the_gravest_first() -> None:
    shown = overview(default(), BITPLANES)
    assert [column.title for column in shown] == [
        "named",
        "picked",
        "bits an image",
        "confirmed",
        "bits a patch",
        "bits a pixel",
    ]
    assert [head for head, _ in lines(shown, LEVELS)] == [str(s) for s in range(9)]
    assert lines(shown, LEVELS)[3][1] == [column.entries[3] for column in shown]
    assert [column.entries[3] for column in shown] == [
        Entry("10 %", True),
        Entry("99 %", True),
        Entry("6.20", True),
        Entry("yes", True),
        Entry("1.50", True),
        Entry("4.80"),
    ]
    assert shown[0].entries[6] == Entry("0 %", claims=False)
    assert shown[3].entries[8] == Entry("no", claims=False)


def test_columns_nobody_asked_for_are_not_there() -> None:
    titles = [column.title for column in overview(pd.concat([estimated(), histogram()]), BITPLANES)]
    assert titles == ["bits a patch", "bits a pixel"]
    assert overview(histogram()[:0], BITPLANES) == []


def test_the_terminal_shows_it_only_where_somebody_looked() -> None:
    assert overview_table(histogram(), BITPLANES).row_count == 0
    console = Console(file=StringIO(), width=100)
    console.print(overview_table(matched(), BITPLANES))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "picked" in text
    assert "38 %" in text


def test_shares_of_an_attack_of_another_package_are_not_shown_as_bits() -> None:
    nearest = rates("nearest", "nearest", [1.0] * 9, 0.5)
    (column,) = overview(pd.concat([nearest, estimated()], ignore_index=True), BITPLANES)
    assert (column.title, column.words) == ("bits a patch", "best")
    assert [entry.text for entry in column.entries.values()][3:5] == ["1.50", "0.60"]
