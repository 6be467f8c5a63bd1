"""Invertible maps: applied to x or to y alone they leave the mutual information as it is.

The constants are those of the reference.

References
----------
Czyż et al., "Beyond normal: on the evaluation of mutual information estimators", NeurIPS 2023.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from scipy.special import ndtr

from ..task import Array, Problem, Rows

Map: TypeAlias = Callable[[Array], Array]
"""Rows (n, d) to rows (n, d')."""


def transformed(
    problem: Problem, x_map: Map, y_map: Map | None = None, x_dims: int | None = None
) -> Problem:
    """The same rows with x and y through maps; `y_map` None leaves y alone."""

    def draw(n: int, rng: np.random.Generator) -> Rows:
        rows = problem.draw(n, rng)
        return rows._replace(x=x_map(rows.x), y=rows.y if y_map is None else y_map(rows.y))

    return replace(problem, dims=(x_dims or problem.dims[0], problem.dims[1]), draw=draw)


def half_cube(x: Array) -> Array:
    """x |x|^(1/2): longer tails."""
    return np.asarray(x * np.sqrt(np.abs(x)))


def wiggly_x(x: Array) -> Array:
    """Sines added, slowly enough to stay increasing."""
    return x + 0.4 * np.sin(x) + 0.2 * np.sin(1.7 * x + 1) + 0.03 * np.sin(3.3 * x - 2.5)


def wiggly_y(y: Array) -> Array:
    """Other sines, for the other side."""
    return y - 0.4 * np.sin(0.4 * y) + 0.17 * np.sin(1.3 * y + 3.5) + 0.02 * np.sin(4.3 * y - 2.5)


def two_bumps(weight: float, first: float, second: float) -> Map:
    """A standard normal to a mixture of unit normals at `first` and `second`, by quantiles."""

    def mixture(x: Array) -> Array:
        return np.asarray(weight * ndtr(x - first) + (1 - weight) * ndtr(x - second))

    return lambda normal: _solved(mixture, ndtr(normal), -20.0, 20.0)


def _solved(increasing: Map, values: Array, low: float, high: float) -> Array:
    """Where an increasing function takes the values, by bisection to the last bit."""
    a, b = np.full_like(values, low), np.full_like(values, high)
    for _ in range(64):
        middle = 0.5 * (a + b)
        below = increasing(middle) < values
        a, b = np.where(below, middle, a), np.where(below, b, middle)
    return np.asarray(0.5 * (a + b))


def spiral(plane: tuple[int, int], speed: float) -> Map:
    """Turn a plane of coordinates by `speed` times the squared norm of the row."""
    i, j = plane

    def turn(rows: Array) -> Array:
        angle = speed * np.square(rows).sum(axis=1)
        turned = rows.copy()
        turned[:, i] = np.cos(angle) * rows[:, i] - np.sin(angle) * rows[:, j]
        turned[:, j] = np.sin(angle) * rows[:, i] + np.cos(angle) * rows[:, j]
        return turned

    return turn


def swiss_roll(uniform: Array) -> Array:
    """A uniform scalar rolled up in the plane."""
    t = 1.5 * np.pi * (1 + 2 * uniform)
    return np.hstack([t * np.cos(t), t * np.sin(t)]) / 21.0
