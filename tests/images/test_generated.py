from __future__ import annotations

import numpy as np
import pytest
import scipy.integrate
import scipy.stats

from imleak.images import DeadLeaves
from imleak.images.generated import NOISE, SMALLEST

SIDE = 128


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """(n, SIDE, SIDE)"""
    return np.concatenate([DeadLeaves(SIDE, SIDE, index).render() for index in range(150)])


def test_each_image_can_be_made_alone(images: np.ndarray) -> None:
    np.testing.assert_array_equal(DeadLeaves(SIDE, SIDE, 7).render()[0], images[7])


def test_images_and_series_differ() -> None:
    first, second, other = (
        DeadLeaves(64, 64, index, seed).render().astype(float).ravel()
        for index, seed in ((0, 0), (1, 0), (0, 1))
    )
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.6
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.6


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 9), (9, 1), (30, 300), (1, 50_000)])
def test_any_size(height: int, width: int) -> None:
    image = DeadLeaves(height, width).render()
    assert image.shape == (1, height, width)
    assert image.dtype == np.uint8


def test_grey_levels_are_uniform(images: np.ndarray) -> None:
    """One pixel of every image, so that they are independent."""
    assert scipy.stats.kstest(images[:, 64, 64], scipy.stats.randint(0, 256).cdf).pvalue > 0.001


def same_leaf(distance: float) -> float:
    r"""Probability that two points at a distance see the same leaf,
    :math:`\gamma(d) / (2 \gamma(0) - \gamma(d))` with :math:`\gamma(d)` the mean area of a
    leaf and itself moved by d (Matheron, 1968).
    """

    def overlap(d: float) -> float:
        """Mean area of the intersection of a disc and the disc moved by d."""

        def integrand(r: float) -> float:
            if d >= 2 * r:
                return 0.0
            area = 2 * r**2 * np.arccos(d / (2 * r)) - d / 2 * np.sqrt(4 * r**2 - d**2)
            return area * r**-3

        return scipy.integrate.quad(integrand, max(SMALLEST, d / 2), SIDE / 2, limit=200)[0]

    shared = overlap(distance)
    return shared / (2 * overlap(0.0) - shared)


@pytest.mark.parametrize("distance", [1, 2, 4, 8, 16, 32])
def test_correlation_is_the_one_of_the_model(images: np.ndarray, distance: int) -> None:
    centred = images - 127.5
    along = (centred[:, :, distance:] * centred[:, :, :-distance]).mean((1, 2))
    down = (centred[:, distance:] * centred[:, :-distance]).mean((1, 2))
    variance = 255**2 / 12
    correlation = (along + down) / 2 / variance
    error = correlation.std() / np.sqrt(len(images))
    assert abs(correlation.mean() - same_leaf(distance)) < 4 * error
    assert error < 0.04


def test_power_spectrum_is_about_one_over_f_squared(images: np.ndarray) -> None:
    window = np.hanning(SIDE)[:, None] * np.hanning(SIDE)
    centred = images - images.mean((1, 2), keepdims=True)
    power = (np.abs(np.fft.fft2(centred * window)) ** 2).mean(0)
    frequency = np.rint(np.hypot(*np.meshgrid(*[np.fft.fftfreq(SIDE, 1 / SIDE)] * 2))).astype(int)
    radial = np.bincount(frequency.ravel(), power.ravel()) / np.bincount(frequency.ravel())
    band = np.arange(3, SIDE // 2)
    fit = scipy.stats.linregress(np.log(band), np.log(radial[band]))
    assert -2.3 < fit.slope < -1.7
    assert fit.rvalue**2 > 0.98


def test_least_significant_bits_are_noise(images: np.ndarray) -> None:
    """A leaf of one flat value would show in all bits; with noise its own bit is a coin."""
    assert NOISE > 0
    last = (images & 1).astype(float)
    neighbours = np.corrcoef(last[:, :, 1:].ravel(), last[:, :, :-1].ravel())[0, 1]
    assert abs(neighbours) < 0.02
