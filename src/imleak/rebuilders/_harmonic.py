"""The smoothest surface through what is known of an image."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

COARSEST = 8
"""Side below which what is unknown is first the mean of what is known."""
SWEEPS, MOST_SWEEPS, UPDATES = 32, 128, 1 << 18
"""Passes over an image at every scale: more where they are together so many updates or less."""
MOST_RELAXED = 1.9
"""Most that a value is moved, as a multiple of the way to the mean of its neighbours."""


def harmonic(values: Array, unknown: Mask) -> Array:
    r"""Fill (C, H, W) values so that those in the unknown places (H, W) solve
    :math:`\Delta u = 0`, with no flow across the edges of the image; nearly.

    From the coarsest scale to the finest: what is unknown is first as one scale above, and then
    near the mean of its neighbours, in places of even and of odd coordinates in turn.

    References
    ----------
    Bornemann, Deuflhard, "The cascadic multigrid method for elliptic problems", Numerische
    Mathematik 75, 1996.
    """
    if not unknown.any() or unknown.all():
        return values
    if min(unknown.shape) < COARSEST:
        guess = values[:, ~unknown].mean(1)[:, np.newaxis, np.newaxis]
    else:
        coarse = harmonic(*_halved(values, unknown))
        height, width = unknown.shape
        guess = coarse.repeat(2, 1).repeat(2, 2)[:, :height, :width]
    return _relaxed(np.where(unknown, guess, values), unknown)


def _halved(values: Array, unknown: Mask) -> tuple[Array, Mask]:
    """Means of what is known of squares of 2x2, and where nothing is."""
    sides = [(0, side % 2) for side in unknown.shape]
    known = np.pad(~unknown, sides)
    tall, wide = (side // 2 for side in known.shape)
    squares = known.reshape(tall, 2, wide, 2)
    count = squares.sum((1, 3))
    padded = np.pad(np.where(unknown, 0, values), [(0, 0), *sides])
    sums = padded.reshape(len(values), tall, 2, wide, 2).sum((2, 4))
    return sums / np.maximum(count, 1), count == 0


def _relaxed(values: Array, unknown: Mask) -> Array:
    """What is unknown moved to the means of neighbours and beyond them, in place: successive
    over-relaxation with the factor that is best for a square of twice this side, as edges
    without flow are mirrors."""
    rows, columns = np.flatnonzero(unknown.any(1)), np.flatnonzero(unknown.any(0))
    # What lies around the unknown places is all that takes part.
    box = tuple(slice(max(at[0] - 1, 0), at[-1] + 2) for at in (rows, columns))
    part, places = values[:, *box], unknown[box]
    factor = min(MOST_RELAXED, 2 / (1 + np.pi / (2 * max(min(places.shape), 2))))
    odd = np.add.outer(*map(np.arange, places.shape)) % 2 == 1
    sweeps = min(MOST_SWEEPS, max(SWEEPS, UPDATES // part.size))
    for sweep in range(2 * sweeps):
        around = np.pad(part, [(0, 0), (1, 1), (1, 1)], mode="edge")
        mean = around[:, :-2, 1:-1] + around[:, 2:, 1:-1]
        mean += around[:, 1:-1, :-2] + around[:, 1:-1, 2:]
        mean *= factor / 4
        mean += (1 - factor) * part
        np.copyto(part, mean, where=places & (odd if sweep % 2 else ~odd))
    return values
