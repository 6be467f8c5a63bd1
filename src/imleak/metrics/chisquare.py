"""How far the histogram of the cipher is from a uniform one."""

import numpy as np

from ..interfaces import Measurement, Observation, Samples
from ._observed import PerImage


class ChiSquare(PerImage):
    r"""Pearson's statistic of the histogram of the cipher against the uniform one; the
    mean over channels.

    .. math:: \chi^2 = \sum_{v=0}^{2^B - 1} \frac{(n_v - n / 2^B)^2}{n / 2^B}

    For an ideal cipher its mean is the 2^B - 1 degrees of freedom, 255 at 8 bits, and
    one cipher in twenty exceeds 293.2. Uniform values can hide as little as a shift of
    all values by one.

    References
    ----------
    Pearson, "On the criterion ...", Philosophical Magazine, 1900.
    """

    references = ("pearson1900",)
    name = "chi-square"
    unit = "1"

    def measure(self, observation: Observation) -> list[Measurement]:
        """One value a level, of the cipher, 0 or more."""
        return [
            self.at(level, statistic(observation.cipher(level), observation.bits), "cipher")
            for level in observation.levels
        ]


def statistic(samples: Samples, bits: int) -> float:
    """Pearson's statistic of (C, H, W) samples, mean over channels."""
    counts = np.stack([np.bincount(channel.ravel(), minlength=2**bits) for channel in samples])
    expected = samples[0].size / 2**bits
    return float(np.mean(np.sum((counts - expected) ** 2, axis=1) / expected))
