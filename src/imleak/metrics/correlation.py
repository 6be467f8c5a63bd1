"""Correlation of neighbouring samples of the cipher."""

import numpy as np
from numpy.typing import NDArray

from ..interfaces import ImageError, Measurement, Observation, Samples
from ._observed import PerImage


class Correlation(PerImage):
    r"""Pearson correlation of neighbours in the cipher: the mean over the horizontal, the
    vertical and the diagonal direction, and over channels.

    .. math:: r = \frac{\sum_i (a_i - \bar a)(b_i - \bar b)}
                       {\sqrt{\sum_i (a_i - \bar a)^2 \sum_i (b_i - \bar b)^2}}

    over all pairs of neighbours, where papers draw a few thousand. About 0.9 and more in
    photographs, 0 in an ideal cipher, whose standard deviation is that of one over n
    pairs. Neighbours that are all equal count as correlated: 1.

    References
    ----------
    Chen, Mao and Chui, "A symmetric image encryption scheme based on 3D chaotic cat
    maps", Chaos, Solitons & Fractals, 2004.
    """

    references = ("chen2004",)
    name = "correlation"
    unit = "1"

    def measure(self, observation: Observation) -> list[Measurement]:
        """One value a level, of the cipher, -1..1. Raises ImageError if a side is below 2
        pixels."""
        height, width = observation.plain.shape[1:]
        if min(height, width) < 2:
            raise ImageError(f"correlation needs neighbours both ways, not {width}x{height} pixels")
        return [
            self.at(level, neighbours(observation.cipher(level)), "cipher", ceiling=1.0)
            for level in observation.levels
        ]


def neighbours(samples: Samples) -> float:
    """Mean correlation of neighbours of (C, H, W) samples in three directions."""
    values = samples.astype(np.float64)
    pairs = (
        (values[:, :, :-1], values[:, :, 1:]),
        (values[:, :-1], values[:, 1:]),
        (values[:, :-1, :-1], values[:, 1:, 1:]),
    )
    return float(
        np.mean(
            [pearson(a, b) for first, second in pairs for a, b in zip(first, second, strict=True)]
        )
    )


def pearson(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Correlation of two arrays of one shape; 1 where either does not vary."""
    a, b = (a - a.mean()).ravel(), (b - b.mean()).ravel()
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.clip(np.dot(a, b) / lengths, -1.0, 1.0)) if lengths else 1.0
