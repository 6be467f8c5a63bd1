"""Length of the clear part in a code that was learned from other images."""

from __future__ import annotations

import math
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Bound, Exposure, Measurement, Observation, Raster
from ._observed import PerImage, nested

if TYPE_CHECKING:
    from .autoregressive.code import LearnedCode

GREEN = 1
"""The channel that the others are coded as differences from."""


class LearnedCodeLength(PerImage):
    r"""Cross-entropy of the clear part under a network that was trained on other images, in bits
    per pixel.

    Whatever distribution q was fixed before an image was seen,

    .. math:: I(X; X_E) = H(X_C) \le E[-\log_2 q(X_C)],

    because -log2 q is, but for two bits an image, the length of a code (arithmetic coding with
    q), and no code is shorter on average than the entropy. So the mean over images is an upper
    bound for every adversary, as that of ``codelength`` is, and a tighter one where q knows
    photographs better than a general codec. Nobody has to be sent the network, as nobody
    is sent a codec: it was there before.

    q is autoregressive, :math:`q(x) = \prod_i q(x_i \mid x_j, j \text{ before } i)`: a small
    network sees the 64 neighbours above a symbol and to its left, all of them of the clear
    part, and gives a mixture of logistics on the circle of the values a symbol can take. There
    is one network for each number of values from 2 to 256, trained on the lowest planes of
    photographs. Of colour green is coded first, then red and blue as they are or as
    differences to green, whichever is shorter. Any other clear part is coded too, less shortly:
    symbols of more values without their lowest bits, which cost one bit each, and symbols that
    are no image as raw bits. The bound is never above raw bits, nor, where the clear part of
    one level can be computed from that of the one before, above that of the one before.

    An image that the network learned from, or whose luma it learned from, is refused, if it is
    the same to the sample. Leave near-duplicates of them out yourself.

    Parameters
    ----------
    weights : safetensors file of a code, as ``imleak adversary code`` writes; by default the one
        that comes with the package, of 304 photographs.

    Raises
    ------
    ImleakError
        If it is no such file.

    References
    ----------
    Cover and Thomas, "Elements of information theory", sections 5.4 and 13.3. Salimans et al.,
    "PixelCNN++", ICLR 2017: an autoregressive network with a mixture of logistics.
    """

    references = ("cover2006", "salimans2017")
    name = "learned-codelength"
    version = "1"
    unit = "bit/pixel"
    bound: Bound = "upper"
    argument = "weights"

    def __init__(self, *, weights: str | Path | None = None) -> None:
        self.weights = weights
        if weights is not None:
            self._code  # noqa: B018 (read, so that a wrong file is refused before the work)

    @cached_property
    def _code(self) -> LearnedCode:
        from .autoregressive.code import LearnedCode

        return LearnedCode.read(self.weights)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the code."""
        return self._code.digest

    def measure(self, observation: Observation) -> list[Measurement]:
        """One value a level, in bits per pixel; the ceiling is log2 |Y|.

        Raises
        ------
        ImleakError
            If the network learned from this image.
        """
        from ..networks.learned import refuse_learned

        why = "what it says of it is no bound"
        plain = Raster(observation.plain, observation.bits)
        refuse_learned(plain, self._code.images, self.name, why)
        pixels = observation.plain.size
        bound, found = math.inf, []
        for level, is_nested in zip(observation.levels, nested(observation), strict=True):
            bits, most = self._bits(observation.exposure(level))
            bound = min(bits / pixels, bound if is_nested else math.inf)
            found.append(self.at(level, bound, ceiling=most / pixels))
        return found

    def _bits(self, exposure: Exposure) -> tuple[float, float]:
        """Bits of a clear part in the shorter code, and without one."""
        bits = most = 0.0
        for symbols in exposure.symbols.values():
            size = exposure.size or 1 << 8 * symbols.dtype.itemsize
            raw = symbols.size * math.log2(size)
            most += raw
            is_image = symbols.ndim == 3 and raw > 0
            bits += min(raw, sum(self._channels(symbols, size))) if is_image else raw
        return bits, most

    def _channels(self, symbols: NDArray[np.integer[Any]], size: int) -> list[float]:
        """Bits of every channel of symbols (C, H, W)."""
        code, symbols = self._code, symbols.astype(np.int64)
        if len(symbols) != 3:
            return [code.bits(channel, size) for channel in symbols]
        green = symbols[GREEN]
        ways = [(each, (each - green) % size) for each in (symbols[0], symbols[2])]
        return [
            code.bits(green, size),
            *(min(code.bits(way, size) for way in both) for both in ways),
        ]
