"""A JPEG file with other coefficients, and every other bit as it was.

The bits of a coefficient stand in the file as they are; its Huffman code says how many there
are. Coefficients of as many bits therefore take the place of others without another bit being
moved. Only the bytes that are stuffed behind 0xFF, where 0xFF comes and goes, change the length.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...interfaces import Blocks, ImageError
from . import fields
from .fields import Bits, Fields
from .order import ZIGZAG, blocks_of_an_mcu, places_in
from .structure import Scan, Structure, parse

Values = NDArray[np.int64]
Both = tuple[Values, ...]
"""What stands in fields, and what is to stand there."""


_OTHER = "the coefficients are coded otherwise than those of the file"
_UNUSUAL = (
    "is a JPEG file whose coded data is not as encoders write it; save it again as a baseline JPEG"
)


class OtherCodeError(ImageError):
    """Coefficients that are coded otherwise than those of the file."""


def rewritten(content: bytes, old: Sequence[Blocks], new: Sequence[Blocks]) -> bytes:
    """A JPEG file with other coefficients.

    Parameters
    ----------
    content : the file.
    old : its coefficients, by component.
    new : coefficients of as many bits, each; the differences of DC from block to block of the
        same value, positive or negative.

    Raises
    ------
    OtherCodeError
        If the new coefficients have other codes.
    ImageError
        If the file is damaged, or does not code `old` as encoders do.
    """
    structure = parse(content)
    pieces, at = [], 0
    try:
        for scan in structure.scans:
            coded = _Rewriter(structure, scan, old, new).coded(content)
            pieces += [content[at : scan.start], coded]
            at = scan.end
    except IndexError as error:
        raise ImageError("is a damaged JPEG file: its coded data ends early") from error
    return b"".join([*pieces, content[at:]])


class _Rewriter:
    """Rewrites one scan."""

    def __init__(
        self, structure: Structure, scan: Scan, old: Sequence[Blocks], new: Sequence[Blocks]
    ) -> None:
        self.structure, self.scan = structure, scan
        self.steps = [blocks_of_an_mcu(structure, scan, one) for one in scan.components]
        self.units = [at for at, step in enumerate(self.steps) for _ in range(step)]
        self.places = [
            places_in(old[one].shape[:2], structure, scan, one) for one in scan.components
        ]
        self.old = [old[one].reshape(-1, 64)[:, ZIGZAG] for one in scan.components]
        self.new = [new[one].reshape(-1, 64)[:, ZIGZAG] for one in scan.components]

    def coded(self, content: bytes) -> bytes:
        """The coded data of the scan."""
        parts = fields.parts_of(content, self.scan)
        mcus = fields.mcus_of(self.structure, self.scan, len(parts))
        made = [
            part._replace(content=self._part(part.content, held))
            for part, held in zip(parts, mcus, strict=True)
        ]
        return fields.joined(made)

    def _part(self, content: bytes, mcus: range) -> bytes:
        scan = self.scan
        if scan.first == 0 and scan.high:  # a bit of every DC, which no scheme changes
            return content
        found = list(
            self._refined(content, mcus)
            if scan.high
            else self._band(content, mcus)
            if scan.first
            else self._sequence(content, mcus)
        )
        for located, (expected, _) in found:
            if not np.array_equal(fields.get(content, located), expected):
                raise ImageError(_UNUSUAL)
        return fields.put(content, [(located, wanted) for located, (_, wanted) in found])

    def _sequence(self, content: bytes, mcus: range) -> Iterator[tuple[Fields, Both]]:
        dc, ac = [[Fields() for _ in self.steps] for _ in range(2)]
        fields.in_sequence(Bits(content), self.scan, self.units, mcus, dc, ac)
        for at in range(len(self.steps)):
            yield dc[at], self._differences(at, content, dc[at], mcus)
            if self.scan.last:
                yield ac[at], self._values(at, mcus, ac[at], 1, 63)

    def _band(self, content: bytes, mcus: range) -> Iterator[tuple[Fields, Both]]:
        found = Fields()
        fields.in_a_band(Bits(content), self.scan, mcus, found)
        yield found, self._values(0, mcus, found, self.scan.first, self.scan.last)

    def _refined(self, content: bytes, mcus: range) -> Iterator[tuple[Fields, Both]]:
        first, low = self.scan.first, self.scan.low
        before, after = (one[:, first : self.scan.last + 1] for one in self._blocks(0, mcus))
        old, new = (np.abs(one.astype(np.int64)) >> low for one in (before, after))
        if not np.array_equal(bits_of(old), bits_of(new)):
            raise OtherCodeError(_OTHER)
        signs, corrections = Fields(), Fields()
        begun, known = old == 1, old > 1
        rows = [bytes(first) + row.tobytes() for row in known]
        fields.in_refinement(Bits(content), self.scan, rows, signs, corrections)
        yield signs, tuple((one[begun] > 0).astype(np.int64) for one in (before, after))
        yield corrections, tuple(one[known] & 1 for one in (old, new))

    def _values(self, at: int, mcus: range, found: Fields, first: int, last: int) -> Both:
        """What AC fields hold: coefficients that are not zero, one after the other."""
        band = slice(first, last + 1)
        old, new = (_shifted(one[:, band], self.scan.low) for one in self._blocks(at, mcus))
        coded, lengths = old != 0, found.arrays[1]
        if not np.array_equal(bits_of(old), bits_of(new)):
            raise OtherCodeError(_OTHER)
        if not np.array_equal(bits_of(old[coded]), lengths):
            raise ImageError(_UNUSUAL)
        return as_field(old[coded], lengths), as_field(new[coded], lengths)

    def _differences(self, at: int, content: bytes, found: Fields, mcus: range) -> Both:
        """What DC fields hold: differences. A block that is not in the arrays, as none of it is
        seen, goes with the next one that is."""
        held, lengths = fields.get(content, found), found.arrays[1]
        places, low = self._part_of(at, mcus), self.scan.low
        inside = np.flatnonzero(places >= 0)
        summed = np.cumsum(as_number(held, lengths))[inside]
        old, new = (one[places[inside], 0].astype(np.int64) >> low for one in self._both(at))
        if _wrapped(summed - old, low).any():
            raise ImageError(_UNUSUAL)
        old, new = (_wrapped(np.diff(one, prepend=0), low) for one in (old, new))
        if not np.array_equal(np.abs(old), np.abs(new)):
            raise OtherCodeError(_OTHER)
        following = np.searchsorted(inside, np.arange(len(places)))
        turned = np.append(old != new, False)[following]
        return held, np.where(turned, held ^ ((1 << lengths) - 1), held)

    def _both(self, at: int) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
        return self.old[at], self.new[at]

    def _blocks(self, at: int, mcus: range) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
        """(n, 64) old and new coefficients of a part."""
        places = self._part_of(at, mcus)
        if (places < 0).any():
            raise ImageError(_UNUSUAL)
        old, new = self._both(at)
        return old[places], new[places]

    def _part_of(self, at: int, mcus: range) -> NDArray[np.intp]:
        step = self.steps[at]
        return self.places[at][mcus.start * step : mcus.stop * step]


def bits_of(values: NDArray[Any]) -> NDArray[np.int32]:
    """How many bits each value has, without its sign; 0 of 0."""
    return np.frexp(np.abs(values.astype(np.int32)))[1]


def as_field(values: NDArray[Any], lengths: Values) -> Values:
    """Values as they are coded in so many bits: negative ones less 1, of their last bits."""
    wide = values.astype(np.int64)
    return np.where(wide < 0, wide + (1 << lengths) - 1, wide)


def as_number(coded: Values, lengths: Values) -> Values:
    """The inverse of :func:`as_field`; 0 of no bits."""
    return np.where(coded >> np.maximum(lengths - 1, 0), coded, coded - (1 << lengths) + 1)


def _shifted(values: NDArray[np.int16], low: int) -> NDArray[np.int16]:
    """Without the lowest bits, towards 0."""
    shifted: NDArray[np.int16] = np.sign(values) * (np.abs(values) >> low)
    return shifted


def _wrapped(values: Values, low: int) -> Values:
    """Modulo 2**(16 - low), around 0: decoders keep 16 bits of a coefficient."""
    half = 1 << (15 - low)
    return (values + half) % (2 * half) - half
