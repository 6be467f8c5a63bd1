"""What schemes that work on the coefficients of JPEG files share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..interfaces import (
    Blocks,
    Coefficients,
    Exposure,
    Keystream,
    NotInstalledError,
    Raster,
    Scheme,
)
from ._samples import LevelError, check_raster, level_of

Numbers = NDArray[np.int64]
Table = NDArray[np.int16]
"""Coefficients of n blocks in zigzag order, (n, 64)."""

NAMES = ("Y", "Cb", "Cr")
BITS = 8
MOST_AC = 63
SIZE = 4096
"""How many values a coefficient, or a difference of DC, of 8-bit samples has at most."""
FIRST = (1, 5, 20, MOST_AC)
"""How many AC coefficients are encrypted, a level each."""


def zigzag() -> NDArray[np.intp]:
    """(64,) numbers in raster order of the coefficients of a block, from low frequencies to high:
    diagonal by diagonal, up and down in turn (ITU-T T.81, figure 5)."""
    rows, columns = np.divmod(np.arange(64), 8)
    diagonals = rows + columns
    return np.lexsort((np.where(diagonals % 2, rows, columns), diagonals))


ZIGZAG = zigzag()
BACK = np.argsort(ZIGZAG)


def check_installed() -> None:
    """Refuse to begin without what reads coefficients. Raises NotInstalledError."""
    if find_spec("jpeglib") is None:
        raise NotInstalledError(
            "the coefficients of JPEG files are read by jpeglib, which is not installed: "
            "pip install 'imleak[jpeg]'"
        )


def check_depth(scheme: Scheme, bits: int) -> None:
    """Refuse samples that JPEG files do not have here."""
    if bits != BITS:
        raise LevelError(f"samples of {bits} bits: {scheme.name} takes JPEG files of {BITS} bits")


def check_first(first: Sequence[int], option: str) -> tuple[int, ...]:
    """Numbers of AC coefficients, a level each."""
    found = tuple(first)
    rises = all(low < high for low, high in zip((0, *found), found, strict=False))
    if not found or not rises or found[-1] > MOST_AC:
        raise LevelError(
            f"{option} {list(found)}: give rising numbers of AC coefficients, 1 to {MOST_AC}, "
            "such as 5, 20, 63"
        )
    return found


def coefficients_of(scheme: Scheme, raster: Raster, level: int) -> Coefficients:
    """The coefficients of an image, at a level that there is. Raises ImageError if it has none."""
    level_of(scheme, raster.bits, level)
    check_raster(raster)
    return raster.jpeg


def tables_of(found: Coefficients) -> list[Table]:
    """A copy of the coefficients of every component, in zigzag order."""
    return [blocks.reshape(-1, 64)[:, ZIGZAG] for blocks in found.components]


def raster_with(plain: Raster, tables: Sequence[Table], secret: bytes = b"") -> Raster:
    """The image of other coefficients in the place of those of an image."""
    was = plain.jpeg
    components = blocks_like(was, tables)
    found = replace(was, components=components, secret=secret)
    return Raster(was.render(components), plain.bits, lambda: found)


def blocks_like(found: Coefficients, tables: Sequence[Table]) -> tuple[Blocks, ...]:
    """The blocks of every component again."""
    return tuple(
        np.ascontiguousarray(table[:, BACK]).reshape(blocks.shape)
        for table, blocks in zip(tables, found.components, strict=True)
    )


def differences(found: Coefficients, component: int) -> Numbers:
    """(n,) differences of DC from block to block in the order of the file, as it codes them:
    from 0 where the prediction starts anew, and without the bits that are coded apart."""
    dc, starts = _dc(found, component), found.starts[component]
    stepped = np.diff(dc, prepend=0)
    stepped[starts] = dc[starts]
    return _wrapped(stepped, 16 - found.low_bits)


def low_bits(found: Coefficients, component: int) -> Numbers:
    """(n,) bits of DC that are coded apart, in raster order."""
    dc = found.components[component][..., 0, 0].astype(np.int64)
    return dc & ((1 << found.low_bits) - 1)


def dc_of(found: Coefficients, component: int, stepped: Numbers) -> NDArray[np.int16]:
    """(n,) DC in raster order, of its differences; 16 bits of it, as decoders keep."""
    starts = found.starts[component]
    summed = np.cumsum(stepped)
    before = (summed - stepped)[starts]
    dc = np.empty_like(summed)
    dc[found.order[component]] = summed - before[np.cumsum(starts) - 1]
    whole = (dc << found.low_bits) | low_bits(found, component).ravel()
    return _wrapped(whole, 16).astype(np.int16)


def key_bits(
    keystream: Keystream, shape: tuple[int, ...], scheme: str, level: int, channel: int
) -> NDArray[np.uint8]:
    """Uniform bits of the keystream."""
    count = int(np.prod(shape))
    taken = keystream.take(-(-count // 8), scheme=scheme, level=level, channel=channel)
    return np.unpackbits(taken)[:count].reshape(shape)


def exposure(
    plain: Raster,
    shown: Sequence[Table],
    left: Sequence[Numbers],
    dc: Sequence[Numbers],
    *,
    has_dc: bool = True,
) -> Exposure:
    """What is left of coefficients.

    Its symbols are, by the name of a component, all of its coefficients of one frequency
    beside those of the next, as an image (1, 8h, 8w); and the bits of DC that a progressive
    file codes apart.

    Parameters
    ----------
    shown : coefficients that are rendered.
    left : numbers from 0 in the place of AC coefficients, (n, 64).
    dc : the same in the place of DC, (n,) in raster order.
    has_dc : whether anything is left of DC.
    """
    found = plain.jpeg
    symbols: dict[str, NDArray[np.integer[Any]]] = {}
    for at, (name, blocks) in enumerate(zip(NAMES, found.components, strict=False)):
        numbers = left[at][:, BACK]
        numbers[:, 0] = dc[at]
        height, width = blocks.shape[:2]
        tiles = numbers.reshape(blocks.shape).transpose(2, 0, 3, 1)
        symbols[name] = tiles.reshape(1, 8 * height, 8 * width).astype(np.uint16)
        if found.low_bits and has_dc:
            symbols[f"low bits of {name}"] = low_bits(found, at)[np.newaxis].astype(np.uint16)
    components = blocks_like(found, shown)
    rendered, left_of_it = found.render(components), replace(found, components=components)
    return Exposure(rendered, plain.bits, symbols, SIZE, jpeg=left_of_it)


def in_raster_order(found: Coefficients, component: int, values: Numbers) -> Numbers:
    """(n,) values of blocks that are in the order of the file."""
    placed = np.empty_like(values)
    placed[found.order[component]] = values
    return placed


def folded(values: NDArray[Any]) -> Numbers:
    """0, -1, 1, -2, 2, ... numbered from 0."""
    wide = values.astype(np.int64)
    return np.where(wide < 0, -2 * wide - 1, 2 * wide)


def _dc(found: Coefficients, component: int) -> Numbers:
    """(n,) DC in the order of the file, without the bits that are coded apart."""
    dc = found.components[component][..., 0, 0].ravel().astype(np.int64)
    return dc[found.order[component]] >> found.low_bits


def _wrapped(values: Numbers, bits: int) -> Numbers:
    """Modulo 2**bits, around 0."""
    half = 1 << (bits - 1)
    return (values + half) % (2 * half) - half
