"""Weights of the network: where they come from, and what identifies them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...interfaces import ImleakError

State = dict[str, NDArray[np.floating]]

PREFIX = "rebuild/"
"""Of the names of these weights in the file of an adversary, which holds others too."""


def packaged() -> State | None:
    """The weights that come with the package; None where there are none."""
    path = Path(str(files("imleak").joinpath("weights/adversary.safetensors")))
    return _read(path) or None if path.is_file() else None


def from_file(path: str | Path) -> State:
    """The weights of a safetensors file: all of it, or what stands under ``rebuild/``. Raises
    ImleakError if it cannot be read or holds none."""
    from safetensors import SafetensorError

    if not Path(path).is_file():
        raise ImleakError(f"weights {path}: no such file; give a safetensors file")
    try:
        found = _read(path)
    except (OSError, SafetensorError) as error:
        raise ImleakError(f"weights {path}: not a safetensors file that can be read") from error
    if not found:
        raise ImleakError(f"weights {path}: no weights under {PREFIX} in this file")
    return found


def digest_of(state: Mapping[str, NDArray[np.floating]]) -> str:
    """SHA-256 (hex) of names, shapes and values."""
    digest = hashlib.sha256()
    for name in sorted(state):
        value = np.ascontiguousarray(state[name], "<f4")
        digest.update(f"{name}:{value.shape};".encode())
        digest.update(value.tobytes())
    return digest.hexdigest()


def _read(path: str | Path) -> State:
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        names = list(file.keys())
        prefix = (
            PREFIX if any(name.startswith(("rebuild/", "directions/")) for name in names) else ""
        )
        return {
            name.removeprefix(prefix): file.get_tensor(name)
            for name in names
            if name.startswith(prefix)
        }
