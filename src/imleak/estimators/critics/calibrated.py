"""Directions that were learned elsewhere, made a critic: what `calibrated` and `best` read."""

from dataclasses import dataclass

import numpy as np

from ...interfaces import Directions
from ..heldout.evidence import Array, Learned, SplitSamples
from ..heldout.split import FEWEST_TO_CALIBRATE, Indices, Split
from ..samples.columns import gaussian_ranks
from ..samples.copies import as_equal, equal_rows
from .gaussian import gaussian_log_ratio, infonce_rows

KEPT = (1, 4, 16, 64)
STEP, STEPS = 0.1, 10
"""Strengths that are tried, besides none: from 0.1 to 1."""
CARRIED = 0.8
"""Share of a correlation that is expected to carry over to other images. Chosen with directions
of 240 photographs of one collection, on 64 of another."""
SUPPORT = 0.95
"""Share of the calibration draws that a strength must have behind it."""
DRAWS = 400
MOST_CHECKED = 500
"""Rows that are calibrated on."""


@dataclass(frozen=True)
class Calibrated:
    """The learner that keeps the directions it is given. How many of them make the critic, and
    at which strength, is chosen on the images that are not tested; without directions it has
    no score, which nobody chooses."""

    def learn(self, given: SplitSamples) -> Learned:
        """Calibrate on every split: on its training images for the score on validation, and on
        both for the score on the test images."""
        scores = []
        equal = equal_rows(given.samples.x), [equal_rows(level) for level in given.samples.y]
        for split in given.splits:
            check, test = np.sort(split.validation), np.sort(split.test)
            both = np.sort(np.concatenate([split.own, check]))
            nats = self._nats(given, split, equal, ((np.sort(split.own), check), (both, test)))
            scores.append((given.score(split, check, nats[0]), given.score(split, test, nats[1])))
        return {"calibrated": scores}

    def _nats(
        self,
        given: SplitSamples,
        split: Split,
        equal: tuple[Indices, list[Indices]],
        parts: tuple[tuple[Indices, Indices], ...],
    ) -> list[Array]:
        """(L, P, m) InfoNCE of the scored rows of each part, calibrated on its other ones; `equal`
        are numbers of the rows of both sides, see :func:`equal_rows`."""
        samples, directions = given.samples, given.samples.directions
        shape = (len(samples.y), given.pairings)
        found = [np.full((*shape, len(scored)), np.nan) for _, scored in parts]
        if directions is None:
            return found
        rng = given.random(0x63616C69)
        for at in range(len(samples.y)):
            u, v = (
                as_equal(side, numbers)
                for side, numbers in zip(
                    project(samples.x, samples.y[at], directions, at),
                    (equal[0], equal[1][at]),
                    strict=True,
                )
            )
            correlation = CARRIED * np.clip(directions.correlations[at], 0, 1)
            for p, partner in enumerate(given.partners(split)):
                for out, (rows, scored) in zip(found, parts, strict=True):
                    few = rows[:: -(-len(rows) // MOST_CHECKED) or 1]
                    strength = calibrate(
                        u[partner[few]], v[few], correlation, samples.groups[few], rng
                    )
                    out[at, p] = read(
                        u[partner[scored]], v[scored], correlation, samples.groups[scored], strength
                    )
        return found


def project(x: Array, y: Array, directions: Directions, level: int) -> tuple[Array, Array]:
    """(n, k) coordinates of rows of x and of y along the directions of a level. Where they
    begin and end does not matter: they are ranked."""
    u, v = (
        (side - side.mean(0, dtype=np.float64).astype(side.dtype)) @ axes[level]
        for side, axes in ((x, directions.x_axes), (y, directions.y_axes))
    )
    return u, v


def calibrate(
    u: Array, v: Array, correlation: Array, groups: Indices, rng: np.random.Generator
) -> tuple[int, float]:
    """How many directions make the critic, and at which strength; strength 0 says nothing.

    The images are drawn again and again. Of so many directions every draw has a strength that
    it finds best; what is taken is the one that 95 % of the draws find at least, and of all
    numbers of directions that with which 95 % of the draws find most. So few images are
    believed as far as they agree, and fewer than four not at all.

    Parameters
    ----------
    u, v : (m, k) rows along the directions, by falling correlation.
    correlation : (k,) of the directions.
    groups : (m,) image of a row.
    """
    if len(np.unique(groups)) < FEWEST_TO_CALIBRATE:
        return 1, 0.0
    counts = sorted({min(kept, u.shape[1]) for kept in KEPT})
    gains = _gains(u, v, correlation, groups, counts)
    images = gains.shape[-1]
    draws = rng.multinomial(images, np.full(images, 1 / images), size=DRAWS) / images
    drawn = gains @ draws.T
    least = 100 * (1 - SUPPORT)
    best = np.percentile(drawn.argmax(1), least, axis=1, method="lower").astype(int)
    values = np.take_along_axis(drawn, best[:, None, None], 1)[:, 0]
    sure = np.percentile(values, least, axis=1)
    at = int(sure.argmax())
    return counts[at], STEP * int(best[at])


def _gains(u: Array, v: Array, correlation: Array, groups: Indices, counts: list[int]) -> Array:
    """(counts, 1 + STEPS, images) nats of an image, of :func:`infonce_rows`, by number of
    directions and strength; the first says nothing."""
    u, v = gaussian_ranks(u), gaussian_ranks(v)
    own, size = np.unique(groups, return_inverse=True, return_counts=True)[1:]
    gains = np.zeros((len(counts), 1 + STEPS, len(size)))
    for at, kept in enumerate(counts):
        scores = gaussian_log_ratio(u[:, :kept], v[:, :kept], correlation[:kept])
        positive = scores.diagonal().copy()
        scores[own[:, None] == own] = -np.inf
        top = np.maximum(scores.max(1), positive)
        positive, base = positive - top, np.exp(STEP * (scores - top[:, None]))
        raised = np.ones_like(base)
        for step in range(1, 1 + STEPS):
            raised *= base  # one exponential for all strengths
            nats = STEP * step * positive
            nats -= np.log(np.exp(nats) + raised @ (1 / size[own]).astype(raised.dtype))
            gains[at, step] = np.log(len(size)) + np.bincount(own, nats) / size
    return gains


def read(
    u: Array, v: Array, correlation: Array, groups: Indices, strength: tuple[int, float]
) -> Array:
    """InfoNCE (m,) of rows under a critic of so many directions at such a strength."""
    kept, temper = strength
    if temper == 0 or not len(u):
        return np.zeros(len(u))
    u, v = gaussian_ranks(u[:, :kept]), gaussian_ranks(v[:, :kept])
    return infonce_rows(temper * gaussian_log_ratio(u, v, correlation[:kept]), groups)
