"""One picture at all its levels: encrypted as it would be, and what remains of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256

import numpy as np

from ..images import from_samples
from ..interfaces import Change, Image, Observation, Samples, Scheme
from ..keystream import AesKeystream, derived_key, derived_nonce
from .components import Component


def derive_seed(*of: int | str) -> int:
    """A seed (32 bits) that depends on all of its arguments."""
    return int.from_bytes(sha256(repr(of).encode()).digest()[:4], "big")


def encryption(image: Image, scheme: Scheme, seed: int) -> Callable[[int], Samples]:
    """Level -> cipher of a picture, the last one kept.

    Nothing encrypted leaves a run, so its keys need not be secret: they are derived from
    the seed and the picture, and figures that look at the cipher can be had again.
    """
    keystream = AesKeystream(derived_key(seed), derived_nonce(image.digest))

    @lru_cache(maxsize=1)
    def cipher(level: int) -> Samples:
        return scheme.encrypt(image.samples, image.bits, level, keystream)

    return cipher


def encrypt_again(image: Image, scheme: Scheme, seed: int, level: int, change: Change) -> Samples:
    """The cipher of a picture after one bit of it, or of the key, has changed."""
    key = derived_key(seed)
    if change == "key":
        key = bytes([key[0] ^ 1]) + key[1:]
    else:
        samples = image.samples.copy()
        samples.flat[samples.size // 2] ^= np.uint8(1)
        image = from_samples(image.name, samples, image.bits, image.notes)
    keystream = AesKeystream(key, derived_nonce(image.digest))
    return scheme.encrypt(image.samples, image.bits, level, keystream)


def observe(image: Image, scheme: Component, levels: tuple[int, ...], seed: int) -> Observation:
    """What a metric sees of a picture, without features."""
    encrypts: Scheme = scheme.build()
    cipher = encryption(image, encrypts, seed)

    @lru_cache(maxsize=1)
    def clear(level: int) -> Samples:
        return encrypts.clear(cipher(level), image.bits, level)

    return Observation(
        plain=image.samples,
        bits=image.bits,
        levels=levels,
        clear=clear,
        cipher=cipher,
        table=lambda level: encrypts.table(image.bits, level),
        size=lambda level: encrypts.size(image.bits, level),
        seed=derive_seed(seed, image.digest),
        again=lambda level, change: encrypt_again(image, encrypts, seed, level, change),
    )
