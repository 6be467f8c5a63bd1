"""Claims 1 to 4: measures of one image, averaged over images.

Nothing is trained here. Held out means that a line, or a threshold, is fitted to one half of
the images and judged on the other; figures and intervals are over random halves.
"""

from collections.abc import Iterator

import numpy as np

from ..curves import DRAWS, Curve, Evaluation, Results
from ..shapes import Array, r_squared, slope
from ..verdicts import Figure, all_of, at_least, below, opposite
from .claim import EVALUATIONS, SHORT, STRAIGHT, Claim, Figures, Statement, falls

SLOPE = 0.1
"""Bits a level that a slope may differ from -1."""
AS_UNIFORM = 0.1
"""Bits that histogram MI may differ from that of uniform samples, at any level."""
TOLD_APART = 0.9
"""Share of images on the right side of a threshold between two neighbouring levels."""

LINEAR = Statement(
    "1",
    "Histogram MI falls linearly with s.",
    f"R² of the line ≥ {STRAIGHT} and slope within {SLOPE} of -1 bit a level",
    ("2",),
)
UNIFORM = Statement(
    "2",
    "Histogram MI is what uniform pixels would give.",
    f"within {AS_UNIFORM} bit of log2 |Y| = B - s at every level",
    ("2",),
)
COSINE = Statement(
    "3",
    "Cosine similarity of features is not useful.",
    "useful would be: falls at every level, and a threshold tells each level from the next "
    f"in {TOLD_APART:.0%} of images; the claim holds where one of the two fails",
    ("3a",),
)
ROUNDED = Statement(
    "4", "MI of rounded features is not linear in s.", f"R² of the line < {STRAIGHT}", ("3b",)
)
STATEMENTS = (LINEAR, UNIFORM, COSINE, ROUNDED)


def claims(results: Results) -> Iterator[Claim]:
    """Claims 1 to 4, under both evaluations."""
    judges = {"histogram": (_linear, _uniform), "cosine": (_cosine,), "rounded": (_rounded,)}
    for measure, asked in judges.items():
        for curve in results.curves(measure, protocol="per-image"):
            for judge in asked:
                yield from judge(curve)


def _linear(curve: Curve) -> Iterator[Claim]:
    slopes = curve.figure(lambda c: slope(curve.levels, c))
    steady = all_of(at_least(slopes, -1 - SLOPE), below(slopes, -1 + SLOPE))
    for evaluation, fit in _fit(curve).items():
        verdict, figures = all_of(at_least(fit, STRAIGHT), steady), {"R2": fit, "slope": slopes}
        yield Claim.of(LINEAR, curve, verdict, figures, evaluation=evaluation)


def _uniform(curve: Curve) -> Iterator[Claim]:
    uniform = curve.column("ceiling")
    distance = curve.figure(lambda c: np.abs(c - uniform).max(-1))
    apart = np.abs(curve.values - uniform)
    within = ", ".join(str(int(s)) for s in curve.levels[apart <= AS_UNIFORM])
    figures: Figures = {
        "distance": distance,
        "at_level": str(int(curve.levels[np.argmax(apart)])),
        "levels_within": within or "none",
    }
    for evaluation in EVALUATIONS:
        note = "nothing is fitted: the same number" if evaluation == "held-out" else ""
        verdict = below(distance, AS_UNIFORM)
        yield Claim.of(UNIFORM, curve, verdict, figures, note, evaluation=evaluation)


def _cosine(curve: Curve) -> Iterator[Claim]:
    falling, rise = falls(curve)
    for evaluation, share in _told_apart(curve).items():
        useful = all_of(falling, at_least(share, TOLD_APART))
        figures: Figures = {"told_apart": share, "falls": SHORT[falling], "largest_rise": rise}
        yield Claim.of(COSINE, curve, opposite(useful), figures, evaluation=evaluation)


def _rounded(curve: Curve) -> Iterator[Claim]:
    for evaluation, fit in _fit(curve).items():
        figures = {"R2": fit, "curvature": curve.curvature}
        yield Claim.of(ROUNDED, curve, below(fit, STRAIGHT), figures, evaluation=evaluation)


def _fit(curve: Curve) -> dict[Evaluation, Figure]:
    """R^2 of the line of all images, and on one half of that of the other half."""
    images, unseen = curve.by_image, np.array([np.nan])
    if len(images) >= 4:
        means = [half.mean(1) for half in _halves(images, 400, len(images))]
        unseen = r_squared(curve.levels, means[1], means[0])
    return {"paper": curve.r_squared, "held-out": Figure.middle(unseen)}


def _told_apart(curve: Curve) -> dict[Evaluation, Figure]:
    """The worst pair of neighbouring levels: share of images on the right sides of the
    threshold half-way between the means."""
    images, rng = curve.by_image, np.random.default_rng(1)
    if len(images) < 4 or images.shape[1] < 2:
        return dict.fromkeys(EVALUATIONS, Figure.point(np.nan))
    drawn = images[rng.integers(len(images), size=(DRAWS // 4, len(images)))]
    halves = zip(*_halves(images, DRAWS // 4, rng), strict=True)
    again = np.array([_share_apart(one, one) for one in drawn])
    unseen = np.array([_share_apart(fitted, tested) for fitted, tested in halves])
    paper = Figure.around(_share_apart(images, images), again)
    return {"paper": paper, "held-out": Figure.middle(unseen)}


def _share_apart(fitted: Array, tested: Array) -> float:
    means = fitted.mean(0)
    threshold, down = (means[:-1] + means[1:]) / 2, np.where(means[:-1] >= means[1:], 1.0, -1.0)
    right = ((tested[:, :-1] - threshold) * down > 0).mean(0)
    left = ((tested[:, 1:] - threshold) * down < 0).mean(0)
    return float(((right + left) / 2).min())


def _halves(images: Array, draws: int, seed: int | np.random.Generator) -> tuple[Array, Array]:
    """(draws, n, L) rows of random halves of (N, L) images, and of the other halves."""
    rng, middle = np.random.default_rng(seed), len(images) // 2
    drawn = images[np.stack([rng.permutation(len(images)) for _ in range(draws)])]
    return drawn[:, :middle], drawn[:, middle:]
