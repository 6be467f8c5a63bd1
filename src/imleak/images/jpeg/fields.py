"""Where the bits of coefficients stand in the coded data of a JPEG file.

Of a coefficient the Huffman code says only how many bits it has; the bits themselves follow
as they are, and so does its sign. They are found here, scan by scan, without being read.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...interfaces import ImageError
from .structure import Scan, Structure

_RESTART = re.compile(rb"\xff+[\xd0-\xd7]")


@dataclass
class Fields:
    """Places and lengths of some fields of bits, in the order in which they are coded."""

    places: array[int] = field(default_factory=lambda: array("q"))
    lengths: array[int] = field(default_factory=lambda: array("h"))

    def add(self, place: int, length: int) -> None:
        self.places.append(place)
        self.lengths.append(length)

    @property
    def arrays(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(n,) and (n,)"""
        return np.array(self.places, np.int64), np.array(self.lengths, np.int64)


class Part(NamedTuple):
    """Coded data between two restart markers.

    Parameters
    ----------
    content : without stuffed bytes.
    behind : the marker behind it, or nothing.
    """

    content: bytes
    behind: bytes


def parts_of(content: bytes, scan: Scan) -> list[Part]:
    """The coded data of a scan, cut at its restart markers."""
    coded, at, found = content[scan.start : scan.end], 0, []
    for marker in _RESTART.finditer(coded):
        found.append(Part(_unstuffed(coded[at : marker.start()]), marker.group()))
        at = marker.end()
    return [*found, Part(_unstuffed(coded[at:]), b"")]


def joined(parts: Sequence[Part]) -> bytes:
    """The coded data of a scan again."""
    stuffed = (one.content.replace(b"\xff", b"\xff\x00") + one.behind for one in parts)
    return b"".join(stuffed)


def _unstuffed(coded: bytes) -> bytes:
    return coded.replace(b"\xff\x00", b"\xff")


def mcus_of(structure: Structure, scan: Scan, parts: int) -> Iterator[range]:
    """Which MCUs every part holds."""
    rows, columns = structure.mcus if scan.interleaved else structure.blocks(scan.components[0])
    count, step = rows * columns, scan.restart or rows * columns
    starts = range(0, count, step)
    if len(starts) != parts:
        raise ImageError("is a damaged JPEG file: restart markers are missing; save it again")
    return (range(start, min(start + step, count)) for start in starts)


class Bits:
    """The bits of coded data, looked at 16 at a time."""

    def __init__(self, content: bytes) -> None:
        padded = np.frombuffer(content + bytes(8), np.uint8).astype(np.uint32)
        words = padded[:-3] << 24 | padded[1:-2] << 16 | padded[2:-1] << 8 | padded[3:]
        self.words = array("I", words.tobytes())
        self.length = 8 * len(content)

    def number(self, place: int, length: int) -> int:
        """`length` bits, at most 16."""
        return (self.words[place >> 3] >> (32 - length - (place & 7))) & ((1 << length) - 1)


def in_sequence(
    bits: Bits, scan: Scan, units: Sequence[int], mcus: range, dc: list[Fields], ac: list[Fields]
) -> None:
    """Fields of a part that codes DC, and AC as well in sequential mode.

    Parameters
    ----------
    units : of every MCU, which of the components of the scan its blocks are of.
    dc, ac : of every component of the scan; added to. Of DC every block has a field, of AC
        every coefficient that is not zero.
    """
    words, place, last = bits.words, 0, scan.last
    for unit in chain.from_iterable(units for _ in mcus):
        code = scan.dc[unit][words[place >> 3] >> (16 - (place & 7)) & 0xFFFF]
        place += _length(code)
        size = code & 0xFF
        dc[unit].add(place, size)
        place += size
        if not last:
            continue
        codes, places, lengths = scan.ac[unit], ac[unit].places, ac[unit].lengths
        k = 1
        while k < 64:
            code = codes[words[place >> 3] >> (16 - (place & 7)) & 0xFFFF]
            place += code >> 8
            size = code & 15
            if size:
                places.append(place)
                lengths.append(size)
                place += size
                k += (code >> 4 & 15) + 1
            elif code & 0xFF == 0xF0:
                k += 16
            else:
                _length(code)
                break
    _check(bits, place)


def in_a_band(bits: Bits, scan: Scan, blocks: range, fields: Fields) -> None:
    """Fields of a part that codes a band of AC of one component for the first time: of every
    coefficient that is not zero so far."""
    words, codes, place = bits.words, scan.ac[0], 0
    left = 0
    for _ in blocks:
        if left:
            left -= 1
            continue
        k = scan.first
        while k <= scan.last:
            code = codes[words[place >> 3] >> (16 - (place & 7)) & 0xFFFF]
            place += _length(code)
            size, run = code & 15, code >> 4 & 15
            if size:
                fields.add(place, size)
                place += size
                k += run + 1
            elif run == 15:
                k += 16
            else:
                left = (1 << run) + bits.number(place, run) - 1
                place += run
                break
    _check(bits, place)


def in_refinement(
    bits: Bits, scan: Scan, known: Sequence[bytes], signs: Fields, corrections: Fields
) -> None:
    """Fields of a part that adds a bit to a band of AC of one component.

    Parameters
    ----------
    known : of every block, which of its coefficients in zigzag order are not zero before.
    signs : of those that become so; added to.
    corrections : bits of those that were; added to.
    """
    words, codes, place = bits.words, scan.ac[0], 0
    first, last, left = scan.first, scan.last, 0
    for block in known:
        k = first
        while not left and k <= last:
            code = codes[words[place >> 3] >> (16 - (place & 7)) & 0xFFFF]
            place += _length(code)
            size, run = code & 15, code >> 4 & 15
            if size:
                signs.add(place, 1)
                place += 1
            elif run < 15:
                left = (1 << run) + bits.number(place, run)
                place += run
                break
            while k <= last:
                if block[k]:
                    corrections.add(place, 1)
                    place += 1
                elif run:
                    run -= 1
                else:
                    break
                k += 1
            k += 1
        if left:
            for known_bit in block[k : last + 1]:
                if known_bit:
                    corrections.add(place, 1)
                    place += 1
            left -= 1
    _check(bits, place)


def _length(code: int) -> int:
    """Length of a code that was looked up."""
    if not code:
        raise ImageError("is a damaged JPEG file: a code is none of its tables; save it again")
    return code >> 8


def _check(bits: Bits, place: int) -> None:
    """Refuse what reads beyond the end; padding and bytes that nobody reads may follow."""
    if place > bits.length:
        raise ImageError("is a damaged JPEG file: its coded data ends early; save it again")


def get(content: bytes, fields: Fields) -> NDArray[np.int64]:
    """(n,) what stands in some fields of coded data."""
    bits = np.unpackbits(np.frombuffer(content, np.uint8))
    places, lengths = fields.arrays
    values = np.zeros(len(places), np.int64)
    for at in range(int(lengths.max(initial=0))):
        chosen = lengths > at
        values[chosen] = values[chosen] << 1 | bits[places[chosen] + at]
    return values


def put(content: bytes, given: Iterable[tuple[Fields, NDArray[np.int64]]]) -> bytes:
    """Coded data with other bits in some fields."""
    bits = np.unpackbits(np.frombuffer(content, np.uint8))
    for fields, values in given:
        places, lengths = fields.arrays
        for at in range(int(lengths.max(initial=0))):
            chosen = lengths > at
            bits[places[chosen] + at] = values[chosen] >> (lengths[chosen] - 1 - at) & 1
    return np.packbits(bits).tobytes()
