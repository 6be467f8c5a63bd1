"""Several runs beside each other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from browser import CHROMIUM, browse

from conftest import manifest_of, run_in
from imleak.report import write_comparison
from imleak.report.measures import measures
from imleak.report.page.payload import overlay
from imleak.report.runs import ComparisonError, cautions, labels
from imleak.study.store import Run
from schemes import LEVELS

MakeRun = Callable[..., Run]


@pytest.fixture(scope="module")
def pair(make_run: MakeRun, whole: pd.DataFrame) -> list[Run]:
    larger = whole.assign(train_groups=whole["train_groups"] * 4)
    other = manifest_of([])["spec"] | {"seed": 1}
    return [
        make_run(whole, ["a.png", "<b>.png"], previews=0),
        make_run(larger, ["a.png", "<b>.png", "c.png"], previews=0, spec=other),
    ]


def test_runs_are_called_by_as_much_of_their_path_as_tells_them_apart(
    whole: pd.DataFrame, tmp_path: Path
) -> None:
    places = ("a/out", "b/out", "c/other")
    runs = [run_in(tmp_path / place, whole, ["a.png"], previews=0) for place in places]
    assert list(labels(runs)) == ["a/out", "b/out", "c/other"]
    assert list(labels(runs[1:])) == ["out", "other"]


def test_one_run_or_one_twice_is_refused(whole: pd.DataFrame, tmp_path: Path) -> None:
    run = run_in(tmp_path / "x", whole, ["a.png"], previews=0)
    with pytest.raises(ComparisonError, match="1 run to compare; give two or more"):
        labels([run])
    with pytest.raises(ComparisonError, match="given twice"):
        labels([run, Run(tmp_path / ".." / tmp_path.name / "x")])


def test_what_keeps_runs_apart_is_told(pair: list[Run]) -> None:
    told = cautions(labels(pair))
    assert "2 of 3 are in all of them" in told[0]
    assert "has 2" in told[0]
    assert any("different seeds: 0 in " in caution for caution in told)
    assert any("infonce" in c and "(75 in " in c and "300 in " in c for c in told)
    assert any("more finds more" in caution for caution in told)
    alike = {"one": pair[0], "other": pair[0]}
    assert cautions(alike) == []


def test_the_same_files_in_grey_and_in_colour_are_the_same_images(
    make_run: MakeRun, whole: pd.DataFrame
) -> None:
    spec, names = manifest_of([])["spec"], ["a.png", "b.png"]
    grey = make_run(whole, names, previews=0)
    images = [image | {"digest": "f" * 63 + image["name"][0]} for image in grey.manifest["images"]]
    colour = make_run(whole, names, previews=0, images=images, spec=spec | {"colour": True})
    told = " ".join(cautions(labels([grey, colour])))
    assert "different images" not in told
    assert "different ways to see colour" in told
    changed = make_run(whole, names, previews=0, images=images)
    assert "0 of 4 are in all of them" in " ".join(cautions(labels([grey, changed])))


def test_an_adversary_that_did_not_look_is_named(make_run: MakeRun, whole: pd.DataFrame) -> None:
    names = ["a.png"]
    runs = [
        make_run(whole, names, previews=0, adversary={"name": "shipped"}),
        make_run(whole[whole["measure"] != "infonce"], names, previews=0),
    ]
    told = cautions(labels(runs))
    lacking = list(labels(runs))[1]
    assert f"infonce did not look in {lacking}" in " ".join(told)
    assert any("learned elsewhere" in one and "shipped in" in one for one in told)


def test_a_run_is_a_colour_and_a_measure_a_shape(pair: list[Run]) -> None:
    shown = {name: measures(run.summary) for name, run in labels(pair).items()}
    drawn = list(overlay(shown, dict.fromkeys(shown, LEVELS)))
    half = len(drawn) // 2
    assert len({one["id"] for one in drawn}) == len(drawn)
    for first, second in zip(drawn[:half], drawn[half:], strict=True):
        assert first["name"] == second["name"]
        assert first["colour"] != second["colour"]
        assert (first["shape"], first["dash"]) == (second["shape"], second["dash"])
    looks = [(one["shape"], one["dash"]) for one in drawn[:half]]
    assert len(set(looks)) == half


def test_the_page_has_the_answer_and_the_numbers_of_each(pair: list[Run], tmp_path: Path) -> None:
    page = write_comparison(pair, tmp_path / "x" / "compare.html").read_text(encoding="utf-8")
    assert "2 runs compared" in page
    assert "trained on 75 images" in page
    assert "trained on 300 images" in page
    assert page.count("≥ 1.06") >= 2
    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    assert {one["group"].partition(" · ")[0] for one in data["series"]} == set(labels(pair))


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium")
def test_the_page_works_in_a_browser(pair: list[Run], tmp_path: Path) -> None:
    path = write_comparison(pair, tmp_path / "compare.html")
    with browse() as page:
        page.open(path, 390)
        page.settle()
        assert page.run("document.querySelectorAll('#curves-chart .mark-line path').length") >= 2
        assert page.run("document.documentElement.scrollWidth <= innerWidth")
        assert page.complaints == []
        asked = [one for one in page.requests if not one.startswith("data:image/svg+xml")]
        assert asked == [path.as_uri()]
