"""Where the weights of the network come from, and which images they learned from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from ...files import open_regular
from ...interfaces import ImleakError
from ...networks.learned import card_of
from ...networks.weights import State, shapes, tensors
from . import architecture

PREFIX = "rebuild/"
"""Of the names of these weights in the file of an adversary, which holds others too."""
CARD = "wraps"
"""Where in the header of a file it says what they learned from."""
WRITE = "write them by imleak adversary train FOLDER --rebuild -o FILE"


@dataclass(frozen=True, eq=False)
class Trained:
    """A network that was trained before any image was measured.

    Parameters
    ----------
    state : weights by name.
    images : digests of the images that they learned from, see :mod:`imleak.networks.learned`.
    """

    state: State
    images: frozenset[str]

    @property
    def cards(self) -> dict[str, str]:
        """What the header of a file says of them, in JSON, by name."""
        return {CARD: json.dumps({"images": sorted(self.images)})}


def packaged() -> Trained | None:
    """The weights that come with the package; None where there are none."""
    path = Path(str(files("imleak").joinpath("weights/adversary.safetensors")))
    held = path.is_file() and any(name.startswith(PREFIX) for name in shapes(path))
    return from_file(path) if held else None


def from_file(path: str | Path) -> Trained:
    """The weights of a safetensors file: all of it, or what stands under ``rebuild/``. Raises
    ImleakError if it cannot be read, holds none, or those of another network, or does not say which
    images they learned from."""
    prefix = _prefix(path)
    found = {
        name.removeprefix(prefix): shape
        for name, shape in shapes(path).items()
        if name.startswith(prefix)
    }
    if not found:
        raise ImleakError(f"weights {path}: no weights under {PREFIX} in this file")
    if found != architecture.shapes():
        raise ImleakError(f"weights {path}: of another network; {WRITE}")
    try:
        with open_regular(path) as file:
            images = card_of(file.read(), CARD)["images"]
    except (ValueError, LookupError, TypeError) as error:
        raise ImleakError(
            f"weights {path}: do not say which images they learned from; {WRITE}"
        ) from error
    return Trained(tensors(path, prefix), images)


def _prefix(path: str | Path) -> str:
    """Of the names of these weights in a file."""
    of_adversary = any(name.startswith((PREFIX, "directions/")) for name in shapes(path))
    return PREFIX if of_adversary else ""
