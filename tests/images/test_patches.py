from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from imleak.images import cut, patch_places
from imleak.interfaces import ImageError

sides = st.integers(1, 40)


@given(data=st.data(), height=sides, width=sides, seed=st.integers(0, 2**32))
def test_patches_are_the_pixels_at_their_places(
    data: st.DataObject, height: int, width: int, seed: int
) -> None:
    size = data.draw(st.integers(1, min(height, width)))
    lead = data.draw(st.lists(st.integers(1, 3), max_size=3))
    samples = np.arange(np.prod([*lead, height, width])).reshape(*lead, height, width)
    places = patch_places(height, width, size, 5, seed)
    patches = cut(samples, places, size)
    assert patches.shape == (5, *lead, size, size)
    for patch, (row, column) in zip(patches, places, strict=True):
        np.testing.assert_array_equal(patch, samples[..., row : row + size, column : column + size])


@given(st.integers(0, 2**32), st.integers(0, 8))
def test_levels_are_cut_where_the_image_is(seed: int, level: int) -> None:
    plain = np.random.default_rng(1).integers(0, 256, (3, 30, 20)).astype(np.uint8)
    places = patch_places(30, 20, 7, 4, seed)
    np.testing.assert_array_equal(
        cut((plain << level).astype(np.uint8), places, 7),
        (cut(plain, places, 7) << level).astype(np.uint8),
    )


def test_places_are_uniform() -> None:
    places = patch_places(12, 10, 4, 90_000, seed=0)
    counts = np.zeros((9, 7))
    np.add.at(counts, tuple(places.T), 1)
    assert counts.min() > 0
    assert scipy.stats.chisquare(counts.ravel()).pvalue > 0.001


def test_places_follow_the_seed() -> None:
    again = [patch_places(100, 100, 10, 20, seed) for seed in (1, 1, 2, [1, 2])]
    np.testing.assert_array_equal(again[0], again[1])
    assert not np.array_equal(again[0], again[2])
    assert not np.array_equal(again[0], again[3])


def test_patch_of_the_whole_image(grey8: np.ndarray) -> None:
    square = grey8[None, :, :48]
    np.testing.assert_array_equal(cut(square, patch_places(48, 48, 48, 2, 0), 48), [square] * 2)


def test_patches_are_a_copy() -> None:
    samples = np.zeros((1, 8, 8), np.uint8)
    cut(samples, patch_places(8, 8, 8, 1, 0), 8)[...] = 1
    assert not samples.any()


def test_no_patch() -> None:
    places = patch_places(8, 8, 4, 0, 0)
    assert cut(np.zeros((3, 8, 8), np.uint16), places, 4).shape == (0, 3, 4, 4)


@pytest.mark.parametrize(("height", "width"), [(223, 300), (300, 223), (1, 1)])
def test_a_image_smaller_than_a_patch(height: int, width: int) -> None:
    with pytest.raises(ImageError, match=f"{height} x {width} pixels.* 224 x 224"):
        patch_places(height, width, 224, 10, 0)


@pytest.mark.parametrize("place", [(-1, 0), (0, -1), (5, 0), (0, 5)])
def test_a_place_beyond_the_image(place: tuple[int, int]) -> None:
    with pytest.raises(ImageError, match="reaches beyond 8 x 8"):
        cut(np.zeros((1, 8, 8), np.uint8), np.array([place]), 4)
