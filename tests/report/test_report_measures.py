"""The columns of the table: marks, digits, failures, headings."""

from __future__ import annotations

import math
from collections.abc import Callable

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imleak.report.levels import Levels
from imleak.report.measures import Measure, Result, measures
from imleak.report.notes import notes
from schemes import LEVELS, RECORDED

Make = Callable[..., pd.DataFrame]


@pytest.mark.parametrize(
    ("bound", "mark"), [("lower", "≥"), ("upper", "≤"), ("exact", "="), ("none", "~")]
)
def test_a_value_carries_the_mark_of_its_bound(make_rows: Make, bound: str, mark: str) -> None:
    (column,) = measures(make_rows("m", [1.5, -0.25], 0.5, bound=bound))
    below = "-0.25" if bound == "lower" else f"{mark} -0.25"  # "at least" says nothing below 0
    assert [column.value(level) for level in (0, 1)] == [f"{mark} 1.50", below]
    assert column.interval(1) == "[-0.75, 0.25]"


def test_infinite_failed_and_absent_values_differ(make_rows: Make) -> None:
    means = [math.inf, -math.inf, math.nan]
    (column,) = measures(make_rows("m", means, low=math.nan, high=math.nan))
    assert [column.value(level) for level in range(4)] == ["~ ∞", "~ -∞", "failed", ""]
    assert not any(column.interval(level) for level in range(4))


@given(st.floats(1e-6, 1e6))
def test_at_least_two_significant_digits_are_shown(value: float) -> None:
    column = Measure("e", "m", ("m",), "bit", "patch", {0: Result(value, math.nan, math.nan)})
    number = float(column.value(0).removeprefix("~ "))
    assert number == pytest.approx(value, rel=0.006 if value > 1e-4 else 0.6)


def test_a_measure_that_failed_altogether_keeps_its_column(whole: pd.DataFrame) -> None:
    last = measures(whole)[-1]
    assert (last.measure, last.value(0), last.value(8)) == ("ksg", "failed", "failed")
    assert "ksg on efficientnet-lite0: 1 failed" in " ".join(notes(whole, LEVELS))


def test_headings_tell_columns_apart(whole: pd.DataFrame) -> None:
    found = [(column.encoder, *column.headings) for column in measures(whole)]
    assert len(set(found)) == len(found)
    assert ("pixels", "histogram") in found
    assert ("pixels", "psnr", "cipher") in found
    assert ("efficientnet-lite0", "mine", "held-out") in found


def test_rising_rows_are_told_with_the_adversary_they_belong_to(whole: pd.DataFrame) -> None:
    (told,) = (note for note in notes(whole, LEVELS) if "rises" in note)
    assert told == (
        "infonce on efficientnet-lite0 still rises at 75 training images, at s = 1 to 7: "
        "a larger adversary would find more"
    )


@pytest.mark.parametrize(
    ("detectable", "told"),
    [
        (0.125, "m on pixels: the smallest planted leak that is found has 0.12 bits"),
        (math.inf, "m on pixels: no planted leak is found, up to 4 bits"),
    ],
)
def test_the_smallest_detectable_leak_is_told(
    make_rows: Make, detectable: float, told: str
) -> None:
    assert told in notes(make_rows("m", [1.0], detectable=detectable), LEVELS)
    assert not [note for note in notes(make_rows("m", [1.0]), LEVELS) if "planted" in note]


def test_only_marks_that_occur_are_explained(make_rows: Make) -> None:
    text = " ".join(notes(make_rows("m", [1.0], bound="upper"), LEVELS))
    assert "≤ upper bound" in text
    assert "≥" not in text


def test_a_code_of_the_whole_plain_image_is_called_that(make_rows: Make) -> None:
    def told(means: list[float], levels: Levels = LEVELS) -> list[str]:
        rows = make_rows("codelength", means, bound="upper")
        return [note for note in notes(rows, levels) if "plain image" in note]

    assert told([3.0, 3.0, 3.0, 2.5]) == [
        "codelength at s = 1 and 2 is that of the plain image, because no shorter code of the "
        "clear part was found"
    ]
    assert told([3.0, 2.0]) == told([0.0, 0.0]) == []
    (of_ciphers,) = told([3.0, 3.0], Levels.of(RECORDED))
    assert of_ciphers.endswith("is that of the plain image, which a cipher cannot tell more than")
