"""How well clear parts and plain images go together, in the space of one encoder."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..interfaces import WholeImages

Array = NDArray[np.float64]

CONSTANT = 1e-2
"""Vectors whose distance from their mean is less, of the mean's length, differ by rounding."""


@dataclass(frozen=True, eq=False)
class Scores:
    """Cosines in one space at one level, in units of their standard deviation.

    Parameters
    ----------
    plain, clear : (n, d) features less their mean, of unit length; zero where they are all
        the same.
    centre : (d,) mean of the plain images' features.
    scale : standard deviation of the cosines; 1 where they are all the same.
    gallery : (m, d) features of other images.
    """

    plain: Array
    clear: Array
    centre: Array
    scale: float
    gallery: NDArray[np.float32]

    @classmethod
    def of(cls, space: WholeImages, at: int) -> Self:
        """Those of a space at one of its levels."""
        plain, clear = directions(space.plain), directions(space.clear[at])
        squares = sum_of_squares(plain, clear)
        none = np.empty((0, plain.shape[1]), np.float32)
        return cls(
            plain,
            clear,
            space.plain.mean(0, dtype=np.float64),
            math.sqrt(max(squares, 0.0)) / len(plain) or 1.0,
            none if space.gallery is None else space.gallery,
        )

    def own(self) -> Array:
        """(n,) of every clear part and its plain image."""
        found: Array = np.einsum("nd,nd->n", self.clear, self.plain) / self.scale
        return found

    def among(self, rows: slice) -> Array:
        """(rows, n) of some clear parts and every plain image."""
        found: Array = self.clear[rows] @ self.plain.T / self.scale
        return found

    def among_gallery(self, rows: NDArray[np.int64], part: slice) -> NDArray[np.float32]:
        """(rows, part) of some clear parts and a part of the gallery, in single precision."""
        others = unit(self.gallery[part] - self.centre.astype(np.float32))
        found: NDArray[np.float32] = self.clear[rows].astype(np.float32) @ others.T
        return found / np.float32(self.scale)


def sum_of_squares(one: Array, other: Array) -> float:
    """Squares of all products of vectors (n, d) and (m, d), summed; of many none is made."""
    if len(one) * len(other) <= one.shape[1] ** 2:
        return float(np.square(one @ other.T).sum())
    return float(np.sum((one.T @ one) * (other.T @ other)))


def directions(vectors: NDArray[np.float32]) -> Array:
    """(n, d) vectors less their mean, of unit length; zero where they differ by rounding."""
    mean = vectors.mean(0, dtype=np.float64)
    centred = vectors - mean
    spread = math.sqrt(np.square(centred).sum(1).mean())
    if spread <= CONSTANT * float(np.linalg.norm(mean)):
        return np.zeros_like(centred)
    return np.asarray(unit(centred))


def unit(vectors: NDArray[np.floating]) -> NDArray[np.floating]:
    """(n, d) vectors of unit length; zeros stay."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    made: NDArray[np.floating] = np.divide(
        vectors, length, out=np.zeros_like(vectors), where=length > 0
    )
    return made
