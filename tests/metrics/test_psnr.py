import math

import numpy as np
import pytest
from observations import observed

from imleak.metrics.psnr import Psnr


def against(plain, clear, cipher, bits):
    observation = observed(plain, bits, (1,), lambda s: clear, cipher=lambda s: cipher)
    return {one.part: one.value for one in Psnr().measure(observation)}


@pytest.mark.parametrize(("bits", "kind"), [(8, np.uint8), (12, np.uint16), (16, np.uint16)])
@pytest.mark.parametrize("channels", [1, 3])
def test_constant_error_has_a_closed_form(bits, kind, channels):
    peak = 2**bits - 1
    white, black = np.full((channels, 5, 6), peak, kind), np.zeros((channels, 5, 6), kind)
    found = against(black, black + kind(3), white, bits)
    assert found["clear"] == pytest.approx(20 * math.log10(peak / 3), abs=1e-9)
    assert found["cipher"] == 0


def test_error_of_one_channel_is_shared_by_all():
    plain = np.zeros((3, 4, 4), np.uint8)
    one = plain.copy()
    one[1] = 10
    found = against(plain, one, plain, 8)
    assert found["clear"] == pytest.approx(10 * math.log10(255**2 / (100 / 3)))


def test_equal_images_are_infinitely_close(observe_bitplanes, textured):
    first, second, *rest = Psnr().measure(observe_bitplanes(textured()))
    assert first.value == second.value == math.inf
    assert all(math.isfinite(one.value) for one in rest)
    assert {one.part for one in rest} == {"clear", "cipher"}
