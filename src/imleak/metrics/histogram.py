"""Mutual information of plain and clear samples, from their histogram."""

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Bound, ImleakError, Measurement, Observation, Samples
from ._entropy import Contingency, contingency
from ._observed import PerImage

Correction = Literal["none", "miller-madow", "null"]
CORRECTIONS = ("none", "miller-madow", "null")

MOVES = 4
"""Moves of a clear part against its plain image, for each permutation that is asked for."""


class Histogram(PerImage):
    r"""Mutual information of a plain sample and its clear sample, in bits.

    Of the sample at a place drawn at random from the image, X, and its clear part, Y. Where
    the clear sample is a function of the plain one it is exact,

    .. math:: I(X; Y) = H(Y) \le \log_2 |\mathcal{Y}|,

    which is equation (7): the table of that function turns one count of the plain samples
    into the answer at every level, in one pass over the image. Under other schemes the pairs
    of the samples at one place are counted, of which a plug-in finds information in noise
    too, and in images whose neighbours are alike: what it says when the clear part is moved
    round is taken off, and the rest is no bound. It sees
    samples one at a time, so nothing of what neighbours say about each other; of several
    channels it is the mean.

    Parameters
    ----------
    correction : "none"; or for those who take the samples as draws from a larger
        population, whose bias of order 1 / n the plug-in has: "miller-madow" adds the
        first-order term (never beyond the ceiling), "null" subtracts what the plug-in
        says of pairs whose samples are permuted within the image. Corrected values are
        neither exact nor bounds. "none" is "null" where the clear sample is no function of the
        plain one.
    permutations : how many permutations the null is the mean of; four moves for each, by a
        quarter of the sides or more.

    Raises
    ------
    ImleakError
        If an option has no such value.

    References
    ----------
    Messadi, Cervia and Itier, equations (4) and (7), figure 2. Miller, "Note on the bias
    of information estimates", Information Theory in Psychology, 1955.
    """

    references = ("messadi2025", "miller1955")
    name = "histogram"
    unit = "bit"
    bound: Bound = "exact"

    def __init__(self, *, correction: Correction = "none", permutations: int = 1) -> None:
        if correction not in CORRECTIONS:
            raise ImleakError(f"correction is one of {', '.join(CORRECTIONS)}, not {correction!r}")
        if permutations < 1:
            raise ImleakError(f"permutations is at least 1, not {permutations}")
        self.correction = correction
        self.permutations = permutations
        if correction != "none":
            self.bound = "none"

    def measure(self, observation: Observation) -> list[Measurement]:
        """One value a level, in bits; `exact` is H(Y) where Y is a function of X."""
        plain_counts = [_count(channel, observation.bits) for channel in observation.plain]
        return [self._read(observation, level, plain_counts) for level in observation.levels]

    def _read(
        self, observation: Observation, level: int, plain_counts: list[NDArray[np.int64]]
    ) -> Measurement:
        table = observation.table(level)
        if table is None:
            size, clear = observation.size(level), observation.clear(level)
            pairs = [
                contingency(x.ravel(), y.ravel())
                for x, y in zip(observation.plain, clear, strict=True)
            ]
        else:  # nothing is encrypted for it
            size = int(np.count_nonzero(np.bincount(table)))
            pairs = [_fold(counts, table) for counts in plain_counts]
        ceiling = None if size is None else math.log2(size)
        plug_in = _mean([pair.information() for pair in pairs])
        correction = "null" if table is None and self.correction == "none" else self.correction
        return self.at(
            level,
            self._correct(plug_in, correction, pairs, observation, level, ceiling),
            ceiling=ceiling,
            exact=None if table is None else plug_in,
            bound="none" if table is None else self.bound,
        )

    def _correct(
        self,
        plug_in: float,
        correction: Correction,
        pairs: list[Contingency],
        observation: Observation,
        level: int,
        ceiling: float | None,
    ) -> float:
        if correction == "miller-madow":
            corrected = plug_in + _mean([pair.miller_madow() for pair in pairs])
            return corrected if ceiling is None else min(corrected, ceiling)
        if correction == "null":
            return plug_in - self._null(observation, level)
        return plug_in

    def _null(self, observation: Observation, level: int) -> float:
        """Mean plug-in of pairs that are broken, the same way at all levels: samples permuted
        where one is a function of the other, else the clear part moved round against the plain
        image, which leaves neighbours as alike as they are."""
        rng = np.random.default_rng(observation.seed)
        clear = observation.clear(level)
        if observation.table(level) is not None:
            broken = [[rng.permutation(y.ravel()) for y in clear] for _ in range(self.permutations)]
        else:
            height, width = clear.shape[1:]
            count = MOVES * self.permutations
            moves = [(_far(rng, height), _far(rng, width)) for _ in range(count)]
            broken = [[np.roll(y, move, (0, 1)).ravel() for y in clear] for move in moves]
        return _mean(
            [
                contingency(x.ravel(), y).information()
                for moved in broken
                for x, y in zip(observation.plain, moved, strict=True)
            ]
        )


def _far(rng: np.random.Generator, side: int) -> int:
    """A move round a side, by a quarter of it or more."""
    least = -(-side // 4) if side > 1 else 0
    return int(rng.integers(least, side - least + 1))


def _count(channel: Samples, bits: int) -> NDArray[np.int64]:
    """How often every sample value occurs, (2**bits,)."""
    return np.bincount(channel.ravel(), minlength=2**bits)


def _fold(plain_counts: NDArray[np.int64], table: Samples) -> Contingency:
    """Counts of pairs (x, table[x]): y adds up the counts of the x that lead to it."""
    clear_counts = np.bincount(table, weights=plain_counts).astype(np.int64)
    occupied = plain_counts[plain_counts > 0]
    return Contingency(x=occupied, y=clear_counts[clear_counts > 0], xy=occupied)


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)
