"""How often every value occurs, wherever it is."""

import numpy as np

from ..interfaces import Features, ImleakError, Samples
from ._whole import WholeImageEncoder

STEPS = 64


class Tones(WholeImageEncoder):
    r"""Square roots of the shares of sample values, and of their distances to mid-grey.

    .. math:: \Big(\sqrt{p_1}, \dots, \sqrt{p_{64}}, \sqrt{q_1}, \dots, \sqrt{q_{32}}\Big)

    where p is the histogram of a channel in equal steps and q that of
    :math:`|2 v - (2^B - 1)|`. Scalar products of square roots are Bhattacharyya coefficients.
    Neither knows where a value is, and q does not know its sign: a scheme that moves samples
    or blocks leaves p, and one that negates some of them leaves q. Channels are averaged.

    Parameters
    ----------
    steps : of the histogram, an even number.

    Raises
    ------
    ImleakError
        If it is odd or below 2.

    References
    ----------
    Bhattacharyya, "On a measure of divergence between two statistical populations", 1943.
    """

    references = ("bhattacharyya1943",)
    name = "tones"
    needs_values = True
    """Of a scheme that changes every value by itself, nothing that it compares is left."""
    argument = "steps"

    def __init__(self, steps: int = STEPS) -> None:
        if steps < 2 or steps % 2:
            raise ImleakError(f"tones={steps}: give an even number of steps, 2 or more")
        self.steps = steps
        super().__init__(steps + steps // 2, str(steps))

    @property
    def title(self) -> str:
        return self.name if self.steps == STEPS else f"{self.name}={self.steps}"

    def vector(self, samples: Samples, bits: int) -> Features:
        """(3/2 steps,): the values, then their distances to mid-grey."""
        counts = np.bincount(samples.ravel(), minlength=1 << bits).astype(np.float64)
        values = np.arange(len(counts))
        step = values * self.steps >> bits
        distance = np.abs(2 * values - len(counts) + 1) * (self.steps // 2) >> bits
        shares = [
            np.bincount(places, counts, minlength=length) / samples.size
            for places, length in ((step, self.steps), (distance, self.steps // 2))
        ]
        found: Features = np.sqrt(np.concatenate(shares)).astype(np.float32)
        return found
