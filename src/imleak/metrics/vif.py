"""Visual information fidelity, in the pixel domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

from ..interfaces import Bound, ImageError, Measurement, Observation, Samples, Space
from ._observed import PerImage, parts

WINDOWS = (17, 9, 5, 3)
"""Sides of the Gaussian windows, from the finest scale to the coarsest; their standard
deviation is a fifth of the side."""

NOISE = 2.0
"""Variance of the noise of the visual system, on samples of 0..255."""

FLAT = 1e-10
"""A window of less variance is constant."""

Map = NDArray[np.float64]


class Vif(PerImage):
    r"""Visual information fidelity of clear part and cipher against the plain image.

    The share that is left of the information a noisy visual system has of the plain image.
    In every window the other image is taken as a gain of the plain one and a noise of its
    own, :math:`y = g x + v`, and

    .. math::
        \frac{\sum \log(1 + g^2 \sigma_x^2 / (\sigma_v^2 + \sigma_n^2))}
             {\sum \log(1 + \sigma_x^2 / \sigma_n^2)}

    with sums over the windows of four scales and over channels, :math:`\sigma_n^2 = 2` and
    samples scaled to 0..255. It is 0 where nothing is left, 1 for the plain image itself, and
    may exceed 1 where contrast was added. An image with a side below 41 pixels has as many
    scales as windows fit. A constant image holds no information: its fidelity is 1 where
    nothing has changed and 0 elsewhere.

    Of the classical measures it agrees best with what people recognise in selectively
    encrypted images (rank correlation .93 over the 1,080 images of PEID).

    References
    ----------
    Sheikh, Bovik, "Image information and visual quality", IEEE Transactions on Image
    Processing 15, 2006; in the pixel domain, as in the authors' ``vifp_mscale``.
    Guo, Xiang, Li, Yang, "PEID: a perceptually encrypted image database for visual security
    evaluation", IEEE Transactions on Information Forensics and Security 15, 2020.
    """

    name = "vif"
    version = "1"
    unit = "1"
    bound: Bound = "none"
    space: Space = "pixels"

    def measure(self, observation: Observation) -> list[Measurement]:
        """Two readings a level, clear and cipher, at least 0.

        Raises
        ------
        ImageError
            If a side is below 17 pixels.
        """
        plain = scales(observation.plain, observation.bits)
        return [
            self.at(level, fidelity(plain, samples, observation.bits), part)
            for level, part, samples in parts(observation)
        ]


@dataclass(frozen=True, eq=False)
class Scale:
    """An image at one scale, and its windows.

    Parameters
    ----------
    image : (C, H, W) samples of 0..255, low-passed and decimated.
    window : (side,) weights of the Gaussian, in one direction.
    mean, variance : of every window that fits, (C, H - side + 1, W - side + 1).
    """

    image: Map
    window: Map
    mean: Map
    variance: Map

    @classmethod
    def of(cls, image: Map, window: Map) -> Self:
        mean = _smooth(image, window)
        return cls(image, window, mean, np.maximum(_smooth(image**2, window) - mean**2, 0))

    def information(self) -> float:
        """What the visual system has of the image, in nats."""
        return float(np.log1p(self.variance / NOISE).sum())

    def information_left(self, other: Scale) -> float:
        """What it has of this image in another one, in nats."""
        covariance = _smooth(self.image * other.image, self.window) - self.mean * other.mean
        alike = (self.variance >= FLAT) & (other.variance >= FLAT) & (covariance > 0)
        covariance, variance = covariance[alike], self.variance[alike]
        explained = covariance**2 / variance
        noise = np.maximum(other.variance[alike] - explained, 0)
        return float(np.log1p(explained / (noise + NOISE)).sum())


def scales(samples: Samples, bits: int) -> list[Scale]:
    """An image (C, H, W) at every scale at which a window fits, the finest first.

    Raises
    ------
    ImageError
        If none does.
    """
    height, width = samples.shape[1:]
    if min(height, width) < WINDOWS[0]:
        raise ImageError(
            f"vif needs an image of {WINDOWS[0]}x{WINDOWS[0]} pixels or more, not {width}x{height}"
        )
    image = samples * (255 / (2**bits - 1))
    found = [Scale.of(image, _gaussian(WINDOWS[0]))]
    for side in WINDOWS[1:]:
        window = _gaussian(side)
        if min(image.shape[1:]) < side:
            break
        image = _smooth(image, window)[:, ::2, ::2]
        if min(image.shape[1:]) < side:
            break
        found.append(Scale.of(image, window))
    return found


def fidelity(plain: list[Scale], samples: Samples, bits: int) -> float:
    """VIF of an image (C, H, W) against the plain one, given by its scales."""
    other = scales(samples, bits)
    whole = sum(scale.information() for scale in plain)
    left = sum(one.information_left(two) for one, two in zip(plain, other, strict=True))
    if not whole:
        return float(np.array_equal(plain[0].image, other[0].image))
    return left / whole


def _gaussian(side: int) -> Map:
    at = np.arange(side) - side // 2
    weights: Map = np.exp(-((at / (side / 5)) ** 2) / 2)
    weights /= weights.sum()
    return weights


def _smooth(image: Map, window: Map) -> Map:
    """Means of every window that fits."""
    edge = len(window) // 2
    rows = correlate1d(image, window, axis=1)[:, edge:-edge]
    means: Map = correlate1d(rows, window, axis=2)[..., edge:-edge]
    return means
