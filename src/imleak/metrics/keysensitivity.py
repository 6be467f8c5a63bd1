"""What one bit of the key changes."""

from ..interfaces import Measurement, Observation
from ._observed import PerImage, changed, ciphers


class KeySensitivity(PerImage):
    """Share of the samples of the cipher that change with one bit of the key, in percent.

    As the number of pixels change rate, of the same image under two keys: 100 (1 - 2^-B)
    for an ideal cipher, 99.6094 at 8 bits.

    References
    ----------
    Alvarez and Li, "Some basic cryptographic requirements for chaos-based cryptosystems",
    International Journal of Bifurcation and Chaos, 2006, section 3.
    """

    references = ("alvarez2006",)
    name = "key-sensitivity"
    unit = "%"
    encrypts = True

    def measure(self, observation: Observation) -> list[Measurement]:
        """One value a level, of the cipher, 0..100. Raises ImleakError if the image cannot be
        encrypted again."""
        return [
            self.at(level, changed(one, other), "cipher", ceiling=100.0)
            for level, one, other in ciphers(observation, "key", self.name)
        ]
