"""From parts to the tidy table of results, and to its summary."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .components import Question
from .plan import Omission, Unit
from .spec import StudySpec

if TYPE_CHECKING:
    from .parts import Part

COLUMNS: Mapping[str, str] = {
    "image": "str",
    "scheme": "str",
    "level": "Int64",
    "encoder": "str",
    "target": "str",
    "view": "str",
    "measure": "str",
    "part": "str",
    "protocol": "str",
    "seed": "Int64",
    "epoch": "Int64",
    "value": "float64",
    "unit": "str",
    "bound": "str",
    "low": "float64",
    "high": "float64",
    "ceiling": "float64",
    "exact": "float64",
    "null_mean": "float64",
    "null_p95": "float64",
    "verdict": "str",
    "detectable": "float64",
    "rising": "boolean",
    "chosen": "str",
    "train_groups": "Int64",
    "test_groups": "Int64",
    "n": "Int64",
    "details": "str",
    "error": "str",
}
"""Columns of results.parquet. `image` is empty for estimators, `level` for what failed
before it had one; `encoder` names both sides, `target` of the plain picture and `view` of
the clear part; `epoch` for all but the history of an estimator; `details` are further
figures of an estimator by name, as JSON."""

SUMMARY_COLUMNS: Mapping[str, str] = {
    "scheme": "str",
    "encoder": "str",
    "target": "str",
    "view": "str",
    "measure": "str",
    "part": "str",
    "protocol": "str",
    "level": "Int64",
    "mean": "float64",
    "low": "float64",
    "high": "float64",
    "n": "Int64",
    "unit": "str",
    "bound": "str",
    "ceiling": "float64",
    "exact": "float64",
    "null_mean": "float64",
    "null_p95": "float64",
    "verdict": "str",
    "detectable": "float64",
    "rising": "boolean",
    "chosen": "str",
    "train_groups": "Int64",
    "test_groups": "Int64",
    "errors": "Int64",
}
"""Columns of summary.csv; `n` counts pictures for metrics, rows for estimators."""

GROWTH_COLUMNS: Mapping[str, str] = {
    "scheme": "str",
    "encoder": "str",
    "target": "str",
    "view": "str",
    "measure": "str",
    "protocol": "str",
    "level": "Int64",
    "train_groups": "Int64",
    "value": "float64",
    "low": "float64",
    "high": "float64",
    "unit": "str",
    "bound": "str",
    "rising": "boolean",
}
"""Columns of growth.csv: an estimator with `train_groups` pictures to learn from, tested on
the same pictures whatever their number."""

RESAMPLES = 2000
DRAWN_AT_ONCE = 4_000_000
"""Numbers of a bootstrap that are held at once."""

_MEASURE = ["scheme", "encoder", "measure"]
_ROW = [*_MEASURE, "part", "protocol", "level"]
_AVERAGED = ["value", "ceiling", "exact"]


def rows_of(unit: Unit, part: Part) -> Iterator[dict[str, Any]]:
    """The rows of one unit: a row a reading, or one with its error."""
    common = {
        "image": unit.images[0].name if unit.is_metric else None,
        "scheme": unit.scheme.name,
        **_sides(unit.question),
        "measure": unit.measure.name,
        "protocol": "per-image" if unit.is_metric else unit.measure.protocol,
        "seed": unit.seed,
        "part": "clear",
    }
    if part.error is not None:
        yield common | {"error": part.error}
    drawn = {"images": len(unit.images), "of images": unit.drawn_from} if unit.drawn_from else {}
    for reading in part.readings:
        low, high = reading.get("interval") or (None, None)
        null = reading.get("null") or {}
        details = {**(reading.get("details") or {}), **drawn}
        row = common | {name: reading[name] for name in COLUMNS if name in reading}
        yield row | {
            "low": low,
            "high": high,
            "null_mean": null.get("mean"),
            "null_p95": null.get("p95"),
            "details": _json(details),
        }
        same = {name: row[name] for name in ("level", "protocol", "unit", "bound")}
        for epoch, value in enumerate(reading.get("history", ()), start=1):
            yield common | same | {"epoch": epoch, "value": value}


def growth_of(unit: Unit, part: Part) -> Iterator[dict[str, Any]]:
    """The rows of one unit in growth.csv; none unless growth was asked for."""
    for reading in part.readings:
        common = {
            "scheme": unit.scheme.name,
            **_sides(unit.question),
            "measure": unit.measure.name,
        } | {name: reading[name] for name in GROWTH_COLUMNS if name in reading}
        for point in reading.get("growth", ()):
            low, high = point["interval"]
            learned = {name: point[name] for name in ("train_groups", "value")}
            yield common | learned | {"low": low, "high": high}


def row_of(omission: Omission, spec: StudySpec) -> dict[str, Any]:
    """The row of a picture that was left out."""
    asked = omission.measure is not None
    return {
        "image": omission.image,
        "scheme": spec.scheme.name if asked else None,
        **(_sides(omission.question) if omission.question else {}),
        "measure": omission.measure.name if omission.measure else None,
        "part": "clear" if asked else None,
        "protocol": omission.measure.protocol if omission.measure else None,
        "seed": spec.seed,
        "error": omission.why,
    }


def tidy(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str] = COLUMNS) -> pd.DataFrame:
    """Rows, with the columns they lack."""
    return typed(pd.DataFrame(list(rows), columns=list(columns)), columns)


def typed(table: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """The same table with these columns, empty where it lacks them, and their types."""
    return table.reindex(columns=list(columns)).astype(dict(columns))


def summarise(results: pd.DataFrame, seed: int) -> pd.DataFrame:
    """A row per scheme, encoder, measure, part, protocol and level.

    A metric's value is the mean over pictures, its interval the 95 % percentile
    bootstrap of that mean over pictures (none for a single picture, or where a value is
    infinite). An estimator brings its own.

    Parameters
    ----------
    results : the tidy table.
    seed : of the bootstrap.
    """
    placed = results[results["measure"].notna() & results["epoch"].isna()]
    # What failed without a choice of protocol belongs to the one its measure has.
    only = placed.groupby(_MEASURE, dropna=False)["protocol"].transform("first")
    placed = placed.assign(protocol=placed["protocol"].fillna(only))
    rows = []
    for _, asked in placed.groupby([*_MEASURE, "protocol"], sort=False, dropna=False):
        said = asked[asked["error"].isna()]
        errors = len(asked) - len(said)
        if said.empty:
            rows.append(_failed(asked.iloc[0], errors))
        alike = [equal for _, equal in said.groupby(_ROW, sort=False, dropna=False)]
        samples = [_values(equal) for equal in alike]
        for equal, interval in zip(alike, bootstrap_means(samples, seed), strict=True):
            rows.append({**_summary_row(equal, interval), "errors": errors})
    return tidy(rows, SUMMARY_COLUMNS)


def bootstrap_mean(values: NDArray[np.float64], seed: int) -> tuple[float, float]:
    """95 % percentile interval of the mean of (n,) values; NaN where there is none.

    References
    ----------
    Efron, Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3.
    """
    ((low, high),) = bootstrap_means([values], seed)
    return low, high


def bootstrap_means(samples: Sequence[NDArray[np.float64]], seed: int) -> list[tuple[float, float]]:
    """:func:`bootstrap_mean` of several samples (n,), each of its own n.

    Samples of one n are resampled by the same draws, so that their differences are not of
    the draw. A few draws at a time are held: memory grows with the samples alone.
    """
    found = [(np.nan, np.nan)] * len(samples)
    by_count: dict[int, list[int]] = {}
    for at, values in enumerate(samples):
        if len(values) > 1 and np.all(np.isfinite(values)):
            by_count.setdefault(len(values), []).append(at)
    for count, places in by_count.items():
        matrix = np.stack([samples[at] for at in places], axis=1)
        low, high = np.percentile(_resampled_means(matrix, count, seed), [2.5, 97.5], axis=0)
        means = matrix.mean(0)
        # Resampled means of equal values differ from them by rounding.
        for at, *interval in zip(
            places, np.minimum(low, means), np.maximum(high, means), strict=True
        ):
            found[at] = (float(interval[0]), float(interval[1]))
    return found


def _resampled_means(matrix: NDArray[np.float64], count: int, seed: int) -> NDArray[np.float64]:
    """(RESAMPLES, g) means of (count, g) values, each draw of the rows of all columns."""
    rng = np.random.default_rng([seed, count])
    at_once = max(1, DRAWN_AT_ONCE // count)
    even = np.full(count, 1 / count)
    means = []
    for start in range(0, RESAMPLES, at_once):
        draws = rng.multinomial(count, even, size=min(at_once, RESAMPLES - start))
        means.append(draws / count @ matrix)
    return np.concatenate(means)


def _values(equal: pd.DataFrame) -> NDArray[np.float64]:
    """Of pictures; none of an estimator, which has one value and its own interval."""
    if equal["image"].isna().all():
        return np.empty(0)
    return equal["value"].to_numpy(float)


def _summary_row(equal: pd.DataFrame, interval: tuple[float, float]) -> dict[str, Any]:
    row = dict(equal.iloc[0])
    if equal["image"].isna().all():
        return row | {"mean": row["value"]}
    low, high = interval
    averages = {name: _mean(equal[name]) for name in _AVERAGED}
    return row | averages | {"mean": averages["value"], "low": low, "high": high, "n": len(equal)}


def _sides(question: Question) -> dict[str, str]:
    views = ", ".join(view.title for view in question.views)
    return {"encoder": question.title, "target": question.target.title, "view": views}


def _json(details: Mapping[str, float] | None) -> str | None:
    return json.dumps(dict(details), sort_keys=True) if details else None


def _mean(values: pd.Series[float]) -> float:
    """Mean over pictures; none unless every picture has one."""
    return float(np.mean(values.to_numpy(float)))


def _failed(first: pd.Series[Any], errors: int) -> dict[str, Any]:
    kept = ("scheme", "encoder", "target", "view", "measure", "protocol")
    return {name: first[name] for name in kept} | {"errors": errors}
