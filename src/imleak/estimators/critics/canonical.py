"""Cross-fitted canonical correlations with shrinkage: what `cca` and `cca-infonce` read."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh, svd
from scipy.special import ndtr

from ...interfaces import PairedSamples
from ..bounds import gaussian_information
from ..heldout.evidence import Array, Learned, SplitSamples
from ..heldout.split import Indices, Split
from ..samples.columns import Matrix, gaussian_ranks, normal_scores, varying
from ..samples.copies import as_equal, equal_rows
from .gaussian import (
    NEAR_ONE,
    correlations,
    crossed_log_ratio,
    expected_log_ratio,
    falling,
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
COUNTS = (16, 64, 256)
"""Leading principal components of both sides that are tried besides all of them, where images are
few for so many: weak directions are lost among the noise of the others."""
COARSE = (0.1, 1.0), (64,)
"""Shrinkages and numbers of components that are tried where it has to be fast."""
IMAGES_A_DIMENSION = 20
"""Training images that tell canonical directions well. With fewer, critics that are trained and
stopped early may do better, and every image that is learned from counts."""
MOST_SUMMED = 64
MOST_DIMENSIONS = 512
COMPONENTS = 256
MOST_CHECKED = 500
ALL = slice(None)


@dataclass(frozen=True, eq=False)
class _Side:
    """One side in the eigenbasis of its training covariance: rows (n, k), variances (k,), the
    largest first; and which of the rows are equal, (n,)."""

    rows: NDArray[np.float32]
    variance: Array
    equal: Indices

    def whitened(self, shrinkage: float, count: int) -> Array:
        """Factors of the first `count` components, that whiten under a covariance shrunk towards
        the identity."""
        shrunk = (1 - shrinkage) * self.variance + shrinkage * self.variance.mean()
        return np.asarray(1 / np.sqrt(np.maximum(shrunk[:count], 1e-12)))

    def along(self, directions: Array, rows: Indices | slice) -> Array:
        """(m, k) coordinates of some rows along directions (d, k)."""
        return as_equal(self.rows[rows] @ directions, self.equal[rows])


@dataclass(frozen=True, eq=False)
class Variates:
    """Canonical variates of one level and pairing.

    Parameters
    ----------
    u, v : (n, k) variates of every row of y and of its partner in x.
    correlation : (k,) as the validation images show it, :func:`falling`.
    halves : (2, k) as either half of the validation images shows it.
    summed : how many variates have the largest information there, summed.
    kept, temper : how many variates, and at which strength, the Gaussian critic does best
        on one half with the correlations of the other; temper 0 says nothing.
    value : cautious value of that critic there, in nats.
    again : both variates of some rows along directions that were fitted once more, as was
        chosen, on the training images and other rows; None where the first ones stay.
    """

    u: Array
    v: Array
    correlation: Array
    halves: Array
    summed: int
    kept: int
    temper: float
    value: float
    again: Callable[[Indices, Indices], tuple[Array, Array]] | None = None


Columns = Callable[[NDArray[np.float32], Split], NDArray[np.float32]]
"""Rows (n, d) of a split, to columns in which canonical directions are looked for."""


def plain(rows: Matrix, split: Split, *, one_unit: bool = False) -> Matrix:
    """Normal scores of few dimensions, principal components of many."""
    count = COMPONENTS if rows.shape[1] > MOST_DIMENSIONS else None
    return reduce(rows, split.train, count, split.seed, split.public, one_unit=one_unit)


plain_of_one_unit = partial(plain, one_unit=True)
"""The same of columns that have one unit."""


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


def are_seen(given: SplitSamples) -> bool:
    """Whether canonical variates see what projections can that are trained: of so few
    dimensions, with so many images, it is the same columns that are projected."""
    size = max(int(varying(side).sum()) for side in (given.samples.x, given.samples.y))
    images = min(len(np.unique(given.groups[split.own])) for split in given.splits)
    return size <= FEW and images >= IMAGES_A_DIMENSION * size


def columns_of(samples: PairedSamples) -> tuple[Columns, ...]:
    """All columns that are for so many dimensions: as they are, then bent ones."""
    size = max(int(varying(side).sum()) for side in (samples.x, samples.y))
    first = plain_of_one_unit if samples.one_unit else plain
    return (first, *(radial,) * (size <= FEW), *(periodic,) * (size <= FEW_PERIODIC))


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
    coarse : to be fast: try :data:`COARSE` alone, and fit nothing once more.
    """

    bent: bool = False
    coarse: bool = False

    def learn(self, given: SplitSamples) -> Learned:
        """Fit on every split; scores on its validation and test images by bound."""
        kinds = columns_of(given.samples)[: None if self.bent else 1]
        found = [fit_variates(given, kind, coarse=self.coarse) for kind in kinds]
        return self.read(preferred(found), given)

    def read(self, found: Found, given: SplitSamples) -> Learned:
        """Scores of variates that are fitted already."""
        scores: Learned = {"cca": [], "cca-infonce": []}
        for variates, split in zip(found, given.splits, strict=True):
            validation, test = np.sort(split.validation), np.sort(split.test)
            half, groups = halves_of(given.groups[validation]), given.groups
            tested = [
                [_on_test(one, split.validation, test) for one in pairs] for pairs in variates
            ]
            products = _products(variates, validation), _products(tested)
            nats = (
                _nats(variates, groups[validation], validation, half),
                _nats(tested, groups[test]),
            )
            gains = [[_gain(one, validation, half, groups) for one in pairs] for pairs in variates]
            scores["cca"].append((
                given.score_of_sums(split, validation, products[0], information_of_sums),
                given.score_of_sums(split, test, products[1], information_of_sums),
            ))  # fmt: skip
            scores["cca-infonce"].append((
                given.score(split, validation, nats[0] + np.array(gains)),
                given.score(split, test, nats[1]),
            ))  # fmt: skip
        return scores


