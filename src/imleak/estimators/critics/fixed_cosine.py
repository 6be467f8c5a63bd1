"""A cosine as an InfoNCE critic, fitted to no image: what `cosine-infonce` and `best` read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..heldout.evidence import Array, Learned, SplitSamples
from ..heldout.split import Indices, Split
from ..samples.columns import Matrix, standardise, varying
from .gaussian import cautious_mean, infonce_rows

SCALES = (1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0)
"""Inverse temperatures that validation images choose among; else the critic says nothing."""
GAIN = 0.02
"""Nats by which a larger scale must be better: on few images, all of them found, none is
large enough, until one is missed."""
MOST_CHECKED = 500
ROUNDING = 1e-5
"""Share of its own length below which a difference from the mean is none."""


@dataclass(frozen=True)
class FixedCosine:
    """The learner that learns nothing but a scale. Where the sides have different dimensions
    it has no score, which nobody chooses."""

    def learn(self, given: SplitSamples) -> Learned:
        """Choose a scale on every split; scores on its validation and test images."""
        scores = []
        for split in given.splits:
            parts = (np.sort(split.validation), np.sort(split.test))
            nats = self._nats(given, split, parts)
            validation, test = (
                given.score(split, rows, part) for rows, part in zip(parts, nats, strict=True)
            )
            scores.append((validation, test))
        return {"cosine-infonce": scores}

    def _nats(
        self, given: SplitSamples, split: Split, parts: tuple[Indices, Indices]
    ) -> tuple[Array, Array]:
        """(L, P, m) InfoNCE of the rows of both parts."""
        samples, shape = given.samples, (len(given.samples.y), given.pairings)
        found = np.full((*shape, len(parts[0])), np.nan), np.full((*shape, len(parts[1])), np.nan)
        if samples.x.shape[1] != samples.y.shape[2]:
            return found
        varied = varying(samples.x) | varying(samples.y)
        target = samples.x[:, varied]
        spaces = [_directions(target, split.own), _standard(target, split.own)]
        for at, level in enumerate(samples.y[..., varied]):
            views = [_directions(level, split.own), _standard(level, split.own)]
            for p, partner in enumerate(given.partners(split)):
                scale, x, y = _chosen(spaces, views, partner, parts[0], samples.groups)
                for out, rows in zip(found, parts, strict=True):
                    scores = scale * (y[rows] @ x[partner[rows]].T)
                    out[at, p] = infonce_rows(scores, samples.groups[rows]) if scale else 0.0
        return found


def _chosen(
    spaces: Sequence[Matrix],
    views: Sequence[Matrix],
    partner: Indices,
    validation: Indices,
    groups: Indices,
) -> tuple[float, Matrix, Matrix]:
    """The scale, and the two sides, that say most on the validation images; scale 0 where
    all of them say less than nothing."""
    rows = validation[:: -(-len(validation) // MOST_CHECKED)]
    best = (0.0, 0.0, spaces[0], views[0])
    for x, y in zip(spaces, views, strict=True):
        cosines = y[rows] @ x[partner[rows]].T
        for scale in SCALES:
            value = cautious_mean(infonce_rows(scale * cosines, groups[rows]), groups[rows])
            if value > best[0] + GAIN:
                best = (value, scale, x, y)
    return best[1:]


def _standard(rows: Matrix, train: NDArray[np.int64]) -> Matrix:
    return _directions(standardise(rows, train), train)


def _directions(rows: Matrix, train: NDArray[np.int64]) -> Matrix:
    """Unit vectors (n, d): coordinates of a row to mean 0 and variance 1, less the mean of the
    training rows. A row that does not differ from it is 0."""
    out = rows.astype(np.float64)
    size = np.abs(out).max(1, keepdims=True)
    out /= np.where(size > 0, size, 1.0)
    out -= out.mean(1, keepdims=True)
    out = _unit(out, np.sqrt(rows.shape[1]))
    out -= out[train].mean(0)
    return np.asarray(_unit(out, 1.0), dtype=np.float32)


def _unit(rows: NDArray[np.float64], size: float) -> NDArray[np.float64]:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(length > ROUNDING * size, length, np.inf))
