from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from imleak.paper.shapes import curvature, epochs_to, line, misfit, r_squared, slope

LEVELS = np.arange(9.0)
numbers = st.lists(st.floats(-10, 10), min_size=9, max_size=9).map(np.array)


@given(numbers)
def test_the_line_is_that_of_scipy(curve: np.ndarray) -> None:
    if np.ptp(curve) < 1e-3:
        return
    found = stats.linregress(LEVELS, curve)
    assert slope(LEVELS, curve) == pytest.approx(found.slope, abs=1e-9)
    assert r_squared(LEVELS, curve) == pytest.approx(found.rvalue**2, abs=1e-9)
    assert line(LEVELS, curve)[0] == pytest.approx(found.intercept, abs=1e-9)
    left = curve - (found.intercept + found.slope * LEVELS)
    assert misfit(LEVELS, curve) == pytest.approx(np.sqrt(np.mean(left**2)), abs=1e-9)


@given(numbers)
def test_the_bend_is_that_of_a_parabola(curve: np.ndarray) -> None:
    if np.abs(curve).max() < 1e-3:
        return
    expected = np.polyfit(LEVELS, curve, 2)[0] / np.abs(curve).max()
    assert curvature(LEVELS, curve) == pytest.approx(expected, abs=1e-9)


def test_a_line_of_other_curves() -> None:
    straight, bent = 8 - LEVELS, (8 - LEVELS) ** 2 / 8
    assert r_squared(LEVELS, straight, straight) == 1
    assert r_squared(LEVELS, bent, straight) < r_squared(LEVELS, bent) < 1
    assert r_squared(LEVELS, np.stack([straight, bent])).shape == (2,)


def test_what_is_bent_the_other_way() -> None:
    assert curvature(LEVELS, (8 - LEVELS) ** 2) > 0 > curvature(LEVELS, -(LEVELS**2))
    assert curvature(LEVELS, 8 - LEVELS) == pytest.approx(0)


def test_nothing_has_no_shape() -> None:
    assert np.isnan(r_squared(LEVELS, np.zeros(9)))
    assert np.isnan(curvature(LEVELS[:2], np.ones(2)))


def test_epochs_of_an_exponential() -> None:
    history = 1 - np.exp(-np.arange(1, 101) / 10)
    # 1 - exp(-e / 10) >= 0.95 (1 - exp(-10)) from e = -10 ln 0.05 = 29.96 on
    assert epochs_to(history) == 30
    assert np.isnan(epochs_to(0.01 * history))
    assert np.isnan(epochs_to(np.array([])))
