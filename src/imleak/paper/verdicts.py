"""A number with its interval against a threshold, and what follows for a claim."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .shapes import Array

Verdict = Literal["holds", "does not hold", "not decided"]


@dataclass(frozen=True)
class Figure:
    """A statistic of a curve.

    Parameters
    ----------
    value : of the curve itself; NaN where it has none.
    low, high : 95 % interval over resampled curves; the value itself where the protocol
        gives no interval, as the paper's does.
    """

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, statistic: Callable[[Array], Array], values: Array, draws: Array) -> Figure:
        """A statistic of (L,) values and of (D, L) resampled ones."""
        return cls.around(float(statistic(values)), np.asarray(statistic(draws), float))

    @classmethod
    def around(cls, value: float, drawn: Array) -> Figure:
        """A value and the interval of resampled ones, which holds it."""
        if not np.isfinite(value) or not np.isfinite(drawn).all():
            return cls(value, np.nan, np.nan)
        low, high = np.percentile(drawn, [2.5, 97.5])
        return cls(value, min(float(low), value), max(float(high), value))

    @classmethod
    def middle(cls, drawn: Array) -> Figure:
        """The median of resampled values, and their interval."""
        if not np.isfinite(drawn).all():
            return cls(np.nan, np.nan, np.nan)
        low, median, high = np.percentile(drawn, [2.5, 50, 97.5])
        return cls(float(median), float(low), float(high))

    @classmethod
    def point(cls, value: float) -> Figure:
        """A value without an interval."""
        return cls(float(value), float(value), float(value))

    def __str__(self) -> str:
        if self.low == self.high or not np.isfinite(self.low):
            return _short(self.value)
        return f"{_short(self.value)} [{_short(self.low)}, {_short(self.high)}]"


def _short(value: float) -> str:
    """Three digits; more where a share is almost whole."""
    return f"{value:.4f}" if 0.99 <= value < 1 else f"{value:.3g}"


def at_least(figure: Figure, threshold: float) -> Verdict:
    """Whether all of the interval reaches a threshold, or none of it.

    >>> at_least(Figure(1.0, 0.9, 1.1), 0.5), at_least(Figure(1.0, 0.9, 1.1), 1.0)
    ('holds', 'not decided')
    """
    if figure.low >= threshold:
        return "holds"
    return "does not hold" if figure.high < threshold else "not decided"


def opposite(verdict: Verdict) -> Verdict:
    """The verdict on the negated claim."""
    turned: dict[Verdict, Verdict] = {"holds": "does not hold", "does not hold": "holds"}
    return turned.get(verdict, verdict)


def below(figure: Figure, threshold: float) -> Verdict:
    """Whether all of the interval stays below a threshold, or none of it."""
    return opposite(at_least(figure, threshold))


def all_of(*verdicts: Verdict) -> Verdict:
    """The verdict on a claim with several parts; one that is refuted refutes it.

    >>> all_of("holds", "not decided"), all_of("does not hold", "not decided")
    ('not decided', 'does not hold')
    """
    if "does not hold" in verdicts:
        return "does not hold"
    return "not decided" if "not decided" in verdicts or not verdicts else "holds"


def any_of(*verdicts: Verdict) -> Verdict:
    """The verdict on a claim that one of several parts is enough for."""
    return opposite(all_of(*map(opposite, verdicts)))