def fit_variates(
    given: SplitSamples,
    columns: Columns | None = None,
    *,
    coarse: bool = False,
) -> Found:
    """Variates of every split, level and pairing, in the first of :func:`columns_of` if no other
    columns are given."""
    samples, seen = given.samples, are_seen(given)
    columns = columns or columns_of(samples)[0]
    shrinkages, counts = COARSE if coarse else (SHRINKAGES, COUNTS)
    tried = (shrinkages, () if seen else counts)
    of_x, of_y = varying(samples.x), varying(samples.y)
    numbers_x, numbers_y = equal_rows(samples.x), [equal_rows(level) for level in samples.y]

    def fit(split: Split) -> Iterator[list[Variates]]:
        both = _with(split, split.validation)
        equal_x = _with_public_apart(numbers_x, split)
        x = _side(columns(samples.x[:, of_x], split), split, equal_x)
        x_again = cache(lambda: _side(columns(samples.x[:, of_x], both), both, equal_x))

        def one(level: Matrix, numbers: Indices) -> list[Variates]:
            equal = _with_public_apart(numbers, split)
            y = _side(columns(level[:, of_y], split), split, equal)
            y_again = cache(lambda: _side(columns(level[:, of_y], both), both, equal))

            def fit_pairs(partner: Indices) -> Variates:
                found, chosen = _fit(x, y, partner, split, given.groups, tried)

                def again(others: Indices, read: Indices) -> tuple[Array, Array]:
                    x, y = x_again(), y_again()
                    to_u, to_v = _directions(x, y, partner, _with(split, others), *chosen)
                    return x.along(to_u, partner[read]), y.along(to_v, read)

                stays = seen or coarse or not found.temper
                return found if stays else replace(found, again=again)

            return [fit_pairs(partner) for partner in given.partners(split)]

        return map(one, samples.y, numbers_y)

    return [list(fit(split)) for split in given.splits]


def _with_public_apart(numbers: Indices, split: Split) -> Indices:
    """Numbers of equal rows; public rows, whose columns are brought to means and units of their
    own, are equal to none of the others."""
    apart = numbers.copy()
    apart[split.public] += len(numbers)
    return apart


