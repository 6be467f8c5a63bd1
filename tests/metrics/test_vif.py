import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.data import camera
from torchmetrics.functional.image import visual_information_fidelity

from imleak.interfaces import ImageError
from imleak.metrics._fidelity import fidelity, scales
from imleak.metrics.vif import Vif

IMAGE = camera()[None, 100:200, 60:190]


def vif(plain, other, bits=8):
    return fidelity(scales(plain, bits), other, bits)


def noisy(image, deviation, seed=0):
    noise = np.random.default_rng(seed).normal(0, deviation, image.shape)
    return (image + noise).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("deviation", [2, 20, 80])
def test_it_is_that_of_an_independent_library(deviation):
    other = noisy(IMAGE, deviation)
    plain, seen = (torch.from_numpy(a.astype(np.float64))[None] for a in (IMAGE, other))
    assert vif(IMAGE, other) == pytest.approx(
        float(visual_information_fidelity(seen, plain)), rel=1e-6
    )


def test_it_is_that_of_the_paper_window_by_window():
    """Equations (13) and (14), window by window, at the one scale of a small image."""
    plain, other = IMAGE[:, :19, :21], noisy(IMAGE, 30)[:, :19, :21]
    at = np.arange(17) - 8
    weights = np.exp(-np.add.outer(at**2, at**2) / (2 * 3.4**2)).ravel()
    reference = left = 0.0
    for row in range(3):
        for column in range(5):
            x, y = (
                a[0, row : row + 17, column : column + 17].ravel().astype(float)
                for a in (plain, other)
            )
            (xx, xy), (_, yy) = np.cov(x, y, aweights=weights, ddof=0)
            gain = max(xy / xx, 0)
            noise = yy - gain * xy if gain else yy
            reference += np.log2(1 + xx / 2)
            left += np.log2(1 + gain**2 * xx / (noise + 2))
    assert len(scales(plain, 8)) == 1
    assert vif(plain, other) == pytest.approx(left / reference)


def test_a_gain_has_a_closed_form():
    """Of noise alone in one window: y = g x leaves log(1 + g^2 v / 2) of log(1 + v / 2)."""
    plain = np.random.default_rng(0).integers(0, 64, (1, 17, 17), dtype=np.uint8)
    (scale,) = scales(plain, 8)
    variance = scale.variance.item()
    expected = np.log1p(9 * variance / 2) / np.log1p(variance / 2)
    assert vif(plain, 3 * plain) == pytest.approx(expected)
    assert expected > 1


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.integers(0, 8))
def test_it_is_at_least_nothing_and_of_itself_one(seed, level):
    plain = np.random.default_rng(seed).integers(0, 256, (1, 24, 30), dtype=np.uint8)
    assert vif(plain, plain) == pytest.approx(1)
    assert vif(plain, (plain << level).astype(np.uint8)) >= 0
    assert vif(plain, 255 - plain) == 0  # an inverse has no positive gain


def test_colour_adds_up_the_information_of_its_channels():
    other = noisy(IMAGE, 20)
    same = np.concatenate([IMAGE] * 3), np.concatenate([other] * 3)
    assert vif(*same) == pytest.approx(vif(IMAGE, other))
    constant = np.full_like(IMAGE, 7)
    grey_with_constants = [np.concatenate([a, constant, constant]) for a in (IMAGE, other)]
    assert vif(*grey_with_constants) == pytest.approx(vif(IMAGE, other))


def test_sixteen_bits_are_the_same_as_eight_scaled():
    other = noisy(IMAGE, 20)
    wide = [a.astype(np.uint16) * 257 for a in (IMAGE, other)]
    assert vif(*wide, bits=16) == pytest.approx(vif(IMAGE, other))


@pytest.mark.parametrize("value", [9, 77, 255])
def test_a_constant_image_holds_nothing(value):
    constant = np.full((1, 20, 20), value, np.uint8)
    assert vif(constant, constant) == 1
    assert vif(constant, IMAGE[:, :20, :20]) == 0


@pytest.mark.parametrize(("side", "count"), [(17, 1), (24, 1), (25, 2), (40, 3), (41, 4), (500, 4)])
def test_small_images_have_fewer_scales(side, count):
    assert len(scales(np.zeros((1, side, 41), np.uint8), 8)) == min(count, 4)


def test_an_image_below_one_window_is_refused(observe_bitplanes, textured):
    with pytest.raises(ImageError, match="17x17"):
        Vif().measure(observe_bitplanes(textured(height=16, width=40)))


def test_it_falls_as_planes_are_encrypted(observe_bitplanes):
    found = Vif().measure(observe_bitplanes(IMAGE))
    clear = [one.value for one in found if one.part == "clear"]
    cipher = [one.value for one in found if one.part == "cipher"]
    assert clear[0] == cipher[0] == pytest.approx(1)
    assert clear[8] == 0
    assert cipher[1] > cipher[2] > cipher[3] > cipher[8] < 0.01
