"""Every task by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from types import MappingProxyType

import numpy as np

from ..interfaces import ImleakError
from . import discrete, gaussians, maps, pictures, tails
from .task import Task, bits

PUBLISHED_NATS: Mapping[str, Mapping[str, float]] = {
    "1v1-normal-0.75": {"mine": 0.411},
    "half_cube-multinormal-sparse-25-25-2-2.0": {"mine": 0.856, "cca": 0.994},
    "spiral-multinormal-sparse-25-25-2-2.0": {"mine": 0.716, "cca": 0.862},
    "student-identity-5-5-2": {"mine": 0.018, "cca": 0.306},
    "asinh-student-identity-5-5-2": {"mine": 0.320, "cca": 0.002},
}
"""What public implementations of MINE (hidden layers of 100 and 100, batches of 500, Adam
at 1e-3) and of plug-in CCA say of tasks of the `benchmark-mi` package, N = 10,000."""

PUBLISHED_BY = "figures of public MINE (2x100, batch 500, Adam 1e-3) and CCA, N=10,000"


class UnknownTaskError(ImleakError):
    """A name or pattern no task has; the message lists the nearest ones."""


@cache
def tasks() -> Mapping[str, Task]:
    """Every task by name, always in the same order: the forty of `benchmark-mi` under
    their own names, then Gaussians in more dimensions, discrete pairs, pictures, and
    independent data."""
    found: dict[str, Task] = {}
    for task in _all():
        if task.name in found:
            raise ImleakError(f"two tasks are called {task.name!r}; rename one")
        found[task.name] = _with_published(task)
    return MappingProxyType(found)


def select(patterns: str | Iterable[str]) -> tuple[Task, ...]:
    """The tasks whose names match any of the names or globs, in the registry's order.

    Examples
    --------
    >>> [task.name for task in select("independent-51*")]
    ['independent-512']

    Raises
    ------
    UnknownTaskError
        If a pattern matches nothing.
    """
    wanted = [patterns] if isinstance(patterns, str) else list(patterns)
    known = tasks()
    chosen: set[str] = set()
    for pattern in wanted:
        matches = [name for name in known if fnmatchcase(name, pattern)]
        if not matches:
            raise _unknown(pattern, known)
        chosen.update(matches)
    return tuple(task for name, task in known.items() if name in chosen)


def _unknown(pattern: str, known: Mapping[str, Task]) -> UnknownTaskError:
    near = difflib.get_close_matches(pattern, known, n=4, cutoff=0.3) or list(known)[:4]
    return UnknownTaskError(f"no task is called {pattern!r}; near it: {', '.join(near)}")


def _with_published(task: Task) -> Task:
    nats = PUBLISHED_NATS.get(task.name)
    if nats is None:
        return task
    published = MappingProxyType({name: bits(value) for name, value in nats.items()})
    return replace(task, published=published, reference=f"{task.reference}; {PUBLISHED_BY}")


def _all() -> Iterator[Task]:
    yield from _one_dimensional()
    yield from _multivariate()
    yield from _transformed()
    yield from _more_dimensions()
    yield from _few_values()
    yield from _pictures()
    yield from _independent()


def _one_dimensional() -> Iterator[Task]:
    normal, cauchy = gaussians.normal_1v1(0.75), tails.student(1, 1)
    uniform = maps.normal_cdf(normal)
    yield normal
    yield uniform
    yield tails.additive_uniform(0.1)
    yield tails.additive_uniform(0.75)
    yield maps.bimodal(normal)
    yield maps.wiggly(normal)
    yield maps.half_cube(normal)
    yield cauchy
    yield maps.asinh(cauchy)
    yield maps.swiss_roll(uniform)


def _multivariate() -> Iterator[Task]:
    yield from (gaussians.normal_dense(d) for d in (2, 3, 5, 25, 50))
    yield from (gaussians.normal_sparse(d) for d in (2, 3, 5, 25))
    for d, freedom in ((2, 1), (2, 2), (3, 2), (3, 3), (5, 2), (5, 3)):
        yield tails.student(d, freedom)


def _transformed() -> Iterator[Task]:
    sparse = [gaussians.normal_sparse(d) for d in (3, 5, 25)]
    yield from (maps.normal_cdf(task) for task in sparse)
    yield from (maps.half_cube(task) for task in sparse)
    yield from (maps.spiralled(task) for task in sparse)
    yield from (maps.spiralled(maps.normal_cdf(task)) for task in sparse)
    yield from (maps.asinh(tails.student(d, f)) for d, f in ((2, 1), (3, 2), (5, 2)))


def _more_dimensions() -> Iterator[Task]:
    yield gaussians.normal_all(20, 0.5)
    yield gaussians.normal_all(100, 0.2)
    yield gaussians.normal_all(512, 0.1, rows=5_000)
    yield gaussians.normal_dense(128, rows=5_000)
    yield gaussians.normal_dense(512, rows=5_000)
    yield gaussians.normal_sparse(128, rows=5_000)
    yield gaussians.normal_sparse(512, rows=5_000)
    yield gaussians.latents(512, 5, 0.5)


def _few_values() -> Iterator[Task]:
    symmetric = discrete.through(discrete.symmetric_channel(16, 0.2))
    yield discrete.discrete_pair("discrete-symmetric-16-0.2", "16 values, 20% wrong", symmetric)
    erasure = discrete.through(discrete.erasure_channel(4, 0.25))
    yield discrete.discrete_pair("discrete-erasure-4-0.25", "4 values, 25% lost", erasure)
    z_channel = [[0.5, 0.0], [0.25, 0.25]]
    yield discrete.discrete_pair("discrete-z", "Z-channel", z_channel)
    x, y = np.ogrid[:12, :7]
    weights = ((x * x + 5 * x * y + 3 * y) % 11) ** 2
    table = weights / weights.sum()
    yield discrete.discrete_pair("discrete-table-12-7", "Table 12×7", table)


def _pictures() -> Iterator[Task]:
    yield pictures.pixels_symmetric(16, 0.25)
    yield pictures.pixels_erasure(16, 0.5)
    yield pictures.pixels_gaussian(16, 2.0)
    yield from (pictures.pixels_bitplanes(hidden) for hidden in (2, 4, 6))
    yield pictures.shared_bits(0.1)
    yield pictures.texture(16, 8.0)


def _independent() -> Iterator[Task]:
    yield from (gaussians.independent_normal(d) for d in (1, 2, 5, 10, 20, 50, 128, 256, 512))
    yield tails.independent_student(5, 2)
    product = np.outer([0.5, 0.3, 0.15, 0.05], [0.4, 0.4, 0.2])
    yield discrete.discrete_pair(
        "independent-discrete", "Independent 4×3 table", product, rows=5_000
    )
    yield pictures.independent_patches()
