"""The answer in words: what may be said of every kind of run, and what may not."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from summaries import (
    ENTROPY,
    LEAK,
    QUIET,
    confirmed,
    default,
    estimated,
    histogram,
    matched,
    rates,
    recognised,
)

from imleak.report.answer import Answer, answer
from imleak.report.findings import findings, turning_level
from imleak.report.measures import adversaries
from schemes import BITPLANES

Make = Callable[..., pd.DataFrame]
DOUBT, FULL = "unreliable", "saturated"


def manifest(images: int = 96, bits: int = 8, **more: Any) -> dict[str, Any]:
    spec = {"patches": 10, "colour": False}
    entries = [{"name": f"{place}.png", "bits": bits} for place in range(images)]
    layout = {"kind": "encoder", "name": "layout", "title": "layout", "input_size": "image"}
    return {"images": entries, "spec": spec, "components": [layout], **BITPLANES} | more


def of(*pieces: pd.DataFrame, **more: Any) -> Answer:
    return answer(pd.concat(pieces, ignore_index=True), manifest(**more))


@pytest.fixture
def judged(make_rows: Make) -> Make:
    """An estimator on features at levels 0 to 3."""

    def make(verdicts: list[str], means: list[float] | None = None, **more: Any) -> pd.DataFrame:
        means = means or [4.0, 2.0, 0.5, 0.0][: len(verdicts)]
        given = {
            "encoder": "efficientnet-lite0",
            "protocol": "held-out",
            "bound": "lower",
            "verdict": verdicts,
            "train_groups": 450,
            "test_groups": 150,
            "rising": None,
        }
        return make_rows(more.pop("name", "infonce"), means, **(given | more))

    return make


def test_the_answer_of_a_default_run() -> None:
    assert [str(one) for one in of(default()).sentences] == [
        "At s = 1 a network still names what the image shows among five guesses in 77 % of images "
        "(2 % by chance), at s = 2 in 39 %, at s = 3 in 10 %.",
        "At s = 7 the flat areas still show: by them the right image of 96 is picked in 38 % of "
        "cases (1 % by chance), at least 1.50 bits [1.10, 1.90] an image, at s = 6 in 59 %, at "
        "s = 5 in 78 %.",
        "At every level below s = 8 whoever holds the image can confirm it; a copy is enough to "
        "find it up to s = 7 (JPEG 90 in 36 %, JPEG 50 in 35 %) and up to s = 6 (half size in "
        "46 %).",
        "At s = 4 best, trained on 61 images, finds at least 0.60 bits [0.55, 0.65] a patch¹ "
        "about its features (efficientnet-lite0).",
        "Every level below s = 8 leaks: nothing is left in the clear only with 8 of 8 planes "
        "encrypted; 7 of 8 planes encrypted will do if it is acceptable that the right image of 96 "
        "is picked in 38 % of cases.",
    ]


def test_levels_patches_and_colour_are_explained_once() -> None:
    found = of(default())
    assert found.meaning == (
        "Level s: s of 8 planes encrypted; left in the clear: the other planes. Images were "
        "measured in grey."
    )
    (footnote,) = found.footnotes
    assert footnote.startswith("¹ A patch is a square cut from an image")
    assert "10 of every image" in footnote
    assert of(matched()).footnotes == ()
    in_colour = of(default(), spec={"colour": True})
    assert "measured in colour" in in_colour.meaning
    assert "the flat and coloured areas still show" in in_colour.text
    images = [{"name": "a.png", "bits": 8, "channels": 1}]
    grey = manifest(spec={"colour": True}) | {"images": images}
    assert "measured in grey" in answer(default(), grey).meaning


def test_findings_are_ordered_by_what_they_give_away() -> None:
    found = of(default()).findings
    order = [finding.adversary.measure for finding in found]
    assert list(dict.fromkeys(order)) == ["recognise", "match", "confirm", "best"]
    assert [finding.level for finding in found[:3]] == [1, 2, 3]
    assert turning_level(found) == 3
    assert turning_level([]) is None


def test_what_does_not_clear_its_null_is_not_claimed() -> None:
    rows = rates("recognise", "top-5", [1, 0.9, 0.3], 0.02, verdict=LEAK)
    rows.loc[rows["level"] == 2, ["low", "null_p95"]] = [0.2, 0.25]
    found = of(rows)
    assert [finding.level for finding in found.findings] == [1]
    assert "s = 2 in" not in found.text


def test_the_strongest_of_several_networks_is_told() -> None:
    weak, strong = (
        rates("recognise", "top-5", values, 0.02, encoder=name)
        for name, values in (("small", [1, 0.3, 0.1]), ("large", [1, 0.8, 0.2]))
    )
    assert "in 80 % of images (2 % by chance), at s = 2 in 20 %" in of(weak, strong).text


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ("efficientnet-lite0", "features of a network still tell images apart: by them the right"),
        ("layout=16", "the flat areas still show: by them the right"),
        ("layout=16 or tones", "the flat areas and the frequencies of tones still show: by them"),
        ("layout=16 or clip", "the flat areas and features of a network still tell images apart"),
        ("clip + tones", "the frequencies of tones and features of a network still tell images"),
        ("clip=local-dir:/layout", "features of a network still tell images apart"),
    ],
)
def test_what_shows_is_told_by_the_encoders_that_were_chosen(chosen: str, words: str) -> None:
    named = {
        "layout=16": "layout",
        "tones": "tones",
        "clip": "clip",
        "clip=local-dir:/layout": "clip",
    }
    components = [
        {"kind": "encoder", "name": name, "title": title} for title, name in named.items()
    ]
    found = of(matched().assign(chosen=chosen), components=components)
    assert f"At s = 7 {words}" in found.text


def test_a_bootstrap_without_spread_is_no_interval() -> None:
    rows = matched()
    is_top = rows["level"] == 7
    rows.loc[is_top & (rows["quantity"] == "rank-1"), "mean"] = 1.0
    rows.loc[is_top & (rows["quantity"] == "bits (InfoNCE)"), ["mean", "low", "high"]] = 6.58
    rows.loc[is_top & (rows["quantity"] == "bits (Fano)"), ["mean", "low", "high"]] = (
        6.58,
        5.9,
        6.58,
    )
    found = of(rows)
    most = "at least 6.58 bits [5.90, 6.58] an image"
    assert f"picked in 100 % of cases (1 % by chance), {most}" in found.text
    assert found.text.endswith("nothing is left in the clear only with 8 of 8 planes encrypted.")


def test_an_answer_is_printed_as_its_sentences() -> None:
    found = of(default())
    assert str(found).splitlines() == [*map(str, found.sentences), *found.notes]


@pytest.mark.parametrize(
    ("quantity", "words"),
    [
        (
            "bits (InfoNCE)",
            ": match finds at least 1.50 bits [0.20, 1.90] an image, at s = 6 "
            "the right image of 96 is picked in 59 % of cases",
        ),
        (
            "reciprocal rank",
            ": match finds a reciprocal rank of 0.38, at s = 6 the right image of 96 is "
            "picked in 59 % of cases",
        ),
    ],
)
def test_what_only_another_quantity_shows_is_found_too(quantity: str, words: str) -> None:
    rows = matched()
    others = (rows["level"] == 7) & (rows["quantity"] != quantity)
    rows.loc[others, "verdict"] = QUIET
    assert f"At s = 7 the flat areas still show{words}" in of(rows).text
    assert "s = 7 to 8" not in of(rows).text


def test_equal_rates_are_told_once_at_the_highest_level() -> None:
    rows = matched()
    is_rate = (rows["quantity"] == "rank-1") & rows["level"].between(1, 6)
    rows.loc[is_rate, "mean"] = 1.0
    assert "an image, at s = 6 in 100 %." in of(rows).text
    rows.loc[(rows["quantity"] == "rank-1") & (rows["level"] == 7), "mean"] = 1.0
    assert (
        "picked in 100 % of cases (1 % by chance), at least 1.50 bits [1.10, 1.90] an image."
        in (of(rows).text)
    )


def test_an_estimator_on_whole_images_gives_bits_an_image() -> None:
    assert "finds at least 0.60 bits [0.55, 0.65] an image about" in (
        of(estimated(encoder="layout")).text
    )


@pytest.mark.parametrize("pieces", [(estimated(),), (estimated(), recognised())])
def test_a_level_is_not_called_quiet_while_a_cheap_adversary_was_not_asked(
    pieces: tuple[pd.DataFrame, ...],
) -> None:
    found = of(*pieces)
    assert "No leak was found" not in found.text
    assert "match, which" in found.text
    assert "not asked" in found.text
    assert any("not asked (--measure" in limit for limit in found.limits)


def test_a_level_with_bits_in_the_clear_is_not_called_quiet() -> None:
    nothing = estimated(verdict=[FULL, *[QUIET] * 8])
    rows = (nothing, recognised().assign(verdict=QUIET), matched().assign(verdict=QUIET))
    told = of(*rows, histogram()).text
    assert "No leak was found" not in told
    assert (
        "At s = 1 to 7 recognise, match and best (trained on 61 images) find nothing, though 1.00 "
        "to 6.60 bits of every pixel are left in the clear." in told
    )


def test_no_leak_found_names_who_looked() -> None:
    looked = [piece.assign(verdict=QUIET) for piece in (recognised(), matched())]
    for piece in looked:
        piece.loc[piece["level"] == 0, "verdict"] = LEAK
    found = of(*looked)
    assert found.text == (
        "No leak was found at s = 1 to 7 by recognise and match. "
        "At s = 8 nothing is left in the clear."
    )


def test_no_level_with_any_finding_is_called_quiet() -> None:
    quiet = estimated(verdict=[FULL, *[QUIET] * 8])
    found = of(quiet, recognised(), matched(), confirmed())
    assert "No leak" not in found.text
    unnamed = of(quiet, recognised(), matched(), confirmed(), levels=[], scheme={})
    assert "No leak was found at level 8 by recognise, match, confirm and best" in unnamed.text
    assert unnamed.text.count("No leak") == 1


def test_only_copies_that_are_found_are_told() -> None:
    rows = confirmed()
    rows = rows[~rows["quantity"].str.startswith("rank-1")]
    assert of(rows).sentences[0].rest == "."


def test_the_highest_level_an_estimator_finds_is_told(judged: Make) -> None:
    rows = judged([FULL, LEAK, LEAK, QUIET], rising=[False, True, True, False], detectable=0.1)
    found = of(rows)
    assert str(found.sentences[0]) == (
        "At s = 2 infonce, trained on 450 images, finds at least 0.50 bits [0.45, 0.55] a patch¹ "
        "about its features (efficientnet-lite0), and would find more with more images."
    )
    assert found.reach == (
        "Where an estimator found nothing, a leak below 0.10 bits a patch may have gone unseen."
    )
    assert found.looked == (
        "infonce on efficientnet-lite0: learned from 450 images, tested on 150 images; "
        "finds a planted leak of 0.10 bits",
    )


def test_every_level_leaks(judged: Make) -> None:
    found = of(judged([FULL, LEAK, LEAK, LEAK], [4, 3, 2, 1]))
    assert found.text.endswith("Every level leaks.")
    assert found.reach == ""


def test_a_value_above_its_ceiling_is_not_claimed(judged: Make) -> None:
    table = judged([FULL, FULL, QUIET, QUIET], [4.0, 4.0, 0.0, 0.0])
    table["ceiling"] = 2.0
    assert "at least 2.00 bits a patch¹ about its features" in of(table).text
    assert "as much as 150 test images can show" in of(table).text


def test_an_estimate_that_bounds_nothing_is_told_as_such(judged: Make) -> None:
    found = of(judged([LEAK, LEAK, QUIET, QUIET], bound="none"))
    assert "finds about 2.00 bits [1.95, 2.05]" in found.text
    assert "(no bound)" in found.text
    assert "at least" not in found.text


def test_a_bound_is_told_rather_than_a_larger_estimate(judged: Make) -> None:
    larger = judged([LEAK] * 4, [9.0] * 4, bound="none", name="cca")
    assert "at least 1.00 bits" in of(larger, judged([LEAK] * 4, [1.0] * 4)).text


def test_who_is_blind_is_told_where_others_see(judged: Make) -> None:
    """And a level that nobody else looked at was not asked about."""
    blind = judged([QUIET] * 4, name="cca-infonce")
    found = of(blind, judged([LEAK, LEAK, QUIET, QUIET], name="best"))
    (told,) = [one for one in found.notes if "even where nothing is encrypted" in one]
    assert told.startswith("Cca-infonce")
    assert not any("nothing is encrypted" in one for one in of(judged([LEAK] * 4)).notes)


def test_an_adversary_blind_to_the_plain_image_says_nothing(judged: Make) -> None:
    found = of(judged([QUIET] * 4))
    assert "(trained on 450 images) finds nothing even where nothing is encrypted" in found.text
    assert "finding nothing at s = 1 to 3 means nothing" in found.text
    assert "leak was found" not in found.text
    deaf = of(judged([LEAK, QUIET, QUIET, QUIET], detectable=math.inf))
    assert deaf.reach == "No planted leak was found by an estimator, up to 4 bits."


def test_an_unreliable_level_is_not_called_quiet(judged: Make) -> None:
    found = of(judged([LEAK, LEAK, DOUBT, QUIET]))
    assert "At s = 2 there may be a leak of unknown size: what was found there" in found.text
    assert "At s = 3 infonce (trained on 450 images) finds nothing" in found.text


def test_exact_numbers_alone_say_nothing_of_the_content(make_rows: Make) -> None:
    sizes = [8.0, 4.0, 2.0, 0.0]
    exact = make_rows("histogram", [7.4, 3.9, 2.0, 0.0], bound="exact", ceiling=sizes)
    code = make_rows("codelength", [3.6, 3.1, 1.8, 0.0], unit="bit/pixel", bound="upper")
    found = of(exact, code.assign(ceiling=sizes))
    assert found.text == (
        "No adversary looked at these images. At s = 2 a pixel seen alone keeps 2.00 bits of its "
        "7.40 and the clear part holds at most 1.80 bits a pixel, whoever looks; "
        "at s = 3 nothing is left in the clear."
    )
    assert found.looked == ()
    assert found.limits[0] == "What an adversary could tell about the content of the images."


def test_of_two_upper_bounds_the_lower_one_is_told(make_rows: Make) -> None:
    codes = [
        make_rows(name, values, unit="bit/pixel", bound="upper")
        for name, values in (
            ("codelength", [3.6, 3.1, 1.8, 0.9]),
            ("learned-codelength", [3.3, 2.8, 1.9, 0.8]),
        )
    ]
    at_most = "At s = 3 the clear part holds at most 0.80 bits a pixel, whoever looks."
    assert at_most in of(*codes).text
    assert at_most in of(*reversed(codes)).text


def test_an_upper_bound_of_fewer_images_is_not_told(make_rows: Make) -> None:
    code, learned = (
        make_rows(name, [3.6, 3.1, 1.8, least], unit="bit/pixel", bound="upper").assign(n=images)
        for name, least, images in (("codelength", 0.9, 5), ("learned-codelength", 0.8, 1))
    )
    assert "the clear part holds at most 0.90 bits a pixel" in of(code, learned).text


def test_a_measure_that_also_looked_at_pixels_is_named_with_its_encoder(judged: Make) -> None:
    quiet = judged([LEAK, QUIET, QUIET, QUIET])
    found = of(quiet, judged([LEAK, LEAK, LEAK, QUIET], [7.0, 4, 2, 0], encoder="pixels"))
    encoder = quiet["encoder"].iloc[0]
    assert f"infonce on {encoder} (trained on 450 images) finds nothing" in found.text


def test_in_sample_values_are_no_evidence(make_rows: Make) -> None:
    rows = make_rows("mine", [9.0, 8.0, 7.0, 6.0], protocol="in-sample", encoder="clip")
    found = answer(rows, manifest(), acceptable=0.1)
    assert found.text == (
        "No adversary was tested on images it had not seen: in-sample mine shows what a network "
        "memorised, not what leaks."
    )
    assert found.recommendation is not None
    assert found.recommendation.level is None
    assert "a pixel seen alone keeps" in of(rows, histogram()).text


def test_an_adversary_that_failed_is_not_said_to_be_unasked(make_rows: Make) -> None:
    alike = make_rows("psnr", [20.0, 9.0], unit="dB")
    failed = make_rows("match", [math.nan]).assign(level=pd.NA, errors=1)
    found = of(alike, failed.astype({"level": "Int64"}))
    assert found.text.endswith("match, which bounds it, gave no number.")
    assert "--measure match" not in str(found)
    assert "match on pixels failed and is missing here." in found.warnings


def test_nothing_found_is_not_the_last_word_where_match_failed() -> None:
    quiet = estimated(verdict=[FULL, *[QUIET] * 8])
    failed = matched().head(1).assign(level=pd.NA, errors=1).astype({"level": "Int64"})
    found = of(quiet, recognised().assign(verdict=QUIET), failed)
    assert "No leak was found" not in found.text
    assert "; match, which may find more, gave no number." in found.text
    assert "What match would find: no number was given." in found.limits


def test_likeness_bounds_nothing(make_rows: Make) -> None:
    assert of(make_rows("psnr", [20.0, 9.0], unit="dB")).text.startswith("Nothing here bounds")


def test_pixels_are_told_of_only_where_nobody_looked_at_images(judged: Make) -> None:
    pixels = judged([LEAK] * 4, [7.0, 4, 2, 1], encoder="pixels")
    assert "at least 1.00 bits [0.95, 1.05] a pixel about its value" in of(pixels).text
    both = of(pixels, judged([LEAK, LEAK, QUIET, QUIET]))
    assert both.text.startswith("At s = 1 ")


def test_few_images_are_warned_of(judged: Make) -> None:
    found = of(judged([LEAK] * 4, train_groups=8), images=12)
    assert any("Few images" in warning and "8 images" in warning for warning in found.warnings)
    assert not of(judged([LEAK] * 4)).warnings


def test_what_the_manifest_warns_of_is_passed_on(judged: Make) -> None:
    found = of(judged([LEAK] * 4), warnings=["A fixed key was used (insecure)."])
    assert "A fixed key was used (insecure)." in found.warnings


def test_one_image_and_none() -> None:
    assert any("One image" in warning for warning in of(histogram(), images=1).warnings)
    empty = answer(histogram()[:0], manifest(0), acceptable=1.0)
    assert empty.text == "Nothing was measured: there was no image to measure."
    assert empty.recommendation is not None
    assert "nothing was measured" in empty.recommendation.words


def test_a_measure_that_failed_is_missed() -> None:
    failed = histogram()[:1].assign(
        measure="ksg", encoder="clip", level=pd.NA, errors=1, mean=math.nan
    )
    assert "ksg on clip failed and is missing here." in of(histogram(), failed).warnings


def test_findings_of_nothing_are_none() -> None:
    assert findings(adversaries(histogram(), manifest())) == []
    assert len(ENTROPY) == 9


def test_an_attack_of_another_package_is_told_and_not_called_quiet() -> None:
    nearest = rates("nearest", "nearest", [1, 1, 1, 0.9, 0.9, 0.9, 0.5, 0.5, 0.5], 0.5)
    nothing = matched().assign(verdict=QUIET)
    found = [
        str(sentence) for sentence in of(nearest, recognised(), nothing, estimated()).sentences
    ]
    assert "At s = 5 nearest finds a nearest of 0.90 (0.50 by chance)." in found
    assert any(sentence.startswith("At s = 4 best, trained") for sentence in found)
    (quiet,) = [sentence for sentence in found if "No leak was found" in sentence]
    assert quiet.startswith("No leak was found at s = 6 and 7 by nearest, ")


def test_an_adversary_that_learned_elsewhere_is_told_of_where_it_was_asked() -> None:
    """It knows one encoder, and says nothing of what was asked through another."""
    found = pd.concat(
        [estimated(chosen="cca-infonce"), estimated(chosen="calibrated", encoder="clip")],
        ignore_index=True,
    )
    other = {"title": "800 photographs", "measures": ["best"]}
    of_both = {"efficientnet-lite0": "a", "clip": "b"}
    told = {
        titles: answer(found, manifest(adversary=other | {"learned": learned})).footnotes
        for titles, learned in (
            ("both", of_both),
            ("one", {"efficientnet-lite0": "a"}),
            ("other", {"clip": "b"}),
            ("none", {"resnet": "c"}),
        )
    }
    asked = (
        "best on efficientnet-lite0 also asked an adversary that learned from 800 photographs, "
        "calibrated on 61 of these images, and preferred others."
    )
    chose = next(
        line for line in told["other"] if line.startswith("best on clip chose an adversary")
    )
    assert asked in told["one"]
    assert asked in told["both"]
    assert chose in told["both"]
    assert asked not in told["other"]
    assert not any("adversary that learned" in line for line in told["none"])
