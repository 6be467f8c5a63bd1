"""From the tidy table of results to its summary, some rows at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .frame import SUMMARY_COLUMNS, tidy

RESAMPLES = 2000
DRAWN_AT_ONCE = 500_000
"""Numbers of a bootstrap that are held at once."""
Key: TypeAlias = tuple[Any, ...]
_ASKED = ["scheme", "encoder", "measure", "protocol"]
_ALIKE = ["part", "quantity", "level"]
_AVERAGED = ["value", "ceiling", "exact", "null_mean"]


def summarise(tables: Iterable[pd.DataFrame], seed: int) -> pd.DataFrame:
    """A row per scheme, encoder, measure, quantity, part, protocol and level.

    A metric's value is the mean over images, its interval the 95 % percentile
    bootstrap of that mean over images, or over their groups (none for a single one, or where
    a value is infinite), and likewise that of its null, whose upper end is `null_p95`. An
    estimator and an attack bring their own.

    Parameters
    ----------
    tables : the tidy results, in pieces; of a piece only numbers are kept.
    seed : of the bootstrap.
    """
    found: dict[Key, _Asked] = {}
    for table in tables:
        placed = table[table["measure"].notna() & table["epoch"].isna()]
        for key, rows in _groups(placed, _ASKED):
            found.setdefault(key, _Asked(dict(rows.iloc[0]))).add(rows)
    apart = _of_one_protocol(found.values())
    return tidy((row for asked in apart for row in asked.rows(seed)), SUMMARY_COLUMNS)


@dataclass
class _Asked:
    """What is known of one measure under one protocol; `first` is the first row of it."""

    first: dict[str, Any]
    errors: int = 0
    alike: dict[Key, _Alike] = field(default_factory=dict)

    @property
    def measure(self) -> list[Any]:
        return [self.first[name] for name in _ASKED[:-1]]

    def add(self, rows: pd.DataFrame) -> None:
        valued = rows[rows["error"].isna()]
        self.errors += len(rows) - len(valued)
        for key, equal in _groups(valued, _ALIKE):
            self.alike.setdefault(key, _Alike(dict(equal.iloc[0]))).add(equal)

    def rows(self, seed: int) -> Iterator[dict[str, Any]]:
        """Rows of the summary."""
        if not self.alike:
            kept = ("scheme", "encoder", "target", "view", "measure", "protocol")
            yield {name: self.first[name] for name in kept} | {"errors": self.errors}
        every = list(self.alike.values())
        groups = [equal.groups for equal in every]
        intervals, of_null = (
            bootstrap_means([equal.values(name) for equal in every], seed, groups)
            for name in ("value", "null_mean")
        )
        for equal, interval, null in zip(every, intervals, of_null, strict=True):
            yield {**equal.row(interval, null), "errors": self.errors}


@dataclass
class _Alike:
    """Numbers of one part and level: a metric's of every image, or those of an estimator,
    which has one of each and its own interval. `first` is the first row of them."""

    first: dict[str, Any]
    found: list[NDArray[np.float64]] = field(default_factory=list)
    names: dict[str, int] = field(default_factory=dict)
    of: list[NDArray[np.int64]] = field(default_factory=list)

    def add(self, rows: pd.DataFrame) -> None:
        if rows["image"].notna().any():
            self.found.append(rows[_AVERAGED].to_numpy(float).T)
            self.of.append(self._numbered(rows["group"]))

    def _numbered(self, groups: pd.Series[str]) -> NDArray[np.int64]:
        """(n,) numbers of groups, -1 of what has none; empty if nothing has."""
        if groups.isna().all():
            return np.empty(0, np.int64)
        for name in groups.dropna().unique():
            self.names.setdefault(name, len(self.names))
        return np.asarray(groups.map(self.names).fillna(-1), np.int64)

    @property
    def groups(self) -> NDArray[np.int64] | None:
        """(n,) numbers of the groups of the images; None where each is its own."""
        if not self.names:
            return None
        pieces = [
            of if len(of) else np.full(values.shape[1], -1, np.int64)
            for of, values in zip(self.of, self.found, strict=True)
        ]
        numbers: NDArray[np.int64] = np.concatenate(pieces)
        alone = numbers < 0
        numbers[alone] = len(self.names) + np.arange(alone.sum())
        return numbers

    def values(self, name: str) -> NDArray[np.float64]:
        """Values of images; none of an estimator."""
        at = _AVERAGED.index(name)
        return np.concatenate([piece[at] for piece in self.found]) if self.found else np.empty(0)

    def row(self, interval: tuple[float, float], null: tuple[float, float]) -> dict[str, Any]:
        if not self.found:
            return self.first | {"mean": self.first["value"]}
        # Of images there is a mean only if every one has a number.
        means = {name: float(np.mean(self.values(name))) for name in _AVERAGED}
        means["null_p95"] = null[1]
        low, high = interval
        groups, count = self.groups, len(self.values("value"))
        found = {"mean": means["value"], "low": low, "high": high, "n": count}
        return (
            self.first
            | means
            | found
            | {"groups": None if groups is None else int(groups.max()) + 1}
        )


def _groups(rows: pd.DataFrame, names: list[str]) -> Iterator[tuple[Key, pd.DataFrame]]:
    """Rows that agree in some columns, in order of appearance; what is missing agrees too."""
    for key, group in rows.groupby(names, sort=False, dropna=False):
        yield tuple(None if pd.isna(one) else one for one in cast("Key", key)), group


def _of_one_protocol(found: Iterable[_Asked]) -> list[_Asked]:
    """What failed without a choice of protocol belongs to the first one its measure has."""
    with_one: list[_Asked] = []
    without: list[_Asked] = []
    for asked in found:
        (without if pd.isna(asked.first["protocol"]) else with_one).append(asked)
    for asked in without:
        of_measure = (one for one in with_one if one.measure == asked.measure)
        if (other := next(of_measure, None)) is not None:
            other.errors += asked.errors
        else:
            with_one.append(asked)
    return with_one


def bootstrap_means(
    samples: Sequence[NDArray[np.float64]],
    seed: int,
    groups: Sequence[NDArray[np.int64] | None] | None = None,
) -> list[tuple[float, float]]:
    """95 % percentile intervals of the means of several samples (n,), each of its own n; NaN where
    there is none.

    Samples of one n are resampled by the same draws, so that their differences are not of
    the draw. A few draws at a time are held: memory grows with the samples alone.

    Parameters
    ----------
    groups : (n,) of each sample, where whole groups are resampled.

    References
    ----------
    Efron, Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3.
    """
    found = [(np.nan, np.nan)] * len(samples)
    by_count: dict[int, list[int]] = {}
    sums: list[NDArray[np.float64]] = [*samples]
    sizes: list[NDArray[np.float64]] = [np.ones(len(values)) for values in samples]
    for at, group in enumerate(groups or ()):
        if group is not None:
            sums[at] = np.asarray(np.bincount(group, samples[at]), np.float64)
            sizes[at] = np.asarray(np.bincount(group), np.float64)
    for at, values in enumerate(sums):
        if len(values) > 1 and np.all(np.isfinite(values)):
            by_count.setdefault(len(values), []).append(at)
    for count, places in by_count.items():
        matrix = np.stack([sums[at] for at in places], axis=1)
        resampled = _resampled_means(matrix, count, seed)
        if any((sizes[at] != 1).any() for at in places):
            resampled /= _resampled_means(np.stack([sizes[at] for at in places], 1), count, seed)
        low, high = np.percentile(resampled, [2.5, 97.5], axis=0)
        means = np.array([samples[at].mean() for at in places])
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
