"""The segments and scans of a JPEG file, with all that is needed to read its coded data.

Reference: ITU-T T.81, annexes B (syntax), F (sequential mode) and G (progressive mode).
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np

from ...interfaces import ImageError

SOI, EOI, SOS, DHT, DRI, DNL = 0xD8, 0xD9, 0xDA, 0xC4, 0xDD, 0xDC
SOF_SEQUENTIAL, SOF_PROGRESSIVE = (0xC0, 0xC1), (0xC2,)
FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
_ARITHMETIC = {0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
_MARKER = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")
"""In coded data: what is neither a stuffed byte nor a restart marker."""

LookUp: TypeAlias = "array[int]"
"""What the next 16 bits of coded data begin with: 256 times the length of the code, and its
symbol; 0 where they begin with no code."""


class Segment(NamedTuple):
    """A marker and what belongs to it: ``content[start:end]``; its parameters begin at `start` + 4,
    but for those without any."""

    marker: int
    start: int
    end: int


@dataclass(frozen=True)
class Component:
    """A component of the frame: identifier, and sampling factors across and down."""

    identifier: int
    across: int
    down: int


@dataclass(frozen=True)
class Scan:
    """A scan: which components, in which bands and bits.

    Parameters
    ----------
    components : numbers of components.
    dc, ac : code of each of them; empty where the scan needs none.
    first, last : of the band, in zigzag order.
    high, low : successive approximation: bits below `high` are new, `low` is the lowest.
    restart : MCUs between two restart markers; 0 for all of them.
    start, end : place of the coded data.
    """

    components: tuple[int, ...]
    dc: tuple[LookUp, ...] = field(repr=False)
    ac: tuple[LookUp, ...] = field(repr=False)
    first: int
    last: int
    high: int
    low: int
    restart: int
    start: int
    end: int

    @property
    def interleaved(self) -> bool:
        return len(self.components) > 1


@dataclass(frozen=True)
class Structure:
    """A JPEG file.

    Parameters
    ----------
    height, width : of the image.
    progressive : its mode; else sequential.
    components, scans, segments : in the order of the file.
    size_at : where height and width stand in the file, two bytes each.
    end : where the file ends that decoders read, behind EOI.
    """

    height: int
    width: int
    progressive: bool
    components: tuple[Component, ...]
    scans: tuple[Scan, ...]
    segments: tuple[Segment, ...]
    size_at: int
    end: int

    @property
    def across(self) -> int:
        return max(one.across for one in self.components)

    @property
    def down(self) -> int:
        return max(one.down for one in self.components)

    @property
    def mcus(self) -> tuple[int, int]:
        """Rows and columns of MCUs of a scan of several components."""
        return _up(self.height, 8 * self.down), _up(self.width, 8 * self.across)

    def blocks(self, component: int) -> tuple[int, int]:
        """Rows and columns of the blocks of a component that are seen."""
        one = self.components[component]
        rows = _up(_up(self.height * one.down, self.down), 8)
        return rows, _up(_up(self.width * one.across, self.across), 8)

    def coded(self, component: int, scan: Scan) -> tuple[int, int]:
        """Rows and columns of the blocks of a component that a scan codes."""
        if not scan.interleaved:
            return self.blocks(component)
        (rows, columns), one = self.mcus, self.components[component]
        return rows * one.down, columns * one.across


def parse(content: bytes) -> Structure:
    """The structure of a JPEG file, up to the first EOI.

    Raises
    ------
    ImageError
        If it is damaged, or has coefficients that cannot be kept: arithmetic coding, lossless
        or hierarchical mode, samples of other than 8 bits, other than 1 or 3 components.
    """
    try:
        return _Parser(content).parse()
    except (IndexError, KeyError, ValueError) as error:
        raise ImageError("is a damaged JPEG file; save it again") from error


class _Parser:
    def __init__(self, content: bytes) -> None:
        self.content = content
        self.tables: dict[int, LookUp] = {}
        self.restart = 0
        self.scans: list[Scan] = []
        self.segments: list[Segment] = []
        self.frame: tuple[int, int, int, tuple[Component, ...], int] | None = None

    def parse(self) -> Structure:
        at = 2
        while True:
            while self.content[at + 1] == 0xFF:  # fill bytes
                at += 1
            marker = self.content[at + 1]
            if self.content[at] != 0xFF:
                raise ValueError("no marker")
            if marker == EOI:
                break
            end = at + 2 + self._word(at + 2)
            if end > len(self.content):
                raise ValueError("cut")
            self.segments.append(Segment(marker, at, end))
            at = self._segment(marker, at + 4, end)
        if self.frame is None or not self.scans:
            raise ValueError("no image")
        mode, height, width, components, size_at = self.frame
        progressive = mode in SOF_PROGRESSIVE
        return Structure(
            height,
            width,
            progressive,
            components,
            tuple(self.scans),
            tuple(self.segments),
            size_at,
            at + 2,
        )

    def _segment(self, marker: int, start: int, end: int) -> int:
        """Read a segment; where the next one begins."""
        if marker == DHT:
            self._codes(start, end)
        elif marker == DRI:
            self.restart = self._word(start)
        elif marker in FRAMES:
            self._frame(marker, start)
        elif marker == SOS:
            found = _MARKER.search(self.content, end)
            if found is None:
                raise ValueError("no end")
            self._scan(start, end, found.start())
            return found.start()
        return end

    def _frame(self, marker: int, at: int) -> None:
        precision, count = self.content[at], self.content[at + 5]
        if marker in _ARITHMETIC:
            raise _refused("arithmetic coding")
        if marker not in (*SOF_SEQUENTIAL, *SOF_PROGRESSIVE):
            raise _refused("lossless or hierarchical mode")
        if precision != 8:
            raise _refused(f"samples of {precision} bits")
        if count not in (1, 3):
            raise _refused(f"{count} components, as CMYK has")
        height, width = self._word(at + 1), self._word(at + 3)
        if not height or not width:
            raise _refused("a height that its beginning does not say")
        if self.frame is not None:
            raise ValueError("two frames")
        found = self.content[at + 6 : at + 6 + 3 * count]
        components = tuple(
            Component(identifier, factors >> 4, factors & 15)
            for identifier, factors in zip(found[::3], found[1::3], strict=True)
        )
        if any(not (one.across and one.down) for one in components):
            raise ValueError("no sampling")
        self.frame = marker, height, width, components, at + 1

    def _codes(self, at: int, end: int) -> None:
        while at < end:
            counts = self.content[at + 1 : at + 17]
            symbols = self.content[at + 17 : at + 17 + sum(counts)]
            self.tables[self.content[at]] = look_up(counts, symbols)
            at += 17 + len(symbols)

    def _scan(self, at: int, start: int, end: int) -> None:
        if self.frame is None:
            raise ValueError("no frame")
        mode, _, _, components, _ = self.frame
        count = self.content[at]
        chosen = self.content[at + 1 : at + 1 + 2 * count]
        first, last, bits = self.content[at + 1 + 2 * count : at + 4 + 2 * count]
        if mode in SOF_SEQUENTIAL:
            first, last, bits = 0, 63, 0
        high, low = bits >> 4, bits & 15
        identifiers = [one.identifier for one in components]
        codes = chosen[1::2]
        self.scans.append(
            Scan(
                components=tuple(identifiers.index(one) for one in chosen[::2]),
                dc=tuple(self.tables[code >> 4] for code in codes) if not (first or high) else (),
                ac=tuple(self.tables[16 + (code & 15)] for code in codes) if last else (),
                first=first,
                last=last,
                high=high,
                low=low,
                restart=self.restart,
                start=start,
                end=end,
            )
        )

    def _word(self, at: int) -> int:
        return self.content[at] << 8 | self.content[at + 1]


@lru_cache(maxsize=64)
def look_up(counts: bytes, symbols: bytes) -> LookUp:
    """A Huffman code as the table of all 16 bits that it may begin.

    Parameters
    ----------
    counts : how many codes there are of 1 to 16 bits.
    symbols : in the order of their codes.
    """
    lengths = np.repeat(np.arange(1, 17), list(counts))
    entries = np.repeat((lengths << 8) + list(symbols), 1 << (16 - lengths))
    table = np.zeros(1 << 16, np.uint16)
    table[: len(entries)] = entries
    return array("H", table.tobytes())


def _up(count: int, step: int) -> int:
    """How many steps hold a count."""
    return -(-count // step)


def _refused(what: str) -> ImageError:
    return ImageError(
        f"is a JPEG file of {what}, whose coefficients cannot be kept; save it as a baseline or "
        "progressive JPEG, grey or in colour"
    )
