"""What is drawn of a measure is what the summary says."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.lines import Line2D

from imleak.report.figures import curves, style
from imleak.report.levels import Levels
from schemes import LEVELS, RECORDED

Make = Callable[..., pd.DataFrame]


@pytest.fixture(autouse=True)
def _style() -> Iterator[None]:
    with style.print_style():
        yield


def only(summary: pd.DataFrame) -> Axes:
    (drawing,) = curves.drawings(summary, LEVELS)
    (axes,) = drawing.figure.axes
    return axes


def line(axes: Axes, label: str) -> Line2D:
    (found,) = (one for one in axes.lines if one.get_label() == label)
    return found


def labels(axes: Axes) -> set[str]:
    return set(axes.get_legend_handles_labels()[1])


def heights(axes: Axes, label: str) -> set[float]:
    (band,) = (c for c in axes.collections if c.get_label() == label)
    assert isinstance(band, PolyCollection)
    return {round(float(y), 9) for path in band.get_paths() for y in path.vertices[:, 1]}


def test_the_curve_is_the_mean_and_the_band_its_interval(make_rows: Make) -> None:
    axes = only(make_rows("m", [3.0, 1.0, -0.5], 0.25))
    np.testing.assert_array_equal(line(axes, "value").get_xdata(), [0, 1, 2])
    np.testing.assert_array_equal(line(axes, "value").get_ydata(), [3, 1, -0.5])
    assert heights(axes, "95 % interval") == {3.25, 1.25, -0.25, 2.75, 0.75, -0.75}
    assert axes.get_ylabel() == "m (bit)"
    low, high = axes.get_ylim()
    assert low < -0.75
    assert high > 3.25


def test_levels_are_in_order_whatever_the_rows_are(make_rows: Make) -> None:
    axes = only(make_rows("m", [1.0, 2.0, 3.0], level=[8, 0, 4]))
    np.testing.assert_array_equal(line(axes, "value").get_xdata(), [0, 4, 8])
    np.testing.assert_array_equal(line(axes, "value").get_ydata(), [2, 3, 1])


@pytest.mark.parametrize(
    ("columns", "title"),
    [
        ({"bound": "exact"}, "mean of 100 images · exact"),
        ({"bound": "upper", "n": [97, 100]}, "mean of 97–100 images · upper bound"),
        ({"bound": "none", "n": 1}, "1 image · no bound"),
        ({"bound": "lower", "protocol": "in-sample"}, "in-sample · lower bound"),
        (
            {"bound": "lower", "protocol": "held-out", "train_groups": 75},
            "held-out, trained on 75 images · lower bound",
        ),
    ],
)
def test_the_title_says_how_and_what_it_bounds(
    make_rows: Make, columns: dict[str, object], title: str
) -> None:
    assert only(make_rows("m", [2.0, 1.0], **columns)).get_title("left") == title


def test_protocols_stand_side_by_side_on_one_scale(whole: pd.DataFrame) -> None:
    (drawing,) = (d for d in curves.drawings(whole, LEVELS) if d.stem == "mine-efficientnet-lite0")
    one, other = drawing.figure.axes
    assert one.get_title("left").startswith("in-sample")
    assert other.get_title("left").startswith("held-out")
    assert one.get_ylim() == other.get_ylim()
    assert drawing.figure.get_figwidth() == style.PAGE_WIDTH
    assert "null, mean–p95" in labels(other) - labels(one)


def test_a_null_of_one_repetition_is_seen(make_rows: Make) -> None:
    axes = only(make_rows("m", [2.0, 1.0], null_mean=2.5, null_p95=2.5))
    assert any(np.allclose(line.get_ydata(), 2.5) for line in axes.get_lines())


def test_the_null_is_a_band_from_mean_to_95th_percentile(make_rows: Make) -> None:
    axes = only(make_rows("m", [2.0, 1.0], null_mean=-0.5, null_p95=0.25))
    assert heights(axes, "null, mean–p95") == {-0.5, 0.25}


def test_an_exact_value_is_drawn_where_it_says_more(make_rows: Make) -> None:
    beside = only(make_rows("m", [2.0, 1.0], exact=[4.0, 3.0]))
    np.testing.assert_array_equal(line(beside, "exact value").get_ydata(), [4, 3])
    assert "exact value" not in labels(only(make_rows("m", [2.0, 1.0], exact=[2.0, 1.0])))


def test_a_far_ceiling_does_not_press_the_curve_flat(make_rows: Make) -> None:
    near = only(make_rows("m", [2.0, 1.0], ceiling=2.5))
    np.testing.assert_array_equal(line(near, "ceiling").get_ydata(), [2.5, 2.5])
    far = only(make_rows("m", [2.0, 1.0], ceiling=[11.25, 11.0]))
    assert "ceiling 11–11.2 (above)" in labels(far)
    assert far.get_ylim()[1] < 3.5


def test_a_far_interval_leaves_the_frame_and_no_value_does(make_rows: Make) -> None:
    axes = only(make_rows("m", [2.0, -9.0], half=1000.0))
    low, high = axes.get_ylim()
    assert -25 < low < -9
    assert 2 < high < 20


def test_a_single_level_shows_its_interval_as_a_bar(make_rows: Make) -> None:
    axes = only(make_rows("m", [2.0], 0.5, level=[3]))
    (bar,) = (c for c in axes.collections if isinstance(c, LineCollection))
    np.testing.assert_allclose(bar.get_segments(), [[[3, 1.5], [3, 2.5]]])
    assert axes.get_xlim()[0] < 3 < axes.get_xlim()[1]


def test_a_single_image_has_no_interval(make_rows: Make) -> None:
    axes = only(make_rows("m", [2.0, 1.0], low=math.nan, high=math.nan, n=1))
    assert labels(axes) == {"value"}


def test_what_no_scale_holds_stands_at_its_edge(make_rows: Make) -> None:
    axes = only(make_rows("m", [math.inf, 3.0, -math.inf, math.nan]))
    for label, level, height in (("infinite", 0, 1), ("minus infinite", 2, 0), ("failed", 3, 0)):
        mark = line(axes, label)
        np.testing.assert_array_equal(mark.get_xydata(), [[level, height]])
        assert mark.get_transform() == axes.get_xaxis_transform()
    assert np.isfinite(axes.get_ylim()).all()
    assert np.isnan(np.asarray(line(axes, "value").get_ydata())[[0, 2, 3]]).all()


def test_a_measure_without_any_value_says_so(make_rows: Make) -> None:
    axes = only(make_rows("m", [math.nan] * 3))
    assert [text.get_text() for text in axes.texts][1:] == ["no value: every measurement failed"]
    assert "value" not in labels(axes)


def test_ciphers_without_an_order_are_not_joined(make_rows: Make) -> None:
    (drawing,) = curves.drawings(make_rows("m", [2.0, 1.0], 0.25), Levels.of(RECORDED))
    (axes,) = drawing.figure.axes
    assert line(axes, "value").get_linestyle() == "None"
    band, bars = axes.collections
    assert band.get_paths() == []
    assert len(bars.get_segments()) == 2


def test_markers_are_hollow_where_no_leak_is_claimed(whole: pd.DataFrame) -> None:
    (drawing,) = (
        d for d in curves.drawings(whole, LEVELS) if d.stem == "infonce-efficientnet-lite0"
    )
    hollow = line(drawing.figure.axes[0], "no leak claimed")
    np.testing.assert_array_equal(hollow.get_xdata(), [5, 6, 7, 8])
    assert hollow.get_markerfacecolor() == "white"


def test_parts_differ_in_colour_marker_and_line(whole: pd.DataFrame) -> None:
    (drawing,) = (d for d in curves.drawings(whole, LEVELS) if d.stem == "psnr-pixels")
    cipher, clear = (line(drawing.figure.axes[0], name) for name in ("cipher", "clear part"))
    for look in (Line2D.get_color, Line2D.get_marker, Line2D.get_linestyle):
        assert look(cipher) != look(clear)
    handles = drawing.figure.legends[0].legend_handles
    names = [text.get_text() for text in drawing.figure.legends[0].get_texts()]
    assert len(handles) == len(names) == len(set(names))
