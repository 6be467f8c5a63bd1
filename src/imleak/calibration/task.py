"""A problem whose mutual information is known."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..interfaces import ImleakError, PairedSamples

Kind = Literal["continuous", "discrete", "mixed"]

NEIGHBOUR_DIMENSIONS = 10
"""Where nearest-neighbour estimates of mutual information stop being useful."""


class Rows(NamedTuple):
    """What a task draws, in double precision.

    `x` is (n, dx), `y` is (n, dy); `groups` is (n,), or None where rows are independent.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    groups: NDArray[np.int64] | None = None


@dataclass(frozen=True, eq=False)
class Task:
    """Paired samples whose mutual information is known.

    Parameters
    ----------
    name : unique; that of the `benchmark-mi` package where the task is one of its own.
    title : for tables and figures.
    mi_bits : the true I(X; Y) of one row, in bits.
    dims : dx and dy.
    draw : (n, random generator) -> rows.
    stream : names the random stream. Tasks of one stream draw the same rows, so that a
        map and its base see the same sample.
    kind : whether the values of a row are continuous, few, or one side of each.
    size : number of values y can take, for a discrete y.
    rows : the sample size the task is usually run at.
    published : figures of public implementations, estimator -> bits.
    reference : where the task and the published figures come from.
    """

    name: str
    title: str
    mi_bits: float
    dims: tuple[int, int]
    draw: Callable[[int, np.random.Generator], Rows]
    stream: str
    kind: Kind = "continuous"
    size: int | None = None
    rows: int = 10_000
    published: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    reference: str = ""

    @property
    def discrete(self) -> bool:
        """Whether x and y both take few values."""
        return self.kind == "discrete"

    @property
    def independent(self) -> bool:
        """Whether there is nothing to find."""
        return self.mi_bits == 0.0

    @property
    def unsuited(self) -> Mapping[str, str]:
        """Estimators that should not be judged by this task, and why."""
        reasons: dict[str, str] = {}
        if self.kind != "continuous":
            reasons["ksg"] = "equal values break the ranking of neighbours"
            reasons["cca"] = "equal values cannot be made Gaussian by rank"
        elif max(self.dims) > NEIGHBOUR_DIMENSIONS:
            reasons["ksg"] = f"more than {NEIGHBOUR_DIMENSIONS} dimensions"
        if not self.discrete or self.dims != (1, 1):
            reasons["tabular-mine"] = "needs scalar pairs of few values"
        return MappingProxyType(reasons)

    def sample(self, n: int, seed: int = 0) -> PairedSamples:
        """`n` rows at one level; the same ones for the same seed.

        Raises
        ------
        ImleakError
            If fewer than two rows are asked for.
        """
        if n < 2:
            raise ImleakError(f"task {self.name} was asked for {n} rows; ask for at least 2")
        rng = np.random.default_rng([seed, zlib.crc32(self.stream.encode())])
        drawn = self.draw(n, rng)
        groups = np.arange(n, dtype=np.int64) if drawn.groups is None else drawn.groups
        return PairedSamples(
            x=drawn.x.astype(np.float32),
            y=drawn.y.astype(np.float32)[None],
            groups=groups,
            sizes=(self.size,),
        )


def bits(nats: float) -> float:
    """Nats to bits."""
    return float(nats / np.log(2))
