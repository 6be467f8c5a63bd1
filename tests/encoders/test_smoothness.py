"""Roughness of areas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imleak.encoders.smoothness import FLAT, Smoothness
from imleak.interfaces import ImleakError


def test_it_is_the_standardised_logarithm_of_the_circular_variance():
    """Left half flat; in the right half every step across is a quarter of the circle, and
    none down: mean cosine (0 + 1) / 2 but for the column at the border."""
    image = np.zeros((1, 1, 8, 2000), np.uint8)
    image[..., 1000:] = np.arange(1000) % 4 * 64
    (vector,) = Smoothness(2).encode(image, 8)
    expected = np.log(FLAT + np.array([0, 0.5, 0, 0.5]))
    expected = (expected - expected.mean()) / expected.std()
    np.testing.assert_allclose(vector, expected, atol=5e-3)


@given(st.integers(0, 255), st.integers(0, 7), st.integers(0, 2**32))
def test_it_does_not_depend_on_where_the_circle_begins(step, level, seed):
    rng = np.random.default_rng(seed)
    smooth, rough = np.full((20, 12), 9), rng.integers(0, 256, (20, 12))
    samples = (np.hstack([smooth, rough]) << level & 255).astype(np.uint8)[None, None]
    one, other = (Smoothness(4).encode(of, 8) for of in (samples, samples + np.uint8(step)))
    np.testing.assert_allclose(one, other, atol=1e-4)


def test_areas_that_are_all_alike_say_nothing_at_any_size():
    for size in [(1, 1), (7, 3), (224, 224), (331, 480)]:
        assert not Smoothness().encode(np.zeros((1, 1, *size), np.uint8), 8).any()


def test_eight_bits_are_sixteen_of_which_the_low_ones_are_zero():
    samples = np.random.default_rng(0).integers(0, 256, (1, 1, 30, 40), dtype=np.uint8)
    wide = samples.astype(np.uint16) << 8
    np.testing.assert_allclose(
        Smoothness(4).encode(wide, 16), Smoothness(4).encode(samples, 8), atol=1e-5
    )


def test_another_number_of_areas_is_in_its_title_and_none_is_refused():
    assert (Smoothness().title, Smoothness(16).title) == ("smoothness", "smoothness=16")
    with pytest.raises(ImleakError, match="one area"):
        Smoothness(0)
