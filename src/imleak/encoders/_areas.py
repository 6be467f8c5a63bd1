"""Means of equal areas, whatever the number of samples."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


@lru_cache(maxsize=32)
def areas(side: int, size: int) -> NDArray[np.float32]:
    """(size, side): the share of every sample in each of `size` equal parts of a side."""
    edges = np.arange(size + 1) * (side / size)
    at = np.arange(side)
    low = np.maximum(edges[:-1, None], at)
    high = np.minimum(edges[1:, None], at + 1)
    shares: NDArray[np.float32] = (np.maximum(high - low, 0) * (size / side)).astype(np.float32)
    shares.flags.writeable = False
    return shares
