"""Number of samples that change."""

from ..interfaces import Measurement, Observation
from ._observed import PerImage, changed, ciphers


class Npcr(PerImage):
    r"""Share of the samples of the cipher that change with one bit of the plain image,
    in percent: the number of pixels change rate.

    .. math:: 100 \cdot \frac1n \sum_i [c_i \ne c'_i]

    The second image has its own nonce, as every image has, so two ciphers are
    compared that share no keystream. For an ideal cipher it is 100 (1 - 2^-B), 99.6094 at
    8 bits; at level s of bit-planes 100 (1 - 2^-s). Under one nonce a stream cipher would
    change in one sample only: that it does not spread a change is no weakness, as long as
    no nonce serves twice.

    References
    ----------
    Wu, Noonan and Agaian, "NPCR and UACI randomness tests for image encryption", Cyber
    Journals, 2011, equation (4).
    """

    references = ("wu2011",)
    name = "npcr"
    unit = "%"
    encrypts = True

    def measure(self, observation: Observation) -> list[Measurement]:
        """One value a level, of the cipher, 0..100. Raises ImleakError if the image cannot be
        encrypted again."""
        return [
            self.at(level, changed(one, other), "cipher", ceiling=100.0)
            for level, one, other in ciphers(observation, "plain", self.name)
        ]
