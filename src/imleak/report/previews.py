"""Some images of a run at every level, for the reader of its page to look at.

Each has a native crop, without loss and sample by sample: what is averaged or skipped, and a
part of which nothing is left while more is elsewhere, shows a secrecy that is not there. Beside
it stands the whole image, averaged to be small, and the map of its layout. Tiles of one kind
stand in one file, one below the other.
"""

import json
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from pydantic import InstanceOf, TypeAdapter

from ..files import open_regular
from ..interfaces import Image, ImleakError, Observation, Samples
from ..study.store import write_whole
from .figures.strip import Window, averaged, stretch, to_screen

FOLDER, INDEX = "previews", "index.json"

MOST = 6
"""Images of a run that are kept, if they are small."""
BYTES = 2_130_000
"""Bytes of all of them together, so that a page stays below 4 MB; noise cannot be compressed."""
CROP, SHORTEST = 320, 64
"""Sides of a native crop in samples, where images are as large; less only where one image
alone would take all bytes."""

WHOLE, WHOLE_QUALITY = 160, 25
"""Longer side of the whole image made small, and its WebP quality."""
REBUILT_QUALITY = 60
"""WebP quality of the crops of rebuilt images, which nobody stores or sends."""
SHEETS = ("crop", "whole", "maps", "rebuilt", "rebuilt_whole")
"""Fields of a preview that are sheets."""
Tile: TypeAlias = NDArray[np.uint8]
Layout: TypeAlias = Callable[[Samples], NDArray[np.float32]]


@dataclass(frozen=True)
class Sheet:
    """Tiles of one size in one file, one below the other."""

    file: str
    width: int
    height: int


@dataclass(frozen=True)
class Preview:
    """What the index says of an image.

    Parameters
    ----------
    name, digest : of the image.
    levels : of the tiles.
    of_width, of_height : of the image.
    left, top : of the crop in it.
    crop : plain, every cipher XOR plain, and every clear part unless there are `tables`.
    tables : by level, the grey value of the clear part for every one of the plain image.
    whole : plain, ciphers, clear parts; None where the crop is the whole image.
    maps : the layout of the plain image and of every clear part; None if there is none.
    rebuilt_levels : levels at which there is a rebuilt image.
    rebuilt, rebuilt_whole : the crop of every rebuilt image, and all of it made small.
    """

    name: InstanceOf[str]  # not always Unicode: surrogates stand for undecodable bytes
    digest: str
    levels: tuple[int, ...]
    of_width: int
    of_height: int
    left: int
    top: int
    crop: Sheet
    tables: tuple[tuple[int, ...], ...] | None = None
    whole: Sheet | None = None
    maps: Sheet | None = None
    rebuilt_levels: tuple[int, ...] = ()
    rebuilt: Sheet | None = None
    rebuilt_whole: Sheet | None = None

    @property
    def sheets(self) -> list[Sheet]:
        return [sheet for name in SHEETS if (sheet := getattr(self, name))]


