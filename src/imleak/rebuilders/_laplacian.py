"""Errors with a Laplacian law: how often a rebuilt sample is exactly right."""

import numpy as np
from numpy.typing import NDArray


def exactly(scale: NDArray[np.floating] | float) -> NDArray[np.floating]:
    r"""The share of Laplacian errors of a scale b, in steps of a sample, that round to 0:
    :math:`1 - e^{-1 / 2 b}`."""
    return np.asarray(1 - np.exp(-0.5 / scale))
