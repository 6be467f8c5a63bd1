"""Claims 5 and 6: what MINE says of pixels, and how many epochs it takes to say it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..curves import Curve, Results
from ..shapes import Array, curvature, epochs_to, last_gain, misfit, r_squared
from ..verdicts import Figure, Verdict, all_of, at_least, below
from .claim import STRAIGHT, Claim, Statement, evaluation_of, number

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

PROTOCOLS = ("in-sample", "held-out")


def claims(results: Results) -> Iterator[Claim]:
    """Claims 5 and 6, under both evaluations."""
    for curve in results.curves("mine", "pixels"):
        yield _pixels(results, curve)
        for encoder in results.encoders("clip", "resnet", "control"):
            other = results.curve("mine", encoder, curve.protocol)
            if other is not None:
                yield _faster(results, curve, other)


def epochs(curve: Curve) -> Array:
    """(L,) epochs to 95 % of the end of training."""
    return np.array([epochs_to(trace) for trace in _traces(curve)])


def still_rising(curve: Curve) -> Array:
    """(L,) share of the end that the last tenth of the epochs added: where it is not small,
    nothing has converged, and 95 % of the end says how long was trained."""
    return np.array([last_gain(trace) for trace in _traces(curve)])


def _traces(curve: Curve) -> list[Array]:
    """What was said after each epoch, a level, up to the end: the last epoch under the
    paper's protocol; held out, the one that the validation images prefer."""
    if not len(curve.history):
        return [np.empty(0)] * len(curve.levels)
    ends = [len(curve.history)] * len(curve.levels)
    if curve.protocol == "held-out":
        best = np.where(np.isfinite(curve.history), curve.history, -np.inf).argmax(0)
        ends = [int(at) + 1 for at in best]
    return [curve.history[:end, at] for at, end in enumerate(ends)]


def _pixels(results: Results, curve: Curve) -> Claim:
    fit = curve.figure(lambda c: r_squared(curve.levels, c))
    needed = epochs(curve)
    share = _median(needed) / max(1, len(curve.history))
    figures: dict[str, Figure | str] = {
        "R2": fit,
        "curvature": curve.figure(lambda c: curvature(curve.levels, c)),
        "epochs_to_95": number(_median(needed)),
        "epochs": number(len(curve.history)),
    }
    figures |= _beside_the_exact(results, curve)
    verdict = all_of(below(fit, STRAIGHT), at_least(number(share), MANY))
    note = "the exact value beside it is of the pooled table of pixels"
    return Claim(
        PIXELS, results.images, "pixels", "mine", evaluation_of(curve), verdict, figures, note
    )


def _beside_the_exact(results: Results, curve: Curve) -> dict[str, Figure | str]:
    """The exact value's own line, and what of MINE's departure from one is its error."""
    table = results.curve("tabular-mine", "pixels", "in-sample")
    if table is None or len(table.levels) != len(curve.levels):
        return {}
    exact = table.column("exact")
    bent, straight = misfit(curve.levels, curve.values), misfit(curve.levels, exact)
    return {
        "exact_R2": number(float(r_squared(curve.levels, exact))),
        "largest_error": number(float((exact - curve.values).max())),
        "departure_that_is_error": number(float(1 - np.square(straight / bent))),
        "tabular_R2": number(float(r_squared(curve.levels, table.values))),
    }


def _faster(results: Results, pixels: Curve, features: Curve) -> Claim:
    on_pixels, on_features = epochs(pixels), epochs(features)
    if len(on_pixels) != len(on_features):
        on_pixels = on_features = np.array([np.nan])
    known = np.isfinite(on_pixels) & np.isfinite(on_features)
    faster = on_features[known] < on_pixels[known]
    figures: dict[str, Figure | str] = {
        "epochs_features": number(_median(on_features[known])),
        "epochs_pixels": number(_median(on_pixels[known])),
        "still_rising_features": number(_median(still_rising(features)[known])),
        "still_rising_pixels": number(_median(still_rising(pixels)[known])),
        "levels_faster": f"{faster.sum()} of {known.sum()}",
    }
    return Claim(
        FASTER,
        results.images,
        features.encoder,
        "mine",
        evaluation_of(pixels),
        _by_levels(faster),
        figures,
    )


def _by_levels(faster: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Verdict:
    if len(faster) < ENOUGH:
        return "not decided"
    if faster.all():
        return "holds"
    return "does not hold" if faster.mean() < 0.5 else "not decided"


def _median(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")
