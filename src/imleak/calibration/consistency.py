"""What mutual information must do on pictures, whatever its value.

References
----------
Song and Ermon, "Understanding the limitations of variational mutual information
estimators", ICLR 2020, section 5.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ..interfaces import Estimate, Estimator, PairedSamples
from .views import Pictures, beside, kept_rows, masked, noise_for, standardised

COLUMNS = (
    "estimator",
    "test",
    "rows",
    "height",
    "value",
    "low",
    "high",
    "reference",
    "ratio",
    "ideal",
    "holds",
    "error",
)


def self_consistency(
    estimator: Estimator,
    images: ArrayLike,
    *,
    label: str | None = None,
    keep: Sequence[int] | None = None,
    most_bits: float | None = 2.0,
    seed: int = 0,
) -> pd.DataFrame:
    r"""Independence, data processing, redundancy and additivity on pictures.

    The view Y_t is the noisy picture with all but its first t rows masked. Half of the
    pictures are the X of every test, so that all values are of samples of one size, and
    each test is one call of the estimator with the masks as its levels:

    - *independence*: Y is whole noisy pictures of the other half, I = 0;
    - *data processing*: I(X; Y_t) never falls as t grows;
    - *redundancy*: I(X; Y_t, Y_u) = I(X; Y_t) for u = t/2, as Y_u is a function of Y_t;
    - *additivity*: I(X, X'; Y_t, Y'_t) = 2 I(X; Y_t) with an independent picture X'.

    Parameters
    ----------
    estimator : run as it is.
    images : (n, H, W), each an independent picture; the more the better.
    label : the estimator's name in the frame; None for its own.
    keep : the t, rows that are not masked; H is always among them. None for five values.
    most_bits : Gaussian noise is added to the views so that I(X; Y_H) is at most about this,
        :math:`\tfrac12\sum_i\log_2(1+\lambda_i/\sigma^2)` of the covariance of the
        pictures. None for no noise, as in the paper: the views are then functions of the
        pictures, and every estimator is at its ceiling. Additivity can only be seen while
        twice the value is well below the ceiling.
    seed : of noise and estimator.

    Returns
    -------
    A row per test and t: ``value``, ``low``, ``high``; the ``reference`` it is compared
    with, their ``ratio`` and the ``ideal`` ratio; and whether the property ``holds``
    within the intervals (missing without intervals). In bits.

    Raises
    ------
    ImleakError
        If there are fewer than 40 finite pictures that differ, `keep` is not between 1 and
        H, or `most_bits` is not positive.
    """
    standard = standardised(images)
    half, height = len(standard) // 2, standard.shape[1]
    heights = kept_rows(keep, height)
    rng = np.random.default_rng(seed)
    sigma = 0.0 if most_bits is None else noise_for(standard, most_bits)
    noisy = standard + sigma * rng.standard_normal(standard.shape)
    run = _Run(estimator, seed, label or estimator.name, height)

    x, other = standard[:half], standard[half : 2 * half]
    y, other_y = noisy[:half], noisy[half : 2 * half]
    *alone, broken = run(x, [*(masked(y, t) for t in heights), other_y])
    single = dict(zip(heights, alone, strict=True))
    halved = [t for t in heights if t >= 2]
    again = run(x, [beside(masked(y, t), masked(y, t // 2)) for t in halved])
    double = run(beside(x, other), [beside(masked(y, t), masked(other_y, t)) for t in heights])

    rows = [
        run.independence(broken),
        *run.processing(single),
        *run.ratios("redundancy", dict(zip(halved, again, strict=True)), single, 1.0),
        *run.ratios("additivity", dict(zip(heights, double, strict=True)), single, 2.0),
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"holds": "boolean"})


@dataclass(frozen=True)
class _Outcome:
    """An estimate, or why there is none."""

    value: float = float("nan")
    interval: tuple[float, float] | None = None
    error: str | None = None

    @classmethod
    def of(cls, estimate: Estimate) -> _Outcome:
        return cls(estimate.value, estimate.interval)


@dataclass(frozen=True)
class _Run:
    """One estimator's calls and rows."""

    estimator: Estimator
    seed: int
    label: str
    height: int

    def __call__(self, x: Pictures, views: Sequence[Pictures]) -> list[_Outcome]:
        """All views of x at once; if the call fails, every view has its error."""
        samples = PairedSamples(
            x=x.reshape(len(x), -1).astype(np.float32),
            y=np.stack([view.reshape(len(view), -1) for view in views]).astype(np.float32),
            groups=np.arange(len(x), dtype=np.int64),
        )
        try:
            estimates = self.estimator.estimate(samples, seed=self.seed)
        except Exception as error:  # a failure is a row, whatever it was
            failed = " ".join(f"{type(error).__name__}: {error}".split())
            return [_Outcome(error=failed)] * len(views)
        if len(estimates) != len(views):
            failed = f"the estimator gave {len(estimates)} estimates of {len(views)} levels"
            return [_Outcome(error=failed)] * len(views)
        return [_Outcome.of(estimate) for estimate in estimates]

    def row(
        self,
        test: str,
        rows: int,
        outcome: _Outcome,
        reference: float = float("nan"),
        ideal: float = float("nan"),
        holds: bool | None = None,
    ) -> dict[str, Any]:
        low, high = outcome.interval or (float("nan"), float("nan"))
        return {
            "estimator": self.label,
            "test": test,
            "rows": rows,
            "height": self.height,
            "value": outcome.value,
            "low": low,
            "high": high,
            "reference": reference,
            "ratio": outcome.value / reference if reference > 0 else float("nan"),
            "ideal": ideal,
            "holds": holds,
            "error": outcome.error,
        }

    def independence(self, outcome: _Outcome) -> dict[str, Any]:
        """Of broken pairs: the interval reaches zero, or lies below it."""
        holds = None if outcome.interval is None else outcome.interval[0] <= 0
        return self.row("independence", self.height, outcome, ideal=0.0, holds=holds)

    def processing(self, single: Mapping[int, _Outcome]) -> Iterator[dict[str, Any]]:
        """Against the whole view; broken where a larger view is clearly below."""
        whole = single[self.height].value
        for t, outcome in single.items():
            larger = [view.interval for u, view in single.items() if u > t]
            holds = None
            if outcome.interval is not None:
                low = outcome.interval[0]
                holds = all(low <= interval[1] for interval in larger if interval is not None)
            yield self.row("data processing", t, outcome, reference=whole, holds=holds)

    def ratios(
        self,
        test: str,
        outcomes: Mapping[int, _Outcome],
        single: Mapping[int, _Outcome],
        ideal: float,
    ) -> Iterator[dict[str, Any]]:
        """Against `ideal` times the single view of as many rows."""
        for t, outcome in outcomes.items():
            reference = single[t]
            holds = _overlap(outcome.interval, reference.interval, ideal)
            yield self.row(test, t, outcome, reference.value, ideal, holds)


def _overlap(
    interval: tuple[float, float] | None, reference: tuple[float, float] | None, times: float
) -> bool | None:
    if interval is None or reference is None:
        return None
    return interval[0] <= times * reference[1] and times * reference[0] <= interval[1]
