"""Sketches of sets of windows."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from imleak.encoders.shingles import Shingles, windows


def noise(height, width, seed=0, values=256):
    return np.random.default_rng(seed).integers(0, values, (1, height, width), dtype=np.uint8)


def cosine(one, other):
    (u,), (v,) = (Shingles().encode(image[None], 8) for image in (one, other))
    return float(u @ v / np.linalg.norm(u) / np.linalg.norm(v))


def sets(image):
    found = sliding_window_view(image[0], (8, 8)).reshape(-1, 64)
    return {window.tobytes() for window in found}


@pytest.mark.parametrize("kept", [1.0, 0.8, 0.5])
@pytest.mark.parametrize("values", [2, 256])
def test_the_cosine_of_a_crop_is_the_jaccard_index_of_its_windows(kept, values):
    image = noise(180, 200, values=values)
    crop = image[:, 11 : 11 + int(180 * kept), 3 : 3 + int(200 * kept)]
    one, other = sets(image), sets(crop)
    jaccard = len(one & other) / len(one | other)
    assert cosine(image, crop) == pytest.approx(jaccard, abs=4 / 32)


def test_images_without_a_window_in_common_have_none():
    assert abs(cosine(noise(100, 100), noise(100, 100, seed=1))) < 4 / 32


def test_equal_windows_have_equal_hashes_and_others_have_not():
    image = np.tile(noise(12, 12)[0], (3, 3))
    hashes = windows(image)
    assert hashes.shape == (29, 29)
    np.testing.assert_array_equal(hashes[:12, :12], hashes[12:24, 12:24])
    assert len(np.unique(hashes)) == 144


def test_a_constant_image_is_the_same_at_any_size():
    sizes = [(1, 1), (3, 9), (224, 224)]
    sketches = [Shingles().encode(np.zeros((1, 1, *size), np.uint8), 8)[0] for size in sizes]
    np.testing.assert_array_equal(sketches[1:], [sketches[0]] * 2)
    assert np.count_nonzero(sketches[0]) == 1


def test_what_stands_in_one_channel_counts():
    image, crop = noise(60, 60), noise(60, 60)[:, 5:45, 5:50]
    colour = [np.concatenate([of, of // 2, of]) for of in (image, crop)]
    assert cosine(*colour) == pytest.approx(40 * 45 / 60**2, abs=5 / 32)
