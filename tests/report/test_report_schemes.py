"""The answer of runs whose levels are no bit-planes, as a stranger reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from summaries import LEAK, QUIET, few, matched, of_blocks, of_recorded, of_region, plug_in, rates

from imleak.report import write_report
from imleak.report.answer import Answer, answer
from imleak.study.store import Run
from schemes import ETC, RECORDED, REGION

HEADING = 'In the ciphers "tile-xor"'
TILE = f"{HEADING}: The keystream repeats: 6 of 6 images are XORed with a tile of 8x8 samples."
IMAGES = [{"name": f"{place}.png", "bits": 8} for place in range(96)]


def sentences(found: Answer) -> list[str]:
    return [str(sentence) for sentence in found.sentences]


def of(summary: pd.DataFrame, manifest: dict[str, Any], **more: Any) -> Answer:
    spec = {"patches": 10, "colour": False}
    return answer(summary, {"images": IMAGES, "spec": spec, **manifest, **more}, acceptable=0.5)


def test_the_answer_of_a_region() -> None:
    assert sentences(of(of_region(), REGION)) == [
        "With 25 % of the area encrypted a network still names what the image shows among five "
        "guesses in 71 % of images (2 % by chance), with 50 % of the area encrypted in 40 %, with "
        "75 % of the area encrypted in 12 %.",
        "With 75 % of the area encrypted features of a network still tell images apart: by them "
        "the right image of 96 is picked in 62 % of cases (1 % by chance), with 50 % of the area "
        "encrypted in 100 %.",
        "With 75 % of the area encrypted best, trained on 61 images, finds at least 1.50 bits "
        "[1.45, 1.55] a patch¹ about its features (efficientnet-lite0).",
        "With 75 % of the area encrypted a pixel still tells about 1.80 bits of the "
        "plain one in its place, with 50 % of the area encrypted 3.70, with 25 % of the area "
        "encrypted 5.50 (an estimate that is rather too low).",
        "Every level below that with 100 % of the area encrypted leaks: nothing is left in the "
        "clear only with 100 % of the area encrypted; 75 % of the area encrypted will do if it is "
        "acceptable that the right image of 96 is picked in 62 % of cases.",
    ]


def test_the_answer_of_permuted_blocks() -> None:
    assert sentences(of(of_blocks(), ETC)) == [
        "With 16x16 blocks permuted a network still names what the image shows among five guesses "
        "in 31 % of images (2 % by chance), with 16x16 blocks permuted and turned in 14 %.",
        "With 16x16 blocks permuted, turned and negated features of a network still tell images "
        "apart: by them the right image of 96 is picked in 60 % of cases (1 % by chance), with "
        "16x16 blocks permuted and turned in 97 %, with 16x16 blocks permuted in 99 %.",
        "With 16x16 blocks permuted and turned a pixel still tells about 0.90 bits "
        "of the plain one in its place (an estimate that is rather too low).",
        "No leak was found with 16x16 blocks permuted, turned and negated, channels permuted by "
        "recognise and match.",
        "Every level below that with 16x16 blocks permuted, turned and negated, channels permuted "
        "leaks.",
    ]


def test_what_is_found_in_ciphers_of_others_stands_first() -> None:
    found = of(of_recorded(), RECORDED, findings=[TILE])
    assert found.sentences[0].head == f"{HEADING}: The keystream repeats"
    assert found.looked[0] == "inspect: learned from none of these images, tested on 96 images"
    assert sentences(found) == [
        TILE,
        f"{HEADING} features of a network still tell images apart: by them the right image of "
        "96 is picked in 41 % of cases (1 % by chance).",
        f"{HEADING} a pixel still tells about 2.30 bits of the plain one in its "
        "place (an estimate that is rather too low).",
        'No leak was found in the ciphers "aes-ctr" by inspect, recognise and match.',
    ]
    assert found.limits[-1].startswith("How the ciphers were made")
    assert found.meaning.startswith("The ciphers were made elsewhere")


def test_the_page_shows_what_is_found_in_the_ciphers_of_a_level(
    make_run: Callable[..., Run],
) -> None:
    run = make_run(of_recorded(), ["a.png"], **RECORDED, findings=[TILE])
    page = write_report(run).read_text(encoding="utf-8")
    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    assert data["findings"]["1"][0] == TILE.removeprefix(f"{HEADING}: ")
    assert not any("nspect" in text for text in data["findings"]["1"])
    assert "planted leak" not in page.partition('id="data">')[0]


def test_bits_far_below_zero_are_no_doubt_where_nothing_is_picked() -> None:
    picked = rates("match", "rank-1", [1, 0.01, 0.01], 0.01, chosen="layout")
    for value, told in ((-2.0, "match finds nothing"), (0.3, "there may be a leak")):
        size = {"unit": "bit/image", "bound": "lower", "ceiling": 6.58, "chosen": "layout"}
        verdict = ["leak", "unreliable", "unreliable"]
        bits = rates("match", "bits (InfoNCE)", [6, value, value], 0.0, **size, verdict=verdict)
        assert told in " ".join(sentences(of(pd.concat([picked, bits]), RECORDED)))


def test_all_ciphers_that_leak_are_named_whatever_their_order() -> None:
    for first, second, told in ((0.9, 0.4, '"tile-xor"'), (0.4, 0.9, '"aes-ctr"')):
        picked = rates("match", "rank-1", [1, first, second], 0.01, chosen="layout")
        (line, *_) = sentences(of(picked, RECORDED))
        assert line.startswith(f"In the ciphers {told} features of a network still tell"), line
        assert "picked in 90 % of cases" in line
        assert line.endswith(" in 40 %.")
    alike = rates("match", "rank-1", [1, 0.9, 0.9], 0.01, chosen="layout")
    (line, *_) = sentences(of(alike, RECORDED))
    assert line.startswith('In the ciphers "tile-xor" and "aes-ctr" features of a network still')


def test_bits_of_pixels_are_a_finding_where_nobody_else_finds_any() -> None:
    nothing = few(matched(), 3).assign(verdict=QUIET)
    found = of(pd.concat([plug_in([7.4, 2.3, 2.4]), nothing]), RECORDED)
    assert sentences(found) == [
        'In the ciphers "aes-ctr" a pixel still tells about 2.40 bits of the plain '
        'one in its place, in the ciphers "tile-xor" 2.30 '
        "(an estimate that is rather too low).",
        "All ciphers leak.",
    ]


def test_an_estimate_within_its_interval_of_nothing_is_none() -> None:
    nothing = few(matched(), 3).assign(verdict=QUIET)
    nothing.loc[nothing["level"] == 0, "verdict"] = LEAK
    found = of(pd.concat([plug_in([7.4, 0.05, 0.0]), nothing]), RECORDED)
    assert "a pixel" not in found.text
    assert found.text.startswith(
        'In the ciphers "tile-xor" and "aes-ctr" match finds nothing; recognise, which costs'
    )


def test_who_found_nothing_beside_a_fault_of_the_ciphers_is_named() -> None:
    rows = of_recorded()
    rows = rows[(rows["level"] < 2) & (rows["measure"] != "histogram")]
    rows.loc[(rows["level"] == 1) & (rows["measure"] != "inspect"), "verdict"] = QUIET
    assert sentences(of(rows, RECORDED, findings=[TILE])) == [
        TILE,
        "Beside that nothing is found by recognise and match.",
    ]
    alone = rows[rows["measure"] == "inspect"]
    assert sentences(of(alone, RECORDED, findings=[TILE])) == [TILE]


def test_what_another_check_finds_is_told_once_and_not_as_of_an_adversary() -> None:
    rows = of_recorded()
    rows = rows[(rows["level"] < 2) & (rows["measure"] != "histogram")].replace("inspect", "kept")
    rows.loc[(rows["level"] == 1) & (rows["measure"] != "kept"), "verdict"] = QUIET
    checks = [{"kind": "check", "name": "kept"}]
    assert sentences(of(rows, RECORDED, findings=[TILE], components=checks)) == [
        TILE,
        "Beside that nothing is found by recognise and match.",
    ]


def test_ciphers_that_withstand_are_said_to() -> None:
    rows = of_recorded()
    only = RECORDED | {"levels": [RECORDED["levels"][0], RECORDED["levels"][2]]}
    found = of(rows[rows["level"] != 1], only)
    assert (
        found.text == 'No leak was found in the ciphers "aes-ctr" by inspect, recognise and match.'
    )


@pytest.mark.parametrize(
    ("summary", "manifest"),
    [(of_region(), REGION), (of_blocks(), ETC), (of_recorded(), RECORDED)],
)
def test_no_word_of_a_report_is_of_bit_planes(
    make_run: Callable[..., Run], summary: pd.DataFrame, manifest: dict[str, Any]
) -> None:
    run = make_run(summary, ["a.png", "b.png"], **{"components": []} | manifest)
    for format in ("html", "md", "tex", "csv"):
        text = write_report(run, format).read_text(encoding="utf-8").replace("\u00a0", " ")
        own = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)
        assert not re.search(r"\bs = \d|bit-?plane|\bplanes\b|level s\b", own)
    assert "bitplanes" not in write_report(run, "csv").read_text(encoding="utf-8")
