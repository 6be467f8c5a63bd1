import numpy as np
import pytest

from imleak.metrics.entropy import Entropy


def test_even_values_have_all_bits(observe_bitplanes):
    every = np.arange(256, dtype=np.uint8).repeat(2).reshape(1, 16, 32)
    (one,) = Entropy().measure(observe_bitplanes(every, levels=(0,)))
    assert (one.value, one.part, one.ceiling) == (pytest.approx(8), "cipher", 8)


def test_channels_are_averaged(observe_bitplanes):
    image = np.zeros((2, 4, 4), np.uint8)
    image[1] = np.arange(16).reshape(4, 4)
    (one,) = Entropy().measure(observe_bitplanes(image, levels=(0,)))
    assert one.value == pytest.approx((0 + 4) / 2)


def test_noise_has_all_bits_but_the_bias(observe_bitplanes, textured):
    image = textured(height=128, width=128)
    (one,) = Entropy().measure(observe_bitplanes(image, levels=(8,)))
    bias = 255 / (2 * image.size * np.log(2))
    assert one.value == pytest.approx(8 - bias, abs=0.25 * bias)
