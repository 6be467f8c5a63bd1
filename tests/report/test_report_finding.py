"""The answer in words: what may be said of every kind of run, and what may not."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from imleak.report.finding import find

Make = Callable[..., pd.DataFrame]
ENTROPY = [7.4, 3.9, 2.0, 0.0]
SIZES = [8.0, 4.0, 2.0, 0.0]
LEAK, QUIET, DOUBT, FULL = "leak", "no leak found", "unreliable", "saturated"


def manifest(images: int = 500, **more: Any) -> dict[str, Any]:
    return {"images": [{"name": f"{i}.png"} for i in range(images)], **more}


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


@pytest.fixture
def exact(make_rows: Make) -> pd.DataFrame:
    return make_rows("histogram", ENTROPY, bound="exact", ceiling=SIZES, exact=ENTROPY)


def test_the_highest_level_that_leaks_is_told_first(judged: Make, exact: pd.DataFrame) -> None:
    rows = judged([FULL, LEAK, LEAK, QUIET], rising=[False, True, True, False], detectable=0.1)
    found = find(rows, manifest())
    assert found.answer == (
        "At s = 2 an adversary with 450 training images still gets at least 0.50 bit "
        "[0.45, 0.55] a patch about what the image shows, and would get more with more images; "
        "at s = 3 none was found."
    )
    assert found.reach == "A leak below 0.10 bit a patch may have gone unseen."
    assert found.looked == (
        "infonce on efficientnet-lite0: 450 training images and 150 test images; "
        "finds a planted leak of 0.10 bit",
    )
    with_exact = find(pd.concat([rows, exact]), manifest())
    assert with_exact.answer.endswith("; at s = 3 nothing is left in the clear.")


def test_every_level_leaks(judged: Make) -> None:
    found = find(judged([FULL, LEAK, LEAK, LEAK], [4, 3, 2, 1]), manifest())
    assert found.answer == (
        "Every level leaks: even at s = 3 an adversary with 450 training images still gets "
        "at least 1.00 bit [0.95, 1.05] a patch about what the image shows."
    )
    assert found.reach == ""
    assert not any("one of unknown size" in text for text in (found.answer, *found.limits))


def test_a_value_above_its_ceiling_is_not_claimed(judged: Make) -> None:
    table = judged([FULL, QUIET, QUIET, QUIET])
    table.loc[table["level"] == 0, "ceiling"] = 2.0
    answer = find(table, manifest()).answer
    assert "at least 2.00 bit a patch about what the image shows, as much as 150 test" in answer


def test_a_saturated_value_is_only_what_the_test_can_show(judged: Make) -> None:
    found = find(judged([FULL, QUIET, QUIET, QUIET]), manifest())
    assert "at least 4.00 bit [3.95, 4.05]" in found.answer
    assert "as much as 150 test images can show" in found.answer


def test_an_estimate_that_bounds_nothing_is_told_as_such(judged: Make) -> None:
    found = find(judged([LEAK, LEAK, QUIET, QUIET], bound="none"), manifest())
    assert "still gets about 2.00 bit [1.95, 2.05]" in found.answer
    assert "(no bound)" in found.answer
    assert "at least" not in found.answer


def test_a_bound_is_told_rather_than_a_larger_estimate(judged: Make) -> None:
    larger = judged([LEAK] * 4, [9.0] * 4, bound="none", name="cca")
    found = find(pd.concat([larger, judged([LEAK] * 4, [1.0] * 4)]), manifest())
    assert "at least 1.00 bit" in found.answer


def test_nothing_found_names_how_little_would_have_been(judged: Make) -> None:
    rows = judged([QUIET, QUIET, QUIET], level=range(1, 4), means=[0.0, 0.0, 0.0])
    found = find(rows, manifest())
    assert found.answer == "No leak was found at s = 1 to 3 with 450 training images."
    assert "was not measured (--sensitivity)" in found.reach
    assert any("may find more" in limit for limit in found.limits)
    deaf = find(rows.assign(detectable=math.inf), manifest())
    assert deaf.reach == (
        "No planted leak was found, up to 4 bits a patch: this run could not have seen one."
    )


def test_an_adversary_blind_to_the_plain_image_says_nothing(judged: Make) -> None:
    found = find(judged([QUIET] * 4), manifest())
    assert "find nothing with 450 training images even at s = 0" in found.answer
    assert "says nothing" in found.answer
    assert "No leak" not in found.answer


def test_all_unreliable_is_no_number_at_all(judged: Make) -> None:
    found = find(judged([DOUBT] * 4), manifest())
    assert found.answer == (
        "No number here is reliable: there may be a leak at every level, of unknown size."
    )


def test_an_unreliable_level_above_a_leak_is_not_called_quiet(judged: Make) -> None:
    found = find(judged([LEAK, LEAK, DOUBT, QUIET]), manifest())
    assert found.answer.startswith("At s = 1 ")
    assert "; at s = 2 there may be one of unknown size; at s = 3 none was found." in found.answer
    unsure = find(judged([DOUBT, DOUBT, QUIET, QUIET]), manifest())
    assert unsure.answer.startswith("There may be a leak at s = 0 and 1, of unknown size; at s = 2")


def test_exact_numbers_alone_say_nothing_of_the_content(
    exact: pd.DataFrame, make_rows: Make
) -> None:
    code = make_rows("codelength", [3.6, 3.1, 1.8, 0.0], unit="bit/pixel", bound="upper")
    found = find(pd.concat([exact, code.assign(ceiling=SIZES)]), manifest())
    assert found.answer == (
        "No adversary looked at these images. At s = 2 a pixel seen alone keeps 2.00 bit of its "
        "7.40 and the clear part holds at most 1.80 bit a pixel, whoever looks; "
        "at s = 3 nothing is left in the clear."
    )
    assert found.looked == ()
    assert found.limits[0] == "What an adversary could tell about the content of the images."


def test_in_sample_values_are_no_evidence(make_rows: Make, exact: pd.DataFrame) -> None:
    rows = make_rows("mine", [9.0, 8.0, 7.0, 6.0], protocol="in-sample", encoder="clip")
    found = find(rows, manifest(), acceptable=0.1)
    assert found.answer == (
        "No adversary was tested on images it had not seen: in-sample mine says what a network "
        "memorised, not what leaks."
    )
    assert found.recommendation is not None
    assert found.recommendation.level is None
    assert "a pixel seen alone keeps" in find(pd.concat([rows, exact]), manifest()).answer


def test_likeness_bounds_nothing(make_rows: Make) -> None:
    found = find(make_rows("psnr", [20.0, 9.0], unit="dB"), manifest())
    assert found.answer.startswith("Nothing here bounds a leak")


def test_pixels_are_told_of_only_where_nobody_looked_at_pictures(judged: Make) -> None:
    pixels = judged([LEAK] * 4, [7.0, 4, 2, 1], encoder="pixels")
    alone = find(pixels, manifest())
    assert "at least 1.00 bit [0.95, 1.05] a pixel about its value" in alone.answer
    both = find(pd.concat([pixels, judged([LEAK, QUIET, QUIET, QUIET])]), manifest())
    assert both.answer.startswith("At s = 0 ")


@pytest.mark.parametrize("side", ["encoder", "target", "view"])
def test_random_weights_support_no_level(judged: Make, side: str) -> None:
    encoder = {"kind": "encoder", "name": "clip", "options": '{"weights":"random:0"}'}
    rows = judged([FULL, LEAK, LEAK, QUIET], detectable=0.01, **{side: "clip=random:0,model=x"})
    found = find(rows, manifest(components=[encoder]), acceptable=0.1)
    assert "of random weights" in found.looked[0]
    assert found.recommendation is not None
    assert found.recommendation.level is None
    assert "no adversary with trained features" in found.recommendation.words
    trained = encoder | {"options": '{"weights":"local-dir:/random"}'}
    again = find(rows, manifest(components=[trained]), acceptable=0.1)
    assert again.recommendation is not None
    assert again.recommendation.level == 3


def test_few_images_are_warned_of(judged: Make) -> None:
    found = find(judged([LEAK] * 4, train_groups=8), manifest(12))
    assert any("Few images" in warning and "8 images" in warning for warning in found.warnings)
    assert not find(judged([LEAK] * 4), manifest()).warnings


def test_what_the_manifest_warns_of_is_passed_on(judged: Make) -> None:
    found = find(judged([LEAK] * 4), manifest(warnings=["A fixed key was used (insecure)."]))
    assert "A fixed key was used (insecure)." in found.warnings


def test_one_image_and_none(make_rows: Make, exact: pd.DataFrame) -> None:
    assert any("One image" in warning for warning in find(exact, manifest(1)).warnings)
    empty = find(exact[:0], manifest(0), acceptable=1.0)
    assert empty.answer == "Nothing was measured: there was no image to measure."
    assert empty.recommendation is not None
    assert "nothing was measured" in empty.recommendation.words


def test_a_measure_that_failed_is_missed(judged: Make, exact: pd.DataFrame) -> None:
    failed = exact[:1].assign(measure="ksg", encoder="clip", level=pd.NA, errors=1, mean=math.nan)
    found = find(pd.concat([exact, failed], ignore_index=True), manifest())
    assert "ksg on clip failed and is missing here." in found.warnings


def test_every_scheme_has_its_own_answer(judged: Make) -> None:
    two = pd.concat([judged([LEAK] * 4), judged([LEAK, QUIET, QUIET, QUIET], scheme="blocks")])
    found = find(two, manifest(), acceptable=1.0)
    assert found.answer.startswith("bitplanes: Every level leaks")
    assert "blocks: At s = 0 " in found.answer
    assert found.recommendation is not None
    assert "2 schemes" in found.recommendation.words
