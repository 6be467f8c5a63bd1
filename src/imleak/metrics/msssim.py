"""Structural similarity at several scales."""

import numpy as np
from numpy.typing import NDArray

from ..interfaces import ImageError, Measurement, Observation, Samples
from ._observed import PerImage, parts

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of contrast and structure at every scale, and of luminance at the coarsest."""
RADIUS, SIGMA = 5, 1.5
WINDOW = 2 * RADIUS + 1


class MsSsim(PerImage):
    r"""Structural similarity at five scales, of clear part and cipher against the plain
    image.

    .. math:: l_M^{w_M} \prod_{j=1}^{M} (c_j s_j)^{w_j}, \qquad M = 5

    with Gaussian windows of 11x11 pixels, halving the image by means of 2x2 pixels
    from scale to scale; mean over channels, data range 2^B - 1. Negative similarities
    count as 0, since their powers are not real. An image with a side below 161 pixels
    has as many scales as windows fit, with weights that again add up to one.

    References
    ----------
    Wang, Simoncelli and Bovik, "Multiscale structural similarity for image quality
    assessment", Asilomar Conference on Signals, Systems and Computers, 2003, equation (7).
    """

    references = ("wang2003",)
    name = "ms-ssim"
    unit = "1"

    def measure(self, observation: Observation) -> list[Measurement]:
        """Two values a level, clear and cipher, 0..1. Raises ImageError if a side is below 11
        pixels."""
        weights = weights_for(*observation.plain.shape[1:])
        peak = 2**observation.bits - 1
        return [
            self.at(level, similarity(observation.plain, other, weights, peak), part, ceiling=1.0)
            for level, part, other in parts(observation)
        ]


def weights_for(height: int, width: int) -> tuple[float, ...]:
    """The weights of the scales that an image of this size has. Raises ImageError if it has
    none."""
    side, scales = min(height, width), 0
    while side >= WINDOW and scales < len(WEIGHTS):
        side, scales = (side + 1) // 2, scales + 1
    if not scales:
        raise ImageError(
            f"ms-ssim needs an image of {WINDOW}x{WINDOW} pixels or more, not {width}x{height}"
        )
    kept = WEIGHTS[:scales]
    return tuple(weight / sum(kept) for weight in kept)


def similarity(plain: Samples, other: Samples, weights: tuple[float, ...], peak: int) -> float:
    """Mean MS-SSIM over the channels of two images (C, H, W)."""
    channels = [
        _channel(x.astype(np.float64), y.astype(np.float64), weights, peak)
        for x, y in zip(plain, other, strict=True)
    ]
    return float(np.mean(channels))


def _channel(
    x: NDArray[np.float64], y: NDArray[np.float64], weights: tuple[float, ...], peak: int
) -> float:
    product = 1.0
    for scale, weight in enumerate(weights):
        luminance, structure = _maps(x, y, peak)
        coarsest = scale == len(weights) - 1
        mean = float(np.mean(luminance * structure if coarsest else structure))
        product *= max(mean, 0.0) ** weight
        x, y = _halve(x), _halve(y)
    return min(product, 1.0)  # of equal images it may exceed 1 by rounding


def _maps(
    x: NDArray[np.float64], y: NDArray[np.float64], peak: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Luminance, and contrast times structure, wherever the window fits."""
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    mean_x, mean_y = _window(x), _window(y)
    variances = _window(x * x) - mean_x**2 + _window(y * y) - mean_y**2
    covariance = _window(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    return luminance, (2 * covariance + c2) / (variances + c2)


def _window(values: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.ndimage import gaussian_filter

    smooth: NDArray[np.float64] = gaussian_filter(values, SIGMA, radius=RADIUS)
    return smooth[RADIUS:-RADIUS, RADIUS:-RADIUS]


def _halve(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of 2x2 pixels; the last row or column of an odd image counts twice."""
    height, width = values.shape
    even = np.pad(values, ((0, height % 2), (0, width % 2)), mode="edge")
    halved: NDArray[np.float64] = even.reshape(even.shape[0] // 2, 2, -1, 2).mean((1, 3))
    return halved
