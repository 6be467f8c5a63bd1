"""Where the ciphers of an image come from: a scheme that encrypts here, or files that
somebody else wrote."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, TypeVar

import numpy as np

from ..images import Source, from_samples
from ..interfaces import (
    Change,
    Exposure,
    Image,
    ImageError,
    KeyedScheme,
    Observation,
    Raster,
    Samples,
    Scheme,
)
from ..keystream import AesKeystream, derived_key, derived_nonce
from .components import Component

KEPT_BYTES = 256 << 20
"""Bytes of ciphers and clear parts of one image that are kept while it is at work."""
Made = TypeVar("Made")


@dataclass(frozen=True)
class CipherFile:
    """A cipher that somebody else made.

    Parameters
    ----------
    level : rank of its level.
    source : where it is.
    digest : SHA-256 (hex) of its samples.
    """

    level: int
    source: Source
    digest: str


def derive_seed(*of: int | str) -> int:
    """A seed (32 bits) that depends on all of its arguments."""
    return int.from_bytes(sha256(repr(of).encode()).digest()[:4], "big")


@dataclass(eq=False)
class Ciphers:
    """The ciphers of one image, each made or read once for all that look at it.

    Parameters
    ----------
    image : the plain image.
    scheme : of the ciphers.
    make : level -> cipher.
    seed : of the study.
    again : (level, change) -> another cipher, where one can be made here.
    """

    image: Image
    scheme: Scheme
    make: Callable[[int], Raster]
    seed: int
    again: Callable[[int, Change], Samples] | None = None
    _made: dict[tuple[str, int], Any] = field(default_factory=dict)

    def cipher(self, level: int) -> Raster:
        return self._kept("cipher", level, self.make)

    def exposure(self, level: int) -> Exposure:
        """What an adversary has of a cipher."""
        return self._kept(
            "exposure", level, lambda level: self.scheme.expose(self.cipher(level), level)
        )

    def table(self, level: int) -> Samples | None:
        """The clear sample of every plain sample value; None if there is no such thing."""
        table = getattr(self.scheme, "table", None)
        return None if table is None else table(self.image.bits, level)

    def observed(self, levels: tuple[int, ...]) -> Observation:
        """What a metric sees of the image, without features."""
        return Observation(
            plain=self.image.samples,
            bits=self.image.bits,
            levels=levels,
            exposure=self.exposure,
            cipher=lambda level: self.cipher(level).samples,
            table=self.table,
            seed=derive_seed(self.seed, self.image.digest),
            again=self.again,
        )

    def _kept(self, what: str, level: int, make: Callable[[int], Made]) -> Made:
        """What was made of a level; the oldest give way, but for a cipher and its exposure."""
        if (what, level) not in self._made:
            made = make(level)
            room = max(2, KEPT_BYTES // self.image.samples.nbytes)
            while len(self._made) >= room:
                del self._made[next(iter(self._made))]
            self._made[what, level] = made
        found: Made = self._made[what, level]
        return found


def simulated(image: Image, scheme: Component, seed: int) -> Ciphers:
    """The ciphers of an image that are made here.

    Nothing encrypted leaves a run, so its keys need not be secret: they are derived from
    the seed and the image, and figures that look at the cipher can be had again.
    """
    made: KeyedScheme = scheme.build()
    keystream = AesKeystream(derived_key(seed), derived_nonce(image.digest))

    def encrypt_again(level: int, change: Change) -> Samples:
        return _encrypt_again(image, made, seed, level, change)

    return Ciphers(
        image, made, lambda level: made.encrypt(image, level, keystream), seed, encrypt_again
    )


def recorded(
    image: Image,
    scheme: Component,
    seed: int,
    files: tuple[CipherFile, ...],
    read: Callable[[Source], Image],
) -> Ciphers:
    """The ciphers of an image that somebody else made; level 0 is the image itself.

    Parameters
    ----------
    files : one a level.
    read : reads a cipher.
    """
    by_level = {file.level: file for file in files}

    def cipher(level: int) -> Raster:
        if level == 0:
            return image
        file = by_level[level]
        found = read(file.source)
        if found.digest != file.digest:
            raise ImageError(f"{file.source.name}: has changed since the run began; start it again")
        return found

    return Ciphers(image, scheme.build(), cipher, seed)


def _encrypt_again(
    image: Image, scheme: KeyedScheme, seed: int, level: int, change: Change
) -> Samples:
    """The cipher of an image after one bit of it, or of the key, has changed."""
    key = derived_key(seed)
    if change == "key":
        key = bytes([key[0] ^ 1]) + key[1:]
    else:
        samples = image.samples.copy()
        samples.flat[samples.size // 2] ^= np.uint8(1)
        image = from_samples(image.name, samples, image.bits, image.notes)
    keystream = AesKeystream(key, derived_nonce(image.digest))
    return scheme.encrypt(image, level, keystream).samples
