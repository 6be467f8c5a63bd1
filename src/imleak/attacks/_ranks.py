"""From scores of true pairs among candidates to shares and bits, their intervals, nulls and
verdicts: what attacks that pick one of many have in common."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..estimators.bounds import bernoulli_divergence, clopper_pearson
from ..estimators.heldout.evidence import SATURATED, judge
from ..interfaces import Bound, LinkagePoint, Measurement, Null, Verdict

Array = NDArray[np.float64]
Counts = NDArray[np.int64]

NULLS = 100
"""Ways pairs are broken."""
DRAWS = 1000
"""Draws of the bootstrap."""
SAME = 1e-9
"""Scores that differ by less are a tie."""


def derangements(groups: Counts, count: int, seed: int) -> Counts:
    """(count, n) partners of n images, none of its own group; every image is partner once.

    Images stand in a ring, in random order, those of a group side by side; the partner of
    each is the one a random distance further, beyond its group.

    Parameters
    ----------
    groups : (n,), of two at least. Where one holds more than half of the images, some of its
        images stay among themselves.
    """
    rng = np.random.default_rng([seed, 0x6272_6F6B])
    names, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    n, largest = len(groups), min(int(sizes.max()), len(groups) // 2)
    partners = np.empty((count, n), np.int64)
    for row in partners:
        place = rng.permutation(len(names))[group]
        ring = np.lexsort((rng.random(n), place))
        row[ring] = np.roll(ring, -rng.integers(largest, n - largest, endpoint=True))
    return partners


def beaten_by(scores: Array, own: Array) -> tuple[Counts, Counts]:
    """How many of the others score higher than the true one, and how many the same.

    Parameters
    ----------
    scores : (n, m) of the other candidates; -inf for what is none.
    own : (n,) or (n, k) of the true ones.

    Returns
    -------
    Two arrays of the shape of `own`.
    """
    ordered = np.sort(scores, axis=1)
    higher, same = np.empty(own.shape, np.int64), np.empty(own.shape, np.int64)
    for at, (row, score) in enumerate(zip(ordered, own, strict=True)):
        upper = np.searchsorted(row, score + SAME, side="right")
        higher[at] = len(row) - upper
        same[at] = upper - np.searchsorted(row, score - SAME, side="left")
    return higher, same


def within(higher: Counts, same: Counts, first: int) -> Array:
    """Probability that the true one is among the first `first`, ties broken at random.

    Parameters
    ----------
    higher, same : of the others, from :func:`beaten_by`.
    """
    return np.asarray(np.clip((first - higher) / (same + 1), 0.0, 1.0))


def reciprocal_rank(higher: Counts, same: Counts) -> Array:
    """Mean of 1/rank, ties broken at random.

    .. math:: \\frac{1}{t+1} \\sum_{r=h+1}^{h+t+1} \\frac1r
    """
    from scipy.special import digamma

    return np.asarray((digamma(higher + same + 2) - digamma(higher + 1)) / (same + 1))


def bootstrap(values: Array, groups: Counts, seed: int) -> tuple[float, float]:
    """95 % percentile interval of the mean of (n,) values over groups."""
    names, group = np.unique(groups, return_inverse=True)
    sums = np.stack([np.bincount(group, values), np.bincount(group)], axis=1)
    rng = np.random.default_rng([seed, 0x626F_6F74])
    even = np.full(len(names), 1 / len(names))
    drawn = rng.multinomial(len(names), even, size=DRAWS) @ sums
    low, high = np.percentile(drawn[:, 0] / drawn[:, 1], [2.5, 97.5])
    mean = float(values.mean())
    return min(float(low), mean), max(float(high), mean)


def null_of(values: Array) -> Null:
    """Null of the means (k,) of broken pairs."""
    return Null(float(values.mean()), float(np.percentile(values, 95)))


def verdict_of_share(low: float, value: float, null: Null, chance: float) -> Verdict:
    """What a share of right answers says: a leak only where its interval clears chance and
    the null."""
    if low <= max(chance, null.p95):
        return "no leak found"
    return "saturated" if value > SATURATED else "leak"


def share(
    level: int,
    quantity: str,
    values: Array,
    nulls: Array,
    groups: Counts,
    *,
    chance: float,
    seed: int,
    counted: bool = True,
    chosen: str | None = None,
    linkage: Sequence[LinkagePoint] = (),
) -> Measurement:
    """The measurement of a share.

    Parameters
    ----------
    values : (n,) of each image, 0..1.
    nulls : (n, k) of broken pairs.
    chance : of a guess.
    counted : whether it counts right answers, so that Clopper-Pearson's interval holds, with
        as many trials as groups; else it is a mean, and bootstrapped.
    """
    mean, trials = float(values.mean()), len(np.unique(groups))
    exact = clopper_pearson(mean * trials, trials) if counted else None
    interval = exact or bootstrap(values, groups, seed)
    null = null_of(nulls.mean(0))
    return Measurement(
        level=level,
        quantity=quantity,
        value=mean,
        unit="share",
        bound="none",
        interval=interval,
        null=null,
        ceiling=1.0,
        verdict=verdict_of_share(interval[0], mean, null, chance),
        n=len(values),
        chosen=chosen,
        details={"chance": chance},
        linkage=tuple(linkage),
    )


def fano(
    level: int,
    right: Array,
    broken: Array,
    groups: Counts,
    half: Counts,
    candidates: int,
    chosen: str | None,
) -> Measurement:
    """The bits that so many right answers need at least, among so many candidates.

    Parameters
    ----------
    right : (n,) whether, or how often among ties, an answer is right.
    broken : (n, k) the same of broken pairs.
    half : (n,) which half of the images one is in.
    """

    def bits(shares: Sequence[float] | Array) -> Array:
        nats = bernoulli_divergence(np.asarray(shares, float), 1 / candidates)
        return np.asarray(nats / math.log(2))

    share, trials = float(right.mean()), len(np.unique(groups))
    value, low, high = map(float, bits([share, *clopper_pearson(share * trials, trials)]))
    return information(
        level,
        "bits (Fano)",
        value,
        (low, high),
        bits(broken.mean(0)),
        candidates,
        bits([float(right[half == one].mean()) for one in np.unique(half)]),
        len(right),
        chosen,
    )


def information(
    level: int,
    quantity: str,
    value: float,
    interval: tuple[float, float],
    nulls: Array,
    candidates: int,
    halves: Array,
    n: int,
    chosen: str | None,
) -> Measurement:
    """The measurement of a lower bound, in bits an image."""
    null, ceiling = null_of(nulls), math.log2(candidates)
    value, low, high = (_rounded(min(one, ceiling)) for one in (value, *interval))
    bound: Bound = "lower"
    return Measurement(
        level=level,
        quantity=quantity,
        value=value,
        unit="bit/image",
        bound=bound,
        interval=(low, high),
        null=null,
        ceiling=ceiling,
        verdict=judge(value, low, high, null.p95, ceiling, halves),
        n=n,
        chosen=chosen,
        details={"candidates": candidates},
    )


def _rounded(bits: float) -> float:
    """Without what rounding makes of nothing, and its sign."""
    return bits if abs(bits) > SAME else 0.0
