"""What is drawn of growth is what growth.csv says."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from imleak.report.figures import learning as figures
from imleak.report.figures import style
from schemes import LEVELS


@pytest.fixture(autouse=True)
def _style() -> Iterator[None]:
    with style.print_style():
        yield


def only(growth: pd.DataFrame) -> Axes:
    (drawing,) = figures.drawings(growth, LEVELS)
    assert drawing.stem == "infonce-efficientnet-lite0-growth"
    (axes,) = drawing.figure.axes
    return axes


def test_a_curve_a_level_over_the_numbers_of_images(learning: pd.DataFrame) -> None:
    axes = only(learning)
    lines = {line.get_label(): line for line in axes.lines}
    for level in range(9):
        value = learning[learning["level"] == level]["value"]
        np.testing.assert_array_equal(lines[f"s = {level}"].get_ydata(), value)
        images = np.asarray(lines[f"s = {level}"].get_xdata(), dtype=float)
        np.testing.assert_allclose(images, [40, 80, 160, 320], rtol=0.1)
    assert [text.get_text() for text in axes.get_xticklabels()] == ["40", "80", "160", "320"]
    assert axes.get_title("left") == "held-out · lower bound"
    assert axes.get_ylabel() == "infonce (bit)"


def test_levels_do_not_cover_each_other(learning: pd.DataFrame) -> None:
    ends = [line.get_xdata()[-1] for line in only(learning).lines if len(line.get_xdata()) == 4]
    assert len(set(ends)) == 9
    assert np.prod(np.array(ends) / 320) == pytest.approx(1)


def test_intervals_are_those_of_the_rows(learning: pd.DataFrame) -> None:
    bars = only(learning).collections
    drawn = np.array([[bar[:, 1] for bar in bars[level].get_segments()] for level in range(9)])
    np.testing.assert_array_equal(drawn.reshape(-1, 2), learning[["low", "high"]])


def test_the_ends_of_rising_curves_are_marked(learning: pd.DataFrame) -> None:
    (ring,) = (line for line in only(learning).lines if line.get_label() == "still rising")
    rising = learning[learning["rising"] & (learning["train_groups"] == 320)]
    np.testing.assert_array_equal(ring.get_ydata(), rising["value"])
    still = learning.assign(rising=pd.array([False] * len(learning), dtype="boolean"))
    assert "still rising" not in {line.get_label() for line in only(still).lines}


def test_a_wild_interval_does_not_press_the_curves_flat(learning: pd.DataFrame) -> None:
    wild = learning.copy()
    wild.loc[0, "low"] = -1000.0
    low, high = only(wild).get_ylim()
    assert -8 < low < 0
    assert 6.4 < high < 7.5


def test_nothing_finite_is_said(learning: pd.DataFrame) -> None:
    axes = only(learning.assign(value=math.nan, low=math.nan, high=math.nan))
    assert "no finite value" in [text.get_text() for text in axes.texts]


def test_no_growth_is_no_figure(learning: pd.DataFrame) -> None:
    assert list(figures.drawings(learning[:0], LEVELS)) == []
