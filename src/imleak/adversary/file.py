"""Adversaries on disk: one safetensors file each, with its card in the header.

The arrays are ``directions/0/x`` (L, d, k), ``directions/0/y`` (L, d, k) and
``directions/0/correlations`` (L, k) of every encoder, and the weights of the network that
rebuilds images under ``rebuild/``. Nothing in such a file runs, and no image is in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from ..atomic import write_whole
from ..cache import digest_of
from ..files import open_regular, printable
from ..interfaces import Directions, ImleakError
from .card import Card

SHIPPED = "shipped"
"""The word for the adversary that comes with the package."""
PLACE = "weights/adversary.safetensors"
CARD = "adversary"
"""Where in the header the card is."""
REBUILD = "rebuild/"
LONGEST_HEADER = 100_000_000

Arrays = dict[str, NDArray[Any]]


class AdversaryError(ImleakError):
    """A file that is no adversary, or is not whole."""


@dataclass(frozen=True)
class Adversary:
    """What was learned elsewhere, in its file. The arrays are read when they are asked for.

    Parameters
    ----------
    path : of the file.
    card : what it says of itself.
    """

    path: Path
    card: Card

    def arrays(self, prefix: str = "") -> Arrays:
        """The arrays whose names begin with a prefix, without it. Raises AdversaryError if they are
        not those that were written."""
        found = _arrays(self.path, self.card.digest)
        return {
            name.removeprefix(prefix): one for name, one in found.items() if name.startswith(prefix)
        }

    def directions(self, at: int, levels: tuple[int, ...]) -> Directions:
        """What it learned of the encoder that stands at a place of the card, at some levels;
        at one that it does not know, nothing."""
        arrays = self.arrays(f"directions/{at}/")
        places = [self.card.levels.index(one) if one in self.card.levels else -1 for one in levels]
        known = np.array(places) >= 0
        x, y, correlations = (
            arrays[name][places].astype(np.float32) for name in ("x", "y", "correlations")
        )
        correlations[~known] = 0
        return Directions(x, y, correlations, self.card.images, self.card.title)


def open_adversary(path: str | Path) -> Adversary:
    """The adversary of a file, or the one that comes with the package (``"shipped"``). Its
    card is read and checked, its arrays are not.

    Raises
    ------
    AdversaryError
        If there is no such file, it is no adversary, or its arrays are not those of its card.
    """
    if path == SHIPPED:
        found = packaged()
        if found is None:
            raise AdversaryError("this installation of imleak comes without an adversary")
        return found
    shown = printable(str(path))
    try:
        header = _header(Path(path))
    except OSError as error:
        raise AdversaryError(f"adversary {shown}: cannot be read ({error.strerror})") from error
    except (ValueError, TypeError):
        header = {}
    about = header.get("__metadata__") or {}
    if not isinstance(about, dict) or CARD not in about:
        raise AdversaryError(
            f"{shown} is no adversary; imleak adversary train FOLDER -o FILE makes one"
        )
    try:
        card = Card.model_validate_json(about[CARD])
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise AdversaryError(
            f"{shown}: the card of this adversary is damaged or of another version of imleak "
            f"({where}: {first['msg'].lower()}); train it again"
        ) from error
    _check_shapes(card, header, shown)
    return Adversary(Path(path).absolute(), card)


def packaged() -> Adversary | None:
    """The adversary that comes with the package; None where it does not."""
    path = Path(str(files("imleak").joinpath(PLACE)))
    return open_adversary(path) if path.is_file() else None


def write(
    path: Path,
    card: Mapping[str, Any],
    arrays: Arrays,
    others: Mapping[str, str] = MappingProxyType({}),
) -> Adversary:
    """Write an adversary.

    Parameters
    ----------
    card : fields of :class:`Card`, without those that follow from the arrays.
    arrays : by name; floating-point numbers are kept as they come.
    others : cards of what else is in the file, in JSON, by name.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    whole = {name: np.ascontiguousarray(one) for name, one in arrays.items()}
    of_arrays = {
        "digest": digest_of(whole),
        "rebuilds": any(name.startswith(REBUILD) for name in whole),
    }
    checked = Card.model_validate({**card, **of_arrays})
    write_whole(path, save_tensors(whole, {**others, CARD: checked.model_dump_json()}))
    return open_adversary(path)


def _header(path: Path) -> dict[str, Any]:
    """What a safetensors file says of itself and of its arrays."""
    with open_regular(path) as file:
        length = int.from_bytes(file.read(8), "little")
        if length > LONGEST_HEADER:
            return {}
        header = json.loads(file.read(length))
    return header if isinstance(header, dict) else {}


def _check_shapes(card: Card, header: Mapping[str, Any], shown: str) -> None:
    """Raises AdversaryError unless the arrays are those of the card."""
    levels = len(card.levels)
    wanted: dict[str, list[int]] = {}
    for at, one in enumerate(card.learned):
        axes = [levels, one.dimension, one.directions]
        wanted |= {f"directions/{at}/{side}": axes for side in ("x", "y")}
        wanted[f"directions/{at}/correlations"] = [levels, one.directions]
    for name, shape in wanted.items():
        entry = header.get(name)
        if not isinstance(entry, dict) or entry.get("shape") != shape:
            raise AdversaryError(f"{shown}: {name} is missing or of another shape; train it again")
    if card.rebuilds and not any(name.startswith(REBUILD) for name in header):
        raise AdversaryError(f"{shown}: the network of this adversary is missing; train it again")


@lru_cache(maxsize=4)
def _arrays(path: Path, digest: str) -> Arrays:
    try:
        with open_regular(path) as file:
            found: Arrays = load_tensors(file.read())
    except (OSError, SafetensorError, ValueError) as error:
        raise AdversaryError(
            f"adversary {printable(str(path))}: cannot be read ({error})"
        ) from error
    if digest_of(found) != digest:
        raise AdversaryError(
            f"adversary {printable(str(path))}: its numbers are not those that were written; "
            "train it again"
        )
    return found
