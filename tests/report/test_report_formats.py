"""The forms of a report other than the page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from summaries import histogram

from imleak.report import FORMATS, FormatError, write_report
from imleak.report.answer import answer
from imleak.report.data import summary_line
from imleak.report.figures import drawings
from imleak.report.notebook import fragment
from imleak.report.text import escape as escape_markdown
from imleak.report.text import to_latex, to_latex_text
from imleak.report.words import bits, listed, plural
from imleak.study.store import Run
from schemes import LEVELS

HOSTILE = "<img src=x onerror=alert(1)>\\end{table}|_%"


@pytest.fixture(scope="module")
def run(
    make_run: Callable[..., Run],
    whole: pd.DataFrame,
    histories: pd.DataFrame,
    learning: pd.DataFrame,
) -> Run:
    return make_run(whole, [HOSTILE, "b.png"], frame=histories, growth=learning)


@pytest.mark.parametrize("format", FORMATS)
def test_a_report_lands_in_the_run_or_where_it_is_told(
    run: Run, tmp_path: Path, format: str
) -> None:
    assert write_report(run, format) == run.path / f"report.{format}"
    elsewhere = write_report(run, format, output=tmp_path / "x")
    assert elsewhere.read_bytes() == (run.path / f"report.{format}").read_bytes()


def test_an_unknown_format_lists_the_known_ones(run: Run) -> None:
    with pytest.raises(
        FormatError, match="no format 'docx'; there is html, md, tex, pdf, csv, json"
    ):
        write_report(run, "docx")


def test_json_says_of_every_level_what_the_answer_says(run: Run) -> None:
    data = json.loads(write_report(run, "json", acceptable=0.2).read_text())
    answered = answer(run.summary, run.manifest, 0.2)
    assert data["answer"] == [str(sentence) for sentence in answered.sentences]
    assert data["recommendation"]["level"] == 8
    verdicts = {one["level"]: one["verdict"] for one in data["levels"]}
    assert verdicts == dict.fromkeys(range(5), "leak") | dict.fromkeys(
        (5, 6, 7), "no leak found"
    ) | {8: "empty"}
    found = {one["level"]: one for one in data["findings"]}
    assert found.keys() == {1, 2, 3, 4}
    assert (found[4]["measure"], found[4]["value"], found[4]["bound"]) == ("infonce", 2.48, "lower")
    assert found[4]["null_p95"] == 0.02
    assert (data["schema"], data["images"], data["imleak"]) == (1, 2, "9.8.7")
    assert "leak=1,2,3,4 no-leak-found=5,6,7 not-asked= empty=8 run=" in summary_line(run)


def test_bits_of_a_pixel_that_are_exact_are_no_verdict(make_run: Callable[..., Run]) -> None:
    exact = histogram()
    only = make_run(exact, ["a.png"], previews=0)
    assert "leak= no-leak-found= not-asked=1,2,3,4,5,6,7 empty=8 " in summary_line(only)
    estimated = exact.assign(bound=exact["bound"].where(exact["level"] != 3, "none"))
    of_both = make_run(estimated, ["a.png"], previews=0)
    assert "leak=3 no-leak-found= not-asked=1,2,4,5,6,7 empty=8 " in summary_line(of_both)


@pytest.mark.slow
def test_a_document_has_the_answer_the_tables_and_every_figure(run: Run) -> None:
    content = write_report(run, "pdf", acceptable=0.2).read_bytes()
    assert content.startswith(b"%PDF")
    sizes = set(re.findall(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+)", content))
    assert {(round(float(w)), round(float(h))) for w, h in sizes} == {(595, 842)}
    figures = len(list(drawings(run.frame, run.summary, run.growth, None, LEVELS)))
    assert content.count(b"/Subtype /Image") == figures
    assert content.count(b"/Type /Page ") > 2 + figures // 8


def test_a_document_of_nothing_is_a_page(make_run: Callable[..., Run], whole: pd.DataFrame) -> None:
    nothing = make_run(whole[:0], [], previews=0, levels=[])
    assert write_report(nothing, "pdf").read_bytes().count(b"/Type /Page ") == 1
    assert "no image to measure" in write_report(nothing, "md").read_text()


def test_markdown_begins_with_the_answer(run: Run) -> None:
    text = write_report(run, "md", acceptable=0.2).read_text()
    assert "**At s = 4 infonce, trained on 75 images, finds at least 2.48 bits" in text
    assert "**For at most 0.20 bits: s = 8" in text
    assert "| 4 | = 3.90 [3.85, 3.95]" in text
    assert escape_markdown("<b>*x*\n[1]") == r"\<b\>\*x\* \[1\]"


def test_latex_has_every_table_and_lines_of_one_length(run: Run) -> None:
    text = to_latex(run)
    heights = {
        "What is found": 9,
        "pixels, bitplanes": 9,
        "efficientnet-lite0, bitplanes": 9,
        "Measures of the cipher": 1,
        "Estimates with fewer training images": 9,
    }
    assert re.findall(r"\\caption{(.*)}", text) == list(heights)
    assert text.count(r"\begin{table}") == text.count(r"\end{table}") == len(heights)
    for block, height in zip(text.split(r"\begin{table}")[1:], heights.values(), strict=True):
        columns = re.search(r"\\begin{tabular}{(r+)}", block)
        assert columns
        rows = [line for line in block.splitlines() if line.endswith(r"\\")]
        assert len(rows) == 1 + height
        assert {row.count("&") for row in rows} == {len(columns[1]) - 1}
    assert r"$\sim$ $\infty$" in text
    assert "% rounded on efficientnet-lite0: 3 failed" in text


def test_latex_shows_names_as_they_are(
    make_rows: Callable[..., pd.DataFrame], make_run: Callable[..., Run]
) -> None:
    assert to_latex_text(HOSTILE) == (
        r"\textless{}img src=x onerror=alert(1)\textgreater{}\textbackslash{}end\{table\}"
        r"\textbar{}\_\%"
    )
    named = make_run(make_rows("m", [1.0], encoder=HOSTILE), ["a.png"], previews=0)
    assert to_latex(named).count(r"\end{table}") == 1


def test_latex_shows_the_figures_that_are_in_the_folder(
    make_rows: Callable[..., pd.DataFrame], make_run: Callable[..., Run]
) -> None:
    drawn = make_run(make_rows("m", [1.0]), ["a.png"], previews=0)
    assert "includegraphics" not in to_latex(drawn)
    (drawn.path / "figures").mkdir()
    (drawn.path / "figures" / "m-pixels.pdf").touch()
    assert r"\includegraphics{figures/m-pixels}" in to_latex(drawn)


def test_a_notebook_shows_the_answer_and_names_as_text(
    run: Run, make_rows: Callable[..., pd.DataFrame]
) -> None:
    shown = fragment(run.summary, run.manifest)
    assert "<strong>At s = 4 infonce, trained on 75 images" in shown
    assert "≥ 2.48" in shown
    assert "<script" not in shown
    assert "<img" not in fragment(make_rows(HOSTILE, [1.0]), run.manifest)


@pytest.mark.parametrize(
    ("value", "told"),
    [(0, "0"), (0.5, "0.50"), (12.345, "12.35"), (0.0127, "0.013"), (-0.2, "-0.20"), (0.1, "0.10")],
)
def test_bits_have_two_decimals_or_two_digits(value: float, told: str) -> None:
    assert bits(value) == told


def test_lists_are_said_as_one_says_them() -> None:
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert (plural(1, "image"), plural(2000, "image")) == ("1 image", "2,000 images")