def _with(split: Split, others: Indices) -> Split:
    """The split with other rows among those of training."""
    return replace(split, train=np.concatenate([split.own, others, split.public]))


def preferred(found: Sequence[Found]) -> Found:
    """Of variates in several columns those that say most on the validation images."""
    return [
        [
            [max(kinds, key=lambda one: one.value) for kinds in zip(*pairs, strict=True)]
            for pairs in zip(*levels, strict=True)
        ]
        for levels in zip(*found, strict=True)
    ]


def _side(coordinates: Matrix, split: Split, equal: Indices) -> _Side:
    coordinates = coordinates - coordinates[split.train].mean(0)
    known = coordinates[split.train].astype(np.float64)
    variance, basis = eigh(known.T @ known / len(known))
    basis = basis[:, ::-1].astype(np.float32)
    rows = np.asarray(coordinates @ basis, dtype=np.float32)
    return _Side(rows, np.maximum(variance[::-1], 0.0), equal)


def _directions(
    x: _Side, y: _Side, partner: Indices, split: Split, shrinkage: float, count: int
) -> tuple[Array, Array]:
    """(dx, k) and (dy, k) canonical directions of the training rows."""
    sx, sy = x.whitened(shrinkage, count), y.whitened(shrinkage, count)
    train = split.train
    cross = x.rows[partner[train], :count].T @ y.rows[train, :count] / len(train)
    left, _, right = svd(
        (sx[:, None] * cross * sy).astype(np.float32), full_matrices=False, check_finite=False
    )
    to_u, to_v = (np.zeros((side.rows.shape[1], left.shape[1]), np.float32) for side in (x, y))
    to_u[: len(sx)], to_v[: len(sy)] = sx[:, None] * left, sy[:, None] * right.T
    return to_u, to_v


