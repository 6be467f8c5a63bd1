"""Time to encrypt."""

from __future__ import annotations

from time import thread_time

from ..interfaces import Bound, Observation, Reading, Space


class EncryptionTime:
    """CPU time to encrypt the picture, in milliseconds a million samples.

    The only measure that is not the same on every run, and says more of the machine than
    of the scheme. It includes the making of the keystream.
    """

    name = "encryption-time"
    version = "1"
    unit = "ms/MP"
    bound: Bound = "none"
    space: Space = "pixels"
    repeatable = False

    def measure(self, observation: Observation) -> list[Reading]:
        """One reading a level, 0 or more."""
        return [
            Reading(level, _milliseconds(observation, level), "cipher")
            for level in observation.levels
        ]


def _milliseconds(observation: Observation, level: int) -> float:
    start = thread_time()
    cipher = observation.cipher(level)
    return 1e9 * (thread_time() - start) / cipher.size
