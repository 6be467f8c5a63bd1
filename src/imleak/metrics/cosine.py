"""Cosine similarity of features."""

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Measurement, Observation, Space
from ._observed import PerImage, features


class Cosine(PerImage):
    r"""Cosine similarity of the features of the plain image and of its clear part.

    .. math:: \cos(u, v) = \frac{u \cdot v}{\lVert u \rVert \, \lVert v \rVert}

    It says how close the two lie in the space of the encoder, and nothing about how much
    can be inferred: an invertible map of the clear part may make it small. A vector of
    zeros has no direction and is similar to nothing: 0.

    References
    ----------
    Messadi, Cervia and Itier, section V and figure 3a.
    """

    references = ("messadi2025",)
    name = "cosine"
    unit = "1"
    space: Space = "features"

    def measure(self, observation: Observation) -> list[Measurement]:
        """One value a level, -1..1. Raises ImleakError if the observation has no features."""
        return [
            self.at(level, cosine_similarity(plain, clear), ceiling=1.0)
            for level, plain, clear in features(observation, self.name)
        ]


def cosine_similarity(u: NDArray[np.float64], v: NDArray[np.float64]) -> float:
    """Cosine of the angle between u (d,) and v (d,); 0 if either is zero."""
    lengths = float(np.linalg.norm(u) * np.linalg.norm(v))
    if lengths == 0:
        return 0.0
    return float(np.clip(np.dot(u, v) / lengths, -1.0, 1.0))
