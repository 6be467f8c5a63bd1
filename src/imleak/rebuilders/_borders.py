"""The means of blocks whose other coefficients are known, from what stands at their borders."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

ROUNDS, STEPS = 8, 40
"""Of weights, and of the conjugate gradients of each."""
EXACT = 1e-20
"""Share of the first residual, squared, that is rounding."""
LEAST = 1.0
"""Least scale of an error of a border, in steps of a sample."""


def offsets(blocks: Array) -> Array:
    r"""What to add to each of the blocks (h, w, 8, 8), so that they continue in one another; 0 in
    the mean.

    Of the border of two blocks i and j the difference :math:`g_{ij}` of their offsets is the median
    over its eight pairs of samples, each continued linearly to the border, and :math:`s_{ij}`
    the median deviation from it. The offsets d are those of least

    .. math:: \sum_{i \sim j} w_{ij} (d_j - d_i - g_{ij})^2, \qquad
              w_{ij} = 1 / (|d_j - d_i - g_{ij}| + s_{ij} + 1),

    weighted again in some rounds, by conjugate gradients that are preconditioned with the
    solution of equal weights, a Poisson equation.
    """
    columns, across = _borders(blocks[:, :-1], blocks[:, 1:], 3)
    rows, down = _borders(blocks[:-1], blocks[1:], 2)
    found = _poisson(_divergence(columns, rows))
    for _ in range(ROUNDS):
        wide = 1 / (np.abs(np.diff(found, axis=1) - columns) + across)
        tall = 1 / (np.abs(np.diff(found, axis=0) - rows) + down)
        found = _weighted(columns, rows, wide, tall, found)
    return found


def _borders(before: Array, after: Array, axis: int) -> tuple[Array, Array]:
    """The difference of the offsets of neighbours, and its scale."""
    ends = [1.5 * before.take(7, axis) - 0.5 * before.take(6, axis)]
    ends.append(1.5 * after.take(0, axis) - 0.5 * after.take(1, axis))
    steps = ends[0] - ends[1]
    middle = np.median(steps, axis=-1)
    return middle, np.median(np.abs(steps - middle[..., None]), axis=-1) + LEAST


def _divergence(columns: Array, rows: Array) -> Array:
    """(h, w) of differences (h, w - 1) and (h - 1, w)."""
    found = np.zeros((columns.shape[0], rows.shape[1]))
    found[:, 1:] += columns
    found[:, :-1] -= columns
    found[1:] += rows
    found[:-1] -= rows
    return found


def _poisson(divergence: Array) -> Array:
    """The surface whose differences have this divergence, with no flow across its edges."""
    from scipy.fft import dctn, idctn

    rows, columns = (2 - 2 * np.cos(np.pi * np.arange(n) / n) for n in divergence.shape)
    eigenvalues = np.add.outer(rows, columns)
    eigenvalues[0, 0] = np.inf
    found: Array = idctn(dctn(divergence, norm="ortho") / eigenvalues, norm="ortho")
    return found


def _weighted(columns: Array, rows: Array, wide: Array, tall: Array, start: Array) -> Array:
    """The offsets of least weighted squares, from others on."""

    def applied(to: Array) -> Array:
        return _divergence(wide * np.diff(to, axis=1), tall * np.diff(to, axis=0))

    found = start
    left = _divergence(wide * columns, tall * rows) - applied(found)
    ahead = along = _poisson(left)
    size = float(np.sum(left * along))
    least = EXACT * size
    for _ in range(STEPS):
        if size <= least:
            break
        moved = applied(ahead)
        step = size / float(np.sum(ahead * moved))
        found, left = found + step * ahead, left - step * moved
        along = _poisson(left)
        before, size = size, float(np.sum(left * along))
        ahead = along + size / before * ahead
    return found
