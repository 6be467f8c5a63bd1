"""Run estimators on tasks, and judge them by the truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from time import process_time
from typing import Any

import numpy as np
import pandas as pd

from ..interfaces import Estimator, ImleakError, Measurement, PairedSamples
from ..report.adversaries import CLAIMS
from ..study.frame import tidy
from .task import Task

COLUMNS: Mapping[str, str] = {
    "task": "object",
    "title": "object",
    "estimator": "object",
    "seed": "int64",
    "n": "int64",
    "truth": "float64",
    "value": "float64",
    "low": "float64",
    "high": "float64",
    "inside": "boolean",
    "null_mean": "float64",
    "null_p95": "float64",
    "ceiling": "float64",
    "verdict": "object",
    "bound": "object",
    "protocol": "object",
    "chosen": "object",
    "defect": "boolean",
    "published": "float64",
    "suited": "bool",
    "error": "object",
    "seconds": "float64",
}
"""Columns of :func:`evaluate` and their types."""
ROUNDING = 1e-6
"""Bits that an interval may lie off the truth before it counts."""


def evaluate(
    estimators: Mapping[str, Estimator],
    tasks: Iterable[Task],
    *,
    n: int | None = None,
    seeds: Sequence[int] = (0,),
) -> pd.DataFrame:
    """Every estimator on every task, with the truth beside it.

    Parameters
    ----------
    estimators : label -> estimator.
    tasks : such as :func:`~imleak.benchmark.select` gives.
    n : rows of a sample; None for each task's own.
    seeds : one sample and one estimate each.

    Returns
    -------
    A row per (task, estimator, seed), figures in bits:

    - ``truth``, ``value``, ``low``, ``high`` and whether the truth lies ``inside``;
    - ``null_mean``, ``null_p95``, ``ceiling``, ``verdict``, ``bound``, ``protocol`` and
      ``chosen`` as the estimator gave them;
    - ``defect``: a lower bound whose interval lies above the truth, or an upper bound
      whose interval lies below it; missing where there is no bound or no interval;
    - ``published``: of the task's published figures the one nearest to the truth;
    - ``suited``: False where the task does not suit the estimator, which is then not run;
    - ``error``: why there is no value; ``seconds``: of CPU, of the estimate alone.
    """
    rows: list[dict[str, Any]] = []
    for task in tasks:
        for seed in seeds:
            samples = task.sample(task.rows if n is None else n, seed)
            rows += [_row(task, name, one, samples, seed) for name, one in estimators.items()]
    return tidy(rows, COLUMNS)


def judge(estimate: Measurement, truth: float) -> tuple[bool | None, bool | None]:
    """Whether the truth is inside the interval, and whether the bound is a defect."""
    if estimate.interval is None or np.isnan(estimate.interval).any():
        return None, None
    low, high = estimate.interval
    above, below = low > truth + ROUNDING, high < truth - ROUNDING
    defects = {"lower": above, "upper": below}
    return not (above or below), defects.get(estimate.bound)


def summarise(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per estimator of a frame of :func:`evaluate`.

    Returns
    -------
    - ``rows``, ``errors``, ``unsuited``: how many; unsuited rows are no errors;
    - ``bias``: mean of value - truth; ``rmse``: root of its mean square, in bits;
    - ``inside``: share of the ``intervals`` that hold the truth;
    - ``defects``: share of the ``bounds`` with an interval that lie on the wrong side;
    - ``false_leaks``: share of the ``independent`` rows with a verdict that claim a leak,
      by the verdict ``leak`` or ``saturated``;
    - ``leaks_found``: share of the ``dependent`` rows with a verdict that claim one;
    - ``seconds``: of CPU, in total.

    A share of nothing is missing.
    """
    by_estimator = frame.groupby("estimator", sort=False)
    return pd.DataFrame([_summary(str(name), rows) for name, rows in by_estimator])


