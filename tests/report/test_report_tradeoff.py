"""Schemes beside each other at equal cost."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.text import Annotation
from summaries import estimated, rates

from conftest import manifest_of, rows
from imleak.report import FormatError, write_comparison
from imleak.report.comparison import Comparison
from imleak.report.figures.style import print_style
from imleak.report.figures.tradeoff import drawing, spread
from imleak.report.runs import ComparisonError, labels
from imleak.report.tradeoff import Tradeoff
from imleak.report.tradeoff.text import terminal_tables
from imleak.study.store import Run
from schemes import ETC, REGION

MakeRun = Callable[..., Run]
NAN = math.nan


def costs(psnr: list[float], shares: list[float] | None = None) -> pd.DataFrame:
    pieces = [rows("psnr", psnr, 0.3, unit="dB", part="cipher")]
    if shares:
        pieces.append(rows("encrypted-share", shares, 0.0, unit="%", part="cipher"))
    return pd.concat(pieces)


def of_planes() -> pd.DataFrame:
    named = rates("recognise", "top-5", [1, 0.77, 0.39], 0.02)
    return pd.concat([costs([math.inf, 9.0, 8.2], [0, 12.5, 25]), named, estimated()])


def of_blocks() -> pd.DataFrame:
    named = rates("recognise", "top-5", [1, 0.05, 0.04], 0.02, n=40)
    return pd.concat([costs([math.inf, 12.0, 8.5]), named]).assign(scheme="etc")


@pytest.fixture(scope="module")
def pair(make_run: MakeRun) -> list[Run]:
    names = ["a.png", "b.png"]
    return [
        make_run(of_planes(), names, previews=0),
        make_run(of_blocks(), names, previews=0, **ETC),
    ]


def test_the_cheapest_level_stands_first_whatever_its_scheme(pair: list[Run]) -> None:
    found = Tradeoff.of(labels(pair), "psnr")
    assert [(row.scheme, row.level) for row in found.rows][:4] == [
        ("etc", 1),
        ("bitplanes", 1),
        ("etc", 2),
        ("bitplanes", 2),
    ]
    assert all(row.level for row in found.rows)
    assert [one.key for one in found.adversaries] == ["named", "bits"]


def test_what_has_no_bits_to_count_has_a_dash_and_is_told(pair: list[Run]) -> None:
    found = Tradeoff.of(labels(pair), "bits")
    table = found.table()
    dashes = table[table["bits encrypted (%)"] == "-"]
    assert "etc" in set(dashes["scheme"])
    assert list(table["scheme"])[:2] == ["bitplanes", "bitplanes"]
    assert any("etc: no bits encrypted" in note and "psnr" in note for note in found.notes)


def test_a_number_stands_with_its_interval_and_its_null(pair: list[Run]) -> None:
    found = Tradeoff.of(labels(pair), "psnr")
    table = found.table().set_index(["scheme", "level"])
    cell = table.loc[("bitplanes", "1 of 8 planes encrypted"), "named (by a network, five guesses)"]
    assert cell == "77 % [72, 82], null up to 4"
    row = found.frame().set_index(["scheme", "level"]).loc[("bitplanes", 1)]
    assert row["named value"] == 0.77
    assert row["named low"] == pytest.approx(0.72)
    assert row["named null_p95"] == pytest.approx(0.04)
    assert row["PSNR of the cipher (dB)"] == 9.0


def test_of_different_numbers_of_images_it_is_told(pair: list[Run]) -> None:
    assert any("of 40 to 96 images" in note for note in Tradeoff.of(labels(pair), "psnr").notes)


def test_two_runs_of_one_scheme_are_told_apart(make_run: MakeRun) -> None:
    both = [make_run(of_planes(), ["a.png"], previews=0) for _ in range(2)]
    found = Tradeoff.of(labels(both), "psnr")
    assert len(found.schemes) == 2
    assert all(name.startswith("bitplanes of ") for name in found.schemes)


def test_options_of_a_scheme_are_told(make_run: MakeRun) -> None:
    options = manifest_of([])["spec"] | {"scheme": {"name": "region", "shares": [0.25]}}
    run = make_run(of_planes(), ["a.png"], previews=0, **REGION, spec=options)
    other = make_run(of_planes(), ["a.png"], previews=0)
    assert Tradeoff.of(labels([run, other]), "psnr").schemes[0] == "region (shares=[0.25])"


def test_a_cost_that_nobody_has_is_refused_with_those_there_are(
    pair: list[Run], tmp_path: Path
) -> None:
    with pytest.raises(ComparisonError, match="--measure size-change, or compare by psnr and bits"):
        Comparison(pair).tradeoff("size")
    with pytest.raises(ComparisonError, match="compare by psnr, bits, size"):
        write_comparison(pair, tmp_path / "x.html", by="money")
    with pytest.raises(FormatError, match="csv"):
        write_comparison(pair, tmp_path / "x.doc", "doc")


def test_every_form_of_it_is_written(pair: list[Run], tmp_path: Path) -> None:
    for form in ("md", "tex", "csv", "pdf", "png"):
        path = write_comparison(pair, tmp_path / f"all.{form}", form, "psnr")
        assert path.stat().st_size > 300
    assert b"\\toprule" in (tmp_path / "all.tex").read_bytes()
    table = pd.read_csv(io.StringIO((tmp_path / "all.csv").read_text()))
    assert list(table["scheme"])[:2] == ["etc", "bitplanes"]
    page = write_comparison(pair, tmp_path / "all.html", by="bits").read_text(encoding="utf-8")
    assert page.index("By bits encrypted") < page.index("By PSNR of the cipher")
    assert page.count("data:image/svg+xml;base64,") == 2
    assert "<b>77 % [72, 82]</b>" in page


def test_a_narrow_terminal_has_several_tables(pair: list[Run]) -> None:
    found = Tradeoff.of(labels(pair), "psnr")
    assert len(terminal_tables(found, 200)) == 1
    assert len(terminal_tables(found, 60)) == 2


def test_a_figure_has_a_line_a_scheme_in_each_panel(pair: list[Run]) -> None:
    axes = Comparison(pair).plot("psnr")
    titles = [one.get_title(loc="left").partition(":")[0] for one in axes]
    assert titles == ["named", "bits"]
    assert {text.get_text() for text in axes[0].texts} == {"bitplanes", "etc"}
    low, high = sorted(axes[0].get_xlim())
    assert low < 8.2
    assert high > 12


def test_a_figure_has_no_panel_without_an_adversary(pair: list[Run]) -> None:
    found = Comparison(pair).tradeoff("psnr")
    for count in (1, 2):
        some = replace(found, adversaries=found.adversaries[:count])
        with print_style():
            assert len(drawing(some).figure.axes) == count


def test_what_ties_a_name_to_its_line_looks_like_no_data(pair: list[Run]) -> None:
    axes = Comparison(pair).plot("psnr")[0]
    drawn = {to_hex(line.get_color()) for line in axes.lines}
    ties = [text.arrow_patch for text in axes.texts if isinstance(text, Annotation)]
    assert len(ties) == 2
    for tie in ties:
        assert tie is not None
        assert to_hex(tie.get_edgecolor()) not in drawn
        assert tie.get_linestyle() not in ("-", "solid")
        assert tie.get_zorder() < min(line.get_zorder() for line in axes.lines)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0.01, 0.09))
def test_names_of_lines_never_lie_over_each_other(heights: list[float], step: float) -> None:
    places = np.array(spread(heights, step))
    assert np.all(np.diff(np.sort(places)) >= step - 1e-9)
    assert places.min() >= -1e-9
    assert places.max() <= 1 + 1e-9
    order = np.argsort(heights, kind="stable")
    assert np.all(np.diff(places[order]) > 0)


def test_what_is_put_together_from_blocks_goes_by_its_neighbours(make_run: MakeRun) -> None:
    def figure(quantity: str, values: list[float]) -> pd.DataFrame:
        return rows("rebuild", values, unit="share", bound="none").assign(quantity=quantity)

    gradients, together = figure("gradient correlation", [1, 0.01, 0.0]), [1, 0.6, 0.2]
    both = pd.concat([of_blocks(), gradients, figure("neighbour accuracy", together)])
    (planes, blocks) = (
        make_run(pd.concat(some).assign(**scheme), ["a.png"], previews=0, **manifest)
        for some, scheme, manifest in (
            ([of_planes(), gradients], {}, {}),
            ([both], {"scheme": "etc"}, ETC),
        )
    )
    found = Tradeoff.of(labels([planes, blocks]), "psnr")
    shown = {
        (row.scheme, row.level): row.found["rebuilt"].value
        for row in found.rows
        if "rebuilt" in row.found
    }
    assert shown == {
        ("bitplanes", 1): 0.01,
        ("bitplanes", 2): 0.0,
        ("etc", 1): 0.6,
        ("etc", 2): 0.2,
    }
