import zlib
from itertools import pairwise

import numpy as np
import pytest

from imleak.metrics.sizechange import SizeChange, length


def test_a_ramp_is_one_difference():
    ramp = np.tile(np.arange(256, dtype=np.uint8), (1, 4, 1))
    rows = b"\0" + bytes([1]) * 255
    assert length(ramp, 8) == len(zlib.compress(rows * 4))


@pytest.mark.parametrize("bits", [8, 12])
def test_noise_cannot_be_compressed(observe_bitplanes, textured, bits):
    image = textured(height=96, width=96, bits=bits)
    found = SizeChange().measure(observe_bitplanes(image, bits))
    values = [one.value for one in found]
    assert values[0] == 0
    assert all(b > a - 0.5 for a, b in pairwise(values))
    full = image.size * bits / 8
    assert values[-1] > 100 * (full / length(image, bits) - 1) > 0


def test_two_byte_differences_wrap_at_the_depth():
    image = np.array([[[4095, 0, 1]]], np.uint16)
    rows = [4095, 1, 1]
    planes = bytes(value >> 8 for value in rows) + bytes(value & 255 for value in rows)
    assert length(image, 12) == len(zlib.compress(planes))


def test_of_jpeg_files_it_is_their_size(observe_bitplanes, textured):
    image = textured(height=16, width=16, bits=8)
    given = observe_bitplanes(image, 8, file_sizes=lambda level: (1000, 1000 + 10 * level))
    found = SizeChange().measure(given)
    assert [one.value for one in found] == pytest.approx(list(range(9)))
