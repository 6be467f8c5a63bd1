"""Time to encrypt."""

from time import thread_time

from ..interfaces import Measurement, Observation
from ._observed import Again, PerImage, again_of


class EncryptionTime(PerImage):
    """CPU time to encrypt the image, in milliseconds a million samples.

    The only measure that is not the same on every run, and says more of the machine than
    of the scheme. It includes the making of the keystream.
    """

    name = "encryption-time"
    unit = "ms/MP"
    encrypts = True
    repeatable = False

    def measure(self, observation: Observation) -> list[Measurement]:
        """One value a level, 0 or more."""
        again = again_of(observation, self.name)
        return [
            self.at(level, _milliseconds(again, level), "cipher") for level in observation.levels
        ]


def _milliseconds(again: Again, level: int) -> float:
    start = thread_time()
    cipher = again(level, "key")
    return 1e9 * (thread_time() - start) / cipher.size
