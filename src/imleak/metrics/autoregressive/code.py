"""A learned code: networks, the images they learned from, and how long it codes an image."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from ...files import open_regular, printable
from ...interfaces import ImleakError
from ...networks.learned import card_of, with_card
from .architecture import shapes

if TYPE_CHECKING:
    from ...networks.weights import State
    from .network import Network

CARD = "code"
"""Where in the header of a file it says what it is."""
SHIPPED = "weights/code.safetensors"
SIZES = tuple(1 << planes for planes in range(16, 0, -1))
"""Values that a symbol of so many planes can take."""
AT_ONCE = 16_384
"""Samples that go through a network together."""


@dataclass(frozen=True, eq=False)
class LearnedCode:
    """Networks that were trained before any image was measured.

    Parameters
    ----------
    sizes : values a symbol can take, of every network: the last of :data:`SIZES`.
    state : weights by name.
    images : digests of the images that they learned from, see :mod:`imleak.networks.learned`.
    """

    sizes: tuple[int, ...]
    state: State
    images: frozenset[str]

    @classmethod
    def read(cls, path: str | Path | None = None) -> Self:
        """That of a safetensors file, or the one that comes with the package. Raises ImleakError
        if it is no such file."""
        from safetensors import SafetensorError
        from safetensors.numpy import load

        path = Path(str(files("imleak").joinpath(SHIPPED))) if path is None else Path(path)
        shown = printable(str(path))
        try:
            with open_regular(path) as file:
                content = file.read()
            card = card_of(content, CARD)
            sizes = SIZES[SIZES.index(card["sizes"][0]) :]
            made = cls(sizes, load(content), card["images"])
        except OSError as error:
            raise ImleakError(f"learned code {shown}: cannot be read ({error.strerror})") from error
        except (SafetensorError, ValueError, LookupError, TypeError) as error:
            raise ImleakError(
                f"{shown} is no learned code; imleak adversary code FOLDER -o FILE makes one"
            ) from error
        _check_shapes(made, shown)
        return made

    @property
    def file(self) -> bytes:
        """It, as a safetensors file."""
        card = {"sizes": self.sizes, "images": sorted(self.images)}
        return with_card(self.state, CARD, card)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of all of it."""
        return hashlib.sha256(self.file).hexdigest()

    @cached_property
    def network(self) -> Network:
        from .network import load

        return load(self.sizes, self.state)

    def bits(self, rows: NDArray[np.integer[Any]], size: int) -> float:
        """Bits of a code of symbols (H, W) below `size`. The lowest bits of symbols that take more
        values than the networks know are coded as they are."""
        import torch

        from .context import contexts, padded

        spare = 0
        while size > self.sizes[0]:
            size, spare = (size + 1) // 2, spare + 1
        at = sum(one >= size for one in self.sizes) - 1
        framed = padded((rows >> spare).astype(np.uint16))
        step, total = max(1, AT_ONCE // rows.shape[1]), 0.0
        with torch.inference_mode():
            for top in range(0, len(rows), step):
                known, values, phase = (
                    torch.from_numpy(part.astype(np.float32))
                    for part in contexts(framed, top, min(top + step, len(rows)))
                )
                cost = self.network.bits(known[None], values[None], phase.long(), slice(at, at + 1))
                total += float(cost.sum(dtype=torch.float64))
        return total + spare * rows.size


def _check_shapes(code: LearnedCode, shown: str) -> None:
    """Raises ImleakError unless its weights are those of its networks, before any image is read."""
    given = {name: value.shape for name, value in code.state.items()}
    wrong = sorted(dict(given.items() ^ shapes(code.sizes).items()))
    if wrong:
        raise ImleakError(
            f"{shown} is a damaged learned code, or of another version of imleak: {wrong[0]} is "
            "missing, unknown or of another shape; imleak adversary code FOLDER -o FILE makes one"
        )
