"""Means over equal areas of an image."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def areas(side: int, size: int) -> NDArray[np.float32]:
    """(size, side): the share of every sample in each of `size` equal parts of a side."""
    edges = np.arange(size + 1) * (side / size)
    at = np.arange(side)
    low = np.maximum(edges[:-1, None], at)
    high = np.minimum(edges[1:, None], at + 1)
    shares: NDArray[Any] = np.maximum(high - low, 0) * (size / side)
    return shares.astype(np.float32)
