"""JPEG files whose coefficients are encrypted: what of them stays, and what is hidden.

A sealed JPEG file has the frame, the tables and the scans of the file that was encrypted, with
other coefficients. EXIF, thumbnails, comments, further images behind it and whatever else a
viewer does not need would stand beside the cipher in the clear: they are taken out, encrypted,
and carried in a segment of ours, APP15, with the text of the envelope. Decryption puts every
byte back.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from ..images.jpeg import parse
from ..interfaces import ImageError
from .envelope import SealError

BEGINNING = b"\xff\xd8\xff"

_APP0, _APP14, _APP15, _SOS = 0xE0, 0xEE, 0xEF, 0xDA
_OURS = b"imleak\0"
_MOST = 65_000
"""Bytes of ours in one segment, which can have 65,533."""
_NEEDED = {0xC0, 0xC1, 0xC2, 0xC4, 0xDA, 0xDB, 0xDD}
"""Frames, tables, restart intervals and scans."""
_TABLES = _NEEDED - {_SOS}
_JFIF = b"JFIF\0"
_JFIF_LENGTH = 18
"""Of a JFIF segment, marker included, without a thumbnail."""
_PIECE = struct.Struct(">II")


class Opened(NamedTuple):
    """A sealed JPEG file.

    Parameters
    ----------
    image : the file without our segments.
    text : of the envelope.
    hidden : what is encrypted beside the coefficients.
    """

    image: bytes
    text: str
    hidden: bytes


def split(content: bytes) -> tuple[bytes, bytes]:
    """What of a JPEG file stays, and the pieces that are to be hidden, packed."""
    ranges = _kept(content)
    kept = b"".join(content[start:end] for start, end in ranges)
    gaps = [(end, start) for (_, end), (start, _) in pairwise([*ranges, (len(content), 0)])]
    pieces = [_PIECE.pack(len(ranges), 0)] + [
        _PIECE.pack(before, end - start) + content[start:end]
        for before, (start, end) in enumerate(gaps, start=1)
        if end > start
    ]
    return kept, zlib.compress(b"".join(pieces), 9)


def joined(kept: bytes, pieces: bytes) -> bytes:
    """The inverse of :func:`split`. What stays may have other coefficients; where it has been
    written anew, pieces come to stand behind the header, or behind the image as they did."""
    ranges = _kept(kept)
    (count, _), *hidden = _unpacked(zlib.decompress(pieces))
    if count != len(ranges):
        first = next(at for at, (start, _) in enumerate(ranges) if kept[start + 1] in _TABLES)
        hidden = [
            (len(ranges) if before == count else min(before, first), piece)
            for before, piece in hidden
        ]
    found: dict[int, bytes] = {}
    for before, piece in hidden:
        found[before] = found.get(before, b"") + piece
    return b"".join(
        kept[start:end] + found.get(before, b"")
        for before, (start, end) in enumerate(ranges, start=1)
    )


def close(image: bytes, text: str, hidden: bytes) -> bytes:
    """A sealed JPEG file."""
    payload = text.encode("ascii") + b"\0" + hidden
    ours = b"".join(
        _segment(_OURS + payload[at : at + _MOST]) for at in range(0, len(payload), _MOST)
    )
    at = next(one.start for one in parse(image).segments if one.marker not in (_APP0, _APP14))
    return image[:at] + ours + image[at:]


def open_(content: bytes) -> Opened:
    """What a sealed JPEG file consists of; without a text if it is none.

    Raises
    ------
    SealError
        If it is cut or altered.
    """
    try:
        structure = parse(content)
    except ImageError as error:
        raise SealError("cut, altered or never encrypted; take it as imleak wrote it") from error
    own = [one for one in structure.segments if is_ours(content[one.start : one.end])]
    image, at = [], 0
    for one in own:
        image.append(content[at : one.start])
        at = one.end
    image.append(content[at:])
    payload = b"".join(content[one.start + 4 + len(_OURS) : one.end] for one in own)
    text, _, hidden = payload.partition(b"\0")
    return Opened(b"".join(image), text.decode("ascii", "replace"), hidden)


def text_of(content: bytes) -> str:
    """The text of the envelope in the beginning of a JPEG file; "" if there is none."""
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF and content[at + 1] != _SOS:
        end = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        if is_ours(content[at:end]):
            text = content[at + 4 + len(_OURS) : end].partition(b"\0")[0]
            return text.decode("ascii", "replace")
        at = end
    return ""


def is_ours(segment: bytes) -> bool:
    return segment[1:2] == bytes([_APP15]) and segment[4:].startswith(_OURS)


def _segment(content: bytes) -> bytes:
    return bytes([0xFF, _APP15]) + (len(content) + 2).to_bytes(2, "big") + content


def _kept(content: bytes) -> list[tuple[int, int]]:
    """What stays: beginnings and ends. A scan begins with its header."""
    structure = parse(content)
    ends = {scan.start: scan.end for scan in structure.scans}
    needed = (
        (one.start, ends.get(one.end, one.end))
        for one in structure.segments
        if _is_needed(content, one.marker, one.start, one.end)
    )
    return [(0, 2), *needed, (structure.end - 2, structure.end)]


def _is_needed(content: bytes, marker: int, start: int, end: int) -> bool:
    """Whether a viewer needs a segment, and it holds no picture."""
    if marker == _APP0:
        return content[start + 4 : end].startswith(_JFIF) and end - start == _JFIF_LENGTH
    if marker == _APP14:
        return content[start + 4 : end].startswith(b"Adobe")
    return marker in _NEEDED


def _unpacked(packed: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(packed):
        before, length = _PIECE.unpack_from(packed, at)
        at += _PIECE.size
        yield before, packed[at : at + length]
        at += length


def parts(image: bytes, hidden: bytes) -> Sequence[bytes]:
    """What the MAC of a sealed JPEG file is over."""
    return b"JPEG", image, hidden
