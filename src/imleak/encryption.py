"""One image encrypted and decrypted, and what of it is in the clear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from . import images, plugins
from .interfaces import Image, KeyedScheme, Raster
from .keystream import AesKeystream, new_nonce


@dataclass(frozen=True, eq=False)
class Encrypted:
    """A cipher and what decryption needs besides the key, which is not in it.

    Parameters
    ----------
    image : the cipher.
    level : s.
    scheme, options : how it was encrypted.
    nonce : 16 bytes, fresh for every image.
    """

    image: Image
    level: int
    scheme: str
    nonce: bytes
    options: Mapping[str, Any] = field(default_factory=dict)

    def built(self) -> KeyedScheme:
        """The scheme, made with its options."""
        return plugins.keyed_scheme(self.scheme, self.options)


def encrypt(
    image: Image, level: int, key: bytes, *, scheme: str = "bitplanes", **options: Any
) -> Encrypted:
    """Encrypt an image at a level, under a fresh nonce.

    Parameters
    ----------
    image : from :func:`imleak.read_images`, or of samples by
        :func:`imleak.images.from_samples`.
    level : s, one of the scheme's levels.
    key : 32 bytes, from :func:`imleak.new_key` or a key file.
    scheme, options : name of the scheme, and arguments to make it with.

    Raises
    ------
    ImleakError
        If scheme or level do not exist.
    """
    made = plugins.keyed_scheme(scheme, options)
    nonce = new_nonce()
    cipher = made.encrypt(image, level, AesKeystream(key, nonce))
    return Encrypted(_named(image, cipher), level, scheme, nonce, options)


def decrypt(encrypted: Encrypted, key: bytes) -> Image:
    """The plain image again.

    A wrong key gives noise: only the files of ``imleak encrypt`` carry what tells.
    """
    cipher = encrypted.image
    stream = AesKeystream(key, encrypted.nonce)
    return _named(cipher, encrypted.built().decrypt(cipher, encrypted.level, stream))


def clear_part(encrypted: Encrypted) -> Image:
    """What an adversary without the key can use: p_C of equation (3) for bit-planes."""
    cipher = encrypted.image
    exposure = encrypted.built().expose(cipher, encrypted.level)
    return _named(cipher, Raster(exposure.rendered, exposure.bits))


def _named(image: Image, raster: Raster) -> Image:
    """Samples that were made of an image, under its name."""
    made = images.from_samples(image.name, raster.samples, raster.bits, image.notes)
    return replace(made, coded=raster.coded)
