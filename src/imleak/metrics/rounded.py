"""Mutual information of rounded features."""

import math

import numpy as np
from numpy.typing import NDArray

from ..interfaces import ImleakError, Measurement, Observation, Space
from ._entropy import contingency, entropy
from ._observed import PerImage, features


class Rounded(PerImage):
    r"""Plug-in mutual information of rounded features, within one image.

    The d pairs (plain feature j, clear feature j) are rounded to multiples of
    `round_to` and taken as d draws of one pair of discrete variables:

    .. math:: I(\operatorname{round}(U / r);\ \operatorname{round}(V / r))

    The value depends on the step as much as on the image, and the d features are
    neither independent nor alike; read it as a curve over the levels. The ceiling is the
    entropy of the rounded plain features, reached where nothing is encrypted.

    Parameters
    ----------
    round_to : step r, in units of the features; 1 is the naive rounding of the paper.

    Raises
    ------
    ImleakError
        If the step is not positive.

    References
    ----------
    Messadi, Cervia and Itier, section V and figure 3b.
    """

    references = ("messadi2025",)
    name = "rounded"
    unit = "bit"
    space: Space = "features"

    def __init__(self, *, round_to: float = 1.0) -> None:
        if not (round_to > 0 and math.isfinite(round_to)):
            raise ImleakError(f"round_to is a positive number such as 1.0, not {round_to}")
        self.round_to = round_to

    def measure(self, observation: Observation) -> list[Measurement]:
        """One value a level, in bits. Raises ImleakError if the observation has no features."""
        found = []
        for level, plain, clear in features(observation, self.name):
            counts = contingency(self._labels(plain), self._labels(clear))
            found.append(self.at(level, counts.information(), ceiling=entropy(counts.x)))
        return found

    def _labels(self, values: NDArray[np.float64]) -> NDArray[np.intp]:
        """Equal labels for values that round to the same step."""
        return np.unique(np.round(values / self.round_to), return_inverse=True)[1]
