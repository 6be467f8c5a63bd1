"""PNG files of 8 and 16 bits, grey and RGB. Pillow writes no 16-bit RGB.

Reference: W3C, "Portable Network Graphics (PNG) Specification", third edition.
"""

import struct
import zlib
from collections.abc import Iterator

import numpy as np

from ..interfaces import Samples

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"
_GREY, _RGB = 0, 2
_UP = 2


def encode(samples: Samples, text: dict[str, str]) -> bytes:
    """A PNG file of (C, H, W) uint8 or uint16 samples, C = 1 or 3, with ASCII texts.

    Every row is filtered by the one above (type Up): photographs come out within a tenth
    of the size that choosing the filter row by row would give.
    """
    channels, height, width = samples.shape
    rows = samples.transpose(1, 2, 0).astype(samples.dtype.newbyteorder(">"), order="C")
    raw = rows.reshape(height, -1).view(np.uint8)
    filtered = np.empty((height, 1 + raw.shape[1]), np.uint8)
    filtered[:, 0] = _UP
    filtered[:, 1:] = np.diff(raw, axis=0, prepend=np.uint8(0))
    depth, colour = 8 * samples.itemsize, _GREY if channels == 1 else _RGB
    return b"".join(
        [
            SIGNATURE,
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)),
            *(_chunk(b"tEXt", f"{key}\0{value}".encode("ascii")) for key, value in text.items()),
            _chunk(b"IDAT", zlib.compress(filtered.data)),
            _END,
        ]
    )


def chunks(content: bytes) -> Iterator[tuple[bytes, int]]:
    """Type of every chunk of a PNG file, and where it ends; up to IEND, or to the first
    that is cut."""
    at = len(SIGNATURE)
    while at + 12 <= len(content):
        kind = content[at + 4 : at + 8]
        at += 12 + int.from_bytes(content[at : at + 4], "big")
        if at > len(content):
            return
        yield kind, at
        if kind == b"IEND":
            return


def is_cut(content: bytes) -> bool:
    """Whether a PNG file lacks its end, which decoders do not miss behind the samples."""
    is_png = content.startswith(SIGNATURE)
    return is_png and all(kind != b"IEND" for kind, _ in chunks(content))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
