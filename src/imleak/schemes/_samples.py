"""What schemes that work on samples share: checks, and words of the keystream."""

import numpy as np

from ..interfaces import (
    ImageError,
    ImleakError,
    Keystream,
    Level,
    Raster,
    Scheme,
    levels_in_words,
)

MOST_BITS = 16


class LevelError(ImleakError):
    """A level, a bit depth or an option that the scheme does not have."""


def check_bits(scheme: Scheme, bits: int) -> None:
    """Refuse a depth that samples of 8 or 16 bits cannot hold."""
    if not 1 <= bits <= MOST_BITS:
        raise LevelError(f"samples of {bits} bits: {scheme.name} takes 1 to {MOST_BITS} bits")


def level_of(scheme: Scheme, bits: int, rank: int) -> Level:
    """The level of a rank."""
    levels = scheme.levels(bits)
    if rank not in range(len(levels)):
        raise LevelError(
            f"level {rank}: {scheme.name} of {bits}-bit samples has {levels_in_words(levels)}"
        )
    return levels[rank]


def check_raster(raster: Raster) -> None:
    """Refuse what is no image, or does not fit its depth."""
    samples, bits = raster.samples, raster.bits
    if samples.ndim != 3 or samples.dtype not in (np.uint8, np.uint16):
        raise ImageError(
            f"samples of shape {samples.shape} and type {samples.dtype}: "
            "give (C, H, W) uint8 or uint16"
        )
    highest = int(samples.max(initial=0))
    if highest >> bits:
        raise ImageError(
            f"a sample is {highest}, more than {bits} bits hold: give bits={highest.bit_length()}"
        )


def encrypted(
    raster: Raster, rows: slice, columns: slice, mask: int, scheme: str, level: int, keys: Keystream
) -> Raster:
    """An image whose samples in a rectangle are XORed with the keystream, in the bits of a mask.

    A sample takes one word of the keystream of its channel. Words, and their order of bytes,
    depend on B and not on the container or the machine: the cipher of an image is the same
    everywhere.
    """
    cipher = raster.samples.copy()
    word = np.dtype(np.uint8 if raster.bits <= 8 else ">u2")
    for channel, samples in enumerate(cipher[:, rows, columns]):
        count = samples.size * word.itemsize
        stream = keys.take(count, scheme=scheme, level=level, channel=channel)
        words = stream.view(word).reshape(samples.shape) & word.type(mask)
        samples ^= words.astype(samples.dtype)
    return Raster(cipher, raster.bits)
