"""How much samples change."""

import numpy as np

from ..interfaces import Measurement, Observation, Samples
from ._observed import PerImage, ciphers


class Uaci(PerImage):
    r"""Mean change of the samples of the cipher with one bit of the plain image, in
    percent of the largest: the unified averaged changing intensity.

    .. math:: 100 \cdot \frac1n \sum_i \frac{|c_i - c'_i|}{2^B - 1}

    The second image has its own nonce, as every image has. For an ideal cipher it is
    100 (2^B + 1) / (3 \cdot 2^B), 33.4635 at 8 bits.

    References
    ----------
    Wu, Noonan and Agaian, "NPCR and UACI randomness tests for image encryption", Cyber
    Journals, 2011, equation (5).
    """

    references = ("wu2011",)
    name = "uaci"
    unit = "%"
    encrypts = True

    def measure(self, observation: Observation) -> list[Measurement]:
        """One value a level, of the cipher, 0..100. Raises ImleakError if the image cannot be
        encrypted again."""
        peak = 2**observation.bits - 1
        return [
            self.at(level, intensity(one, other, peak), "cipher", ceiling=100.0)
            for level, one, other in ciphers(observation, "plain", self.name)
        ]


def intensity(one: Samples, other: Samples, peak: int) -> float:
    """Mean absolute difference of two arrays, in percent of `peak`."""
    difference = np.abs(one.astype(np.int32) - other.astype(np.int32))
    return 100.0 * float(difference.mean()) / peak
