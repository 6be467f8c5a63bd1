"""Claim 9: which measure falls consistently, but not linearly, as more is encrypted."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..curves import Curve, Results
from ..shapes import curvature, r_squared
from ..verdicts import Figure, all_of, below
from .claim import SAID, STRAIGHT, Claim, Statement, evaluation_of, falls

LOOKED_FOR = Statement(
    "9",
    "Looked for: a measure that falls consistently but not linearly with s.",
    "falls from the first level to the last, rises nowhere beyond its interval, and R² of the "
    f"line < {STRAIGHT}",
    ("2", "3a", "3b", "6a", "6b", "8"),
)
STATEMENTS = (LOOKED_FOR,)


def claims(results: Results) -> Iterator[Claim]:
    """Claim 9, of every measure there is."""
    for curve in results.curves():
        if len(curve.levels) > 2 and np.isfinite(curve.values).all():
            yield _looked_for(results, curve)


def _looked_for(results: Results, curve: Curve) -> Claim:
    falling, rise = falls(curve)
    fit = curve.figure(lambda c: r_squared(curve.levels, c))
    figures: dict[str, Figure | str] = {
        "falls": SAID[falling],
        "largest_rise": rise,
        "R2": fit,
        "curvature": curve.figure(lambda c: curvature(curve.levels, c)),
    }
    return Claim(
        LOOKED_FOR,
        results.images,
        curve.encoder,
        curve.measure,
        evaluation_of(curve),
        all_of(falling, below(fit, STRAIGHT)),
        figures,
    )
