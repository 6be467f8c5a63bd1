"""Rebuilt images: what is kept of them, and which bits of an image there are to rebuild."""

from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cache import Cache, CacheError
from ..interfaces import Raster, Rebuilt, Samples, Scheme
from .components import Component, canonical

PLANE = "plane "
"""Before the number of a plane, in the name of its array."""
STEPS = 256
"""Probabilities of rebuilt images are in so many steps, and never 0 or 1."""


@dataclass(frozen=True)
class RebuiltStore:
    """The rebuilt images of one image on disk: each is made once, whatever looks at it.

    Parameters
    ----------
    cache : where.
    image : what tells the image and its ciphers from all others.
    scheme : of the ciphers.
    """

    cache: Cache
    image: str
    scheme: Component

    def get(self, level: int, rebuilder: Component) -> Rebuilt | None:
        """What is kept; None if it is not there."""
        arrays = self.cache.get(self._key(level, rebuilder))
        if arrays is None:
            return None
        hidden = {
            int(name.removeprefix(PLANE)): _probabilities(steps)
            for name, steps in arrays.items()
            if name.startswith(PLANE)
        }
        return Rebuilt(arrays["samples"], _probabilities(arrays["confidence"]), hidden)

    def put(self, level: int, rebuilder: Component, made: Rebuilt) -> None:
        """Keep it; a disk that is full or read-only costs time and no result."""
        arrays = {"samples": made.samples, "confidence": _steps(made.confidence)} | {
            f"{PLANE}{plane}": _steps(of) for plane, of in made.hidden.items()
        }
        with suppress(CacheError):
            self.cache.put(self._key(level, rebuilder), arrays, maker=rebuilder.title)

    def _key(self, level: int, rebuilder: Component) -> str:
        """SHA-256 (hex) of everything a rebuilt image depends on."""
        identity = {
            "rebuilt": self.image,
            "scheme": self.scheme.identity,
            "level": level,
            "rebuilder": rebuilder.identity,
        }
        return sha256(canonical(identity).encode()).hexdigest()


def in_steps(made: Rebuilt) -> Rebuilt:
    """A rebuilt image as it is kept: numbers are the same, whether it was or not."""
    hidden = {plane: _probabilities(_steps(of)) for plane, of in made.hidden.items()}
    return Rebuilt(made.samples, _probabilities(_steps(made.confidence)), hidden)


def hidden_bits(scheme: Scheme, plain: Raster, level: int) -> Samples:
    """(C, H, W) words whose bits are set where those of the sample are hidden: of a scheme that
    works sample by sample those in which values of one clear value differ, of others those that
    can be flipped in all samples without another clear sample. Where a clear sample has other
    bits than the plain one all the same, samples have moved, and all of them are hidden."""
    samples, kind = plain.samples, plain.samples.dtype.type
    table = getattr(scheme, "table", None)
    values = table(plain.bits, level) if table is not None else None
    if values is not None:
        _, first, of = np.unique(values, return_index=True, return_inverse=True)
        differing = np.arange(1 << plain.bits) ^ first[of]
        together = np.zeros(len(first), np.int64)
        np.bitwise_or.at(together, of, differing)
        by_value: Samples = together[of].astype(samples.dtype)
        return by_value[samples]
    everything = np.full_like(samples, (1 << plain.bits) - 1)
    if getattr(scheme, "needs_jpeg", False):
        return everything  # a sample is of all coefficients of its block
    clear = scheme.expose(plain, level).rendered
    hidden = np.zeros_like(samples)
    for plane in range(plain.bits):
        flipped = Raster(samples ^ kind(1 << plane), plain.bits)
        hidden |= (scheme.expose(flipped, level).rendered == clear) * kind(1 << plane)
    return everything if ((clear ^ samples) & ~hidden).any() else hidden


def _steps(probabilities: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.minimum(probabilities * STEPS, STEPS - 1).astype(np.uint8)


def _probabilities(steps: NDArray[Any]) -> NDArray[np.float32]:
    found: NDArray[np.float32] = (steps + np.float32(0.5)) / np.float32(STEPS)
    return found
