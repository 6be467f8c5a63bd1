"""Which sample values a network is shown as black and as white."""

import re
from dataclasses import dataclass
from typing import Self

import numpy as np

from ..interfaces import ImleakError, Samples

_PERCENTILES = re.compile(r"percentile(?::(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?))?")
_FIXED = re.compile(r"(\d+(?:\.\d+)?)/(\d+(?:\.\d+)?)")
USUAL = (0.5, 99.5)
"""Percentiles, where none are said."""


@dataclass(frozen=True)
class Window:
    """Sample values that are stretched to all of 0 .. 2**B - 1; those beyond are limited to it.

    Parameters
    ----------
    percentiles : of the samples of an image, all channels together: of the plain image those of
        the plain image, of a clear part its own, since an adversary has no others.
    limits : lowest and highest value, the same for all; with neither, all values are shown.
    """

    percentiles: tuple[float, float] | None = None
    limits: tuple[float, float] | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """``full``; ``percentile`` or ``percentile:LOW-HIGH``; ``CENTRE/WIDTH`` in sample values,
        as DICOM's LINEAR_EXACT. Raises ImleakError if it is none of these."""
        if text == "full":
            return cls()
        if found := _PERCENTILES.fullmatch(text):
            low, high = (float(part) for part in found.groups()) if found[1] else USUAL
            if low < high <= 100:
                return cls(percentiles=(low, high))
        elif found := _FIXED.fullmatch(text):
            centre, width = map(float, found.groups())
            if width > 0:
                return cls(limits=(centre - width / 2, centre + width / 2))
        raise ImleakError(
            f"window={text!r:.60}: write full, percentile, percentile:1-99, or CENTRE/WIDTH in "
            "sample values, such as 2048/4096"
        )

    def of(self, samples: Samples, bits: int) -> Samples:
        """A whole image (C, H, W) as it is shown, of the same type: rounded, not below 0 nor above
        2**bits - 1. An image of one value is not stretched."""
        limits = self.limits
        if self.percentiles:
            low, high = np.percentile(samples, self.percentiles)
            limits = (float(low), float(high)) if low < high else None
        if limits is None:
            return samples
        low, high = limits
        top = (1 << bits) - 1
        values = np.arange(top + 1, dtype=np.float64)
        table = np.rint(np.clip((values - low) / (high - low), 0, 1) * top).astype(samples.dtype)
        shown: Samples = table[samples]
        return shown