def by_task(frame: pd.DataFrame) -> pd.DataFrame:
    """A row per task and estimator: means over seeds, and of how many samples the interval
    lies where, or what went wrong."""
    judged, inside = frame["inside"].notna(), frame["inside"].fillna(value=False).astype(bool)
    above = frame["low"] > frame["truth"]
    counted = {
        "runs": frame["value"].notna(),
        "inside": inside,
        "above": judged & ~inside & above,
        "below": judged & ~inside & ~above,
        "defects": frame["defect"].fillna(value=False).astype(bool),
        "false_leaks": (frame["truth"] == 0) & frame["verdict"].isin(CLAIMS),
        "failures": frame["error"].notna() & frame["suited"],
        "suited": frame["suited"].astype(bool),
    }
    first = dict.fromkeys(("title", "truth", "published"), "first")
    how = first | dict.fromkeys(("value", "low", "high"), "mean") | dict.fromkeys(counted, "sum")
    grouped = frame.assign(**counted).groupby(["task", "estimator"], sort=False)
    return grouped.agg(how).reset_index()


def failure(error: Exception) -> str:
    """An error on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def _row(
    task: Task, label: str, estimator: Estimator, samples: PairedSamples, seed: int
) -> dict[str, Any]:
    truth = task.problem.bits
    unsuited = task.unsuited.get(getattr(estimator, "name", label))
    row: dict[str, Any] = {
        "task": task.name,
        "title": task.title,
        "estimator": label,
        "seed": seed,
        "n": len(samples.x),
        "truth": truth,
        "bound": getattr(estimator, "bound", None),
        "published": min(
            task.published.values(), key=lambda value: abs(value - truth), default=np.nan
        ),
        "suited": unsuited is None,
    }
    if unsuited is not None:
        return row | {"error": f"not run: {unsuited}"}
    start = process_time()
    try:
        row |= _judged(estimator.estimate(samples, seed=seed), truth)
    except Exception as error:  # a failure is a row, whatever it was
        row["error"] = failure(error)
    return row | {"seconds": process_time() - start}


def _judged(estimates: Sequence[Measurement], truth: float) -> dict[str, Any]:
    if len(estimates) != 1:
        raise ImleakError(f"the estimator gave {len(estimates)} estimates of one level")
    (estimate,) = estimates
    if np.isnan(estimate.value):
        raise ImleakError("the estimator gave not a number")
    inside, defect = judge(estimate, truth)
    low, high = estimate.interval or (np.nan, np.nan)
    return {
        "value": estimate.value,
        "low": low,
        "high": high,
        "inside": inside,
        "null_mean": estimate.null and estimate.null.mean,
        "null_p95": estimate.null and estimate.null.p95,
        "ceiling": estimate.ceiling,
        "verdict": estimate.verdict,
        "bound": estimate.bound,
        "protocol": estimate.protocol,
        "chosen": estimate.chosen,
        "defect": defect,
    }


def _summary(label: str, rows: pd.DataFrame) -> dict[str, Any]:
    run = rows[rows["suited"]]
    off = (run["value"] - run["truth"]).dropna()
    judged = run[run["verdict"].notna()]
    claims, nothing = judged["verdict"].isin(CLAIMS), judged["truth"] == 0
    inside, defect = run["inside"].dropna(), run["defect"].dropna()
    return {
        "estimator": label,
        "rows": len(run),
        "errors": int(run["error"].notna().sum()),
        "unsuited": len(rows) - len(run),
        "bias": float(off.mean()),
        "rmse": float(np.sqrt(np.square(off).mean())),
        "inside": _share(inside),
        "intervals": len(inside),
        "defects": _share(defect),
        "bounds": len(defect),
        "false_leaks": _share(claims[nothing]),
        "independent": int(nothing.sum()),
        "leaks_found": _share(claims[~nothing]),
        "dependent": int((~nothing).sum()),
        "seconds": float(run["seconds"].sum()),
    }


def _share(flags: pd.Series[bool]) -> float:
    return float(flags.astype(float).mean())
