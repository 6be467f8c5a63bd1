"""How directions are learned: canonical directions of target and view on all images, and what
they are worth on images that were left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from ..estimators.critics.calibrated import calibrate, project, read
from ..estimators.critics.gaussian import correlations
from ..estimators.samples.columns import units
from ..estimators.samples.copies import as_equal, equal_rows
from ..interfaces import Directions, ImleakError, PairedSamples

DIRECTIONS = 64
COMPONENTS = 256
"""Principal components of either side that directions are made of."""
SHRINKAGES = (0.1, 0.3, 0.6, 1.0)
"""Share of the identity in both covariances."""
FOLDS = 5
FEWEST = 20
"""Images that are learned from: four for each fold."""
NATS = 1 / np.log(2)

Array = NDArray[np.floating]


class TooFewError(ImleakError):
    """Fewer images than directions can be learned from."""


@dataclass(frozen=True)
class Found:
    """What held-out images showed.

    Parameters
    ----------
    collection : number of the images' collection.
    level : its place.
    bits, ceiling : a row.
    """

    collection: int
    level: int
    bits: float
    ceiling: float


@dataclass(frozen=True, eq=False)
class Side:
    """One side in the eigenbasis of the covariance of its columns, on one scale.

    Parameters
    ----------
    rows : (n, k) coordinates of the images that are learned from.
    axes : (d, k) that lead there from vectors less their mean.
    variance : (k,)
    """

    rows: Array
    axes: Array
    variance: Array

    @classmethod
    def of(cls, vectors: NDArray[np.float32], *, one_unit: bool) -> Side:
        """Of vectors (n, d). A constant column takes no part."""
        mean, unit = units(vectors, one_unit=one_unit)
        rows = (vectors - mean) / unit
        last = rows.shape[1] - 1
        variance, basis = eigh(
            rows.T @ rows / len(rows), subset_by_index=(max(0, last + 1 - COMPONENTS), last)
        )
        return cls(rows @ basis, basis / unit[:, None], np.maximum(variance, 0.0))

    def whitened(self, shrinkage: float) -> Array:
        """(k,) factors that whiten under a covariance shrunk towards the identity."""
        shrunk = (1 - shrinkage) * self.variance + shrinkage * self.variance.mean()
        return np.asarray(1 / np.sqrt(np.maximum(shrunk, 1e-12)))


def learn(
    samples: PairedSamples,
    collections: NDArray[np.int64],
    *,
    title: str,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> tuple[Directions, list[Found]]:
    """Directions of a target and a view at every level.

    In every fold they are fitted on four fifths of the images. On the others their correlations
    are measured, of which the mean over folds is kept, and the shrinkage is chosen by them: the
    largest whose information is within a standard error, over folds, of the best, because what
    leans on less carries over to other images better.

    Parameters
    ----------
    samples : of all images.
    collections : (n,) number of the collection that a row is of.
    title : of the images, for the reader.
    progress : told the share done.

    Returns
    -------
    Directions, each of length 1 in its largest coordinate, and figures of images that were left
    out, by collection and level.

    Raises
    ------
    TooFewError
        With fewer than twenty images.
    """
    names, image = np.unique(samples.groups, return_inverse=True)
    if len(names) < FEWEST:
        raise TooFewError(
            f"{len(names)} images are too few to learn directions from, near-duplicates counted "
            f"once; give {FEWEST} or more"
        )
    rng = np.random.default_rng([seed, 0x61647673])
    fold = (rng.permutation(len(names)) % FOLDS)[image]
    training = [np.flatnonzero(fold != one) for one in range(FOLDS)]
    side_of = partial(Side.of, one_unit=samples.one_unit)
    targets = [side_of(samples.x[rows]) for rows in (np.arange(len(fold)), *training)]
    axes: list[tuple[Array, Array, Array]] = []
    found: list[Found] = []
    for level, view in enumerate(samples.y):
        views = [side_of(view[rows]) for rows in (np.arange(len(fold)), *training)]
        shown = {
            shrinkage: [
                _held_out(samples, level, fold == one, _fit(x, y, shrinkage))
                for one, (x, y) in enumerate(zip(targets[1:], views[1:], strict=True))
            ]
            for shrinkage in SHRINKAGES
        }
        chosen = _choose({s: [_information(rho) for *_, rho in of] for s, of in shown.items()})
        x_axes, y_axes = _fit(targets[0], views[0], chosen)
        axes.append((x_axes, y_axes, np.mean([rho for *_, rho in shown[chosen]], axis=0)))
        found += _figures(samples.groups, collections, level, fold, shown[chosen], axes[-1][2], rng)
        if progress:
            progress((level + 1) / len(samples.y))
    x, y, rho = (np.stack(part).astype(np.float32) for part in zip(*axes, strict=True))
    return Directions(x, y, rho, len(names), title), found


def _fit(x: Side, y: Side, shrinkage: float) -> tuple[Array, Array]:
    """(dx, k) and (dy, k) canonical directions, by falling correlation."""
    sx, sy = x.whitened(shrinkage), y.whitened(shrinkage)
    cross = x.rows.T @ y.rows / len(x.rows)
    left, _, right = np.linalg.svd(sx[:, None] * cross * sy, full_matrices=False)
    sides = x.axes @ (sx[:, None] * left), y.axes @ (sy[:, None] * right.T)
    to_u, to_v = (side / np.maximum(np.abs(side).max(0), 1e-30) for side in sides)
    return to_u[:, :DIRECTIONS], to_v[:, :DIRECTIONS]


def _held_out(
    samples: PairedSamples, level: int, tested: NDArray[np.bool_], axes: tuple[Array, Array]
) -> tuple[Array, Array, Array]:
    """Coordinates (m, k) of the tested rows on both sides, and their correlations (k,)."""
    x_axes, y_axes = (side[None].astype(np.float32) for side in axes)
    known = Directions(x_axes, y_axes, np.zeros((1, x_axes.shape[2]), np.float32), 0, "")
    sides = samples.x[tested], samples.y[level, tested]
    found = zip(project(*sides, known, 0), sides, strict=True)
    u, v = (as_equal(one, equal_rows(side)) for one, side in found)
    return u, v, correlations(u, v)


def _information(rho: Array) -> float:
    """Nats of Gaussian variates, as far as adding one to the last does not fall."""
    return float(np.cumsum(-0.5 * np.sign(rho) * np.log1p(-(rho**2))).max())


def _choose(nats: dict[float, list[float]]) -> float:
    """The largest shrinkage whose mean is within a standard error of the best one's."""
    best = max(nats.values(), key=np.mean)
    least = np.mean(best) - np.std(best) / np.sqrt(len(best))
    return max(shrinkage for shrinkage, of in nats.items() if np.mean(of) >= least)


def _figures(
    groups: NDArray[np.int64],
    collections: NDArray[np.int64],
    level: int,
    fold: NDArray[np.int64],
    shown: list[tuple[Array, Array, Array]],
    rho: Array,
    rng: np.random.Generator,
) -> list[Found]:
    """What the directions of each fold find in one half of its images when the other half
    calibrates them, by collection."""
    figures = []
    for collection in np.unique(collections):
        bits, ceilings = [], []
        for one, (u, v, _) in enumerate(shown):
            rows = fold == one
            own, of = groups[rows], collections[rows] == collection
            names = rng.permutation(np.unique(own[of]))
            halves = [of & np.isin(own, half) for half in np.array_split(names, 2)]
            if min(map(np.sum, halves)) < 2:
                continue
            for known, tested in (halves, halves[::-1]):
                strength = calibrate(u[known], v[known], rho, own[known], rng)
                bits.append(read(u[tested], v[tested], rho, own[tested], strength).mean())
                ceilings.append(np.log(len(np.unique(own[tested]))))
        if bits:
            mean, most = float(np.mean(bits)) * NATS, float(np.mean(ceilings)) * NATS
            figures.append(Found(int(collection), level, mean, most))
    return figures
