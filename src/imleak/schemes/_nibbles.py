"""Blocks of an image as halves of samples: what learnable encryption works on."""

from typing import Any

import numpy as np

from ..interfaces import Level, Raster, Scheme
from ._blocks import Blocks, whole_blocks
from ._samples import LevelError, check_bits, check_raster, level_of

BLOCK = 4
"""Side of a block, in samples."""


def check_even(scheme: Scheme, bits: int) -> None:
    """Refuse samples that have no halves."""
    check_bits(scheme, bits)
    if bits % 2:
        raise LevelError(
            f"samples of {bits} bits: {scheme.name} halves them; give an even number of bits, "
            "such as 8"
        )


def two_levels(scheme: Scheme, bits: int, label: str, short: str) -> tuple[Level, ...]:
    """Nothing, and what a scheme does; of halves of one bit nothing is left."""
    check_even(scheme, bits)
    return (Level(0, "nothing encrypted", short="plain"), Level(1, label, short=short))


def halves(scheme: Scheme, raster: Raster, level: int) -> Blocks:
    """(n, m) halves of the samples of n blocks, each of bits / 2 bits: the upper ones in order of
    channels, rows and columns, then the lower ones."""
    level_of(scheme, raster.bits, level)
    check_raster(raster)
    blocks = whole_blocks(raster, BLOCK).cut(raster.samples)
    samples = blocks.reshape(len(blocks), -1)
    half = samples.dtype.type(raster.bits // 2)
    return np.concatenate([samples >> half, samples & largest(raster)], axis=1)


def joined(raster: Raster, found: Blocks) -> Raster:
    """An image with other halves; what fills no block is as it was."""
    upper, lower = np.split(found, 2, axis=1)
    filled, half = raster.samples.copy(), raster.samples.dtype.type(raster.bits // 2)
    blocks = (upper << half | lower).reshape(len(found), -1, BLOCK, BLOCK)
    whole_blocks(raster, BLOCK).fill(filled, blocks)
    return Raster(filled, raster.bits)


def largest(raster: Raster) -> np.unsignedinteger[Any]:
    """The largest half, and the mask that negates one."""
    return raster.samples.dtype.type((1 << raster.bits // 2) - 1)
