"""Cross-fitted canonical correlations with shrinkage: what `cca` reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.special import logsumexp, ndtri
from scipy.stats import rankdata
from sklearn.utils.extmath import randomized_svd

from ..interfaces import PairedSamples
from .bounds import gaussian_information
from .evidence import Array, Score, sum_by_block
from .prepare import reduce
from .split import Indices, Split
from .variational import donsker_varadhan_of_sums

SHRINKAGES = (0.01, 0.1, 0.3, 1.0)
"""Share of the identity in both covariances; 1 is the singular vectors of the cross-covariance."""
MOST_VARIATES = 64
MOST_DIMENSIONS = 512
COMPONENTS = 256
NEAR_ONE = 1 - 1e-6


@dataclass(frozen=True, eq=False)
class _Side:
    """One side in the eigenbasis of its training covariance: rows (n, k), variances (k,)."""

    rows: Array
    variance: Array

    def whitened(self, shrinkage: float) -> Array:
        """(k,) factors that whiten under a covariance shrunk towards the identity."""
        shrunk = (1 - shrinkage) * self.variance + shrinkage * self.variance.mean()
        return np.asarray(1 / np.sqrt(np.maximum(shrunk, 1e-12)))


@dataclass(frozen=True, eq=False)
class Variates:
    """Canonical variates of all rows, made Gaussian by rank within each part, and the
    correlations (k,) that the validation pictures show."""

    u: Array
    v: Array
    correlation: Array


def information_of_sums(sums: Array) -> Array:
    """Sums (..., 1 + 3k) of rows, uv, uu and vv -> nats, summed over the variates."""
    uv, uu, vv = np.split(sums[..., 1:], 3, axis=-1)
    correlation = np.clip(uv / np.sqrt(np.maximum(uu * vv, 1e-300)), -NEAR_ONE, NEAR_ONE)
    return np.asarray(gaussian_information(correlation).sum(-1))


@dataclass(frozen=True)
class Canonical:
    """Directions fitted on training pictures, their number and shrinkage chosen on
    validation pictures, correlations measured on test pictures.

    Its second reading, `gaussian`, is Donsker-Varadhan with the Gaussian log-ratio of those
    variates as critic: a lower bound whether or not they are independent.
    """

    def learn(
        self,
        samples: PairedSamples,
        splits: Sequence[Split],
        blocks: Indices,
        pairings: int,
        seed: int,  # noqa: ARG002
    ) -> dict[str, list[tuple[Score, Score]]]:
        """Fit on every split; scores on its validation and test pictures by bound."""
        said: dict[str, list[tuple[Score, Score]]] = {"cca": [], "gaussian": []}
        for split in splits:
            found = self.variates(samples, split, pairings)
            for name, read in (("cca", _products), ("gaussian", _ratios)):
                parts = [
                    _score(name, found, read, split, part, blocks, samples.groups)
                    for part in (split.validation, split.test)
                ]
                said[name].append((parts[0], parts[1]))
        return said

    def variates(
        self, samples: PairedSamples, split: Split, pairings: int
    ) -> list[list[Variates]]:
        """Variates of every level and pairing."""
        x = _side(samples.x, split)
        return [
            [_fit(x, y, partner, split) for partner in partners(split)[:pairings]]
            for y in (_side(level, split) for level in samples.y)
        ]


def partners(split: Split) -> tuple[Indices, Indices]:
    """Row of x that goes with every row of y: the true one, and that of the null."""
    return np.arange(len(split.broken)), split.broken


def _side(rows: NDArray[np.float32], split: Split) -> _Side:
    many = rows.shape[1] > MOST_DIMENSIONS
    coordinates = reduce(rows, split.train, COMPONENTS if many else None, split.seed)
    coordinates = coordinates - coordinates[split.train].mean(0)
    known = coordinates[split.train].astype(np.float64)
    variance, basis = eigh(known.T @ known / len(known))
    return _Side(coordinates @ basis.astype(np.float32), np.maximum(variance, 0.0))


def _fit(x: _Side, y: _Side, partner: Indices, split: Split) -> Variates:
    """The variates whose correlations say most on the validation pictures."""
    train = split.train
    cross = x.rows[partner[train]].T @ y.rows[train] / len(train)
    count = min(MOST_VARIATES, *cross.shape)
    best = None
    for shrinkage in SHRINKAGES:
        sx, sy = x.whitened(shrinkage), y.whitened(shrinkage)
        left, _, right = randomized_svd(
            sx[:, None] * cross * sy, count, n_iter=3, random_state=split.seed
        )
        u = x.rows @ (sx[:, None] * left).astype(np.float32)
        v = y.rows @ (right.T * sy[:, None]).astype(np.float32)
        check = split.validation
        a, b = gaussian_ranks(u[partner[check]]), gaussian_ranks(v[check])
        rho = (a * b).mean(0) / np.sqrt((a * a).mean(0) * (b * b).mean(0))
        rho = np.nan_to_num(rho).clip(-NEAR_ONE, NEAR_ONE)
        running = np.cumsum(gaussian_information(rho))
        kept = 1 + int(running.argmax())
        if best is None or running[kept - 1] > best[0]:
            best = (running[kept - 1], u[partner][:, :kept], v[:, :kept], rho[:kept])
    assert best is not None
    return Variates(best[1], best[2], best[3])


def gaussian_ranks(columns: Array) -> Array:
    """Each column through its ranks to a standard Gaussian; ties share a rank."""
    return np.asarray(ndtri((rankdata(columns, axis=0) - 0.5) / len(columns)))


def _score(name, found, read, split, part, blocks, groups):
    rows = np.sort(part)
    values = np.stack([[read(v, rows, groups) for v in level] for level in found])
    names, sums = sum_by_block(values, blocks[rows])
    functional = information_of_sums if name == "cca" else donsker_varadhan_of_sums
    return Score(split.seed, split.fold, names, sums, functional, float(np.log(len(rows))))


def _products(found: Variates, rows: Indices, groups: Indices) -> Array:
    """(m, 1 + 3 * MOST_VARIATES) row count and products of the variates; those that were
    not kept count as uncorrelated."""
    u, v = gaussian_ranks(found.u[rows]), gaussian_ranks(found.v[rows])
    out = np.ones((len(rows), 3, MOST_VARIATES))
    out[:, 0] = 0
    out[:, :, : u.shape[1]] = np.stack([u * v, u * u, v * v], 1)
    return np.concatenate([np.ones((len(rows), 1)), out.reshape(len(rows), -1)], 1)


def _ratios(found: Variates, rows: Indices, groups: Indices) -> Array:
    """(m, 3) row count, Gaussian log-ratio of the pair, and mean ratio against the rows of
    other pictures."""
    u, v = gaussian_ranks(found.u[rows]), gaussian_ranks(found.v[rows])
    rho = found.correlation * 0.95
    factor = 1 / (1 - rho**2)
    offset = -0.5 * np.log1p(-(rho**2)).sum()
    row = offset - 0.5 * (rho**2 * factor * u**2).sum(1)
    column = -0.5 * (rho**2 * factor * v**2).sum(1)
    scores = (v * rho * factor) @ u.T + row + column[:, None]
    joint = scores.diagonal().copy()
    same = groups[rows][:, None] == groups[rows]
    scores[same] = -np.inf
    others = np.exp(logsumexp(scores, axis=1)) / (~same).sum(1)
    return np.stack([np.ones(len(rows)), joint, others], 1)
