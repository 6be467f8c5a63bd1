"""A measure against the level, taken from the tables of runs."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .shapes import Array, curvature, r_squared
from .verdicts import Figure

Role = Literal["pixels", "clip", "resnet", "control"]
"""Whose place an encoder has in the paper: pixels themselves, CLIP, ResNet; or none, where an
untrained network shows what the architecture does alone."""

Evaluation = Literal["paper", "held-out"]
"""Under the paper's protocol, or on images that nothing was fitted to."""
DRAWS = 1000
NORMAL_95 = 1.959964
"""Standard deviations from the middle of a normal law to the end of its 95 % interval."""
KEY = ["encoder", "measure", "protocol"]


@dataclass(frozen=True, eq=False)
class Curve:
    """A measure in one space against the level.

    Parameters
    ----------
    images : what the set of images is called.
    encoder, measure, protocol, unit : whose, as in the tables.
    levels, values : (L,), rising; NaN where a level has no value.
    draws : (D, L) resampled curves: over images for what is measured on each of them; for
        an estimate from its interval, level by level, as if levels erred independently;
        the values alone where there is no interval.
    by_image : (N, L) of what is measured on each image; (0, L) of an estimate.
    table : the rows of the summary, one a level.
    history : (epochs, L) value after each epoch; (0, L) where there is none.
    """

    images: str
    encoder: str
    measure: str
    protocol: str
    unit: str
    levels: Array
    values: Array
    draws: Array
    by_image: Array
    table: pd.DataFrame
    history: Array

    @property
    def evaluation(self) -> Evaluation:
        return "held-out" if self.protocol == "held-out" else "paper"

    @property
    def r_squared(self) -> Figure:
        """R squared of the least-squares line."""
        return self.figure(lambda curves: r_squared(self.levels, curves))

    @property
    def curvature(self) -> Figure:
        return self.figure(lambda curves: curvature(self.levels, curves))

    def column(self, name: str) -> Array:
        """A column of the summary, (L,)."""
        return self.table[name].to_numpy(dtype=float, na_value=np.nan)

    def figure(self, statistic: Callable[[Array], Array]) -> Figure:
        """A statistic of curves (..., L), with its interval."""
        return Figure.of(statistic, self.values, self.draws)

    def difference(self, one: int | np.intp, other: int | np.intp) -> Figure:
        """By how much the value at one position is above that at another."""
        return self.figure(lambda curves: curves[..., one] - curves[..., other])

    def at(self, *levels: int) -> NDArray[np.intp]:
        """Positions of these levels; of none, if one is missing."""
        found = [np.flatnonzero(self.levels == level) for level in levels]
        where = np.concatenate(found) if found else np.empty(0, np.intp)
        return where if len(where) == len(levels) else np.empty(0, np.intp)


@dataclass(frozen=True, eq=False)
class Results:
    """Everything that was measured of one set of images.

    Parameters
    ----------
    images : what the set is called.
    frame, summary : the tables of its runs, one below the other.
    roles : of encoders by their title in the tables.
    stand_ins : titles of encoders that stand for those of the paper.
    """

    images: str
    frame: pd.DataFrame = field(repr=False)
    summary: pd.DataFrame = field(repr=False)
    roles: Mapping[str, Role]
    stand_ins: frozenset[str] = frozenset()

    def encoders(self, *roles: Role) -> list[str]:
        """Titles of the encoders in these roles that have results."""
        there = set(self.summary["encoder"])
        return [name for name, role in self.roles.items() if role in roles and name in there]

    def curve(self, measure: str, encoder: str, protocol: str) -> Curve | None:
        """A curve, or None without a value at any level."""
        return next((c for c in self.curves(measure, encoder, protocol)), None)

    def curves(
        self, measure: str | None = None, encoder: str | None = None, protocol: str | None = None
    ) -> Iterator[Curve]:
        """Every curve of clear parts in either direction, those asked for."""
        rows = self.summary[self.summary["level"].notna() & self.summary["mean"].notna()]
        rows = rows[rows["part"].fillna("clear") == "clear"]
        wanted = {"measure": measure, "encoder": encoder, "protocol": protocol}
        for column, value in wanted.items():
            rows = rows if value is None else rows[rows[column] == value]
        for _, table in rows.groupby(KEY, sort=False):
            yield self._curve(table.sort_values("level").reset_index(drop=True))

    def _curve(self, table: pd.DataFrame) -> Curve:
        first = {name: str(table[name].iloc[0]) for name in KEY}
        rows = self.frame
        for column, value in first.items():
            rows = rows[rows[column] == value]
        values = table["mean"].to_numpy(dtype=float)
        levels = table["level"].to_numpy(dtype=float)
        shown = rows[rows["level"].notna() & rows["value"].notna()]
        by_image = _wide(shown[shown["part"] == "clear"], "image", levels)
        by_image = by_image[~np.isnan(by_image).any(axis=1)]
        return Curve(
            self.images,
            **first,
            unit=str(table["unit"].iloc[0]),
            levels=levels,
            values=values,
            draws=_resampled(by_image) if len(by_image) > 1 else _around(table),
            by_image=by_image,
            table=table,
            history=_wide(shown[shown["epoch"].notna()], "epoch", levels),
        )


def _wide(rows: pd.DataFrame, index: str, levels: Array) -> Array:
    """Values with a row an image or an epoch, and a column a level."""
    wide = rows.pivot_table(index=index, columns="level", values="value", sort=True)
    return wide.reindex(columns=levels).to_numpy(dtype=float)


def _resampled(by_image: Array) -> Array:
    """(DRAWS, L) means over images drawn with replacement."""
    count = len(by_image)
    rng = np.random.default_rng(count)
    shares = rng.multinomial(count, np.full(count, 1 / count), size=DRAWS) / count
    return np.asarray(shares @ by_image)


def _around(table: pd.DataFrame) -> Array:
    """(DRAWS, L) normal around the values, as wide as their intervals; a level without one
    is not moved."""
    ends: dict[str, Any] = {name: table[name].to_numpy(float) for name in ("mean", "low", "high")}
    spread = np.nan_to_num((ends["high"] - ends["low"]) / (2 * NORMAL_95))
    if not spread.any():
        return np.asarray(ends["mean"][None])
    noise = np.random.default_rng(len(spread)).standard_normal((DRAWS, len(spread)))
    return np.asarray(ends["mean"] + spread * noise)
