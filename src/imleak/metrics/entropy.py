"""Entropy of the histogram of the cipher."""

import numpy as np

from ..interfaces import Measurement, Observation
from . import _entropy
from ._observed import PerImage


class Entropy(PerImage):
    r"""Entropy of the samples of the cipher, in bits; the mean over channels.

    .. math:: -\sum_v p(v) \log_2 p(v)

    An ideal cipher of B-bit samples has B, less the bias of the plug-in,
    (2^B - 1) / (2 n ln 2) for n samples. It says that values are evenly frequent, and
    nothing of how a sample depends on the plain one or on its neighbours: an image whose
    rows count from 0 to 255 has all 8 bits.

    References
    ----------
    Shannon, "A mathematical theory of communication", 1948. Ahmad and Ahmed, "Efficiency
    analysis and security evaluation of image encryption schemes", 2010.
    """

    references = ("shannon1948", "ahmad2010")
    name = "entropy"
    unit = "bit"

    def measure(self, observation: Observation) -> list[Measurement]:
        """One value a level, of the cipher, 0..B."""
        found = []
        for level in observation.levels:
            values = [
                _entropy.entropy(np.bincount(channel.ravel()))
                for channel in observation.cipher(level)
            ]
            value = float(np.mean(values))
            found.append(self.at(level, value, "cipher", ceiling=float(observation.bits)))
        return found
