"""The page: complete, on its own, and safe whatever files are called."""

from __future__ import annotations

import csv
import io
import json
import re
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest

from imleak.report import write_report
from imleak.report.data import summary_line
from imleak.report.measures import measures
from imleak.report.page import to_html
from imleak.study.frame import LINKAGE_COLUMNS, tidy
from imleak.study.store import Run

HOSTILE = "\"'><script>alert(1)</script>{{ 7*7 }}<img src=x onerror=alert(1)>.png"

MakeRun = Callable[..., Run]


class Seen(HTMLParser):
    """Tags, addresses, scripts and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self._within = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._within = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within == "script":
            self.scripts[-1] += data
        elif self._within != "style":
            self.text += f"{data} ".replace("\u00a0", " ")

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.scripts[0])
        return found


@pytest.fixture(scope="module")
def run(
    make_run: MakeRun, whole: pd.DataFrame, histories: pd.DataFrame, learning: pd.DataFrame
) -> Run:
    left_out = [
        {"name": "cut.jpg", "why": "cut off", "measure": None, "encoder": None},
        {"name": "small.png", "why": "too small", "measure": "mine", "encoder": "resnet"},
    ]
    component = {"kind": "scheme", "name": "pixels", "version": "1", "options": "{}"}
    component |= {"digest": "", "x": "</script>"}
    return make_run(
        whole,
        [HOSTILE, "b.png", "c.png"],
        frame=histories,
        growth=learning,
        left_out=left_out,
        warnings=["A fixed key was used."],
        components=[component],
    )


@pytest.fixture(scope="module")
def page(run: Run) -> str:
    return write_report(run).read_text(encoding="utf-8")


def test_the_page_asks_nothing_of_the_network(page: str) -> None:
    elements = Seen(page).elements
    assert not {"link", "iframe", "object", "form", "img", "base"} & {tag for tag, _ in elements}
    attributes = [pair for _, found in elements for pair in found.items()]
    assert not [name for name, _ in attributes if name.startswith("on")]
    addresses = [value or "" for name, value in attributes if name in ("src", "href")]
    assert addresses
    assert all(address.startswith("#") for address in addresses)
    style = page.partition("<style>")[2].partition("</style>")[0]
    assert not re.search(r"https?:|url\(|@import", style)


def test_only_the_scripts_of_the_page_may_run(page: str) -> None:
    seen = Seen(page)
    policy = next(f["content"] or "" for _, f in seen.elements if "http-equiv" in f)
    allowed = re.findall(r"'sha256-([^']+)'", policy)
    _, vega, script = seen.scripts
    run = [zlib.decompress(b64decode(vega)), script.encode()]
    assert allowed == [b64encode(sha256(text).digest()).decode() for text in run]
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "'unsafe-inline'" not in policy.partition("style-src")[0]


def test_hostile_names_are_text(page: str) -> None:
    seen = Seen(page)
    assert HOSTILE in seen.text
    assert "alert" not in "".join(seen.scripts[1:])
    assert [preview["name"] for preview in seen.data["previews"]] == [HOSTILE, "b.png"]
    assert not [found for tag, found in seen.elements if tag == "img"]


def test_names_that_are_no_text_are_shown_all_the_same(
    make_run: MakeRun, whole: pd.DataFrame
) -> None:
    run = make_run(
        whole,
        ["a.png"],
        left_out=[
            {"name": "undecodable\udcff.jpg", "why": "cut", "measure": None, "encoder": None}
        ],
    )
    assert "undecodable?.jpg" in Seen(write_report(run).read_text(encoding="utf-8")).text


def test_the_page_says_what_was_measured_and_what_was_not(page: str) -> None:
    text = " ".join(Seen(page).text.split())
    for expected in (
        "3 images · 1 left out · 2026-01-01 10:00 UTC · imleak 9.8.7",
        "At s = 4 infonce, trained on 75 images, finds at least 2.48 bits [2.28, 2.68] a patch¹",
        "a leak below 0.12 bits a patch may have gone unseen.",
        "= 7.40",
        "[7.35, 7.45]",
        "no leak found infonce still rising",
        "a larger adversary would find more",
        "≥ lower bound",
        "small.png mine on resnet too small",
        "cut.jpg cut off",
        "Ciphers were measured under repeatable keys.",
        "A fixed key was used.",
        r'"x": "\u003c/script\u003e"',
    ):
        assert expected in text


def test_the_level_that_is_recommended_stands_at_the_top(run: Run) -> None:
    text = " ".join(Seen(to_html(run, acceptable=0.2)).text.split())
    assert "For at most 0.20 bits: s = 8, where nothing is left in the clear" in text
    assert "For at most" not in Seen(to_html(run)).text


def test_captions_name_the_lines_that_are_drawn(page: str) -> None:
    """Lines of measures, dashed and dotted, are thicker and have marks."""
    text, layers = Seen(page).text, Seen(page).data["specs"]["levels"]["layer"]
    lines = [one for one in layers if one["mark"]["type"] == "line"]
    drawn = {one["encoding"]["y"]["field"]: one["mark"] for one in lines}
    thickest = max(drawn[name]["strokeWidth"] for name in ("chance", "ceiling"))
    assert thickest < drawn["value"]["strokeWidth"]
    for name, words in (("chance", "what the same adversary"), ("ceiling", "the most it could")):
        dash, gap = drawn[name]["strokeDash"]
        assert dash < gap, "dots"
        assert f"Thin dotted lines without marks: {words}" in text


def test_page_csv_latex_and_results_have_the_same_numbers(run: Run, page: str) -> None:
    shown = {(c.encoder, *c.headings): c for c in measures(run.summary)}
    infonce = shown["efficientnet-lite0", "infonce", "held-out"]
    seen = Seen(page)
    drawn = next(
        one
        for one in seen.data["series"]
        if one["name"] == "infonce held-out" and one["group"].startswith("efficientnet")
    )
    stored = run.summary[run.summary["measure"] == "infonce"].set_index("level")
    rows = list(csv.DictReader(io.StringIO(write_report(run, "csv").read_text())))
    latex = write_report(run, "tex").read_text()
    markdown = write_report(run, "md").read_text()
    for level, point in enumerate(drawn["points"]):
        for name, end in (("mean", ""), ("low", " low"), ("high", " high")):
            exact = stored.loc[level, name]
            assert point["value" if name == "mean" else name] == exact
            assert (
                float(rows[level][f"bitplanes efficientnet-lite0 infonce held-out{end} (bit)"])
                == exact
            )
        text, interval = infonce.value(level), infonce.interval(level)
        assert point["tip_value"] == f"{text} bit"
        assert text.removeprefix("≥ ") == f"{stored.loc[level, 'mean']:.2f}"
        for whole in (seen.text, markdown):
            assert text in whole
            assert interval in whole
        assert f"$\\geq$ {text.removeprefix('≥ ')} {interval} {infonce.verdict(level)}" in latex


def test_figures_of_an_image_are_those_of_the_results(run: Run, page: str) -> None:
    of_second = Seen(page).data["previews"][1]["figures"]
    (histogram,) = [one["values"] for one in of_second if one["name"] == "histogram"]
    frame = run.frame
    stored = frame[(frame["image"] == "b.png") & (frame["measure"] == "histogram")]
    assert histogram == {
        str(level): f"{value:.2f} bit"
        for level, value in zip(stored["level"], stored["value"], strict=True)
    }


def test_previews_are_embedded_as_they_are_stored(run: Run, page: str) -> None:
    kept = sorted((run.path / "previews").glob("*.webp"))
    shown = Seen(page).data["previews"]
    embedded = [one[sheet]["source"] for one in shown for sheet in ("maps", "crop")]
    assert [b64decode(uri.partition(",")[2]) for uri in embedded] == [p.read_bytes() for p in kept]


def test_the_page_is_the_same_every_time(page: str, run: Run) -> None:
    assert write_report(run).read_text(encoding="utf-8") == page


def test_a_run_in_which_nothing_worked_has_a_page(make_run: MakeRun, whole: pd.DataFrame) -> None:
    seen = Seen(to_html(make_run(whole[:0], [], previews=0, levels=[])))
    assert "Nothing was measured" in seen.text
    assert "there was no image to measure." in seen.text
    assert seen.data["series"] == []


def test_two_thousand_images_make_no_larger_page(make_run: MakeRun, whole: pd.DataFrame) -> None:
    names = [f"{place:05}.png" for place in range(2000)]
    page = to_html(make_run(whole, names))
    assert "2,000 images" in page
    assert "and 1800 more, in manifest.json" in page
    assert "00199.png" in page
    assert "00200.png" not in page
    assert len(page) < 2_000_000


def test_a_failed_estimator_is_told(page: str) -> None:
    text = Seen(page).text
    assert "ksg on efficientnet-lite0 failed and is missing here." in text


def test_linkage_is_drawn_against_the_candidates(make_run: MakeRun, whole: pd.DataFrame) -> None:
    run = make_run(whole, ["a.png"])
    row = {"encoder": "layout", "measure": "match", "level": 6, "unit": "share", "low": 0.4}
    rows = [
        row | {"quantity": quantity, "among": among, "value": value, "high": 0.9}
        for quantity, among, value in (
            ("rank-1", 96, 0.8),
            ("rank-1", 1096, 0.6),
            ("rank-5", 96, 0.9),
        )
    ]
    tidy(rows, LINKAGE_COLUMNS).to_csv(run.path / "linkage.csv", index=False)
    (one,) = Seen(to_html(run)).data["growth"]
    assert (one["title"], one["of"]) == ("match rank-1 on layout", "candidates")
    assert [(p["images"], p["value"]) for p in one["points"]] == [(96, 0.8), (1096, 0.6)]
    assert one["points"][0]["tip_value"] == "80 %"


def test_images_left_out_are_as_many_on_the_page_as_in_the_summary_line(
    run: Run, page: str
) -> None:
    assert " left_out=1 " in summary_line(run)
    text = " ".join(Seen(page).text.split())
    assert text.count(" left out ") == 1
    assert "Measured, but not by every measure" in text
