"""Images, their ciphers under AES in counter mode, and ciphers with a planted fault."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import skimage.data

from imleak.interfaces import Pair, Raster
from imleak.keystream import AesKeystream, derived_key, derived_nonce
from imleak.schemes.bitplanes import BitPlanes

CAMERA = skimage.data.camera()
ASTRONAUT = np.moveaxis(skimage.data.astronaut(), -1, 0)


def crops(count: int, height: int = 96, width: int = 112, colour: bool = False):
    """Parts of two photographs, (C, height, width) each."""
    rng = np.random.default_rng([count, height, width])
    whole = ASTRONAUT if colour else np.stack([CAMERA, ASTRONAUT[1]])
    found = []
    for number in range(count):
        top, left = rng.integers(0, 512 - height), rng.integers(0, 512 - width)
        image = whole if colour else whole[number % 2][None]
        found.append(image[:, top : top + height, left : left + width].copy())
    return found


def pairs(images: Sequence[np.ndarray], encrypt: Callable, bits: int = 8) -> list[Pair]:
    return [Pair(f"image {n}", image, encrypt(image), bits) for n, image in enumerate(images)]


def aes(level: int, bits: int = 8) -> Callable:
    """Encryption of `level` planes under a fresh nonce for every image."""
    number = iter(range(1 << 30))

    def encrypt(image):
        keystream = AesKeystream(derived_key(level), derived_nonce(str(next(number))))
        return BitPlanes().encrypt(Raster(image, bits), level, keystream).samples

    return encrypt


def mask(level: int) -> np.uint8:
    """The `level` most significant planes of 8."""
    return np.uint8((0xFF00 >> level) & 0xFF)


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def in_region(encrypt: Callable) -> Callable:
    """The same encryption of a rectangle in the middle."""

    def partly(image):
        found = image.copy()
        inside = (slice(None), slice(image.shape[1] // 4, -9), slice(13, image.shape[2] // 3 * 2))
        found[inside] = encrypt(image)[inside]
        return found

    return partly


def negative_positive() -> Callable:
    """Every sample, or its negative, by a fresh key."""
    rng = np.random.default_rng(1)
    return lambda image: np.where(rng.random(image.shape) < 0.5, image, 255 - image)


def shuffled(side: int = 16) -> Callable:
    """Blocks in a fresh order."""
    rng = np.random.default_rng(2)

    def encrypt(image):
        rows, columns = image.shape[1] // side, image.shape[2] // side
        blocks = image.reshape(len(image), rows, side, columns, side).swapaxes(2, 3)
        blocks = blocks.reshape(len(image), rows * columns, side, side)
        blocks = blocks[:, rng.permutation(rows * columns)]
        return (
            blocks.reshape(len(image), rows, columns, side, side)
            .swapaxes(2, 3)
            .reshape(image.shape)
        )

    return encrypt
