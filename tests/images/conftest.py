"""Images on disk for the tests of reading."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from imleak.images import DeadLeaves, Source

_PASSES = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2))
ADAM7 = (*_PASSES, (1, 0, 2, 1))
"""First row, first column, row step, column step of each pass of an interlaced PNG."""


@pytest.fixture(scope="session")
def grey8() -> np.ndarray:
    """(48, 64) uint8."""
    return DeadLeaves(48, 64).render()[0]


@pytest.fixture(scope="session")
def rgba8() -> np.ndarray:
    """(48, 64, 4) uint8."""
    return np.stack([DeadLeaves(48, 64, index).render()[0] for index in range(4)], axis=-1)


@pytest.fixture(scope="session")
def rgba16(rgba8: np.ndarray) -> np.ndarray:
    """(48, 64, 4) uint16 whose low bytes are not their high bytes."""
    low = np.random.default_rng(0).integers(0, 256, rgba8.shape)
    return (rgba8.astype(np.uint16) << 8) | low.astype(np.uint16)


@pytest.fixture
def stored(tmp_path: Path) -> Callable[[str, bytes], Source]:
    """Write bytes to a file and give its source."""

    def write(name: str, content: bytes) -> Source:
        path = tmp_path / name
        path.write_bytes(content)
        return Source(name, path)

    return write


@pytest.fixture(scope="session")
def encode_png() -> Callable[..., bytes]:
    return _encode_png


def _encode_png(
    samples: np.ndarray, depth: int, colour_type: int, interlace: bool = False, extra: bytes = b""
) -> bytes:
    """A PNG of (H, W) or (H, W, C) samples, unfiltered; `extra` chunks go before the data."""
    height, width = samples.shape[:2]
    pixels = samples.reshape(height, width, -1)
    steps = ADAM7 if interlace else ((0, 0, 1, 1),)
    parts = [pixels[row::down, column::right] for row, column, down, right in steps]
    body = b"".join(_scanlines(part, depth) for part in parts if part.size)
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, interlace)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + extra
        + png_chunk(b"IDAT", zlib.compress(body))
        + png_chunk(b"IEND", b"")
    )


def _scanlines(pixels: np.ndarray, depth: int) -> bytes:
    rows = pixels.reshape(len(pixels), -1)
    if depth == 16:
        packed = rows.astype(">u2").view(np.uint8)
    elif depth == 8:
        packed = rows.astype(np.uint8)
    else:
        bits = (rows[..., None] >> np.arange(depth)[::-1]) & 1
        packed = np.packbits(bits.reshape(len(rows), -1).astype(bool), axis=1)
    return b"".join(b"\0" + row.tobytes() for row in packed)


def png_chunk(kind: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum


@pytest.fixture(scope="session", name="png_chunk")
def _png_chunk() -> Callable[[bytes, bytes], bytes]:
    return png_chunk