def _fit(
    x: _Side,
    y: _Side,
    partner: Indices,
    split: Split,
    groups: Indices,
    tried: tuple[Sequence[float], Sequence[int]],
) -> tuple[Variates, tuple[float, int]]:
    """The variates whose correlations say most on the validation images, and the shrinkage and
    number of principal components that make them."""
    # What one half of these shows is judged on the other: few images show correlations where
    # there are none, and a critic that believes them is wrong at full strength.
    check = np.sort(split.validation)
    half = halves_of(groups[check])
    most = max(x.rows.shape[1], y.rows.shape[1])
    nothing: Array = np.empty(0)
    shrinkages, counts = tried
    best = (-np.inf, (shrinkages[0], most), nothing, nothing)
    for chosen in product(shrinkages, (*(one for one in counts if one < most), most)):
        to_u, to_v = _directions(x, y, partner, split, *chosen)
        u, v = x.along(to_u, partner[check]), y.along(to_v, check)
        first, second = (_pearson(u[half == side], v[half == side]) for side in (0, 1))
        value = expected_log_ratio(falling(first), second)
        value += expected_log_ratio(falling(second), first)
        if value > best[0]:
            best = (value, chosen, to_u, to_v)
    _, chosen, to_u, to_v = best
    u, v = x.along(to_u, partner[check]), y.along(to_v, check)
    shown = np.stack([correlations(u[half == side], v[half == side]) for side in (0, 1)])
    summed = 1 + int(np.cumsum(-0.5 * np.log1p(-shown[0] * shown[1]))[:MOST_SUMMED].argmax())
    halves = np.stack([falling(one) for one in shown])
    some = slice(None, None, -(-len(check) // MOST_CHECKED))
    critic = strength(u[some], v[some], halves, half[some], groups[check[some]])
    whole = falling(correlations(u, v))
    read = slice(max(critic[0], MOST_SUMMED))
    u, v = x.along(to_u[:, read], partner), y.along(to_v[:, read], ALL)
    return Variates(u, v, whole[read], halves[:, read], summed, *critic), chosen


def halves_of(groups: Indices) -> Indices:
    """0 or 1 for every row, by image, as equal in number as can be."""
    return np.asarray(np.unique(groups, return_inverse=True)[1] % 2)


def _pearson(u: Array, v: Array) -> Array:
    """(k,) correlations of columns; 0 of a constant."""
    u, v = u - u.mean(0), v - v.mean(0)
    size = np.sqrt(np.square(u).sum(0) * np.square(v).sum(0))
    return np.asarray(((u * v).sum(0) / np.where(size > 0, size, np.inf)).clip(-NEAR_ONE, NEAR_ONE))


def _on_test(one: Variates, validation: Indices, rows: Indices) -> Variates:
    """Variates of the sorted test rows alone."""
    u, v = one.again(validation, rows) if one.again else (one.u[rows], one.v[rows])
    return replace(one, u=u, v=v)


def _gain(one: Variates, validation: Indices, half: Indices, groups: Indices) -> Array:
    """Nats (m,) that every validation row gains by directions that are fitted once more, on the
    pairs of the other half of the validation images too; 0 where they gain nothing in the mean. The
    first ones were chosen on these images, so that a loss says nothing. Principal components and
    variances are those of all validation images, as for the test."""
    gain = np.zeros(len(validation))
    if one.again is None:
        return gain
    for side in (0, 1):
        rows, others = validation[half == side], validation[half != side]
        before = _under(one, one.u[rows], one.v[rows], one.halves[1 - side], groups[rows])
        after = _under(one, *one.again(others, rows), one.halves[1 - side], groups[rows])
        gain[half == side] = after - before
    return gain if gain.mean() > 0 else np.zeros(len(validation))


def _under(one: Variates, u: Array, v: Array, correlation: Array, groups: Indices) -> Array:
    """InfoNCE (m,) of variates (m, k) under the correlations (k,)."""
    kept = slice(one.kept)
    u, v = gaussian_ranks(u[:, kept]), gaussian_ranks(v[:, kept])
    return infonce_rows(one.temper * gaussian_log_ratio(u, v, correlation[kept]), groups)


def _products(found: list[list[Variates]], rows: Indices | slice = ALL) -> Array:
    """Products of the variates; those that were not kept count as uncorrelated."""
    count = len(found[0][0].u[rows])
    values = np.zeros((len(found), len(found[0]), count, 1 + 3 * MOST_SUMMED))
    values[..., 0] = 1
    values[..., 1 + MOST_SUMMED :] = 1
    for level, pairs in zip(values, found, strict=True):
        for out, one in zip(level, pairs, strict=True):
            u, v = (gaussian_ranks(side[rows, : one.summed]) for side in (one.u, one.v))
            for k, product_of in enumerate((u * v, u * u, v * v)):
                out[:, 1 + k * MOST_SUMMED :][:, : u.shape[1]] = product_of
    return values


def information_of_sums(sums: Array) -> Array:
    """Sums (..., 1 + 3k) of rows, uv, uu and vv -> nats, summed over the variates."""
    uv, uu, vv = np.split(sums[..., 1:], 3, axis=-1)
    correlation = np.clip(uv / np.sqrt(np.maximum(uu * vv, 1e-300)), -NEAR_ONE, NEAR_ONE)
    return np.asarray(gaussian_information(correlation).sum(-1))


def _nats(
    found: list[list[Variates]],
    groups: Indices,
    rows: Indices | slice = ALL,
    half: Indices | None = None,
) -> Array:
    """InfoNCE of every row with the Gaussian log-ratio as critic: under the correlations of
    the validation images, or of the other half of them than the row is of."""
    return np.stack([[_ratio_rows(one, groups, rows, half) for one in pairs] for pairs in found])


def _ratio_rows(
    one: Variates, groups: Indices, rows: Indices | slice, half: Indices | None
) -> Array:
    if one.temper == 0:
        return np.zeros(len(groups))
    if half is None:
        return _under(one, one.u[rows], one.v[rows], one.correlation, groups)
    kept = slice(one.kept)
    u, v = gaussian_ranks(one.u[rows, kept]), gaussian_ranks(one.v[rows, kept])
    scores = crossed_log_ratio(u, v, one.halves[:, kept], half)
    return infonce_rows(one.temper * scores, groups)
