"""Number of samples that change."""

from __future__ import annotations

from ..interfaces import Bound, Observation, Reading, Space
from ._observed import changed, ciphers


class Npcr:
    r"""Share of the samples of the cipher that change with one bit of the plain picture,
    in percent: the number of pixels change rate.

    .. math:: 100 \cdot \frac1n \sum_i [c_i \ne c'_i]

    The second picture has its own nonce, as every picture has, so two ciphers are
    compared that share no keystream. For an ideal cipher it is 100 (1 - 2^-B), 99.6094 at
    8 bits; at level s of bit-planes 100 (1 - 2^-s). Under one nonce a stream cipher would
    change in one sample only: that it does not spread a change is no weakness, as long as
    no nonce serves twice.

    References
    ----------
    Wu, Noonan and Agaian, "NPCR and UACI randomness tests for image encryption", Cyber
    Journals, 2011, equation (4).
    """

    name = "npcr"
    version = "1"
    unit = "%"
    bound: Bound = "none"
    space: Space = "pixels"

    def measure(self, observation: Observation) -> list[Reading]:
        """One reading a level, of the cipher, 0..100.

        Raises
        ------
        ImleakError
            If the picture cannot be encrypted again.
        """
        return [
            Reading(level, changed(one, other), "cipher", ceiling=100.0)
            for level, one, other in ciphers(observation, "plain", self.name)
        ]
