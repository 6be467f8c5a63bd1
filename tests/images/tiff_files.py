"""TIFF files written by hand, so that what is read owes nothing to the library that reads."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field

import imagecodecs
import numpy as np

NONE, LZW, DEFLATE, PACKBITS, ZSTD = 1, 5, 8, 32773, 50000
ENCODERS = {
    NONE: bytes,
    LZW: imagecodecs.lzw_encode,
    DEFLATE: zlib.compress,
    PACKBITS: imagecodecs.packbits_encode,
    ZSTD: imagecodecs.zstd_encode,
}
SHORT, LONG = 3, 4


@dataclass
class Page:
    """One image file directory.

    Parameters
    ----------
    segments : strips or tiles as they are stored; None for one of a sparse file, which has
        offset 0 and byte count 0.
    tags : tag -> values; those of SHORT type.
    subpages : what its SubIFDs hold.
    """

    segments: list[bytes | None]
    tags: dict[int, tuple[int, ...]]
    is_tiled: bool = False
    subpages: list[Page] = field(default_factory=list)


def tiff(pages: list[Page], byteorder: str = "<") -> bytes:
    """A file of these pages."""
    content = bytearray(b"II" if byteorder == "<" else b"MM")
    content += struct.pack(f"{byteorder}HI", 42, 0)
    link = 4
    for page in pages:
        at, next_link = _append(content, page, byteorder)
        struct.pack_into(f"{byteorder}I", content, link, at)
        link = next_link
    return bytes(content)


def _append(content: bytearray, page: Page, byteorder: str) -> tuple[int, int]:
    """Where the directory stands, and where the offset of the next one is to be put."""
    offsets, counts = [], []
    for segment in page.segments:
        offsets.append(0 if segment is None else len(content))
        counts.append(0 if segment is None else len(segment))
        content += segment or b""
    fields = {tag: (SHORT, values) for tag, values in page.tags.items()}
    fields[324 if page.is_tiled else 273] = LONG, tuple(offsets)
    fields[325 if page.is_tiled else 279] = LONG, tuple(counts)
    if page.subpages:
        fields[330] = LONG, tuple(_append(content, each, byteorder)[0] for each in page.subpages)
    entries = b""
    for tag, (kind, values) in sorted(fields.items()):
        packed = struct.pack(f"{byteorder}{len(values)}{'H' if kind == SHORT else 'I'}", *values)
        if len(packed) > 4:
            content += b"\0" * (len(content) % 2)
            packed, at = struct.pack(f"{byteorder}I", len(content)), packed
            content += at
        entries += struct.pack(f"{byteorder}HHI", tag, kind, len(values)) + packed.ljust(4, b"\0")
    content += b"\0" * (len(content) % 2)
    start = len(content)
    content += struct.pack(f"{byteorder}H", len(fields)) + entries + bytes(4)
    return start, len(content) - 4


@dataclass(frozen=True)
class Layout:
    """How samples are stored."""

    bits: int = 8
    photometric: int = 1
    compression: int = NONE
    predictor: int = 1
    separate: bool = False
    tile: tuple[int, int] | None = None
    rows_a_strip: int = 10
    byteorder: str = "<"
    orientation: int = 1
    extra: tuple[int, ...] = ()


def page_of(
    samples: np.ndarray,
    layout: Layout,
    *,
    empty: frozenset[int] = frozenset(),
    subfiletype: int = 0,
) -> Page:
    """(H, W, C) samples as they are to be stored. Segments that are `empty` are left out."""
    height, width, channels = samples.shape
    planes = [samples[..., c : c + 1] for c in range(channels)] if layout.separate else [samples]
    blocks = [block for plane in planes for block in _blocks(plane, layout)]
    tags = {
        254: (subfiletype,),
        256: (width,),
        257: (height,),
        258: (layout.bits,) * channels,
        259: (layout.compression,),
        262: (layout.photometric,),
        274: (layout.orientation,),
        277: (channels,),
        284: (2 if layout.separate else 1,),
        317: (layout.predictor,),
    }
    if layout.extra:
        tags[338] = layout.extra
    if layout.tile:
        tags |= {322: (layout.tile[1],), 323: (layout.tile[0],)}
    else:
        tags[278] = (layout.rows_a_strip,)
    segments = [None if n in empty else _encoded(block, layout) for n, block in enumerate(blocks)]
    return Page(segments, tags, is_tiled=layout.tile is not None)


def places(samples: np.ndarray, layout: Layout) -> list[tuple[slice, slice]]:
    """Where the segments of one plane lie."""
    height, width = samples.shape[:2]
    down, right = layout.tile or (layout.rows_a_strip, width)
    return [
        (slice(top, top + down), slice(left, left + right))
        for top in range(0, height, down)
        for left in range(0, width, right)
    ]


def _blocks(plane: np.ndarray, layout: Layout) -> list[np.ndarray]:
    blocks = [plane[place] for place in places(plane, layout)]
    if layout.tile is None:
        return blocks
    down, right = layout.tile
    return [
        np.pad(block, ((0, down - block.shape[0]), (0, right - block.shape[1]), (0, 0)), "edge")
        for block in blocks
    ]


def _encoded(block: np.ndarray, layout: Layout) -> bytes:
    top = (1 << layout.bits) - 1
    if layout.predictor == 2:
        block = np.diff(block.astype(np.int64), axis=1, prepend=0) & top
    rows = block.reshape(len(block), -1)
    if layout.bits == 16:
        raw = rows.astype(f"{layout.byteorder}u2").tobytes()
    else:
        bits = (rows[..., None] >> np.arange(layout.bits)[::-1]) & 1
        raw = np.packbits(bits.reshape(len(rows), -1).astype(bool), axis=1).tobytes()
    return bytes(ENCODERS[layout.compression](raw))
