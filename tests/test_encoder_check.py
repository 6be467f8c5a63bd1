"""Encoders of which it is known what they see."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from imleak.encoder_check import altered, check, cosines, effective_dimension, recall
from imleak.images import from_samples
from imleak.interfaces import Image, ImleakError


class Small:
    """Means of 4x4 blocks, which is a good eye for ramps and a bad one for noise."""

    name, version, input_size, dimension, digest = "small", "1", 32, 64, "0" * 64

    def encode(self, images: np.ndarray, bits: int) -> np.ndarray:
        blocks = images.mean(1).reshape(-1, 8, 4, 8, 4).mean((2, 4))
        return blocks.reshape(len(images), -1).astype(np.float32)


class Blind(Small):
    """Sees the same in every image, and is not trained."""

    trained = False

    def encode(self, images: np.ndarray, bits: int) -> np.ndarray:
        return np.ones((len(images), 64), np.float32)


class Chance(Small):
    """A vector that has nothing to do with the image but is that image's."""

    def encode(self, images: np.ndarray, bits: int) -> np.ndarray:
        seeds = [int(image.astype(np.int64).sum()) for image in images]
        rows = [np.random.default_rng(seed).standard_normal(64) for seed in seeds]
        return np.asarray(rows, np.float32).reshape(-1, 64)


@pytest.fixture
def images() -> list[Image]:
    """Twelve of large soft spots; one is too small."""
    rng = np.random.default_rng(0)
    found = []
    for number, side in enumerate([48] * 12 + [16]):
        spots = rng.integers(0, 256, (1, 6, 6), dtype=np.uint8)
        large = np.kron(spots, np.ones((1, side // 6 + 1, side // 6 + 1)))[:, :side, :side]
        found.append(from_samples(str(number), large.astype(np.uint8), 8))
    return found


def test_what_sees_finds_and_is_warned_of_noise(images: list[Image]) -> None:
    found = check(Small(), images)
    assert (found.patches, found.photographs, found.chance) == (48, 12, 1 / 48)
    assert found.found > 0.8
    assert found.alive == 1
    assert found.noise_cosine > 0.98 > found.photographs_cosine
    (warning,) = found.warnings
    assert warning.startswith("Noise looks alike to it (cosine 0.9")
    assert found.rate > 0


def test_what_is_blind_is_warned_of(images: list[Image]) -> None:
    found = check(Blind(), images)
    assert (found.alive, found.spread, found.effective) == (0, 0, 0)
    assert found.norm == 8
    assert found.found <= 0.1
    assert [warning.split()[0] for warning in found.warnings] == ["Its", "Noise", "It", "100%"]


def test_what_finds_nothing_again_is_warned_of(images: list[Image]) -> None:
    found = check(Chance(), images)
    assert found.found < 0.2
    assert abs(found.noise_cosine) < 0.1
    assert [warning[:7] for warning in found.warnings] == ["It know"]


def test_depth_and_colour(images: list[Image]) -> None:
    deep = [
        from_samples(i.name, np.repeat(i.samples.astype(np.uint16) * 257, 3, 0), 16) for i in images
    ]
    mixed, same = check(Small(), [*deep[:6], *images[6:]]), check(Small(), images)
    # Places are those of the seed, whatever the image.
    assert mixed.norm == pytest.approx(same.norm, rel=1e-3)


def test_too_little_to_check(images: list[Image]) -> None:
    with pytest.raises(ImleakError, match="two photographs of at least 32x32"):
        check(Small(), images[-2:])


def test_a_copy_is_cropped_and_compressed() -> None:
    ramp = np.broadcast_to(np.arange(0, 160, 5, dtype=np.uint8), (3, 32, 32))
    copy = altered(ramp)
    assert copy.shape == ramp.shape
    # Enlarged by 1/0.8 about the centre.
    expected = 77.5 + (np.arange(32) * 5 - 77.5) * 0.8
    np.testing.assert_allclose(copy.mean((0, 1)), expected, atol=6)
    assert altered(ramp[:1]).shape == (1, 32, 32)


def test_recall_and_cosines_by_hand() -> None:
    vectors = np.array([[2, 0], [0, 2], [-2, -2]], np.float32)
    assert recall(vectors, vectors[[0, 1, 0]]) == pytest.approx(2 / 3)
    nothing = np.zeros((1, 2), np.float32)
    np.testing.assert_allclose(cosines(vectors, vectors[:1]), [[1], [0], [-(0.5**0.5)]])
    assert cosines(nothing, vectors).tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("shape", [(200, 5), (20, 50)])
def test_effective_dimension_is_of_the_variances_of_components(shape: tuple[int, int]) -> None:
    scale = np.arange(1, shape[1] + 1)
    vectors = (np.random.default_rng(0).standard_normal(shape) * scale).astype(np.float32)
    variances = PCA().fit(vectors.astype(np.float64)).explained_variance_
    expected = variances.sum() ** 2 / (variances**2).sum()
    assert effective_dimension(vectors) == pytest.approx(expected, rel=1e-5)
