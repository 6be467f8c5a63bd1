"""What a problem with a known answer is, and the task of estimating it from samples."""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..interfaces import ImleakError, PairedSamples

Array: TypeAlias = NDArray[np.float64]

NEIGHBOUR_DIMENSIONS = 10
"""Where nearest-neighbour estimates of mutual information stop being useful."""


class Rows(NamedTuple):
    """Samples in double precision: `x` (n, dx), `y` (n, dy), and `groups` (n,), which is
    None where rows are independent."""

    x: Array
    y: Array
    groups: NDArray[np.int64] | None = None


@dataclass(frozen=True, eq=False)
class Problem:
    """A joint law whose mutual information is known.

    Parameters
    ----------
    bits : the true I(X; Y) of one row.
    dims : dx and dy.
    draw : (n, random generator) -> rows.
    kind : whether the values of a row are continuous, few, or one side of each.
    size : number of values y can take, for a discrete y.
    """

    bits: float
    dims: tuple[int, int]
    draw: Callable[[int, np.random.Generator], Rows]
    kind: Literal["continuous", "discrete", "mixed"] = "continuous"
    size: int | None = None


@dataclass(frozen=True, eq=False)
class Task:
    """A problem under its name, and how it is usually sampled.

    Parameters
    ----------
    name : unique; that of the `benchmark-mi` package where the task is one of its own.
    title : for tables and figures.
    problem : the law and its mutual information.
    rows : the sample size the task is usually run at.
    stream : names the random stream if it is not the task's own: tasks of one stream draw
        the same rows, so that a problem and its transform see the same sample.
    published : figures of public implementations, estimator -> bits.
    on_request : run only where it is asked for by name or glob.
    """

    name: str
    title: str
    problem: Problem
    rows: int = 10_000
    stream: str = ""
    published: Mapping[str, float] = field(default_factory=dict)
    on_request: bool = False

    @property
    def unsuited(self) -> Mapping[str, str]:
        """Estimators that should not be judged by this task, and why."""
        reasons: dict[str, str] = {}
        if self.problem.kind != "continuous":
            reasons["ksg"] = "equal values break the ranking of neighbours"
            reasons["cca"] = "equal values cannot be made Gaussian by rank"
        elif max(self.problem.dims) > NEIGHBOUR_DIMENSIONS:
            reasons["ksg"] = f"more than {NEIGHBOUR_DIMENSIONS} dimensions"
        if self.problem.kind != "discrete" or self.problem.dims != (1, 1):
            reasons["tabular-mine"] = "needs scalar pairs of few values"
        if self.problem.dims != (1, 1):
            reasons["rank-histogram"] = "needs scalar pairs"
        return reasons

    def sample(self, n: int, seed: int = 0) -> PairedSamples:
        """`n` rows at one level; the same ones for the same seed. Raises ImleakError if fewer than
        two rows are asked for."""
        if n < 2:
            raise ImleakError(f"task {self.name} was asked for {n} rows; ask for at least 2")
        stream = zlib.crc32((self.stream or self.name).encode())
        rows = self.problem.draw(n, np.random.default_rng([seed, stream]))
        return PairedSamples(
            x=rows.x.astype(np.float32),
            y=rows.y.astype(np.float32)[None],
            groups=np.arange(n, dtype=np.int64) if rows.groups is None else rows.groups,
            sizes=(self.problem.size,),
        )


def bits(nats: float) -> float:
    """Nats to bits."""
    return float(nats / np.log(2))
