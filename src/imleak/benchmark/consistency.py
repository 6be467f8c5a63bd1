"""What mutual information must do on images, whatever its value.

References
----------
Song and Ermon, "Understanding the limitations of variational mutual information
estimators", ICLR 2020, section 5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ..interfaces import Estimator, PairedSamples
from ..study.frame import tidy
from .evaluation import failure
from .masks import beside, kept_rows, masked, noise_for, standardised
from .task import Array

COLUMNS: Mapping[str, str] = {
    "estimator": "object",
    "test": "object",
    "rows": "int64",
    "height": "int64",
    "value": "float64",
    "low": "float64",
    "high": "float64",
    "reference": "float64",
    "ratio": "float64",
    "ideal": "float64",
    "holds": "boolean",
    "error": "object",
}
"""Columns of :func:`self_consistency` and their types."""
NAN = float("nan")


def self_consistency(
    estimator: Estimator,
    images: ArrayLike,
    *,
    label: str | None = None,
    keep: Sequence[int] | None = None,
    most_bits: float | None = 2.0,
    seed: int = 0,
) -> pd.DataFrame:
    r"""Independence, data processing, redundancy and additivity on images.

    The view Y_t is the noisy image with all but its first t rows masked. Half of the
    images are the X of every test, so that all values are of samples of one size, and
    each test is one call of the estimator with the masks as its levels:

    - *independence*: Y is whole noisy images of the other half, I = 0;
    - *data processing*: I(X; Y_t) never falls as t grows;
    - *redundancy*: I(X; Y_t, Y_u) = I(X; Y_t) for u = t/2, as Y_u is a function of Y_t;
    - *additivity*: I(X, X'; Y_t, Y'_t) = 2 I(X; Y_t) with an independent image X'.

    Parameters
    ----------
    estimator : run as it is.
    images : (n, H, W), each an independent image; the more the better.
    label : the estimator's name in the frame; None for its own.
    keep : the t, rows that are not masked; H is always among them. None for five values.
    most_bits : Gaussian noise is added to the views so that I(X; Y_H) is at most about this,
        :math:`\tfrac12\sum_i\log_2(1+\lambda_i/\sigma^2)` of the covariance of the
        images. None for no noise, as in the paper: the views are then functions of the
        images, and every estimator is at its ceiling. Additivity can only be seen while
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
        If there are fewer than 40 finite images that differ, `keep` is not between 1 and
        H, or `most_bits` is not positive.
    """
    standard = standardised(images)
    half, height = len(standard) // 2, standard.shape[1]
    heights = kept_rows(keep, height)
    sigma = 0.0 if most_bits is None else noise_for(standard, most_bits)
    noise = np.random.default_rng(seed).standard_normal(standard.shape)
    noisy = standard + sigma * noise
    x, other = standard[:half], standard[half : 2 * half]
    y, other_y = noisy[:half], noisy[half : 2 * half]

    ask = partial(_ask, estimator, seed)
    *alone, broken = ask(x, [*(masked(y, t) for t in heights), other_y])
    of = dict(zip(heights, alone, strict=True))
    halved = [t for t in heights if t >= 2]
    again = ask(x, [beside(masked(y, t), masked(y, t // 2)) for t in halved])
    double = ask(beside(x, other), [beside(masked(y, t), masked(other_y, t)) for t in heights])

    rows = [broken.row("independence", height, ideal=0.0, holds=broken.low <= 0)]
    for t, one in of.items():
        falls = any(one.low > larger.high for u, larger in of.items() if u > t)
        rows.append(one.row("data processing", t, of[height].value, holds=not falls))
    compared = (("redundancy", halved, again, 1.0), ("additivity", heights, double, 2.0))
    for test, masks, outcomes, times in compared:
        for t, outcome in zip(masks, outcomes, strict=True):
            rows.append(outcome.compared(test, t, of[t], times))
    named = {"estimator": label or estimator.name, "height": height}
    return tidy([named | row for row in rows], COLUMNS)


class _Outcome(NamedTuple):
    """An estimate and its interval, or why there is none."""

    value: float = NAN
    low: float = NAN
    high: float = NAN
    error: str | None = None

    def row(
        self, test: str, rows: int, reference: float = NAN, ideal: float = NAN, *, holds: bool
    ) -> dict[str, Any]:
        return {
            "test": test,
            "rows": rows,
            **self._asdict(),
            "reference": reference,
            "ratio": self.value / reference if reference > 0 else NAN,
            "ideal": ideal,
            "holds": None if np.isnan(self.low) else holds,
        }

    def compared(self, test: str, rows: int, single: _Outcome, times: float) -> dict[str, Any]:
        """Against `times` the view of as many rows; without its interval nothing is judged."""
        overlap = self.low <= times * single.high and times * single.low <= self.high
        row = self.row(test, rows, single.value, times, holds=overlap)
        return row if np.isfinite(single.low) else row | {"holds": None}


def _ask(estimator: Estimator, seed: int, x: Array, views: Sequence[Array]) -> list[_Outcome]:
    """All views of x at once; if the call fails, every view has its error."""
    samples = PairedSamples(
        x=x.reshape(len(x), -1).astype(np.float32),
        y=np.stack([view.reshape(len(view), -1) for view in views]).astype(np.float32),
        groups=np.arange(len(x), dtype=np.int64),
    )
    try:
        estimates = estimator.estimate(samples, seed=seed)
    except Exception as error:  # a failure is a row, whatever it was
        return [_Outcome(error=failure(error))] * len(views)
    if len(estimates) != len(views):
        failed = f"the estimator gave {len(estimates)} estimates of {len(views)} levels"
        return [_Outcome(error=failed)] * len(views)
    return [_Outcome(one.value, *(one.interval or (NAN, NAN))) for one in estimates]
