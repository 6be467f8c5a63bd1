"""Whether samples are samples, and exposures the same."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Exposure
from ._checks import NotConforming, require


def require_samples(samples: Any, bits: int, what: str) -> None:
    """An array (C, H, W) whose values fit its bits."""
    require(
        isinstance(samples, np.ndarray)
        and samples.ndim == 3
        and samples.dtype in (np.uint8, np.uint16),
        f"{what} is no array (C, H, W) of uint8 or uint16",
    )
    require(1 <= bits <= 16, f"{what} has {bits} bits, not 1 to 16")
    highest = int(samples.max(initial=0))
    require(
        highest < 1 << bits,
        f"{what} has a sample {highest}, above {(1 << bits) - 1}, the most of {bits}-bit samples",
    )


def require_equal(found: NDArray[Any], expected: NDArray[Any], why: str) -> None:
    """Two arrays have the same shape, type and values."""
    if found.shape != expected.shape or found.dtype != expected.dtype:
        raise NotConforming(
            f"{why}: shape {found.shape} and type {found.dtype}, "
            f"not {expected.shape} and {expected.dtype}"
        )
    different = int((found != expected).sum())
    require(not different, f"{why}: {different} of {found.size} samples differ")


def require_same(one: Exposure, other: Exposure, what: str, rule: str) -> None:
    """Two exposures are the same."""
    parts = differences(one, other)
    require(not parts, f"{what} differ in {', '.join(parts)} of their exposures: {rule}")


def differences(one: Exposure, other: Exposure) -> list[str]:
    """In what two exposures differ."""
    parts = [] if np.array_equal(one.rendered, other.rendered) else ["rendered"]
    if one.symbols.keys() != other.symbols.keys():
        parts.append("the names of symbols")
    parts += [
        f"symbols[{name!r}]"
        for name in one.symbols.keys() & other.symbols.keys()
        if not np.array_equal(one.symbols[name], other.symbols[name])
    ]
    values = ("bits", "size", "is_empty")
    return parts + [name for name in values if getattr(one, name) != getattr(other, name)]
