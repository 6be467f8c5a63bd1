"""Uniform choices that are made of key bytes."""

from dataclasses import dataclass
from itertools import count
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Keystream

Numbers: TypeAlias = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Draws:
    """Uniform choices from the keystream of one step of a scheme.

    Each method starts at the first byte, so every step draws under a channel of its own, once.

    Parameters
    ----------
    keystream, scheme, level : as :class:`imleak.interfaces.Keystream` takes them.
    step : the channel of the keystream.
    """

    keystream: Keystream
    scheme: str
    level: int
    step: int

    def take(self, length: int) -> NDArray[np.uint8]:
        """(length,) bytes."""
        return self.keystream.take(length, scheme=self.scheme, level=self.level, channel=self.step)

    def bits(self, n: int) -> NDArray[np.uint8]:
        """(n,) of 0 and 1."""
        found: NDArray[np.uint8] = np.unpackbits(self.take(-(-n // 8)), count=n)
        return found

    def below(self, limit: int, n: int) -> Numbers:
        """(n,) numbers of 0..limit-1, limit at most 256: bytes modulo the limit, without those
        above its last multiple."""
        for doublings in count():
            drawn = self.take(n << doublings)
            accepted = drawn[drawn < 256 - 256 % limit]
            if len(accepted) >= n:
                break
        found: Numbers = accepted[:n] % limit
        return found

    def permutation(self, n: int) -> Numbers:
        """(n,), an order of n things."""
        order: Numbers = self.permutations(1, n)[0]
        return order

    def permutations(self, rows: int, n: int) -> Numbers:
        """(rows, n), an order of n things in each row: that of n numbers of 64 bits, all drawn
        again where two of a row are equal. Numbers that differ come in every order equally
        often."""
        size = 8 * rows * n
        for before in count():
            drawn = self.take(size * (before + 1))[size * before :].view(">u8")
            numbers = drawn.astype(np.uint64).reshape(rows, n)
            order = np.argsort(numbers, axis=1)
            if (np.diff(np.take_along_axis(numbers, order, axis=1)) != 0).all():
                break
        return order

    def below_each(self, limits: list[int]) -> list[int]:
        """A number of 0..limit-1 for each limit, however large: as many bits as the limit has,
        all of those that are not below it drawn again."""
        bits = [(limit - 1).bit_length() for limit in limits]
        length = -(-max(bits, default=0) // 8)
        found, open_places, start = [0] * len(limits), list(range(len(limits))), 0
        while open_places and length:
            end = start + length * len(open_places)
            drawn = self.take(end)[start:].tobytes()
            still_open = []
            for at, place in enumerate(open_places):
                word = int.from_bytes(drawn[at * length : (at + 1) * length], "big")
                found[place] = word >> (8 * length - bits[place])
                if found[place] >= limits[place]:
                    still_open.append(place)
            open_places, start = still_open, end
        return found
