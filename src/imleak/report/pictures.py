"""Some pictures of a run, small, at every level: what the page lets its reader look at.

A picture is one PNG, a column of tiles: the plain picture, its cipher at every level, its
clear part at every level. Samples are picked, never averaged, and the file is lossless:
the mean of noise is flat grey, and would show a secrecy that is not there.
"""

from __future__ import annotations

import json
import math
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import InstanceOf, TypeAdapter

from ..files import open_regular
from ..interfaces import Samples
from ..study.store import write_whole
from .figures.strip import to_screen

FOLDER, INDEX = "pictures", "index.json"

MOST = 12
"""Pictures of a run that are kept."""

BYTES = 2_050_000
"""Of all of them together, so that a page stays below 4 MB."""

LONGEST, SHORTEST = 320, 16
"""Samples along the longer side of a tile, at most and at least."""


_SIZE = 0.5
"""Bytes a sample of a tile takes, about."""

_Sample = TypeVar("_Sample", bound=np.generic)


@dataclass(frozen=True)
class Picture:
    """What the index says of a picture.

    Parameters
    ----------
    name, digest : of the image.
    file : the PNG in the folder.
    width, height : of a tile.
    of_width, of_height : of the image.
    levels : of the tiles: plain, then ciphers, then clear parts.
    """

    name: InstanceOf[str]  # not always Unicode: surrogates stand for undecodable bytes
    digest: str
    file: str
    width: int
    height: int
    of_width: int
    of_height: int
    levels: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Subject:
    """An image and what encryption makes of it.

    Parameters
    ----------
    name, digest : of the image.
    bits : B, the bits a sample uses.
    plain : (C, H, W) samples.
    cipher, clear : level -> (C, H, W) samples.
    """

    name: str
    digest: str
    bits: int
    plain: Samples
    cipher: Callable[[int], Samples]
    clear: Callable[[int], Samples]


def chosen(images: Sequence[Any], most: int = MOST) -> list[Any]:
    """At most `most` of some images, evenly spread, the first among them."""
    count = min(len(images), most)
    return [images[place * len(images) // count] for place in range(count)]


def write_pictures(
    out: Path, subjects: Iterable[Subject], levels: Sequence[int], count: int
) -> list[Picture]:
    """Write the pictures of a run and their index into ``out/pictures``.

    Parameters
    ----------
    subjects : of at most :data:`MOST` images; one that cannot be read is not yielded.
    levels : rising.
    count : how many subjects are expected, who share :data:`BYTES`.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    written = []
    for place, subject in enumerate(subjects):
        content, width, height = sheet(subject, levels, BYTES // max(count, 1))
        file = f"{place:02}-{subject.digest[:12]}.png"
        write_whole(out / FOLDER / file, content)
        tall, wide = subject.plain.shape[1:]
        written.append(
            Picture(subject.name, subject.digest, file, width, height, wide, tall, tuple(levels))
        )
    index = json.dumps([asdict(picture) for picture in written], indent=1)
    write_whole(out / FOLDER / INDEX, f"{index}\n".encode())
    return written


def read_pictures(out: Path) -> list[Picture]:
    """The pictures of a run; none where none were kept, or the index is not whole."""
    try:
        with open_regular(out / FOLDER / INDEX) as file:
            found = TypeAdapter(list[Picture]).validate_python(json.loads(file.read()))
    except (OSError, ValueError, RecursionError):
        return []
    return [picture for picture in found if (out / FOLDER / Path(picture.file).name).is_file()]


def data_uri(out: Path, picture: Picture) -> str:
    """A picture as an address that holds it."""
    content = (out / FOLDER / Path(picture.file).name).read_bytes()
    return f"data:image/png;base64,{b64encode(content).decode()}"


def sheet(subject: Subject, levels: Sequence[int], most: int) -> tuple[bytes, int, int]:
    """The tiles of a picture as one PNG of at most `most` bytes, or as small as tiles get;
    with the width and height of a tile."""
    tiles = list(_tiles(subject, levels))
    tall, wide = tiles[0].shape[:2]
    guess = math.sqrt(most * max(tall, wide) / (_SIZE * len(tiles) * min(tall, wide)))
    side = min(LONGEST, max(SHORTEST, int(guess)))
    while True:
        shown = [pick(tile, side) for tile in tiles]
        content = _png(np.concatenate(shown))
        if len(content) <= most or side <= SHORTEST:
            return content, shown[0].shape[1], shown[0].shape[0]
        # Bytes are as the square of the side, nearly.
        side = max(SHORTEST, min(side - 1, int(side * math.sqrt(most / len(content)))))


def pick(picture: NDArray[_Sample], side: int) -> NDArray[_Sample]:
    """Samples (H, W, ...) at evenly spread places, at most `side` along the longer side."""
    tall, wide = picture.shape[:2]
    scale = min(1.0, side / max(tall, wide))
    rows, columns = (_places(length, max(1, round(length * scale))) for length in (tall, wide))
    return picture[rows[:, None], columns]


def _places(length: int, count: int) -> NDArray[np.intp]:
    return ((np.arange(count) + 0.5) * length / count).astype(np.intp)


def _tiles(subject: Subject, levels: Sequence[int]) -> Iterator[NDArray[np.uint8]]:
    """Plain, cipher and clear pictures (H, W) or (H, W, 3), as large as tiles may be."""
    used = int(subject.plain.max(initial=0)).bit_length()
    yield pick(to_screen(subject.plain, subject.bits), LONGEST)
    for level in levels:
        yield pick(to_screen(subject.cipher(level), subject.bits), LONGEST)
    for level in levels:
        yield pick(to_screen(subject.clear(level), subject.bits, used), LONGEST)


def _png(tiles: NDArray[np.uint8]) -> bytes:
    content = BytesIO()
    Image.fromarray(tiles).save(content, format="png")
    return content.getvalue()
