"""Share of the bits that are encrypted."""

from ..interfaces import ImleakError, Measurement, Observation
from ._observed import PerImage


class EncryptedShare(PerImage):
    r"""Share of the bits of the image, or of its JPEG file, that are encrypted, in percent.

    .. math:: 100 \, m / M

    of m bits that are XORed, each with a key bit of its own, and M in all: B a sample, and of a
    JPEG file those of its coefficients coded sequentially. A scheme that moves or replaces
    samples, or that negates several bits by one key bit, encrypts no bits that could be counted
    so, and has no such share. It says what encryption costs, and not what it hides: signs are
    few bits of a file, and hide much of an image.

    References
    ----------
    Massoudi, Lefebvre, De Vleeschouwer, Macq & Quisquater, "Overview on selective encryption of
    image and video: challenges and perspectives", EURASIP Journal on Information Security, 2008:
    encryption ratio.
    """

    references = ("massoudi2008",)
    name = "encrypted-share"
    unit = "%"
    needs_encrypted_share = True

    def measure(self, observation: Observation) -> list[Measurement]:
        """One value a level, of the cipher, 0..100. Raises ImleakError if the scheme encrypts no
        bits that can be counted."""
        if observation.encrypted_share is None:
            raise ImleakError(
                f"{self.name} counts encrypted bits, and the scheme has none to count; "
                "take psnr or size-change to compare it with others"
            )
        return [
            self.at(level, 100.0 * observation.encrypted_share(level), "cipher", ceiling=100.0)
            for level in observation.levels
        ]
