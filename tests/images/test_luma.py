from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import skimage.color
import skimage.data
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imleak.images import luma
from imleak.images.luma import WEIGHTS

EXACT = (Fraction(299, 1000), Fraction(587, 1000), Fraction(114, 1000))


def test_weights_are_the_nearest_and_add_up_to_one() -> None:
    assert tuple(round(weight * 2**16) for weight in EXACT) == WEIGHTS
    assert sum(WEIGHTS) == 2**16


@given(st.tuples(*[st.integers(0, 65535)] * 3))
def test_formula_at_16_bits(colour: tuple[int, int, int]) -> None:
    (grey,) = luma(np.array(colour, np.uint16).reshape(3, 1, 1)).ravel()
    exact = sum(weight * value for weight, value in zip(EXACT, colour, strict=True))
    # Half a step of rounding, and what the weights lost.
    lost = max(abs(w * 2**16 - n) for w, n in zip(EXACT, WEIGHTS, strict=True))
    assert abs(int(grey) - exact) <= Fraction(1, 2) + lost


def test_pillow_at_8_bits(rgba8: np.ndarray) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (512, 512, 3)).astype(np.uint8)
    for image in (rgb, skimage.data.astronaut(), rgba8[..., :3]):
        ours = luma(np.moveaxis(image, -1, 0))
        assert ours.dtype == np.uint8
        np.testing.assert_array_equal(ours[0], np.asarray(Image.fromarray(image).convert("L")))


def test_scikit_image(rgba16: np.ndarray) -> None:
    ours = luma(np.moveaxis(rgba16[..., :3], -1, 0))[0]
    theirs = skimage.color.rgb2yuv(rgba16[..., :3] / 65535)[..., 0] * 65535
    assert np.abs(ours - theirs).max() < 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_stays_as_it_is(dtype: type[np.unsignedinteger]) -> None:
    grey = np.arange(np.iinfo(dtype).max + 1, dtype=dtype).reshape(1, 16, -1)
    np.testing.assert_array_equal(luma(np.repeat(grey, 3, axis=0)), grey)
