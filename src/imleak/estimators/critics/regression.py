"""How well a view tells named attributes: ridge regression, its R^2 and its bits."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.linalg import cho_factor, cho_solve, eigh

from ...interfaces import Attribute, NamedAttributes, PairedSamples
from ..heldout.evidence import Array, Learned, Score, SplitSamples
from ..heldout.split import Indices, Split
from ..heldout.trained_view import abreast
from ..samples.columns import Matrix, normal_scores, standardise, varying
from ..samples.copies import as_equal, equal_rows
from .canonical import Canonical, halves_of
from .gaussian import NEAR_ONE, crossed_log_ratio, gaussian_log_ratio, infonce_rows, strength

RIDGES = (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)
"""Penalties that validation images choose among, of the mean variance of a column."""
ROUNDED = 1e-10
"""Share of a variance that single precision does not tell from 0."""
R_SQUARED = "R²"
FEATURES = "features"
"""What is left of a target when attributes are given is said of this quantity."""
WHOLE = Attribute("", "")
"""What a target without named columns is: one attribute."""


@dataclass(frozen=True)
class Regression:
    """Ridge regression of every attribute on the view, fitted on training images, its penalty
    chosen on validation images.

    Parameters
    ----------
    given : also the canonical bits of target and view, and what is left of them when
        attributes of each kind, and all of them, are regressed out of both sides.
    """

    given: bool = True

    def learn(self, given: SplitSamples) -> Learned:
        """Scores by quantity: bits of every attribute, its R^2, and what is left when given."""
        said = attributes_of(given.samples)
        learned: Learned = {}
        for split in given.splits:
            for quantity, scores in _told(given, split, said):
                learned.setdefault(quantity, []).append(scores)
        if self.given and len(said.names) > 1 and not _is_of_target(given.samples):
            learned[FEATURES] = Canonical(bent=True).learn(given)["cca-infonce"]
            for quantity, values in _given(said):
                learned[quantity] = [_left(given, split, values) for split in given.splits]
        return learned


def attributes_of(samples: PairedSamples) -> NamedAttributes:
    """The attributes that are not the same in all rows; of samples without any the target."""
    said = samples.attributes
    if said is None:
        values = samples.x[:, varying(samples.x)]
        return NamedAttributes(values, (replace(WHOLE, columns=values.shape[1]),))
    names = tuple(one for one in said.names if np.ptp(said.of([one]), axis=0).any())
    return NamedAttributes(said.of(names), names)


def _is_of_target(samples: PairedSamples) -> bool:
    """Whether the target is nothing but attributes."""
    said, width = samples.attributes, samples.x.shape[1]
    return said is not None and np.array_equal(samples.x, said.values[:, :width])


def _told(
    given: SplitSamples, split: Split, said: NamedAttributes
) -> Iterator[tuple[str, tuple[Score, Score]]]:
    """Every quantity, with its scores on validation and test images."""
    scores = normal_scores(said.values, split.train)
    targets = [scores[partner] for partner in given.partners(split)]
    parts = (np.sort(split.validation), np.sort(split.test))
    of_y = varying(given.samples.y)
    both = np.hstack(targets)
    predicted = [
        np.stack([*ridge(_scaled(given.samples, level[:, of_y], split), both, split.train)])
        for level in given.samples.y
    ]
    last = 0
    for attribute in said.names:
        columns = np.arange(last, last := last + attribute.columns)
        nats, squares = _of_attribute(given, split, targets, predicted, columns, parts)
        yield attribute.name, _both(map(partial(given.score, split), parts, nats))
        yield (
            f"{attribute.name}, {R_SQUARED}",
            _both(
                given.score_of_sums(split, rows, sums, r_squared)
                for rows, sums in zip(parts, squares, strict=True)
            ),
        )


def _scaled(samples: PairedSamples, rows: Matrix, split: Split) -> Matrix:
    """Rows of one of the sides, standardised."""
    return standardise(rows, split.train, one_unit=samples.one_unit)


def _both(scores: Iterable[Score]) -> tuple[Score, Score]:
    validation, test = scores
    return validation, test


def _of_attribute(
    given: SplitSamples,
    split: Split,
    targets: Sequence[Matrix],
    predicted: Sequence[Array],
    columns: Indices,
    parts: tuple[Indices, Indices],
) -> tuple[list[Array], list[Array]]:
    """Nats (L, P, m), and sums of squares (L, P, m, 3), of the rows of both parts.

    Parameters
    ----------
    targets : (n, k) normal scores of all attributes, for each of P pairings.
    predicted : (penalties, n, P k) predictions, for each of L levels.
    columns : of the attribute, in k.
    """
    shape, width = (len(predicted), len(targets)), targets[0].shape[1]
    nats: list[Array] = [np.empty((*shape, len(rows))) for rows in parts]
    squares: list[Array] = [np.ones((*shape, len(rows), 3)) for rows in parts]
    for at in np.ndindex(*shape):
        u = targets[at[1]][:, columns]
        tried = predicted[at[0]][:, :, at[1] * width + columns]
        errors = np.square(tried[:, parts[0]] - u[parts[0]]).sum((1, 2))
        v = tried[len(errors) - 1 - errors[::-1].argmin()]  # of equal ones the largest penalty
        mean = u[split.train].mean(0)
        for rows, sums in zip(parts, squares, strict=True):
            sums[at][:, 1] = np.square(u[rows] - v[rows]).sum(1)
            sums[at][:, 2] = np.square(u[rows] - mean).sum(1)
        for out, of_part in zip(nats, _nats(u, v, split, parts, given.groups), strict=True):
            out[at] = of_part
    return nats, squares


def ridge(rows: Matrix, targets: Matrix, train: Indices) -> Iterator[Matrix]:
    """Predictions (n, q) of targets (n, q) by rows (n, d), fitted on training rows, under each of
    the penalties in turn; of equal rows they are equal."""
    equal = equal_rows(rows)
    known, mean = rows[train], targets[train].mean(0)
    count, dimension = known.shape
    goal = (targets[train] - mean) / count
    if dimension <= count:
        gram, right, left = known.T @ known, known.T @ goal, rows
    else:  # the same by the kernel, which is the smaller
        gram, right, left = known @ known.T, goal, rows @ known.T
    gram /= count
    scale = np.trace(gram, dtype=np.float64) / dimension
    for penalty in RIDGES:
        if scale > 0:
            shrunk = gram.copy()
            np.fill_diagonal(shrunk, shrunk.diagonal() + np.float32(penalty * scale))
            factor = cho_factor(shrunk, overwrite_a=True, check_finite=False)
            yield as_equal(mean + left @ cho_solve(factor, right, check_finite=False), equal)
        else:
            yield np.broadcast_to(mean, targets.shape)


def _nats(
    u: Matrix, v: Matrix, split: Split, parts: tuple[Indices, Indices], groups: Indices
) -> tuple[Array, Array]:
    """InfoNCE of the rows of both parts, with the Gaussian log-ratio of an attribute and its
    prediction as critic. It is a function of the attribute and of the view that was fixed on
    training and validation rows: the ranks of test rows are taken among these."""
    check, test = parts
    if u.shape[1] > 1:
        u, v = _variates(u, v, split.train)
        u = normal_scores(u, split.train)
    v = normal_scores(v[np.r_[check, test]], np.arange(len(check)))
    known, asked = (u[check], v[: len(check)]), (u[test], v[len(check) :])
    half = halves_of(groups[check])
    shown = np.stack([_correlations(*(one[half == side] for one in known)) for side in (0, 1)])
    kept, temper, _ = strength(*known, shown, half, groups[check])
    if temper == 0:
        return np.zeros(len(check)), np.zeros(len(test))
    rho = _correlations(*known)[:kept]
    (u, v), (u_test, v_test) = ((one[:, :kept] for one in pair) for pair in (known, asked))
    crossed = crossed_log_ratio(u, v, shown[:, :kept], half)
    ratio = gaussian_log_ratio(u_test, v_test, rho)
    return (
        infonce_rows(temper * crossed, groups[check]),
        infonce_rows(temper * ratio, groups[test]),
    )


def _correlations(u: Matrix, v: Matrix) -> Array:
    """(k,) of columns of normal scores; 0 of a constant."""
    u, v = u - u.mean(0), v - v.mean(0)
    size = np.sqrt(np.square(u).sum(0) * np.square(v).sum(0))
    return np.asarray((u * v).sum(0) / np.where(size > 0, size, np.inf)).clip(-NEAR_ONE, NEAR_ONE)


def _variates(u: Matrix, v: Matrix, train: Indices) -> tuple[Matrix, Matrix]:
    """Columns of an attribute, and of its prediction, turned so that they are uncorrelated on the
    training rows, the best predicted first; those that are not predicted at all are left out,
    where there is nothing but rounding."""
    if u.shape[1] == 1:
        return u, v
    equal_u, equal_v, mean = equal_rows(u), equal_rows(v), u[train].mean(0)
    variance, basis = eigh(np.cov(u[train].T))
    whiten = basis / np.sqrt(np.maximum(variance, 1e-6 * variance[-1]))
    u, v = ((side - mean) @ whiten for side in (u, v))
    told, turn = eigh(np.cov(v[train].T))
    turn = turn[:, ::-1][:, : max(1, np.sum(told > ROUNDED * told[-1]))]
    u, v = as_equal(u @ turn, equal_u), as_equal(v @ turn, equal_v)
    return u.astype(np.float32), v.astype(np.float32)


def r_squared(sums: Array) -> Array:
    r"""Sums (..., 3) of rows, squared errors and squared deviations from the mean of the
    training rows -> share of the variance that is told; 0 of what does not vary.

    .. math:: R^2 = 1 - \frac{\sum (a - \hat a)^2}{\sum (a - \bar a)^2}
    """
    errors, deviations = sums[..., 1], sums[..., 2]
    told = 1 - errors / np.where(deviations > 0, deviations, 1.0)
    return np.asarray(np.where(deviations > 0, told, 0.0))


def _given(said: NamedAttributes) -> Iterator[tuple[str, Matrix]]:
    """What is given: attributes of each kind, and all; the quantity, and their columns."""
    kinds: dict[str, list[Attribute]] = {}
    for one in said.names:
        kinds.setdefault(one.kind, []).append(one)
    for kind, some in kinds.items() if len(kinds) > 1 else ():
        yield f"{FEATURES}, given {kind}", said.of(some)
    *first, last = kinds
    yield f"{FEATURES}, given {' and '.join(filter(None, (', '.join(first), last)))}", said.values


def _left(given: SplitSamples, split: Split, values: Matrix) -> tuple[Score, Score]:
    """Canonical bits of one split with what attributes tell taken out of both sides; the pairs of
    the null are broken before that is done, so that what it brings in by itself shows there."""
    samples, scores = given.samples, normal_scores(values, split.train)
    x = residual(_scaled(samples, samples.x, split), scores, split)
    learned = []
    for partner in given.partners(split):
        y = np.stack([
            residual(_scaled(samples, level, split), scores[partner], split) for level in samples.y
        ])  # fmt: skip
        without = replace(samples, x=x[partner], y=y)
        one = replace(given, samples=without, splits=[split], pairings=1)
        learned += Canonical().learn(one)["cca-infonce"]
    return _both(abreast([pair[part] for pair in learned]) for part in (0, 1))


def residual(rows: Matrix, scores: Matrix, split: Split) -> Matrix:
    """Rows (n, d) less their prediction by scores (n, k): ridge regression on the
    training rows, whose penalty has the least error on the validation rows.

    Without the penalty both sides of a pair would have errors of the regression in common.
    """
    check = split.validation
    found = (rows - one for one in ridge(scores, rows, split.train))
    return min(found, key=lambda left: float(np.square(left[check]).sum()))
