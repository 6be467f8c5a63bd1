"""Invertible maps: applied to x or to y alone they leave the mutual information as it is.

The maps are those of Czyż et al. (NeurIPS 2023), with the same constants.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from .task import Rows, Task

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Map:
    """An invertible map of rows, (n, d) -> (n, d')."""

    forward: Callable[[Array], Array]
    inverse: Callable[[Array], Array]


def mapped(
    task: Task,
    prefix: str,
    title: str,
    x_map: Map,
    y_map: Map | None = None,
    *,
    x_dims: int | None = None,
) -> Task:
    """The task with x and y through maps (`y_map` None leaves y alone).

    It draws the same rows as its base, has the same truth, and none of its published
    figures.
    """

    def draw(n: int, rng: np.random.Generator) -> Rows:
        rows = task.draw(n, rng)
        y = rows.y if y_map is None else y_map.forward(rows.y)
        return rows._replace(x=x_map.forward(rows.x), y=y)

    return replace(
        task,
        name=f"{prefix}-{task.name}",
        title=f"{title} {_lower(task.title)}",
        dims=(x_dims or task.dims[0], task.dims[1]),
        draw=draw,
        published={},
    )


def _lower(title: str) -> str:
    """With a small first letter, unless the first word is an abbreviation."""
    return title if title[1:2].isupper() else title[0].lower() + title[1:]


def increasing(f: Callable[[Array], Array], low: float, high: float) -> Callable[[Array], Array]:
    """The inverse of an increasing function on [low, high], by bisection to the last bit."""

    def inverse(values: Array) -> Array:
        a, b = np.full_like(values, low), np.full_like(values, high)
        for _ in range(64):
            middle = 0.5 * (a + b)
            below = f(middle) < values
            a, b = np.where(below, middle, a), np.where(below, b, middle)
        return 0.5 * (a + b)

    return inverse


def _wiggle_x(x: Array) -> Array:
    return x + 0.4 * np.sin(x) + 0.2 * np.sin(1.7 * x + 1) + 0.03 * np.sin(3.3 * x - 2.5)


def _wiggle_y(y: Array) -> Array:
    return y - 0.4 * np.sin(0.4 * y) + 0.17 * np.sin(1.3 * y + 3.5) + 0.02 * np.sin(4.3 * y - 2.5)


NORMAL_CDF = Map(ndtr, ndtri)
HALF_CUBE = Map(lambda x: x * np.sqrt(np.abs(x)), lambda x: np.sign(x) * np.cbrt(x * x))
ASINH = Map(np.arcsinh, np.sinh)
WIGGLY_X = Map(_wiggle_x, increasing(_wiggle_x, -100.0, 100.0))
WIGGLY_Y = Map(_wiggle_y, increasing(_wiggle_y, -100.0, 100.0))


def two_bumps(weight: float, first: float, second: float) -> Map:
    """A standard normal to a mixture of unit normals at `first` and `second`, by quantiles."""

    def mixture(x: Array) -> Array:
        return weight * ndtr(x - first) + (1 - weight) * ndtr(x - second)

    quantile = increasing(mixture, -20.0, 20.0)
    return Map(lambda z: quantile(ndtr(z)), lambda x: ndtri(mixture(x)))


def spiral(plane: tuple[int, int], speed: float) -> Map:
    """Turn a plane of coordinates by `speed` times the squared norm of the row."""

    def turn(rows: Array, sign: float) -> Array:
        angle = sign * speed * np.square(rows).sum(axis=1)
        turned, (i, j) = rows.copy(), plane
        turned[:, i] = np.cos(angle) * rows[:, i] - np.sin(angle) * rows[:, j]
        turned[:, j] = np.sin(angle) * rows[:, i] + np.cos(angle) * rows[:, j]
        return turned

    return Map(lambda rows: turn(rows, 1.0), lambda rows: turn(rows, -1.0))


def _roll(u: Array) -> Array:
    t = 1.5 * np.pi * (1 + 2 * u)
    return np.hstack([t * np.cos(t), t * np.sin(t)]) / 21.0


def _unroll(rows: Array) -> Array:
    t = 21.0 * np.hypot(rows[:, :1], rows[:, 1:])
    return 0.5 * (t / (1.5 * np.pi) - 1)


SWISS_ROLL = Map(_roll, _unroll)


def normal_cdf(task: Task) -> Task:
    """Every coordinate of a normal task made uniform."""
    return mapped(task, "normal_cdf", "CDF", NORMAL_CDF, NORMAL_CDF)


def half_cube(task: Task) -> Task:
    """x |x|^(1/2) in every coordinate: longer tails."""
    return mapped(task, "half_cube", "Half-cube", HALF_CUBE, HALF_CUBE)


def asinh(task: Task) -> Task:
    """asinh in every coordinate: shorter tails."""
    return mapped(task, "asinh", "Asinh", ASINH, ASINH)


def wiggly(task: Task) -> Task:
    """Sums of sines added to every coordinate, slowly enough to stay increasing."""
    return mapped(task, "wiggly", "Wiggly", WIGGLY_X, WIGGLY_Y)


def spiralled(task: Task) -> Task:
    """x turned in its first plane, y in its second, at speed 1/d; d is at least 3."""
    x_map = spiral((0, 1), 1 / task.dims[0])
    y_map = spiral((1, 2), 1 / task.dims[1])
    return mapped(task, "spiral", "Spiral", x_map, y_map)


def swiss_roll(task: Task) -> Task:
    """A uniform scalar x rolled up in the plane; y is left alone."""
    return mapped(task, "swissroll_x", "Swiss roll", SWISS_ROLL, x_dims=2)


def bimodal(task: Task) -> Task:
    """The pair of :func:`~.gaussians.normal_1v1` with two bumps on each side."""
    x_map, y_map = two_bumps(0.3, 0.0, 5.0), two_bumps(0.5, -1.0, 3.0)
    both = mapped(task, "bimodal", "Bimodal", x_map, y_map)
    return replace(both, name=task.name.replace("normal", "bimodal"), title="Bimodal 1×1")
