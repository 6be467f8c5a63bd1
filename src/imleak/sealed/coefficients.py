"""JPEG files whose coefficients are encrypted, and decrypted to the same bytes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ..images import Source, named, read
from ..images.jpeg import coefficients, compressed, rewritten, written
from ..interfaces import Coefficients, Image, ImageError, KeyedScheme, Raster
from ..keystream import AesKeystream
from . import envelope, files, jpeg
from .envelope import Header, SealError

_METADATA = "metadata"
"""Whose keystream hides what is no coefficient."""
CODED_ANEW = "decrypts to the same coefficients and metadata, in a file that is coded anew"
BITS = 8
_LENGTH = 8
"""Bytes that say how many bytes of metadata there are; the rest is the secret of the scheme."""


def read_jpeg(
    path: Path, scheme: KeyedScheme, *, max_pixels: int, quality: int | None
) -> tuple[Image, bytes]:
    """An image with its coefficients, and the JPEG file that holds them.

    Parameters
    ----------
    quality : of the JPEG file that is made of an image of another format; None to refuse it.

    Raises
    ------
    ImageError
        If it cannot be read, is no JPEG file, or has coefficients that cannot be kept.
    """
    source = Source(str(path), path)
    image = read(source, colour=True, max_pixels=max_pixels)
    content = files.content_of(path)
    with named(source.name):
        if not content.startswith(jpeg.BEGINNING):
            content = _compressed(image, quality)
        found = _coefficients(content, scheme)
    return replace(image, coded=lambda: found), content


def seal(
    image: Image, content: bytes, scheme: KeyedScheme, header: Header, key: bytes
) -> tuple[bytes, tuple[str, ...]]:
    """A sealed JPEG file, and what there is to say of it.

    Parameters
    ----------
    image, content : an image with its coefficients, and its file.
    """
    stream = AesKeystream(key, header.nonce)
    cipher = scheme.encrypt(image, header.level, stream).jpeg
    kept, pieces = jpeg.split(content)
    public = _with(kept, image.jpeg, cipher, scheme)
    notes: tuple[str, ...] = ()
    if _changes_code(scheme):
        again = jpeg.joined(_with(public, cipher, image.jpeg, scheme), pieces)
        notes = () if again == content else (CODED_ANEW,)
    hidden = len(pieces).to_bytes(_LENGTH, "big") + _xor(pieces, stream, header) + cipher.secret
    text = envelope.close(header, jpeg.parts(public, hidden), key)
    return jpeg.close(public, text, hidden), notes


def unseal(opened: jpeg.Opened, scheme: KeyedScheme, header: Header, key: bytes) -> bytes:
    """The JPEG file that was encrypted; of a sealed one whose MAC has been checked."""
    stream = AesKeystream(key, header.nonce)
    size = int.from_bytes(opened.hidden[:_LENGTH], "big")
    pieces = _xor(opened.hidden[_LENGTH : _LENGTH + size], stream, header)
    secret = opened.hidden[_LENGTH + size :]
    cipher = replace(_coefficients(opened.image, scheme), secret=secret)
    unseen = np.zeros((1, 1, 1), np.uint8)
    plain = scheme.decrypt(Raster(unseen, 8, lambda: cipher), header.level, stream).jpeg
    return jpeg.joined(_with(opened.image, cipher, plain, scheme), pieces)


def _compressed(image: Image, quality: int | None) -> bytes:
    """A JPEG file of an image of another format."""
    if quality is None:
        _ = image.jpeg  # says why there is none
    if image.bits != BITS:
        raise ImageError(f"has {image.bits} bits a sample and JPEG files have {BITS}")
    return compressed(image.samples, quality=quality)


def is_sealed(path: Path) -> bool:
    """Whether a file is a JPEG file of ours."""
    try:
        content = files.content_of(path)
    except SealError:
        return False
    return content.startswith(jpeg.BEGINNING) and envelope.is_sealed(jpeg.text_of(content))


def _coefficients(content: bytes, scheme: KeyedScheme) -> Coefficients:
    """The coefficients of a file; those that are seen alone, where it is coded anew."""
    return coefficients(content, unseen=not _changes_code(scheme))


def _with(content: bytes, old: Coefficients, new: Coefficients, scheme: KeyedScheme) -> bytes:
    """A JPEG file with other coefficients, and else as it was where they are as long."""
    if _changes_code(scheme):
        return written(content, new.components)
    return rewritten(content, old.components, new.components)


def _changes_code(scheme: KeyedScheme) -> bool:
    return bool(getattr(scheme, "changes_code", False))


def _xor(content: bytes, stream: AesKeystream, header: Header) -> bytes:
    taken = stream.take(len(content), scheme=_METADATA, level=header.level, channel=0)
    return (np.frombuffer(content, np.uint8) ^ taken).tobytes()
