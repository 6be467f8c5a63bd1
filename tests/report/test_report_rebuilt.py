"""What a report says of rebuilt images."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from summaries import default, estimated, of_region, rates

from conftest import rows
from imleak.report import write_report
from imleak.report.answer import answer
from imleak.report.document import to_pdf
from imleak.report.figures import findings
from imleak.report.figures.style import print_style
from imleak.report.rebuilt import RebuiltImages
from imleak.report.text import to_latex, to_markdown
from imleak.study.store import Run
from schemes import BITPLANES, LEVELS, REGION

VIEW = "efficientnet-lite0 of the rebuilt image"


def figure(quantity: str, values: list[float], null: float, unit: str, **more: Any) -> pd.DataFrame:
    made = rows("rebuild", values, unit=unit, bound="none")
    given = {"quantity": quantity, "null_mean": null, "null_p95": null + 0.03, "n": 12}
    given |= {"low": made["mean"] - 0.05, "high": made["mean"] + 0.05, "chosen": "smooth"}
    return made.assign(level=made["level"] + 1, **(given | more))


def rebuilt(gradients: list[float]) -> pd.DataFrame:
    """Figures of rebuilt images at levels 1 to 4, and of who looked at them."""
    named = rates("recognise", "top-5", [0.92, 0.42, 0.33, 0.0], 0.01, encoder=VIEW, n=12)
    picked = rates("match", "rank-1", [1.0, 1.0, 0.83, 0.42], 0.08, encoder=VIEW, n=12)
    seen = pd.concat([named, picked])
    return pd.concat(
        [
            figure("exact samples", [0.83, 0.36, 0.17, 0.09], 0.27, "share"),
            figure("gradient correlation", gradients, 0.0, "1"),
            figure("psnr", [16.5, 12.5, 12.0, 11.8], 10.0, "dB"),
            figure("bit errors, plane 7", [0.17, 0.34, 0.4, 0.43], 0.5, "share"),
            seen.assign(level=seen["level"] + 1, view=VIEW, target="efficientnet-lite0"),
        ]
    )


def manifest(**more: Any) -> dict[str, Any]:
    images = [{"name": f"{place}.png", "bits": 8} for place in range(96)]
    return {"images": images, "spec": {"patches": 10}, "components": [], **BITPLANES} | more


def of(*pieces: pd.DataFrame, **more: Any) -> RebuiltImages:
    return RebuiltImages.of(pd.concat(pieces, ignore_index=True), manifest(**more))


def test_levels_at_which_the_image_can_be_rebuilt_are_named() -> None:
    found = of(default(), rebuilt([0.51, 0.25, 0.1, 0.02]))
    (sentence,) = found.sentences(LEVELS)
    assert str(sentence) == (
        "At s = 1 and 2 the image can be rebuilt, at s = 3 in part: from what "
        "the rebuilder smooth makes of 12 images a network names what the image shows among five "
        "guesses in 92, 42 and 33 % of images (1 % by chance); its gradients correlate with those "
        "of the image by 0.51, 0.25 and 0.10 (0.00 by chance)."
    )


def test_gradients_stand_alone_where_no_network_names_the_rebuilt_image() -> None:
    blurred = figure("gradient correlation", [0.3, 0.2], 0.0, "1")
    exact = figure("exact samples", [0.5, 0.3], 0.27, "share")
    unnamed = rates("recognise", "top-5", [0.01, 0.0], 0.01, encoder=VIEW, n=12)
    seen = unnamed.assign(level=unnamed["level"] + 1, view=VIEW, target="efficientnet-lite0")
    (sentence,) = of(default(), blurred, exact, seen).sentences(LEVELS)
    assert sentence.rest == (
        ": the gradients of what the rebuilder smooth makes of 12 images correlate with those of "
        "the image by 0.30 and 0.20 (0.00 by chance)."
    )


def test_what_a_network_names_in_rebuilt_images_is_said_where_gradients_say_nothing() -> None:
    sentence = list(of(default(), rebuilt([0.51, 0.02, 0.02, 0.02])).sentences(LEVELS))[1]
    assert str(sentence) == (
        "At s = 2 and 3 a network names what the image shows in the rebuilt image: the rebuilder "
        "smooth makes one in which it is among five guesses in 42 and 33 % of 12 images (1 % by "
        "chance)."
    )


def test_what_can_be_rebuilt_in_part_only_is_said() -> None:
    sentence = next(of(default(), rebuilt([0.12, 0.1, 0.02, 0.01])).sentences(LEVELS))
    assert sentence.head == "At s = 1 and 2 the image can be rebuilt in part"


def test_exact_samples_alone_do_not_make_an_image() -> None:
    found = of(default(), rebuilt([0.04, 0.03, 0.02, 0.01]))
    assert found.seen == found.partly_seen == []
    assert not any("can be rebuilt" in str(sentence) for sentence in found.sentences(LEVELS))
    assert found.levels == [1, 2, 3, 4]


def test_blocks_are_judged_by_where_they_lie_and_not_by_gradients() -> None:
    puzzle = pd.concat(
        [
            figure("exact samples", [0.02, 0.01], 0.01, "share", chosen="jigsaw"),
            figure("gradient correlation", [0.01, 0.0], 0.0, "1", chosen="jigsaw"),
            figure("bit errors, plane 7", [0.4, 0.4], 0.4, "share", chosen="jigsaw"),
            figure("direct accuracy", [0.1, 0.0], 0.0, "share", chosen="jigsaw"),
            figure("neighbour accuracy", [0.72, 0.2], 0.0, "share", chosen="jigsaw"),
        ]
    )
    found = of(default(), puzzle)
    (sentence,) = found.sentences(LEVELS)
    assert str(sentence) == (
        "At s = 1 the image can be rebuilt, at s = 2 in part: the rebuilder "
        "jigsaw puts of 12 images 72 and 20 % of neighbouring blocks beside each other (0 % by "
        "chance)."
    )
    columns = {one.title: one.entries for one in found.columns()}
    assert list(columns) == ["at their place", "together", "exact"]
    assert columns["together"] == {1: "72 % (0 %)", 2: "20 % (0 %)"}


def test_what_another_image_has_as_well_does_not_count() -> None:
    alike = figure("gradient correlation", [0.3], 0.28, "1")
    assert of(default(), alike).seen == []


def test_the_answer_of_the_clear_part_stays_and_the_rebuilt_images_stand_first() -> None:
    before = answer(default(), manifest())
    after = answer(
        pd.concat([default(), rebuilt([0.51, 0.25, 0.1, 0.02])], ignore_index=True), manifest()
    )
    assert after.sentences[1:] == before.sentences
    head = "At s = 1 and 2 the image can be rebuilt, at s = 3 in part"
    assert after.sentences[0].head == head
    assert after.looked == before.looked


def test_levels_are_called_as_their_scheme_calls_them() -> None:
    region = rebuilt([0.4, 0.01, 0.01, 0.01]).assign(scheme="region")
    shown = pd.concat([of_region(), region], ignore_index=True)
    found = answer(shown, manifest(**REGION))
    assert found.sentences[0].head == "With 25 % of the area encrypted the image can be rebuilt"
    assert "s =" not in found.text


def test_the_table_has_a_row_a_level_and_the_chance_in_brackets() -> None:
    found = of(default(), rebuilt([0.51, 0.25, 0.1, 0.02]))
    titles = [column.title for column in found.columns()]
    assert titles == ["named", "picked", "gradients", "PSNR", "bit errors, plane 7", "exact"]
    head, entries = found.lines(LEVELS)[1]
    assert head == "2"
    assert entries == [
        "42 % (1 %)", "100 % (8 %)", "0.250 (0.000)", "12.50 (10.00)", "34 % (50 %)", "36 % (27 %)",
    ]  # fmt: skip


def test_a_run_without_rebuilt_images_has_none() -> None:
    found = of(default())
    assert (found.levels, found.seen, found.images) == ([], [], 0)
    assert list(found.columns()) == []


@pytest.mark.slow
def test_every_format_has_the_table_of_rebuilt_images(make_run: Callable[..., Run]) -> None:
    summary = pd.concat([default(), rebuilt([0.49, 0.2, 0.1, 0.05])], ignore_index=True)
    run = make_run(summary, ["a.png"], previews=0)
    assert r"\caption{Rebuilt images}" in to_latex(run)
    assert "What the rebuilder smooth makes of the clear part" in to_markdown(run)
    without = make_run(default(), ["a.png"], previews=0)
    pages = [to_pdf(one).count(b"/Type /Page ") for one in (run, without)]
    assert pages[0] >= pages[1]
    assert "Rebuilt images" not in to_latex(without)


def test_a_rebuilt_image_is_linked_on_the_page_and_promised_nowhere_else(
    make_run: Callable[..., Run],
) -> None:
    summary = pd.concat([default(), rebuilt([0.51, 0.25, 0.1, 0.02])], ignore_index=True)
    run = make_run(summary, ["a.png"], previews=0)
    page = write_report(run).read_text(encoding="utf-8").partition('id="data">')[0]
    (target,) = re.findall(r'<a href="#(\w+)" data-rebuilt="1">', page)
    assert f'id="{target}"' in page
    assert "the page shows it" not in page
    found = answer(run.summary, run.manifest)
    assert "image can be rebuilt" in to_markdown(run)
    assert "the page shows it" not in to_markdown(run) + str(found)
    assert "the page shows it" in found.sentences[0].after


def test_a_long_legend_takes_nothing_from_the_panels() -> None:
    many = pd.concat([default(), *(estimated(f"estimator-{k}") for k in range(12))])
    heights = []
    for summary in (default(), many.reset_index(drop=True)):
        with print_style():
            (drawing,) = findings.drawings(summary, LEVELS)
            drawing.figure.draw_without_rendering()
        heights.append([axes.get_window_extent().height for axes in drawing.figure.axes])
        for axes in drawing.figure.axes:
            assert axes.get_legend().get_window_extent().y0 >= axes.get_window_extent().y1
            assert axes.get_legend().get_window_extent().y1 <= drawing.figure.bbox.y1
    assert min(heights[1]) >= 0.95 * min(heights[0])


def test_the_chart_tells_rebuilt_images_from_clear_parts_within_its_page() -> None:
    shown = pd.concat([default(), rebuilt([0.51, 0.25, 0.1, 0.02])], ignore_index=True)
    with print_style():
        (drawing,) = findings.drawings(shown, LEVELS)
        drawing.figure.draw_without_rendering()
        legends = [axes.get_legend() for axes in drawing.figure.axes]
        names = [[text.get_text() for text in legend.get_texts()] for legend in legends]
        assert names[0] == ["recognise top-5", "match rank-1", "recognise top-5, rebuilt image"]
        ends = [legend.get_window_extent() for legend in legends]
        assert ends[0].x1 <= ends[1].x0
        assert ends[1].x1 <= drawing.figure.bbox.x1
