"""Coefficients of JPEG files of which the image is as smooth as it can be."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Blocks

Values: TypeAlias = NDArray[np.float32]
"""Of one component: coefficients (h, w, 8, 8) that are not quantised, or samples (8h, 8w)."""
Mask: TypeAlias = NDArray[np.bool_]

FIXED = (0.9, 0.7, 0.5, 0.3)
"""Shares of what coefficients must reach from which on they are fixed, in one round after the
other."""
INSIDE = 0.5
"""Weight of the differences inside a block, beside those across its border."""
ITERATIONS, DUAL_STEP = 20, 3.0
"""Of a round, and the step of the dual variables; the product of both steps is 1/8."""


def in_rounds(
    start: Values,
    unknown: Mask,
    limit: Values,
    near: Callable[[Values, float], Mask],
    fixed: Callable[[Values], Values],
) -> Values:
    """The smoothest coefficients in some rounds. After each, those that come near to what they
    must reach are fixed there, and what is left is solved again.

    Parameters
    ----------
    start, unknown, limit : see :func:`smoothest`.
    near : (solution, share) -> which come as near as this share of what they must reach.
    fixed : solution -> what they are fixed at.
    """
    solution = start
    for share in FIXED:
        solution = smoothest(solution, unknown, limit)
        reached = unknown & near(solution, share)
        solution = np.where(reached, fixed(solution), solution)
        unknown = unknown & ~reached
    return smoothest(solution, unknown, limit)


def smoothest(start: Values, unknown: Mask, limit: Values) -> Values:
    """Coefficients of least weighted total variation, the unknown ones within their limits; nearly,
    and from others on."""
    solution, samples = start, samples_of(start)
    ahead = samples
    across, down = (_weights(side) for side in samples.shape[::-1])
    rows, columns = np.zeros_like(samples[1:]), np.zeros_like(samples[:, 1:])
    for _ in range(ITERATIONS):
        columns = (columns + DUAL_STEP * np.diff(ahead, axis=1)).clip(-across, across)
        rows = (rows + DUAL_STEP * np.diff(ahead, axis=0)).clip(-down[:, None], down[:, None])
        divergence = np.zeros_like(samples)
        divergence[:, 1:] += columns
        divergence[:, :-1] -= columns
        divergence[1:] += rows
        divergence[:-1] -= rows
        moved = coefficients_of(samples - 0.125 / DUAL_STEP * divergence)
        solution = np.where(unknown, moved.clip(-limit, limit), start)
        before, samples = samples, samples_of(solution)
        ahead = 2 * samples - before
    return solution


def _weights(side: int) -> Values:
    """(side - 1,) of the differences between neighbours in a row or column."""
    found = np.full(side - 1, INSIDE, np.float32)
    found[7::8] = 1
    return found


def samples_of(coefficients: Values) -> Values:
    from scipy.fft import idctn

    blocks = idctn(coefficients, axes=(2, 3), norm="ortho")
    found: Values = blocks.swapaxes(1, 2).reshape(8 * blocks.shape[0], -1)
    return found


def coefficients_of(samples: Values) -> Values:
    from scipy.fft import dctn

    height, width = samples.shape
    blocks = samples.reshape(height // 8, 8, width // 8, 8).swapaxes(1, 2)
    found: Values = dctn(blocks, axes=(2, 3), norm="ortho")
    return found


def quantised(coefficients: Values, step: Values) -> Blocks:
    found: Blocks = np.rint(coefficients / step).astype(np.int16)
    return found
