"""Histories: means over seeds, and the distance to the maximum."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from imleak.report.figures import style, training
from schemes import LEVELS

TABLES = arrays(
    float, array_shapes(min_dims=2, max_dims=2, max_side=6), elements=st.floats(-50, 50)
)


def test_seeds_are_averaged_epoch_by_epoch(histories: pd.DataFrame) -> None:
    rows = histories[histories["protocol"] == "held-out"]
    found = training.by_epoch(rows)
    assert found.shape == (100, 9)
    of = rows[(rows["epoch"] == 40) & (rows["level"] == 2)]
    assert len(of) == 2
    assert found.loc[40, 2] == pytest.approx(of["value"].mean())


def test_a_diverged_value_is_a_gap(histories: pd.DataFrame) -> None:
    rows = histories[(histories["protocol"] == "held-out") & (histories["seed"] == 0)].copy()
    rows.loc[(rows["epoch"] == 7) & (rows["level"] == 1), "value"] = np.inf
    found = training.by_epoch(rows)
    assert np.isnan(found.loc[7, 1])
    assert found.notna().to_numpy().sum() == found.size - 1


def test_distance_by_hand() -> None:
    values = pd.DataFrame({0: [1.0, 4.0], 3: [2.0, 1.5], 8: [-1.0, np.nan]})
    expected = pd.DataFrame({0: [1.0, 0.0], 3: [0.0, 2.5], 8: [3.0, np.nan]})
    pd.testing.assert_frame_equal(training.to_maximum(values), expected)


@given(TABLES)
def test_distance_is_zero_at_the_maximum_and_positive_elsewhere(values: np.ndarray) -> None:
    distance = training.to_maximum(pd.DataFrame(values)).to_numpy()
    assert (distance >= 0).all()
    np.testing.assert_array_equal(distance.min(axis=1), 0)
    np.testing.assert_allclose(distance.max(axis=1), np.ptp(values, axis=1), atol=1e-12)


@given(TABLES, st.floats(-10, 10))
def test_distance_does_not_see_what_all_levels_share(values: np.ndarray, shift: float) -> None:
    one = training.to_maximum(pd.DataFrame(values))
    other = training.to_maximum(pd.DataFrame(values + shift))
    np.testing.assert_allclose(one, other, atol=1e-12)


def test_a_curve_a_level_that_looks_the_same_in_every_panel(histories: pd.DataFrame) -> None:
    part = histories[~((histories["protocol"] == "held-out") & (histories["level"] < 3))]
    with style.print_style():
        epochs, distance = training.drawings(part, LEVELS)
    assert [epochs.stem[-6:], distance.stem[-8:]] == ["epochs", "distance"]
    for drawing in (epochs, distance):
        left, right = drawing.figure.axes
        names = [text.get_text() for text in drawing.figure.legends[0].get_texts()]
        assert names == [f"s = {level}" for level in range(9)]
        curves = [
            axes.lines[: -1 if len(axes.lines) > 9 - 3 * place else None]
            for place, axes in enumerate((left, right))
        ]
        looks = [[(line.get_color()[0], line.get_marker()) for line in of] for of in curves]
        assert looks[0][3:] == looks[1]
        assert len(set(looks[0])) == 9
    np.testing.assert_array_equal(distance.figure.axes[0].lines[0].get_ydata(), 0)


def test_one_level_has_no_distance_to_another(histories: pd.DataFrame) -> None:
    with style.print_style():
        (drawing,) = training.drawings(histories[histories["level"] == 4], LEVELS)
    assert drawing.stem == "mine-efficientnet-lite0-epochs"


def test_an_estimator_that_never_had_a_value_says_so(histories: pd.DataFrame) -> None:
    with style.print_style():
        epochs, _ = training.drawings(histories.assign(value=np.nan), LEVELS)
        texts = [text.get_text() for axes in epochs.figure.axes for text in axes.texts]
    assert texts.count("no value: training failed") == 2


def test_no_history_no_figure(no_history: pd.DataFrame) -> None:
    assert list(training.drawings(no_history, LEVELS)) == []
