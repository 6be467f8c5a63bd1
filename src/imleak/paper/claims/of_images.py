"""Claims 1 to 4: measures of one image, averaged over images.

Nothing is trained here. Held out means that a line, or a threshold, is fitted to one half of
the images and judged on the other; figures and intervals are over random halves.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..curves import DRAWS, Curve, Results
from ..shapes import Array, curvature, r_squared, slope
from ..verdicts import Figure, Verdict, all_of, at_least, below, opposite
from .claim import SAID, STRAIGHT, Claim, Evaluation, Statement, falls, halves

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
    for curve in results.curves("histogram", protocol="per-image"):
        yield from _linear(results, curve)
        yield from _uniform(results, curve)
    for curve in results.curves("cosine", protocol="per-image"):
        yield from _cosine(results, curve)
    for curve in results.curves("rounded", protocol="per-image"):
        yield from _rounded(results, curve)


def _claim(
    statement: Statement,
    results: Results,
    curve: Curve,
    evaluation: Evaluation,
    verdict: Verdict,
    figures: dict[str, Figure | str],
    note: str = "",
) -> Claim:
    return Claim(
        statement,
        results.images,
        curve.encoder,
        curve.measure,
        evaluation,
        verdict,
        figures,
        note,
    )


def _linear(results: Results, curve: Curve) -> Iterator[Claim]:
    fits, slopes = _fit(curve), curve.figure(lambda c: slope(curve.levels, c))
    steady = all_of(at_least(slopes, -1 - SLOPE), below(slopes, -1 + SLOPE))
    for evaluation, fit in fits.items():
        verdict = all_of(at_least(fit, STRAIGHT), steady)
        yield _claim(LINEAR, results, curve, evaluation, verdict, {"R2": fit, "slope": slopes})


def _uniform(results: Results, curve: Curve) -> Iterator[Claim]:
    uniform = curve.column("ceiling")
    distance = curve.figure(lambda c: np.abs(c - uniform).max(-1))
    apart = np.abs(curve.values - uniform)
    within = ", ".join(str(int(s)) for s in curve.levels[apart <= AS_UNIFORM])
    for evaluation in _EVALUATIONS:
        note = "nothing is fitted: the same number" if evaluation == "held-out" else ""
        verdict = below(distance, AS_UNIFORM)
        figures: dict[str, Figure | str] = {
            "distance": distance,
            "at_level": str(int(curve.levels[np.argmax(apart)])),
            "levels_within": within or "none",
        }
        yield _claim(UNIFORM, results, curve, evaluation, verdict, figures, note)


def _cosine(results: Results, curve: Curve) -> Iterator[Claim]:
    falling, rise = falls(curve)
    for evaluation, told in _told_apart(curve).items():
        useful = all_of(falling, at_least(told, TOLD_APART))
        figures: dict[str, Figure | str] = {
            "told_apart": told,
            "falls": SAID[falling],
            "largest_rise": rise,
        }
        yield _claim(COSINE, results, curve, evaluation, opposite(useful), figures)


def _rounded(results: Results, curve: Curve) -> Iterator[Claim]:
    bend = curve.figure(lambda c: curvature(curve.levels, c))
    for evaluation, fit in _fit(curve).items():
        verdict = below(fit, STRAIGHT)
        figures: dict[str, Figure | str] = {"R2": fit, "curvature": bend}
        yield _claim(ROUNDED, results, curve, evaluation, verdict, figures)


_EVALUATIONS: tuple[Evaluation, ...] = ("paper", "held-out")


def _fit(curve: Curve) -> dict[Evaluation, Figure]:
    """R^2 of the line of all images, and on one half of that of the other half."""
    paper = curve.figure(lambda c: r_squared(curve.levels, c))
    return {"paper": paper, "held-out": _over(_unseen_fit(curve))}


def _unseen_fit(curve: Curve) -> Array:
    if len(curve.by_image) < 4:
        return np.array([np.nan])
    fitted, unseen = halves(curve.by_image)
    return r_squared(curve.levels, unseen, fitted)


def _told_apart(curve: Curve) -> dict[Evaluation, Figure]:
    """The worst pair of neighbouring levels: share of images on the right sides of the
    threshold half-way between the means."""
    images, rng = curve.by_image, np.random.default_rng(1)
    if len(images) < 4 or images.shape[1] < 2:
        nothing = Figure(np.nan, np.nan, np.nan)
        return {"paper": nothing, "held-out": nothing}
    again = [images[rng.integers(len(images), size=len(images))] for _ in range(DRAWS // 4)]
    paper = np.array([_share_apart(drawn, drawn) for drawn in again])
    orders = [rng.permutation(len(images)) for _ in range(DRAWS // 4)]
    middle = len(images) // 2
    unseen = [_share_apart(images[order[:middle]], images[order[middle:]]) for order in orders]
    low, high = np.percentile(paper, [2.5, 97.5])
    said = _share_apart(images, images)
    return {
        "paper": Figure(said, min(float(low), said), max(float(high), said)),
        "held-out": _over(np.array(unseen)),
    }


def _share_apart(fitted: Array, tested: Array) -> float:
    means = fitted.mean(0)
    threshold, down = (means[:-1] + means[1:]) / 2, np.where(means[:-1] >= means[1:], 1.0, -1.0)
    right = ((tested[:, :-1] - threshold) * down > 0).mean(0)
    left = ((tested[:, 1:] - threshold) * down < 0).mean(0)
    return float(((right + left) / 2).min())


def _over(drawn: Array) -> Figure:
    """The middle and the interval of a figure over random halves."""
    if not np.isfinite(drawn).all():
        return Figure(np.nan, np.nan, np.nan)
    low, middle, high = np.percentile(drawn, [2.5, 50, 97.5])
    return Figure(float(middle), float(low), float(high))
