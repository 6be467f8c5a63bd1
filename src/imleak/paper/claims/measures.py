"""Claim 9: which measure falls consistently, but not linearly, as more is encrypted."""

from collections.abc import Iterator

import numpy as np

from ..curves import Results
from ..verdicts import all_of, below
from .claim import SHORT, STRAIGHT, Claim, Figures, Statement, falls

LOOKED_FOR = Statement(
    "9",
    "Looked for: a measure that falls consistently but not linearly with s.",
    "falls from the first level to the last, rises nowhere beyond its interval, and R² of the "
    f"line < {STRAIGHT}",
    ("2", "3a", "3b", "6a", "6b", "8"),
)
STATEMENTS = (LOOKED_FOR,)


def claims(results: Results) -> Iterator[Claim]:
    """Claim 9 for every measure there is."""
    for curve in results.curves():
        if len(curve.levels) > 2 and np.isfinite(curve.values).all():
            (falling, rise), fit = falls(curve), curve.r_squared
            parts: Figures = {"falls": SHORT[falling], "largest_rise": rise}
            figures = parts | {"R2": fit, "curvature": curve.curvature}
            yield Claim.of(LOOKED_FOR, curve, all_of(falling, below(fit, STRAIGHT)), figures)
