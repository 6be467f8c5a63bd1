"""The page in a browser: quiet, self-contained, usable by hand and by keyboard."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pandas as pd
import pytest
from browser import CHROMIUM, Page, browse
from summaries import confirmed, matched, recognised

from conftest import rows
from imleak.report import write_report
from imleak.report.previews import Subject, write_previews
from imleak.study.store import Run

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium")

HOSTILE = "<img src=x onerror=alert(1)>.png"
PIXELS = "document.getElementById('preview').toDataURL()"
SHOWN = "document.getElementById('preview').dataset.shown"
TITLE = "document.getElementById('preview-title').textContent"
MARKS = "document.querySelectorAll('#curves-chart .mark-symbol path').length"


@pytest.fixture(scope="module")
def report(
    make_run: Callable[..., Run],
    whole: pd.DataFrame,
    histories: pd.DataFrame,
    learning: pd.DataFrame,
) -> Path:
    names = [HOSTILE, "second.png"]
    run = make_run(
        pd.concat([whole, recognised(), matched(), confirmed()], ignore_index=True),
        names,
        frame=histories,
        growth=learning,
        left_out=[{"name": HOSTILE, "why": HOSTILE, "measure": None, "encoder": None}],
        warnings=["A fixed key was used."],
    )
    return write_report(run, acceptable=0.2)


@pytest.fixture(scope="module")
def tab() -> Iterator[Page]:
    with browse() as page:
        yield page


@pytest.fixture
def page(tab: Page, report: Path) -> Page:
    tab.complaints.clear()
    tab.requests.clear()
    tab.open(report)
    tab.wait(SHOWN)
    return tab


def chosen(page: Page, name: str) -> None:
    page.run(f"document.querySelector('input[name={name}]:checked').focus()")


def test_nothing_is_asked_of_the_network_and_nothing_complains(page: Page, report: Path) -> None:
    page.run("document.querySelectorAll('summary, input').forEach((one) => one.click())")
    page.settle()
    assert page.complaints == []
    own = report.absolute().as_uri()
    assert [url for url in page.requests if not url.startswith("data:")] == [own]


def test_the_policy_stops_what_was_not_there(page: Page) -> None:
    page.run(
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.hit=1\">')"
    )
    page.run(
        "document.body.append(Object.assign(document.createElement('script'), {text: 'hit=1'}))"
    )
    page.settle()
    assert page.run("window.hit") is None
    assert page.run("fetch('https://example.org').then(() => 'open', () => 'shut')") == "shut"


def test_a_hostile_name_is_a_name(page: Page) -> None:
    assert page.run("document.getElementById('preview-title').textContent").startswith(HOSTILE)
    assert page.run("document.querySelectorAll('img').length") == 0


def test_the_slider_changes_the_picture_by_keyboard(page: Page) -> None:
    page.run("document.getElementById('level').focus()")
    before = page.run(PIXELS)
    assert page.run(SHOWN) == "0 clear 3"  # the last level at which a network names it
    page.press("ArrowRight")
    page.wait(f"{SHOWN} === '0 clear 4'")
    assert page.run(PIXELS) != before
    assert page.run(TITLE).endswith("s = 4")
    assert "3.60 bit" in page.run("document.getElementById('preview-figures').textContent")
    found = page.run("document.getElementById('preview-findings').textContent")
    assert found.startswith("The right image of 96 is picked in 92")
    page.press("ArrowLeft")
    page.wait(f"{SHOWN} === '0 clear 3'")
    assert page.run(PIXELS) == before


def test_every_way_to_look_is_another_picture(page: Page) -> None:
    seen = {}
    for view in ("plain", "cipher", "clear", "layout", "difference"):
        page.run(f"document.querySelector('input[value={view}]').click()")
        page.wait(f"{SHOWN} === '0 {view} 3'")
        seen[view] = page.run(PIXELS)
    assert len(set(seen.values())) == 5


def test_the_answer_leads_to_the_rebuilt_image(
    tab: Page, make_run: Callable[..., Run], make_subject: Callable[..., Subject]
) -> None:
    alike = {"quantity": "gradient correlation", "chosen": "smooth", "null_p95": 0.01}
    likeness = rows("rebuild", [math.nan, 0.1, 0.5], 0.02, unit="1", **alike)
    run = make_run(pd.concat([likeness, matched()], ignore_index=True), ["a.png"], previews=0)
    subject = make_subject("a.png")
    half = replace(subject, rebuilt={1: lambda: subject.plain // 2, 2: lambda: subject.plain})
    write_previews(run.path, [half], range(9))
    tab.open(write_report(run))
    tab.wait(SHOWN)
    tab.run("document.querySelector('a[data-rebuilt]').click()")
    tab.wait(f"{SHOWN} === '0 rebuilt 1'")
    assert tab.run("location.hash") == "#see"
    assert tab.run("document.querySelector('input[name=view]:checked').value") == "rebuilt"
    assert tab.run("document.getElementById('level').value") == "1"


def test_a_difference_at_level_0_is_black(page: Page) -> None:
    page.run("document.querySelector('input[value=difference]').click()")
    page.run("document.getElementById('level').focus()")
    page.press("ArrowLeft", 3)
    page.wait(f"{SHOWN} === '0 difference 0'")
    script = """(() => { const c = document.getElementById('preview');
      return Math.max(...c.getContext('2d').getImageData(0, 0, c.width, c.height).data
        .filter((_, place) => place % 4 < 3)); })()"""
    assert page.run(script) == 0
    page.press("ArrowRight")
    page.wait(f"{SHOWN} === '0 difference 1'")
    assert page.run(script) == 128  # of the top bit


def test_every_sample_has_whole_pixels_of_the_screen(page: Page) -> None:
    canvas = "document.getElementById('preview')"
    script = f"{canvas}.clientWidth / {canvas}.width"
    assert page.run(script) % 1 == 0
    page.size(390)
    page.wait(f"({script}) % 1 === 0")


def test_another_image_is_chosen_by_keyboard(page: Page) -> None:
    chosen(page, "image")
    page.press("ArrowRight")
    page.wait(f"{SHOWN} === '1 clear 3'")
    assert page.run(TITLE) == "second.png, s = 3"


def test_the_answer_has_a_chart_of_shares_and_one_of_bits(page: Page) -> None:
    charts = page.run(
        "[...document.querySelectorAll('#answer-charts .chart')].map((c) => c.ariaLabel)"
    )
    titles = [text.partition(" against")[0] for text in charts]
    assert titles == ["Shares of images", "Bits, at least"]
    keys = page.run(
        "[...document.querySelectorAll('#answer-charts .key')].map((k) => k.textContent)"
    )
    assert keys[0].count("recognise top-5") == keys[0].count("match rank-1") == 1
    assert "match bits (Fano)" in keys[1]


def test_a_table_that_is_too_wide_says_so(page: Page) -> None:
    honest = (
        "[...document.querySelectorAll('.scroll')].every((box) => "
        "box.classList.contains('wide') === (box.scrollWidth > box.clientWidth + 1))"
    )
    assert page.run(honest)
    page.size(390)
    page.settle()
    assert page.run(honest)
    assert page.run("document.querySelector('#levels .scroll').classList.contains('wide')")


def test_the_chart_follows_its_controls(page: Page) -> None:
    page.run("document.querySelector('#all summary').click()")
    page.wait(MARKS)
    before = page.run(MARKS)
    page.run("document.querySelector('#measures input:checked').click()")
    page.settle()
    assert page.run(MARKS) < before
    page.run("document.querySelector('input[name=unit][value=dB]').click()")
    page.settle()
    assert "dB" in page.run("document.querySelector('#curves-chart').textContent")
    page.run("document.querySelector('input[value=share]').click()")
    page.settle()
    assert "share" in page.run("document.querySelector('#curves-chart').textContent")
    page.run("document.querySelector('input[value=log]').click()")
    page.settle()
    assert "logarithmic" in page.run("document.querySelector('#curves-note').textContent")


def test_hovering_gives_the_numbers_of_the_table(page: Page) -> None:
    page.run("document.querySelector('#all summary').click()")
    page.wait(MARKS)
    page.run("document.getElementById('curves-chart').scrollIntoView({behavior: 'instant'})")
    place = page.run(
        """(() => { const marks = document.querySelectorAll('#curves-chart .mark-symbol path');
          const { x, y, width, height } = marks[marks.length - 7].getBoundingClientRect();
          return [x + width / 2, y + height / 2]; })()"""
    )
    page.call("Input.dispatchMouseEvent", type="mouseMoved", x=place[0], y=place[1])
    page.settle()
    told = page.run("document.getElementById('vg-tooltip-element').textContent")
    assert "2 of 8 planes encrypted" in told
    assert any(text in told for text in ("= 5.70 bit", "≥ 4.07 bit", "≥ 1.10 bit", "≥ 3.30 bit"))


def test_training_shows_the_distance_to_the_maximum(page: Page) -> None:
    page.run("document.querySelector('input[value=distance]').click()")
    page.settle()
    assert "distance" in page.run("document.querySelector('#training-charts').textContent")


def test_copying_gives_the_whole_table(page: Page) -> None:
    page.call("Browser.grantPermissions", permissions=["clipboardReadWrite"])
    page.run("document.querySelector('[data-copy=tex]').focus()")
    page.press(" ")
    page.wait("document.getElementById('copied').textContent")
    assert page.run("document.getElementById('copied').textContent") == "Copied."
    assert "\\toprule" in page.run("navigator.clipboard.readText()")


@pytest.mark.parametrize(
    ("dark", "width"),
    [
        (False, 1280),
        (True, 390),
        pytest.param(True, 1280, marks=pytest.mark.slow),
        pytest.param(False, 390, marks=pytest.mark.slow),
    ],
)
def test_nothing_overflows_and_axe_finds_no_fault(
    tab: Page, report: Path, width: int, dark: bool
) -> None:
    tab.open(report, width, dark=dark)
    tab.settle()
    assert tab.run("document.documentElement.scrollWidth <= innerWidth")
    tab.run(files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    tab.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    found = tab.run(
        "axe.run().then(({violations}) => violations.flatMap(({id, nodes}) => "
        "nodes.map((node) => id + ': ' + node.html.slice(0, 120))))"
    )
    assert found == []


def test_it_prints_on_paper(page: Page) -> None:
    printed = page.print()
    assert printed.startswith(b"%PDF")
    assert b"/MediaBox [0 0 594" in printed or b"/MediaBox [0 0 595" in printed


def test_nothing_on_paper_stands_before_the_answer(page: Page) -> None:
    added = "Object.assign(document.createElement('section'), {id: 'new', textContent: 'x'})"
    page.run(f"document.querySelector('main').append({added})")
    page.call("Emulation.setEmulatedMedia", media="print")
    try:
        orders = page.run(
            "[...document.querySelectorAll('main > *')].filter((one) => one.checkVisibility())"
            ".map((one) => [one.id, Number(getComputedStyle(one).order)])"
        )
    finally:
        page.call("Emulation.setEmulatedMedia", media="")
    first, *rest = sorted(order for _, order in orders)
    assert dict(orders)["answer"] == first < rest[0]


def test_it_has_its_tables_without_scripts(tab: Page, report: Path) -> None:
    tab.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        tab.call("Page.navigate", url=report.absolute().as_uri())
        tab.wait("document.readyState === 'complete'")
        assert tab.run("document.querySelector('noscript').textContent").startswith("The images")
        assert "≥ 1.06" in tab.run("document.querySelector('#table').textContent")
    finally:
        tab.call("Emulation.setScriptExecutionDisabled", value=False)
