"""Cross-fitted canonical correlations with shrinkage: what `cca` and `cca-infonce` read."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.special import ndtr
from sklearn.utils.extmath import randomized_svd

from ...interfaces import PairedSamples
from ..bounds import gaussian_information
from ..heldout.evidence import Array, Learned, SplitSamples
from ..heldout.split import Indices, Split
from ..samples.columns import gaussian_ranks, normal_scores, varying
from .gaussian import (
    NEAR_ONE,
    correlations,
    crossed_log_ratio,
    gaussian_log_ratio,
    infonce_rows,
    strength,
)
from .prepare import FEW, by_collection, reduce

SHRINKAGES = (0.01, 0.1, 0.3, 1.0)
"""Share of the identity in both covariances; 1 is the singular vectors of the cross-covariance."""
FEW_PERIODIC = 2
"""Dimensions of which sines and cosines are tried: of more they are too many to learn from."""
OCTAVES = 8
"""Of sines and cosines: as many as an image of eight bits has planes."""
MOST_VARIATES = 64
MOST_DIMENSIONS = 512
COMPONENTS = 256
MOST_CHECKED = 500


@dataclass(frozen=True, eq=False)
class _Side:
    """One side in the eigenbasis of its training covariance: rows (n, k), variances (k,)."""

    rows: NDArray[np.float32]
    variance: Array

    def whitened(self, shrinkage: float) -> Array:
        """(k,) factors that whiten under a covariance shrunk towards the identity."""
        shrunk = (1 - shrinkage) * self.variance + shrinkage * self.variance.mean()
        return np.asarray(1 / np.sqrt(np.maximum(shrunk, 1e-12)))


@dataclass(frozen=True, eq=False)
class Variates:
    """Canonical variates of one level and pairing.

    Parameters
    ----------
    u, v : (n, k) variates of every row of y and of its partner in x.
    correlation : (k,) as the validation images show it.
    halves : (2, k) as either half of the validation images shows it.
    summed : how many variates have the largest information there, summed.
    kept, temper : how many variates, and at which strength, the Gaussian critic does best
        on one half with the correlations of the other; temper 0 says nothing.
    value : cautious value of that critic there, in nats.
    """

    u: Array
    v: Array
    correlation: Array
    halves: Array
    summed: int
    kept: int
    temper: float
    value: float


Columns = Callable[[NDArray[np.float32], Split], NDArray[np.float32]]
"""Rows (n, d) of a split, to columns in which canonical directions are looked for."""


def plain(rows: NDArray[np.float32], split: Split) -> NDArray[np.float32]:
    """Normal scores of few dimensions, principal components of many."""
    many = rows.shape[1] > MOST_DIMENSIONS
    return reduce(rows, split.train, COMPONENTS if many else None, split.seed, split.public)


def radial(rows: NDArray[np.float32], split: Split) -> NDArray[np.float32]:
    """Of few dimensions: normal scores, and normal scores of each of them times the squared norm
    of its row. Rotations by an angle that grows outwards become linear."""
    scores = by_collection(normal_scores, rows, split.train, split.public)
    norm = np.square(scores).sum(1, keepdims=True) - scores.shape[1]
    again = by_collection(normal_scores, scores * norm, split.train, split.public)
    return np.hstack([scores, again])


def periodic(rows: NDArray[np.float32], split: Split) -> NDArray[np.float32]:
    """Of one or two dimensions: normal scores, and sines and cosines of ranks in octaves. What
    goes up and down many times, as a sample with its highest planes hidden does of the plain one,
    becomes linear."""
    scores = by_collection(normal_scores, rows, split.train, split.public)
    turns = 2 * np.pi * ndtr(scores)[..., None] * 2.0 ** np.arange(OCTAVES)
    waves = np.stack([np.cos(turns), np.sin(turns)]).astype(np.float32)
    return np.hstack([scores, *waves.reshape(2, len(rows), -1)])


def columns_of(samples: PairedSamples) -> tuple[Columns, ...]:
    """All columns that are for so many dimensions."""
    size = max(int(varying(side).sum()) for side in (samples.x, samples.y))
    return (plain, *(radial,) * (size <= FEW), *(periodic,) * (size <= FEW_PERIODIC))


Found = Sequence[list[list[Variates]]]
"""Variates by split, level and pairing."""


@dataclass(frozen=True)
class Canonical:
    """Directions fitted on training images, their number and shrinkage chosen on
    validation images, correlations measured on test images.

    `cca` sums the Gaussian information of the variates, as if they were independent;
    `cca-infonce` uses their Gaussian log-ratio as an InfoNCE critic and needs no such
    assumption.

    Parameters
    ----------
    bent : of few dimensions, also try columns in which curves are straight lines; validation
        chooses.
    """

    bent: bool = False

    def learn(self, given: SplitSamples) -> Learned:
        """Fit on every split; scores on its validation and test images by bound."""
        kinds = columns_of(given.samples) if self.bent else (plain,)
        return self.read(preferred([fit_variates(given, kind) for kind in kinds]), given)

    def read(self, found: Found, given: SplitSamples) -> Learned:
        """Scores of variates that are fitted already."""
        scores: Learned = {"cca": [], "cca-infonce": []}
        for variates, split in zip(found, given.splits, strict=True):
            validation, test = np.sort(split.validation), np.sort(split.test)
            half = halves_of(given.groups[validation])
            products = [_products(variates, rows) for rows in (validation, test)]
            nats = (
                _nats(variates, validation, given.groups[validation], half),
                _nats(variates, test, given.groups[test]),
            )
            scores["cca"].append((
                given.score_of_sums(split, validation, products[0], information_of_sums),
                given.score_of_sums(split, test, products[1], information_of_sums),
            ))  # fmt: skip
            scores["cca-infonce"].append((
                given.score(split, validation, nats[0]),
                given.score(split, test, nats[1]),
            ))  # fmt: skip
        return scores


def fit_variates(given: SplitSamples, columns: Columns = plain) -> Found:
    """Variates of every split, level and pairing."""
    samples = given.samples
    of_x, of_y = varying(samples.x), varying(samples.y)

    def fit(split: Split) -> Iterator[list[Variates]]:
        x = _side(columns(samples.x[:, of_x], split), split)
        for level in samples.y:
            y = _side(columns(level[:, of_y], split), split)
            yield [_fit(x, y, partner, split, given.groups) for partner in given.partners(split)]

    return [list(fit(split)) for split in given.splits]


def preferred(found: Sequence[Found]) -> Found:
    """Of variates in several columns those that say most on the validation images."""
    return [
        [
            [max(kinds, key=lambda one: one.value) for kinds in zip(*pairs, strict=True)]
            for pairs in zip(*levels, strict=True)
        ]
        for levels in zip(*found, strict=True)
    ]


def _side(coordinates: NDArray[np.float32], split: Split) -> _Side:
    coordinates = coordinates - coordinates[split.train].mean(0)
    known = coordinates[split.train].astype(np.float64)
    variance, basis = eigh(known.T @ known / len(known))
    return _Side(coordinates @ basis.astype(np.float32), np.maximum(variance, 0.0))


def _fit(x: _Side, y: _Side, partner: Indices, split: Split, groups: Indices) -> Variates:
    """The variates whose correlations say most on the validation images."""
    # What one half of these shows is judged on the other: few images show correlations where
    # there are none, and a critic that believes them is wrong at full strength.
    cross = x.rows[partner[split.train]].T @ y.rows[split.train] / len(split.train)
    check = np.sort(split.validation)
    half = halves_of(groups[check])
    nothing: Array = np.empty(0)
    best = (-np.inf, 1, nothing, nothing)
    for shrinkage in SHRINKAGES:
        sx, sy = x.whitened(shrinkage), y.whitened(shrinkage)
        left, _, right = randomized_svd(
            sx[:, None] * cross * sy, min(MOST_VARIATES, *cross.shape), n_iter=3,
            random_state=split.seed,
        )  # fmt: skip
        to_u = (sx[:, None] * left).astype(np.float32)
        to_v = (sy[:, None] * right.T).astype(np.float32)
        shown = _by_half(x.rows[partner[check]] @ to_u, y.rows[check] @ to_v, half)
        running = np.cumsum(-0.5 * np.log1p(-shown[0] * shown[1]))
        summed = 1 + int(running.argmax())
        if running[summed - 1] > best[0]:
            best = (float(running[summed - 1]), summed, to_u, to_v)
    _, summed, to_u, to_v = best
    u, v = x.rows[partner] @ to_u, y.rows @ to_v
    shown = _by_half(u[check], v[check], half)
    some = slice(None, None, -(-len(check) // MOST_CHECKED))
    few = check[some]
    chosen = strength(u[few], v[few], shown, half[some], groups[few])
    return Variates(u, v, correlations(u[check], v[check]), shown, summed, *chosen)


def halves_of(groups: Indices) -> Indices:
    """0 or 1 for every row, by image, as equal in number as can be."""
    return np.asarray(np.unique(groups, return_inverse=True)[1] % 2)


def _by_half(u: Array, v: Array, half: Indices) -> Array:
    """(2, k) correlations of either half."""
    return np.stack([correlations(u[half == side], v[half == side]) for side in (0, 1)])


def _products(found: list[list[Variates]], rows: Indices) -> Array:
    """Products of the variates; those that were not kept count as uncorrelated."""
    values = np.zeros((len(found), len(found[0]), len(rows), 1 + 3 * MOST_VARIATES))
    values[..., 0] = 1
    values[..., 1 + MOST_VARIATES :] = 1
    for level, pairs in zip(values, found, strict=True):
        for out, one in zip(level, pairs, strict=True):
            u, v = (gaussian_ranks(side[rows, : one.summed]) for side in (one.u, one.v))
            for k, product in enumerate((u * v, u * u, v * v)):
                out[:, 1 + k * MOST_VARIATES :][:, : u.shape[1]] = product
    return values


def information_of_sums(sums: Array) -> Array:
    """Sums (..., 1 + 3k) of rows, uv, uu and vv -> nats, summed over the variates."""
    uv, uu, vv = np.split(sums[..., 1:], 3, axis=-1)
    correlation = np.clip(uv / np.sqrt(np.maximum(uu * vv, 1e-300)), -NEAR_ONE, NEAR_ONE)
    return np.asarray(gaussian_information(correlation).sum(-1))


def _nats(
    found: list[list[Variates]], rows: Indices, groups: Indices, half: Indices | None = None
) -> Array:
    """InfoNCE of every row with the Gaussian log-ratio as critic: under the correlations of
    the validation images, or of the other half of them than the row is of."""
    return np.stack([[_ratio_rows(one, rows, groups, half) for one in pairs] for pairs in found])


def _ratio_rows(one: Variates, rows: Indices, groups: Indices, half: Indices | None) -> Array:
    if one.temper == 0:
        return np.zeros(len(rows))
    kept = slice(one.kept)
    u, v = gaussian_ranks(one.u[rows, kept]), gaussian_ranks(one.v[rows, kept])
    if half is None:
        scores = gaussian_log_ratio(u, v, one.correlation[kept])
    else:
        scores = crossed_log_ratio(u, v, one.halves[:, kept], half)
    return infonce_rows(one.temper * scores, groups)
