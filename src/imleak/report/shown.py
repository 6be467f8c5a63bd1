"""The previews of a run as arrays again: what the page shows, for whoever looks in Python."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image as Pillow

from ..interfaces import ImleakError
from .adversaries import REBUILD
from .figures.strip import StripImages
from .previews import FOLDER, Preview, Sheet, Tile, read_previews


class LevelError(ImleakError):
    """A level that was not measured."""


@dataclass(frozen=True, eq=False)
class ShownImage:
    """A native crop of an image at one level, sample by sample, as 8 bits to be looked at.

    Parameters
    ----------
    name : of the image.
    level : rank of the level.
    plain, cipher, clear : (h, w) or (h, w, 3) uint8: the image, what is stored or sent, and what
        is left in the clear, stretched to be seen.
    """

    name: str
    level: int
    plain: Tile = field(repr=False)
    cipher: Tile = field(repr=False)
    clear: Tile = field(repr=False)


@dataclass(frozen=True, eq=False)
class RebuiltImage:
    """What an adversary makes of the clear part of an image at one level, as 8 bits to be looked
    at.

    Parameters
    ----------
    name : of the image.
    level : rank of the level.
    plain, rebuilt : (h, w) or (h, w, 3) uint8: a native crop of the image and of the rebuilt
        one, the latter compressed as the page shows it.
    figures : of the whole rebuilt image against the plain one, by quantity of the measure
        ``rebuild``: "exact samples", "gradient correlation", "psnr", ...
    """

    name: str
    level: int
    plain: Tile = field(repr=False)
    rebuilt: Tile = field(repr=False)
    figures: Mapping[str, float] = field(repr=False)


def shown_images(folder: Path, level: int) -> list[ShownImage]:
    """The images of a run that were kept to be looked at, at a level; none where none were
    kept. Raises LevelError if it was not measured."""
    previews = read_previews(folder)
    for preview in previews:
        if level not in preview.levels:
            known = ", ".join(map(str, preview.levels))
            raise LevelError(f"level {level} was not measured; there is {known}")
    return [_at(folder, preview, level) for preview in previews]


def rebuilt_images(folder: Path, frame: pd.DataFrame, level: int) -> list[RebuiltImage]:
    """The rebuilt images of a run that were kept, at a level. Raises LevelError if none was
    rebuilt there."""
    kept = [(one, one.rebuilt) for one in read_previews(folder) if one.rebuilt is not None]
    levels = sorted({rank for one, _ in kept for rank in one.rebuilt_levels})
    if level not in levels:
        known = f"at level {', '.join(map(str, levels))}" if levels else "at no level of this run"
        raise LevelError(f"level {level}: images were rebuilt {known}")
    rows = frame[(frame["measure"] == REBUILD) & (frame["level"] == level)]
    return [
        RebuiltImage(
            one.name,
            level,
            plain := next(_tiles(folder, one.crop)),
            _like(plain, list(_tiles(folder, sheet))[one.rebuilt_levels.index(level)]),
            _figures(rows[rows["image"] == one.name]),
        )
        for one, sheet in kept
        if level in one.rebuilt_levels
    ]


def _figures(rows: pd.DataFrame) -> dict[str, float]:
    return {
        str(name): float(value) for name, value in zip(rows["quantity"], rows["value"], strict=True)
    }


def _like(plain: Tile, shown: Tile) -> Tile:
    """A tile without the trace of colour that lossy compression puts into grey."""
    if plain.ndim == shown.ndim:
        return shown
    grey: Tile = np.rint(shown.mean(2)).astype(np.uint8)
    return grey


def strip_of_previews(folder: Path) -> StripImages | None:
    """The first image that was kept, at all levels, for a strip; None where none was kept."""
    for preview in read_previews(folder)[:1]:
        shown = {level: _at(folder, preview, level) for level in preview.levels}
        plain = _planes(next(iter(shown.values())).plain)
        whole = (slice(0, plain.shape[1]), slice(0, plain.shape[2]))
        cipher = {level: _planes(one.cipher) for level, one in shown.items()}
        clear = {level: _planes(one.clear) for level, one in shown.items()}
        return StripImages(preview.name, 8, plain, cipher, clear, whole)
    return None


def _at(folder: Path, preview: Preview, level: int) -> ShownImage:
    tiles = list(_tiles(folder, preview.crop))
    place, count = preview.levels.index(level), len(preview.levels)
    plain = tiles[0]
    if preview.tables is None:
        clear = tiles[1 + count + place]
    else:
        clear = np.asarray(preview.tables[place], np.uint8)[plain]
    return ShownImage(preview.name, level, plain, tiles[1 + place] ^ plain, clear)


def _tiles(folder: Path, sheet: Sheet) -> Iterator[NDArray[np.uint8]]:
    """The tiles of a file, one below the other; grey ones without channels."""
    with Pillow.open(folder / FOLDER / Path(sheet.file).name) as file:
        stored = np.asarray(file.convert("RGB"))
    grey = bool((stored == stored[..., :1]).all())
    for top in range(0, len(stored) - sheet.height + 1, sheet.height):
        tile = stored[top : top + sheet.height, : sheet.width]
        yield tile[..., 0] if grey else tile


def _planes(tile: Tile) -> NDArray[np.uint8]:
    return tile[None] if tile.ndim == 2 else np.moveaxis(tile, 2, 0)
