from __future__ import annotations

import numpy as np
import pytest
import skimage.data
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imleak.images import resize


def by_torch(samples: np.ndarray, size: int) -> np.ndarray:
    resized = torch.nn.functional.interpolate(
        torch.from_numpy(samples)[None], size=(size, size), mode="bicubic", antialias=True
    )
    return resized[0].numpy()


@pytest.mark.parametrize("size", [20, 48, 224])
def test_torch_at_16_bits(rgba16: np.ndarray, size: int) -> None:
    samples = np.moveaxis(rgba16, -1, 0)
    ours = resize(samples, 16, size)
    assert ours.shape == (4, size, size)
    assert ours.dtype == np.uint16
    exact = np.clip(by_torch(samples.astype(np.float64), size), 0, 65535)
    assert np.abs(ours - exact).max() < 0.51


@pytest.mark.parametrize("size", [20, 48, 224])
def test_torch_at_8_bits(rgba8: np.ndarray, size: int) -> None:
    samples = np.moveaxis(rgba8, -1, 0)
    ours, theirs = resize(samples, 8, size), by_torch(np.ascontiguousarray(samples), size)
    # Both round between the two passes, with weights of different precision.
    assert np.abs(ours.astype(int) - theirs.astype(int)).max() <= 2


def test_pillow_at_8_bits() -> None:
    image = skimage.data.astronaut()
    theirs = Image.fromarray(image).resize((224, 224), Image.Resampling.BICUBIC)
    ours = resize(np.moveaxis(image, -1, 0), 8, 224)
    np.testing.assert_array_equal(np.moveaxis(ours, 0, -1), np.asarray(theirs))


@given(st.integers(1, 16), st.integers(1, 40), st.integers(0, 2**32))
def test_overshoot_stays_in_the_bits(bits: int, size: int, seed: int) -> None:
    top = (1 << bits) - 1
    dtype = np.uint8 if bits <= 8 else np.uint16
    edges = np.random.default_rng(seed).choice([0, top], (1, 16, 16)).astype(dtype)
    assert resize(edges, bits, size).max() <= top


@given(st.integers(0, 65535), st.integers(1, 30), st.integers(1, 30), st.integers(1, 30))
def test_a_constant_image_stays(value: int, height: int, width: int, size: int) -> None:
    samples = np.full((1, height, width), value, np.uint16)
    np.testing.assert_array_equal(resize(samples, 16, size), np.full((1, size, size), value))


def test_same_size_changes_nothing(rgba16: np.ndarray) -> None:
    square = np.moveaxis(rgba16, -1, 0)[:, :, :48]
    np.testing.assert_array_equal(resize(square, 16, 48), square)


def test_leading_axes(rgba8: np.ndarray) -> None:
    samples = np.moveaxis(rgba8, -1, 0)
    levels = np.stack([samples, samples[::-1]])
    np.testing.assert_array_equal(
        resize(levels, 8, 10), [resize(samples, 8, 10), resize(samples[::-1], 8, 10)]
    )
