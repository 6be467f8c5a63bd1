"""Which sample values networks are shown as black and white."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imleak.encoders._window import Window
from imleak.encoders.efficientnet import EfficientNetLite0
from imleak.interfaces import ImleakError

RNG = np.random.default_rng(0)
DEEP = RNG.normal(30000, 300, (1, 64, 64)).astype(np.uint16)


def test_all_values_unless_something_is_said() -> None:
    assert Window.parse("full").of(DEEP, 16) is DEEP
    assert EfficientNetLite0().window == "full"


@given(centre=st.integers(0, 4095), width=st.integers(1, 8191))
def test_centre_and_width_as_dicom_defines_them(centre: int, width: int) -> None:
    """PS3.3 C.11.2.1.3.2, LINEAR_EXACT, y = ((x - c) / w + 1/2) of the range."""
    values = np.arange(4096, dtype=np.uint16).reshape(1, 64, 64)
    shown = Window.parse(f"{centre}/{width}").of(values, 12)
    expected = np.clip(((values - np.float64(centre)) / width + 0.5) * 4095, 0, 4095)
    assert np.abs(shown - expected).max() < 0.5 + 1e-6
    assert shown.dtype == values.dtype


def test_percentiles_of_the_image_itself() -> None:
    shown = Window.parse("percentile:1-99").of(DEEP, 16)
    low, high = np.percentile(DEEP, [1, 99])
    assert np.array_equal(shown == 0, low >= DEEP)
    assert np.array_equal(shown == 65535, high <= DEEP)
    inside = (low < DEEP) & (high > DEEP)
    expected = (DEEP[inside] - low) / (high - low) * 65535
    np.testing.assert_allclose(shown[inside], expected, atol=0.5)


def test_it_does_not_depend_on_the_unit_of_samples() -> None:
    """An image of 12 bits that are stored in 16, and the same scaled to 16."""
    dark = DEEP >> 4
    shown = [Window.parse("percentile").of(one, 16).astype(float) for one in (dark, dark * 16)]
    np.testing.assert_allclose(shown[0], shown[1], atol=1)


def test_an_image_of_one_value_is_left_as_it_is() -> None:
    flat = np.full((3, 8, 8), 700, np.uint16)
    np.testing.assert_array_equal(Window.parse("percentile").of(flat, 12), flat)


@pytest.mark.parametrize(
    "text", ["", "bone", "percentile:", "percentile:99-1", "percentile:1-101", "40/0", "-3/4", "40"]
)
def test_what_is_no_window(text: str) -> None:
    with pytest.raises(ImleakError, match=r"write full, percentile, percentile:1-99, or CENTRE"):
        Window.parse(text)
