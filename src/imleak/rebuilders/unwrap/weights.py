"""Where the weights of the network come from."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from ...interfaces import ImleakError
from ...networks.weights import State, shapes, tensors

PREFIX = "rebuild/"
"""Of the names of these weights in the file of an adversary, which holds others too."""


def packaged() -> State | None:
    """The weights that come with the package; None where there are none."""
    path = Path(str(files("imleak").joinpath("weights/adversary.safetensors")))
    return _read(path) or None if path.is_file() else None


def from_file(path: str | Path) -> State:
    """The weights of a safetensors file: all of it, or what stands under ``rebuild/``. Raises
    ImleakError if it cannot be read or holds none."""
    found = _read(path)
    if not found:
        raise ImleakError(f"weights {path}: no weights under {PREFIX} in this file")
    return found


def _read(path: str | Path) -> State:
    of_adversary = any(name.startswith((PREFIX, "directions/")) for name in shapes(path))
    return tensors(path, PREFIX if of_adversary else "")
