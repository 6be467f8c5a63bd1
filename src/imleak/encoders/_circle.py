"""Samples modulo a power of two, as places on a circle."""

from __future__ import annotations

from functools import cache

import numpy as np

from ..interfaces import Features


@cache
def phasors(bits: int) -> Features:
    r"""(2, 2**bits): :math:`\cos` and :math:`\sin` of :math:`2 \pi c / 2^B`, for every c."""
    angles = np.arange(1 << bits) * (2 * np.pi / (1 << bits))
    both: Features = np.stack([np.cos(angles), np.sin(angles)]).astype(np.float32)
    return both
