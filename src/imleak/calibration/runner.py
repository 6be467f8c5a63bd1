"""Run estimators on tasks, and judge them by the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from time import process_time
from typing import Any

import numpy as np
import pandas as pd

from ..interfaces import Estimate, Estimator, ImleakError, PairedSamples, Verdict
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
"""Columns of :func:`calibrate` and their types."""

CLAIMS: Sequence[Verdict] = ("leak", "saturated")
"""Verdicts that claim a leak."""

ROUNDING = 1e-6
"""Bits that an interval may lie off the truth before it counts."""


def calibrate(
    estimators: Mapping[str, Estimator],
    tasks: Iterable[Task],
    *,
    n: int | None = None,
    seeds: Sequence[int] = (0,),
    progress: Callable[[float], None] | None = None,
) -> pd.DataFrame:
    """Every estimator on every task, with the truth beside it.

    Parameters
    ----------
    estimators : label -> estimator.
    tasks : from :func:`~imleak.calibration.select` or the values of
        :func:`~imleak.calibration.tasks`.
    n : rows of every sample; None for each task's own.
    seeds : of the sample and of the estimator.
    progress : told the share done, 0..1.

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
    chosen = list(tasks)
    rows: list[dict[str, Any]] = []
    total = len(chosen) * len(seeds) * len(estimators)
    for task in chosen:
        for seed in seeds:
            samples = task.sample(task.rows if n is None else n, seed)
            for label, estimator in estimators.items():
                rows.append(_row(task, label, estimator, samples, seed))
                if progress is not None:
                    progress(len(rows) / total)
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype(dict(COLUMNS))


def judge(estimate: Estimate, truth: float) -> tuple[bool | None, bool | None]:
    """Whether the truth is inside the interval, and whether the bound is a defect."""
    if estimate.interval is None or np.isnan(estimate.interval).any():
        return None, None
    low, high = estimate.interval
    above, below = low > truth + ROUNDING, high < truth - ROUNDING
    defects = {"lower": above, "upper": below}
    return not (above or below), defects.get(estimate.bound)


def summarise(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per estimator of a frame of :func:`calibrate`.

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
    labels = frame["estimator"].drop_duplicates()
    rows = [_summary(str(label), frame[frame["estimator"] == label]) for label in labels]
    return pd.DataFrame(rows)


def _row(
    task: Task, label: str, estimator: Estimator, samples: PairedSamples, seed: int
) -> dict[str, Any]:
    unsuited = task.unsuited.get(getattr(estimator, "name", label))
    row: dict[str, Any] = {
        "task": task.name,
        "title": task.title,
        "estimator": label,
        "seed": seed,
        "n": len(samples.x),
        "truth": task.mi_bits,
        "bound": getattr(estimator, "bound", None),
        "published": min(
            task.published.values(), key=lambda value: abs(value - task.mi_bits), default=np.nan
        ),
        "suited": unsuited is None,
    }
    if unsuited is not None:
        return row | {"error": f"not run: {unsuited}"}
    start = process_time()
    try:
        estimate = _only(estimator.estimate(samples, seed=seed))
    except Exception as error:  # a failure is a row, whatever it was
        failed = " ".join(f"{type(error).__name__}: {error}".split())
        return row | {"error": failed, "seconds": process_time() - start}
    return row | _judged(estimate, task.mi_bits) | {"seconds": process_time() - start}


def _only(estimates: Sequence[Estimate]) -> Estimate:
    if len(estimates) != 1:
        raise ImleakError(f"the estimator gave {len(estimates)} estimates of one level")
    if np.isnan(estimates[0].value):
        raise ImleakError("the estimator gave not a number")
    return estimates[0]


def _judged(estimate: Estimate, truth: float) -> dict[str, Any]:
    inside, defect = judge(estimate, truth)
    low, high = estimate.interval or (np.nan, np.nan)
    null = estimate.null
    return {
        "value": estimate.value,
        "low": low,
        "high": high,
        "inside": inside,
        "null_mean": np.nan if null is None else null.mean,
        "null_p95": np.nan if null is None else null.p95,
        "ceiling": np.nan if estimate.ceiling is None else estimate.ceiling,
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
    nothing = judged["truth"] == 0
    false, true = judged[nothing]["verdict"], judged[~nothing]["verdict"]
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
        "false_leaks": _share(false.isin(CLAIMS)),
        "independent": len(false),
        "leaks_found": _share(true.isin(CLAIMS)),
        "dependent": len(true),
        "seconds": float(run["seconds"].sum()),
    }


def _share(flags: pd.Series[bool]) -> float:
    return float(flags.mean()) if len(flags) else float("nan")
