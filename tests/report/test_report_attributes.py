"""What leaks, by attribute: its sentence, its table, and what it leaves alone."""

from __future__ import annotations

import io
import math
from typing import Any

import pandas as pd
import pytest
from rich.console import Console
from summaries import LEAK, QUIET, default, rows

from imleak.report import write_report
from imleak.report.answer import answer
from imleak.report.attributes import tables
from imleak.report.figures import attributes as figures
from imleak.report.figures.findings import chart_of
from imleak.report.findings import told
from imleak.report.levels import Levels
from imleak.report.measures import adversaries, measures, tabulated
from imleak.report.sentences import sentences
from imleak.report.tables import attribute_tables, level_tables
from schemes import BITPLANES

NAN = math.nan


def manifest(**more: Any) -> dict[str, Any]:
    return BITPLANES | {"images": [{"name": "a", "bits": 8, "channels": 3}] * 96, **more}


def of_attribute(name: str, means: list[float], **more: Any) -> pd.DataFrame:
    """Rows of one quantity; what is not above .1 is no leak."""
    given = {
        "encoder": "efficientnet-lite0",
        "quantity": name,
        "protocol": "held-out",
        "bound": "lower",
        "verdict": [LEAK if value > 0.1 else QUIET for value in means],
        "null_mean": 0.0,
        "null_p95": 0.01,
        "train_groups": 61,
        "test_groups": 96,
    }
    return rows("attributes", means, **(given | more))


def leaking() -> pd.DataFrame:
    """Noise at two levels, the mean at one, contrast at none that encrypts anything."""
    share = {"unit": "1", "bound": "none", "verdict": None}
    return pd.concat(
        [
            of_attribute("mean", [2.0, 0.3, 0.0]),
            of_attribute("mean, R²", [0.9, 0.3, 0.0], **share),
            of_attribute("contrast", [2.0, 0.0, -0.1]),
            of_attribute("contrast, R²", [0.9, 0.1, -0.2], **share),
            of_attribute("noise", [2.0, 0.9, 0.5]),
            of_attribute("noise, R²", [0.9, 0.6, 0.5], **share),
            of_attribute("features", [4.0, 3.0, 2.5]),
            of_attribute("features, given tone", [4.0, 3.0, 2.5], bound="none"),
        ],
        ignore_index=True,
    )


def test_the_sentence_names_the_attributes_that_leak_and_no_others() -> None:
    everyone = adversaries(leaking(), manifest())
    names = {
        level: [one.adversary.attribute for one in found] for level, found in told(everyone).items()
    }
    assert names == {1: ["noise", "mean"], 2: ["noise"]}
    said = " ".join(
        map(str, sentences(leaking(), everyone, Levels.of(manifest()), asked=(), colour=False))
    )
    assert said.startswith(
        "At s = 2 a patch¹ still tells of its noise: at least 0.50 bits [0.45, 0.55], from its "
        "features (efficientnet-lite0); at s = 1 also mean."
    )
    assert "contrast" not in said
    assert "3.00" not in said


def test_attributes_of_one_level_are_told_in_order_of_their_bits() -> None:
    found = leaking()
    said = str(answer(found[found["level"] < 2], manifest()).sentences[0])
    assert said == (
        "At s = 1 a patch¹ still tells of its noise and mean: at least 0.90 bits [0.85, 0.95] and "
        "0.30, in this order, from its features (efficientnet-lite0)."
    )


def test_a_level_at_which_an_attribute_leaks_is_not_called_quiet() -> None:
    said = answer(pd.concat([default(), leaking()], ignore_index=True), manifest()).text
    assert "At s = 4 best, trained on 61 images" in said
    alone = answer(leaking(), manifest()).text
    assert "finds nothing" not in alone
    nothing = answer(of_attribute("mean", [2.0, 0.0]), manifest()).text
    assert nothing.startswith("At s = 1 attributes (trained on 61 images) finds nothing")


def test_the_table_has_a_row_an_attribute_and_features_last() -> None:
    (table,) = tables(leaking(), manifest())
    assert table.title == "What efficientnet-lite0 tells of a patch"
    assert [row.name for row in table.rows] == [
        "mean", "contrast", "noise", "features", "features, given tone",
    ]  # fmt: skip
    mean, contrast, _, features, given = table.rows
    assert (mean.words(1), mean.claims(1)) == ("≥ 0.30 (0.30)", True)
    assert (contrast.words(2), contrast.claims(2)) == ("-0.10 (-0.20)", False)
    assert (features.words(2), features.claims(2)) == ("≥ 2.50", True)
    assert (given.words(2), given.claims(2)) == ("~ 2.50", None)
    assert "Colourfulness is undefined: images were measured in grey" in table.note
    for note in (table.note, table.short_note):
        assert "as 3 attributes are asked at once, a wider interval must lie above chance" in note
        assert "Numbers of plain images are never bold." in note
    (colour,) = tables(leaking(), manifest(spec={"colour": True}))
    assert "Colourfulness" not in colour.note
    assert tables(default(), manifest()) == []


def test_it_has_a_table_of_its_own_and_stands_in_no_other() -> None:
    found = pd.concat([default(), leaking()], ignore_index=True)
    kept = tabulated(measures(found))
    assert "attributes" not in {one.measure for one in kept}
    assert len(kept) == len(measures(default()))
    assert all(chart_of(one) is None for one in measures(leaking()))
    assert level_tables(leaking(), manifest(), 100) == []
    console = Console(file=io.StringIO(), width=120)
    for table in attribute_tables(leaking(), manifest()):
        console.print(table)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "s = 2" in shown
    assert "features, given tone" in shown


def test_its_figure_has_a_panel_for_attributes_and_one_for_features() -> None:
    (drawn,) = figures.drawings(leaking(), Levels.of(manifest()))
    assert drawn.stem == "attributes-efficientnet-lite0"
    legends = [
        [text.get_text() for text in axes.get_legend().get_texts()] for axes in drawn.figure.axes
    ]
    assert legends == [["mean", "contrast", "noise"], ["features", "given tone"]]
    assert list(figures.drawings(default(), Levels.of(manifest()))) == []


@pytest.mark.parametrize("form", ["html", "md", "csv"])
def test_every_form_of_a_report_takes_it(form: str, make_run: Any) -> None:
    found = pd.concat([default(), leaking()], ignore_index=True)
    run = make_run(found, ["a.png"], previews=0)
    text = write_report(run, form).read_text(encoding="utf-8")
    if form == "html":
        assert "What leaks, by attribute" in text
        assert "R² 0.50" in text
    if form == "md":
        assert "| noise | ≥ 2.00 (0.90) | **≥ 0.90 (0.60)** |" in text
    if form == "csv":
        assert "attributes noise, R²" in text
