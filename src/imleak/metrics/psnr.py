"""Peak signal-to-noise ratio."""

import math

import numpy as np

from ..interfaces import Measurement, Observation, Samples
from ._observed import PerImage, parts


class Psnr(PerImage):
    r"""Peak signal-to-noise ratio of clear part and cipher against the plain image.

    .. math:: 10 \log_{10} \frac{(2^B - 1)^2}{\mathrm{MSE}}

    over all samples of all channels, in decibels; infinite where the two are equal.
    """

    name = "psnr"
    unit = "dB"

    def measure(self, observation: Observation) -> list[Measurement]:
        """Two values a level, clear and cipher, in decibels."""
        peak = 2**observation.bits - 1
        return [
            self.at(level, ratio(observation.plain, samples, peak), part)
            for level, part, samples in parts(observation)
        ]


def ratio(plain: Samples, other: Samples, peak: int) -> float:
    """Peak signal-to-noise ratio of two images, in decibels; infinite if they are equal."""
    error = float(np.mean((plain.astype(np.float64) - other) ** 2))
    return 10 * math.log10(peak**2 / error) if error else math.inf
