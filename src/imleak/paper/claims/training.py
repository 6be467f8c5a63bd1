"""Claims 5 and 6: what MINE finds on pixels, and how many epochs it takes."""

from collections.abc import Iterator

import numpy as np

from ..curves import Curve, Results
from ..shapes import Array, epochs_to, last_gain, median, misfit, r_squared
from ..verdicts import Figure, Verdict, all_of, at_least, below
from .claim import STRAIGHT, Claim, Figures, Statement

MANY = 0.5
"""Share of the epochs that is called many."""
ENOUGH = 3
"""Levels at which epochs must be known to compare them."""

PIXELS = Statement(
    "5",
    "MINE on pixels is not linear in s and needs many epochs.",
    f"R² of the line < {STRAIGHT}, and the median level reaches 95 % of its end only after "
    f"{MANY:.0%} of the epochs",
    ("4", "6a"),
)
FASTER = Statement(
    "6",
    "MINE on features, CLIP's and ResNet's, converges faster than on pixels.",
    "fewer epochs to 95 % of the end at every level that comes to 0.05 bit in both; refuted "
    "where that is so at less than half of them",
    ("4", "5", "7"),
)
STATEMENTS = (PIXELS, FASTER)


def claims(results: Results) -> Iterator[Claim]:
    """Claims 5 and 6, under both evaluations."""
    for curve in results.curves("mine", "pixels"):
        yield _pixels(curve, results.curve("tabular-mine", "pixels", "in-sample"))
        for encoder in results.encoders("clip", "resnet", "control"):
            other = results.curve("mine", encoder, curve.protocol)
            if other is not None:
                yield _faster(curve, other)


def epochs(curve: Curve) -> Array:
    """(L,) epochs to 95 % of the end of training."""
    return np.array([epochs_to(trace) for trace in _traces(curve)])


def still_rising(curve: Curve) -> Array:
    """(L,) share of the end that the last tenth of the epochs added: where it is not small,
    nothing has converged, and 95 % of the end tells how long was trained."""
    return np.array([last_gain(trace) for trace in _traces(curve)])


def _traces(curve: Curve) -> list[Array]:
    """Values after each epoch, a level, up to the end: the last epoch under the paper's
    protocol; held out, the one that the validation images prefer."""
    if not len(curve.history):
        return [np.empty(0)] * len(curve.levels)
    ends = np.full(len(curve.levels), len(curve.history))
    if curve.protocol == "held-out":
        ends = np.where(np.isfinite(curve.history), curve.history, -np.inf).argmax(0) + 1
    return [curve.history[:end, at] for at, end in enumerate(ends)]


def _pixels(curve: Curve, table: Curve | None) -> Claim:
    needed, count = median(epochs(curve)), len(curve.history)
    figures: Figures = {
        "R2": curve.r_squared,
        "curvature": curve.curvature,
        "epochs_to_95": Figure.point(needed),
        "epochs": Figure.point(count),
    }
    if table is not None and len(table.levels) == len(curve.levels):
        figures |= _beside_exact(curve, table)
    many = at_least(Figure.point(needed / max(1, count)), MANY)
    verdict = all_of(below(curve.r_squared, STRAIGHT), many)
    note = "the exact value beside it is of the pooled table of pixels"
    return Claim.of(PIXELS, curve, verdict, figures, note)


def _beside_exact(curve: Curve, table: Curve) -> Figures:
    """The exact value's own line, and what of MINE's departure from one is its error."""
    exact = table.column("exact")
    bent, straight = misfit(curve.levels, curve.values), misfit(curve.levels, exact)
    found = {
        "exact_R2": r_squared(curve.levels, exact),
        "largest_error": (exact - curve.values).max(),
        "departure_that_is_error": 1 - np.square(straight / bent),
        "tabular_R2": r_squared(curve.levels, table.values),
    }
    return {name: Figure.point(float(value)) for name, value in found.items()}


def _faster(pixels: Curve, features: Curve) -> Claim:
    """Compared at the levels that both have."""
    here = np.isin(features.levels, pixels.levels)
    there = np.isin(pixels.levels, features.levels)
    on_features, on_pixels = epochs(features)[here], epochs(pixels)[there]
    known = np.isfinite(on_pixels) & np.isfinite(on_features)
    faster = on_features[known] < on_pixels[known]
    by_level = {
        "epochs_features": on_features,
        "epochs_pixels": on_pixels,
        "still_rising_features": still_rising(features)[here],
        "still_rising_pixels": still_rising(pixels)[there],
    }
    figures: Figures = {name: Figure.point(median(of[known])) for name, of in by_level.items()}
    figures["levels_faster"] = f"{faster.sum()} of {known.sum()}"
    verdict: Verdict = "not decided"
    if len(faster) >= ENOUGH and faster.all():
        verdict = "holds"
    elif len(faster) >= ENOUGH and faster.mean() < 0.5:
        verdict = "does not hold"
    return Claim.of(FASTER, features, verdict, figures)
