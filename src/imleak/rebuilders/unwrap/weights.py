"""Where the weights of the network come from."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from ...interfaces import ImleakError
from ...networks.weights import State, shapes, tensors
from . import architecture

PREFIX = "rebuild/"
"""Of the names of these weights in the file of an adversary, which holds others too."""


def packaged() -> State | None:
    """The weights that come with the package; None where there are none."""
    path = Path(str(files("imleak").joinpath("weights/adversary.safetensors")))
    return tensors(path, _prefix(path)) or None if path.is_file() else None


def from_file(path: str | Path) -> State:
    """The weights of a safetensors file: all of it, or what stands under ``rebuild/``. Raises
    ImleakError if it cannot be read, holds none, or those of another network."""
    prefix = _prefix(path)
    found = {
        name.removeprefix(prefix): shape
        for name, shape in shapes(path).items()
        if name.startswith(prefix)
    }
    if not found:
        raise ImleakError(f"weights {path}: no weights under {PREFIX} in this file")
    if found != architecture.shapes():
        raise ImleakError(
            f"weights {path}: of another network; write them by imleak adversary train FOLDER "
            "--rebuild -o FILE"
        )
    return tensors(path, prefix)


def _prefix(path: str | Path) -> str:
    """Of the names of these weights in a file."""
    of_adversary = any(name.startswith((PREFIX, "directions/")) for name in shapes(path))
    return PREFIX if of_adversary else ""
