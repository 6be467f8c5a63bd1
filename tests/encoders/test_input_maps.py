"""What there is to see of clear bits."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.fft import dctn, idctn
from scipy.ndimage import gaussian_filter

from imleak.encoders.networks.input_maps import (
    ClearBits,
    around_grey,
    as_sample,
    bit_planes,
    differences,
    unwrapped,
)


def noise(*shape, high=256):
    return np.random.default_rng(0).integers(0, high, shape).astype(np.uint8)


@pytest.mark.parametrize("level", range(9))
@pytest.mark.parametrize("scaled", [True, False])
def test_clear_bits_are_found_in_either_form(level, scaled):
    plain = noise(4, 1, 9, 9).astype(int)
    clear = (plain << level & 255) >> (0 if scaled else level)
    found = ClearBits.of(clear.astype(np.uint8))
    assert found.depth == 8 - level
    np.testing.assert_array_equal(found.values(clear.astype(np.uint8)), plain % 2 ** (8 - level))


def test_sixteen_bits_are_no_different():
    plain = np.random.default_rng(0).integers(0, 2**16, (3, 1, 9, 9)).astype(np.uint16)
    found = ClearBits.of(plain << 4)
    assert (found.shift, found.depth) == (4, 12)


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 8), st.integers(1, 8))
def test_planes_are_the_bits(depth, count):
    values = torch.from_numpy(noise(2, 1, 5, 5, high=2**depth).astype(np.float32))
    planes = bit_planes(values, depth, count)
    assert planes.shape == (2, count, 5, 5)
    kept = min(depth, count)
    again = sum((planes[:, k] + 0.5) * 2**k for k in range(kept))
    lowest = depth - kept
    np.testing.assert_array_equal(again, values[:, 0] // 2**lowest)
    assert not planes[:, kept:].any()


@settings(deadline=None)
@given(st.integers(1, 8))
def test_differences_are_the_smallest_that_remainders_allow(depth):
    values = torch.from_numpy(noise(1, 6, 7, high=2**depth).astype(np.float32))
    down, across = differences(values, depth)
    size = 2**depth
    for found, axis in ((down[:, :-1], 1), (across[..., :-1], 2)):
        true = np.diff(values.numpy(), axis=axis)
        np.testing.assert_array_equal((found.numpy() - true) % size, 0)
        assert np.abs(found.numpy()).max() <= size / 2
    assert not down[:, -1].any()
    assert not across[..., -1].any()


def test_a_image_of_small_differences_is_had_again_but_for_its_mean():
    smooth = gaussian_filter(np.random.default_rng(0).normal(size=(2, 32, 32)), (0, 4, 4))
    plain = np.round(128 + 100 * smooth)
    assert np.abs(np.diff(plain)).max() < 8
    values = torch.from_numpy((plain % 16).astype(np.float32))
    again = unwrapped(values, 4).numpy()
    np.testing.assert_allclose(again, plain - plain.mean((1, 2), keepdims=True), atol=1e-3)


def test_the_best_fit_is_that_of_the_cosine_transform():
    """Against scipy, where differences contradict each other."""
    values = torch.from_numpy(noise(1, 16, 16, high=4).astype(np.float32))
    down, across = (d[0].double().numpy() for d in differences(values, 2))
    divergence = np.diff(down, axis=0, prepend=0) + np.diff(across, axis=1, prepend=0)
    line = 2 * np.cos(np.pi * np.arange(16) / 16) - 2
    eigenvalues = line[:, None] + line
    eigenvalues[0, 0] = np.inf
    expected = idctn(dctn(divergence) / eigenvalues)
    np.testing.assert_allclose(unwrapped(values, 2)[0], expected, atol=1e-4)


def test_images_are_samples():
    values = torch.tensor([0.0, 3.0])
    assert as_sample(values, 2).tolist() == [0.0, 255.0]
    assert as_sample(torch.zeros(1), 0).tolist() == [0.0]
    assert around_grey(torch.tensor([-500.0, 0.0, 500.0])).tolist() == [0.0, 127.0, 255.0]
