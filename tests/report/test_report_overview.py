"""The small table of what is found at each level."""

from __future__ import annotations

from io import StringIO

import pandas as pd
from rich.console import Console
from summaries import default, estimated, histogram, matched, rates

from imleak.report.findings import findings
from imleak.report.levels import Levels
from imleak.report.measures import adversaries
from imleak.report.overview import Entry, lines, overview, rise
from imleak.report.recommend import recommend
from imleak.report.tables import overview_table
from schemes import BITPLANES, LEVELS, RECORDED


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
    assert shown[0].entries[0].claims
    assert [entry.claims for entry in lines(shown, LEVELS)[0][1]] == [None] * len(shown)
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


def test_bits_of_a_pixel_are_a_leak_where_they_are_estimated_and_never_where_exact() -> None:
    estimates = histogram().assign(bound="none")
    estimates.loc[estimates["level"] == 2, "bound"] = "exact"
    (column,) = overview(estimates, BITPLANES)
    claims = {level: entry.claims for level, entry in column.entries.items()}
    assert (claims[1], claims[2]) == (True, None)
    assert {one.claims for one in overview(histogram(), BITPLANES)[0].entries.values()} == {None}


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


def test_the_bits_are_those_that_the_answer_quotes() -> None:
    """Where every image is picked, InfoNCE has no interval, and Fano's bound is quoted."""
    full = matched()
    for quantity, numbers in (
        ("bits (Fano)", (6.5, 5.2, 6.5)),
        ("bits (InfoNCE)", (6.5, 6.5, 6.5)),
    ):
        at = (full["level"] == 7) & (full["quantity"] == quantity)
        full.loc[at, ["mean", "low", "high"]] = numbers
    shown = {column.title: column.entries for column in overview(full, BITPLANES)}
    everyone = adversaries(full, BITPLANES)
    found = max(findings(everyone), key=lambda one: one.level)
    assert found.size == shown["bits an image"][7].result
    assert (found.size.low, found.size.high) == (5.2, 6.5)  # type: ignore[union-attr]
    until_7 = full[full["level"] < 8]
    assert recommend(until_7, adversaries(until_7, BITPLANES), LEVELS, 0.1).words == (
        "No level is recommended for at most 0.10 bits: at s = 7 match on efficientnet-lite0, "
        "layout finds 6.50 bits [5.20, 6.50]."
    )


def test_the_bits_are_of_who_picks_most() -> None:
    """Not those of another encoder, which picks fewer images and whose bound is higher."""
    other = matched().assign(encoder="tones", mean=matched()["mean"] * 0.5)
    lower = other["quantity"] == "bits (Fano)"
    other.loc[lower, ["mean", "low", "high"]] = (6.5, 6.4, 6.5)
    both = pd.concat([matched(), other])
    shown = {column.title: column.entries for column in overview(both, BITPLANES)}
    found = {one.level: one for one in findings(adversaries(both, BITPLANES))}
    for level in (3, 5, 7):
        assert found[level].size == shown["bits an image"][level].result
        assert found[level].size.value < 6.5  # type: ignore[union-attr]


def test_more_at_a_higher_level_is_said_with_what_it_means() -> None:
    rates_of = rates("recognise", "top-5", [1, 0.4, 0.2, 0.6, 0.0], 0.02)
    assert rise(overview(rates_of, BITPLANES), LEVELS) == (
        "More is found at a higher level (named 60 % at s = 3 and 20 % at s = 2; intervals do not "
        "overlap): an adversary finds a number at least, so either it reads the higher level "
        "better, or the levels of this scheme are no order, or it is chance, as 10 pairs of levels "
        "are compared."
    )
    exact = histogram().assign(mean=[7.4, 6.6, 5.7, 4.8, 3.9, 3.0, 4.0, 1.0, 0.0])
    exact = exact.assign(low=exact["mean"] - 0.1, high=exact["mean"] + 0.1)
    assert rise(overview(exact, BITPLANES), LEVELS) == (
        "More is found at a higher level (bits a pixel 4.00 at s = 6 and 3.00 at s = 5; intervals "
        "do not overlap): these numbers are exact, so the levels of this scheme are no order."
    )


def test_nothing_is_said_where_nothing_rises_for_certain() -> None:
    assert rise(overview(default(), BITPLANES), LEVELS) == ""
    within = rates("recognise", "top-5", [1, 0.4, 0.2, 0.25, 0.0], 0.02)
    assert rise(overview(within, BITPLANES), LEVELS) == ""
    quiet = estimated().assign(verdict="no leak found", low=lambda f: -f["level"] % 3 - 0.1)
    assert rise(overview(quiet, BITPLANES), LEVELS) == ""
    others = rates("recognise", "top-5", [1, 0.2, 0.6], 0.02)
    assert rise(overview(others, RECORDED), Levels.of(RECORDED)) == ""
