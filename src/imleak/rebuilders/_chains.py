"""Beliefs on a grid of samples: what each says of its neighbours, along rows, columns and
channels in turn."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

ROUNDS = 2
"""Times that rows, columns and channels hear of each other."""
SURPRISE = 0.003
"""Probability that a neighbour is anything at all, whatever the smoothness here."""


def beliefs(own: Array, rows: Array, columns: Array, channels: Array | None) -> Array:
    r"""Probabilities of every sample's label, by sum-product belief propagation.

    Along a row, a column or the channels of one place the samples form a chain, on which
    messages forward and backward are exact. Rows, columns and channels take turns, each with
    what the others have found.

    Parameters
    ----------
    own : (L, C, H, W) what is known of a label without its neighbours, unnormalised.
    rows, columns : (W - 1, 2R + 1, C, H) and (H - 1, 2R + 1, C, W), see :func:`kernel`, of
        neighbours on the right and below.
    channels : (C - 1, 2R + 1, H, W) of the next channel; None where they say nothing.

    Returns
    -------
    (L, C, H, W), sums over labels are 1.

    References
    ----------
    Pearl, "Probabilistic reasoning in intelligent systems", 1988, chapter 4.
    """
    of_channels = np.ones_like(own)
    of_columns = np.ones_like(own)
    for _ in range(ROUNDS):
        of_rows = _along(own * of_channels * of_columns, rows, 3)
        of_columns = _along(own * of_channels * of_rows, columns, 2)
        if channels is not None:
            of_channels = _along(own * of_rows * of_columns, channels, 1)
    return normalised(own * of_channels * of_rows * of_columns, 0)


def kernel(difference: Array, scale: Array | float, modulus: int, reach: int) -> Array:
    """Relative probabilities that a neighbour's label is higher by -reach..reach, where
    differences of samples are Laplacian.

    Parameters
    ----------
    difference : of the clear values, the neighbour's less the own.
    scale : of the Laplacian, of the same shape or one for all.
    modulus : what a label counts.

    Returns
    -------
    (2 reach + 1, ...), the highest is 1.
    """
    steps = np.arange(-reach, reach + 1, dtype=np.float32)
    distance = np.abs(difference + np.multiply.outer(modulus * steps, np.ones_like(difference)))
    distance -= distance.min(0)
    found: Array = np.exp(-distance / scale)
    return found


def normalised(weights: Array, axis: int) -> Array:
    """Divided by the sum over an axis, in place."""
    weights /= weights.sum(axis, keepdims=True)
    return weights


def _along(own: Array, kernels: Array, axis: int) -> Array:
    """(L, C, H, W) what the chain on both sides of every sample says of its label."""
    ordered = np.ascontiguousarray(np.moveaxis(own, axis, 0))
    normalised(ordered, 1)
    forward, backward = np.full_like(ordered, 1.0), np.full_like(ordered, 1.0)
    for at in range(1, len(ordered)):
        _tell(ordered[at - 1] * forward[at - 1], kernels[at - 1], forward[at])
    for at in range(len(ordered) - 2, -1, -1):
        _tell(ordered[at + 1] * backward[at + 1], kernels[at, ::-1], backward[at])
    forward *= backward
    return np.moveaxis(normalised(forward, 1), 0, axis)


def _tell(known: Array, kernel: Array, message: Array) -> None:
    """What a sample of which this is known says of its neighbour's label, into `message`."""
    labels, reach = len(known), len(kernel) // 2
    np.multiply(known, kernel[reach], out=message)
    for step in range(1, min(reach, labels - 1) + 1):
        message[step:] += kernel[reach + step] * known[:-step]
        message[:-step] += kernel[reach - step] * known[step:]
    normalised(message, 0)
    message *= 1 - SURPRISE
    message += SURPRISE / labels
