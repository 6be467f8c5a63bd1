"""Weights of networks: their files, and what identifies them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..interfaces import ImleakError

if TYPE_CHECKING:
    from torch import nn

State = dict[str, NDArray[np.floating]]


def tensors(path: str | Path, prefix: str = "") -> State:
    """The arrays of a safetensors file whose names begin with a prefix, without it."""
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        return {
            name.removeprefix(prefix): file.get_tensor(name)
            for name in file.keys()  # noqa: SIM118 (it is no dict)
            if name.startswith(prefix)
        }


def shapes(path: str | Path) -> dict[str, list[int]]:
    """The shapes of the arrays of a safetensors file, by name. Raises ImleakError if it cannot be
    read, or holds other numbers than floats that numpy has."""
    from safetensors import SafetensorError, safe_open

    if not Path(path).is_file():
        raise ImleakError(f"weights {path}: no such file; give a safetensors file")
    try:
        with safe_open(path, framework="numpy") as file:
            parts = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            types = {str(part.get_dtype()) for part in parts.values()}
            if types <= {"F16", "F32", "F64"}:
                return {name: list(part.get_shape()) for name, part in parts.items()}
    except (OSError, SafetensorError) as error:
        raise ImleakError(f"weights {path}: not a safetensors file that can be read") from error
    raise ImleakError(f"weights {path}: of {', '.join(sorted(types))}; save them as F16 or F32")


def digest_of(state: Mapping[str, NDArray[np.floating]]) -> str:
    """SHA-256 (hex) of names, shapes and values."""
    digest = hashlib.sha256()
    for name in sorted(state):
        value = np.ascontiguousarray(state[name], "<f4")
        digest.update(f"{name}:{value.shape};".encode())
        digest.update(value.tobytes())
    return digest.hexdigest()


def state_of(network: nn.Module) -> State:
    """Weights by name, in half precision. In rows: safetensors keeps the order in memory."""
    return {
        name: np.ascontiguousarray(value.numpy(), np.float16)
        for name, value in network.state_dict().items()
    }


def fill(
    network: nn.Module, state: Mapping[str, NDArray[np.floating]], what: str, make: str
) -> None:
    """Give a network its weights. Raises ImleakError if they are not those of exactly this
    network, none missing, none besides; it says `what` they are not, and how to `make` some."""
    import torch

    wanted = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    given = {name: tuple(value.shape) for name, value in state.items()}
    if given != wanted:
        wrong = sorted(dict(given.items() ^ wanted.items()))
        raise ImleakError(
            f"these are no weights of {what}: {len(wrong)} arrays are missing, unknown or of "
            f"another shape, such as {wrong[0]}; {make}"
        )
    network.load_state_dict(
        {name: torch.from_numpy(np.asarray(value, np.float32)) for name, value in state.items()}
    )