@dataclass(frozen=True, eq=False)
class Subject:
    """An image and what encryption makes of it.

    Parameters
    ----------
    image : the plain image.
    observed : its ciphers and what is left of them in the clear.
    layout : (C, H, W) samples -> map (h, w) of how flat they are, 0..1.
    rebuilt : level -> samples of the rebuilt image, at levels at which there is one.
    """

    image: Image
    observed: Observation
    layout: Layout | None = None
    rebuilt: Mapping[int, Callable[[], Samples | None]] = field(default_factory=dict)

    @property
    def bits(self) -> int:
        return self.image.bits

    @property
    def plain(self) -> Samples:
        return self.image.samples

    def cipher(self, level: int) -> Samples:
        """The cipher, in the size of the plain image."""
        return fitted(self.observed.cipher(level), self.plain)

    def clear(self, level: int) -> Samples:
        """The clear part as an image, in the size of the plain one."""
        return fitted(self.observed.clear(level), self.plain)

    def window(self, levels: Sequence[int], side: int) -> Window:
        """Rows and columns of a native crop: of the middle, or of the first corner where more
        clear parts can be seen, if they are empty in the middle and not elsewhere."""
        tall, wide = self.plain.shape[1:]
        rows, columns = (
            [slice((length - short) // 2, (length + short) // 2), slice(0, short),
             slice(length - short, length)]
            for length, short in ((tall, min(tall, side)), (wide, min(wide, side)))
        )  # fmt: skip
        places = [(rows[0], columns[0]), *product(rows[1:], columns[1:])]
        shown = Counter[int]()
        for level in levels:
            clear = self.clear(level)
            for at, place in enumerate(places):
                shown[at] += int(np.ptp(clear[:, *place]) > 0)
        return places[max(range(len(places)), key=lambda at: (shown[at], -at))]

    @property
    def used(self) -> int:
        """Bits that the plain image uses, to which clear parts are stretched to be seen."""
        return int(self.plain.max(initial=0)).bit_length()


def fitted(samples: Samples, plain: Samples) -> Samples:
    """Samples (C, H, W) in the shape of the plain ones; of another size the nearest of each."""
    at = [
        np.arange(wanted) * there // wanted
        for there, wanted in zip(samples.shape, plain.shape, strict=True)
    ]
    return samples if samples.shape == plain.shape else samples[np.ix_(*at)]


def chosen(images: Sequence[Any], most: int = MOST) -> list[Any]:
    """At most `most` of some images, evenly spread, the first among them."""
    count = min(len(images), most)
    return [images[place * len(images) // count] for place in range(count)]


def write_previews(out: Path, subjects: Iterable[Subject], levels: Sequence[int]) -> list[Preview]:
    """Write previews of a run and their index into ``out/previews``: as many subjects as
    :data:`BYTES` hold, one at least.

    Parameters
    ----------
    subjects : of at most :data:`MOST` images; one that cannot be read is not yielded, one
        that cannot be encrypted is left out.
    levels : rising.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    written: list[Preview] = []
    left = BYTES
    for subject in subjects:
        try:
            preview, files = _preview(subject, levels, len(written))
        except ImleakError:  # of the scheme, on this image: its rows say why
            continue
        left -= sum(map(len, files.values()))
        if left < 0 and written:
            break
        for name, content in files.items():
            write_whole(out / FOLDER / name, content)
        written.append(preview)
    index = json.dumps([asdict(preview) for preview in written])
    write_whole(out / FOLDER / INDEX, f"{index}\n".encode())
    return written


def read_previews(out: Path) -> list[Preview]:
    """The previews of a run; none where none were kept, or the index is not whole."""
    try:
        with open_regular(out / FOLDER / INDEX) as file:
            found = TypeAdapter(list[Preview]).validate_python(json.loads(file.read()))
    except (OSError, ValueError, RecursionError):
        return []
    return [
        preview
        for preview in found
        if all((out / FOLDER / Path(sheet.file).name).is_file() for sheet in preview.sheets)
    ]


def data_uri(out: Path, sheet: Sheet) -> str:
    """A sheet as an address that holds it."""
    content = (out / FOLDER / Path(sheet.file).name).read_bytes()
    return f"data:image/webp;base64,{b64encode(content).decode()}"


def _preview(
    subject: Subject, levels: Sequence[int], place: int
) -> tuple[Preview, dict[str, bytes]]:
    """An image, and its files: of at most :data:`BYTES`, if its crop can be made so small."""
    stem = f"{place:02}-{subject.image.digest[:12]}"
    tall, wide = subject.plain.shape[1:]
    files: dict[str, bytes] = {}

    def sheet(name: str, tiles: Iterable[Tile], quality: int | None = None) -> Sheet:
        shown = list(tiles)
        files[f"{stem}{name}.webp"] = _webp(np.concatenate(shown), quality)
        height, width = shown[0].shape[:2]
        return Sheet(f"{stem}{name}.webp", width, height)

    whole = maps = None
    rebuilt = _rebuilt(subject, levels)
    if max(tall, wide) > CROP:
        whole = sheet("-whole", _whole(subject, levels), WHOLE_QUALITY)
    if subject.layout is not None:
        maps = sheet("-layout", _maps(subject, subject.layout, levels))
    tables = _tables(subject, levels)
    side = CROP
    while True:
        window = subject.window(levels, side)
        crop = sheet("", _crop(subject, levels, window, with_clear=tables is None))
        size = sum(map(len, files.values()))
        if size <= BYTES or side <= SHORTEST:
            break
        side = max(SHORTEST, min(side - 8, int(side * (BYTES / size) ** 0.5)))
    top, left = (cut.start for cut in window)
    entry = (subject.image.name, subject.image.digest, tuple(levels), wide, tall, left, top)
    preview = Preview(*entry, crop, tables, whole, maps)
    if not rebuilt:
        return preview, files
    at = (slice(None), *window)
    crops = [to_screen(samples[at], subject.bits) for samples in rebuilt.values()]
    small = None
    if whole:
        wholes = [averaged(to_screen(one, subject.bits), WHOLE) for one in rebuilt.values()]
        small = sheet("-rebuilt-whole", wholes, WHOLE_QUALITY)
    shown = sheet("-rebuilt", crops, REBUILT_QUALITY)
    return replace(
        preview, rebuilt_levels=tuple(rebuilt), rebuilt=shown, rebuilt_whole=small
    ), files


def _rebuilt(subject: Subject, levels: Sequence[int]) -> dict[int, Samples]:
    """The rebuilt images there are; none of one that fails, of which a row says why."""
    found = {}
    for level in levels:
        with suppress(ImleakError):
            samples = subject.rebuilt[level]() if level in subject.rebuilt else None
            if samples is not None:
                found[level] = samples
    return found


def _crop(
    subject: Subject, levels: Sequence[int], window: tuple[slice, slice], *, with_clear: bool
) -> Iterator[Tile]:
    """What an encrypted sample has in common with the plain one is 0 in their XOR, which
    halves the bytes of a cipher."""
    at = (slice(None), *window)
    plain = to_screen(subject.plain[at], subject.bits)
    yield plain
    for level in levels:
        yield to_screen(subject.cipher(level)[at], subject.bits) ^ plain
    for level in levels if with_clear else ():
        clear = subject.clear(level)
        yield to_screen(clear[at], subject.bits, stretch(clear, subject.used))


def _tables(subject: Subject, levels: Sequence[int]) -> tuple[tuple[int, ...], ...] | None:
    """Grey value of the clear part by that of the plain image, where one tells the other."""
    found = []
    for level in levels if subject.bits <= 8 else ():
        table = subject.observed.table(level)
        if table is None:
            return None
        shift = stretch(subject.clear(level), subject.used)
        plain, clear = (
            to_screen(samples[None, None], subject.bits, by)[0]
            for samples, by in ((np.arange(len(table), dtype=np.uint8), 0), (table, shift))
        )
        values = np.zeros(256, np.uint8)
        values[plain] = clear
        found.append(tuple(values.tolist()))
    return tuple(found) or None


def _whole(subject: Subject, levels: Sequence[int]) -> Iterator[Tile]:
    yield averaged(to_screen(subject.plain, subject.bits), WHOLE)
    for level in levels:
        yield averaged(to_screen(subject.cipher(level), subject.bits), WHOLE)
    for level in levels:
        clear = subject.clear(level)
        shift = stretch(clear, subject.used)
        yield averaged(to_screen(clear, subject.bits, shift), WHOLE)


def _maps(subject: Subject, layout: Layout, levels: Sequence[int]) -> Iterator[Tile]:
    """White where an image is flat, black where it is busy, by the root of the share."""
    for samples in (subject.plain, *map(subject.clear, levels)):
        yield np.round(255 * np.sqrt(layout(samples).clip(0, 1))).astype(np.uint8)


def _webp(tiles: Tile, quality: int | None) -> bytes:
    """Without loss unless there is a quality."""
    content = BytesIO()
    exact: dict[str, Any] = {"lossless": True, "method": 2, "quality": 20}
    how = exact if quality is None else {"quality": quality}
    Pillow.fromarray(tiles).save(content, format="webp", **how)
    return content.getvalue()
