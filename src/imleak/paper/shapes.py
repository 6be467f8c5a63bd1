"""Shapes of curves over the level: straight, falling, bent; and how fast they were learned.

Every function takes curves (..., L) over rising levels (L,) and returns a number a curve.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def slope(levels: Array, curves: Array) -> Array:
    """Slope of the least-squares line, in units a level."""
    centred = levels - levels.mean()
    return np.asarray(curves @ centred / (centred @ centred))


def line(levels: Array, curves: Array) -> Array:
    """The least-squares line at the levels, (..., L)."""
    mean = np.asarray(curves).mean(-1, keepdims=True)
    return np.asarray(mean + slope(levels, curves)[..., None] * (levels - levels.mean()))


def r_squared(levels: Array, curves: Array, fitted: Array | None = None) -> Array:
    r"""Share of a curve that a line explains.

    .. math:: R^2 = 1 - \frac{\sum_s (I(s) - \hat I(s))^2}{\sum_s (I(s) - \bar I)^2}

    Parameters
    ----------
    fitted : curves whose lines are judged; of the curves themselves if None. Of others,
        R^2 may be negative.
    """
    lines = line(levels, curves if fitted is None else fitted)
    left = np.square(curves - lines).sum(-1)
    whole = np.square(curves - np.asarray(curves).mean(-1, keepdims=True)).sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(whole > 0, 1 - left / whole, np.nan))


def misfit(levels: Array, curves: Array) -> Array:
    """Root mean square distance from the curve's own line, in its unit."""
    return np.asarray(np.sqrt(np.square(curves - line(levels, curves)).mean(-1)))


def curvature(levels: Array, curves: Array) -> Array:
    """Coefficient of s^2 of the least-squares parabola, as a share of the largest value:
    positive where a curve falls fast first."""
    design = np.stack([np.ones_like(levels), levels, levels**2], -1)
    if len(levels) < 3:
        return np.full(np.shape(curves)[:-1], np.nan)
    bend = np.asarray(curves) @ np.linalg.pinv(design)[2]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(bend / np.abs(curves).max(-1))


def median(values: Array) -> float:
    """Median of the finite values; NaN without any."""
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else np.nan


def epochs_to(history: Array, share: float = 0.95, least: float = 0.05) -> float:
    """The first epoch with `share` of the end, counted from 1; NaN where the end is less
    than `least` bits, since nothing is then approached.

    >>> epochs_to(np.array([0.0, 0.5, 0.96, 1.0]))
    3.0
    """
    end = history[-1] if len(history) else np.nan
    if not np.isfinite(end) or end < least:
        return np.nan
    return float(1 + np.flatnonzero(history >= share * end)[0])


def last_gain(history: Array, share: float = 0.1) -> float:
    """What the last `share` of the epochs added, as a share of the end; NaN without an end.

    >>> round(last_gain(np.linspace(0.1, 1.0, 10)), 3)
    0.1
    """
    end = history[-1] if len(history) else np.nan
    if not np.isfinite(end) or end == 0:
        return np.nan
    before = len(history) - max(1, round(share * len(history)))
    return float((end - history[max(before - 1, 0)]) / abs(end))
