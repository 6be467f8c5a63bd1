"""Key bytes for one image: AES-256-CTR, subkeys, key files.

>>> key = new_key()
>>> stream = AesKeystream(key, new_nonce())
>>> stream.take(4, scheme="bitplanes", level=3, channel=0).shape
(4,)

A 32-byte master key never encrypts anything itself. HKDF-SHA256 makes of it one AES key
for every (nonce, scheme, level, channel), and each of these counts from zero. The nonce
thus chooses the key instead of the first counter block: two images can never run into
each other's counters, as they could under one key where nonces lie close together.

This module serves a measuring tool, not a protection: see docs/security.md.

References
----------
NIST SP 800-38A (CTR mode); RFC 5869 (HKDF); NIST FIPS 198-1 (HMAC).
"""

from __future__ import annotations

import codecs
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from numpy.typing import NDArray

from .atomic import sync_file
from .files import NotRegularError, open_regular
from .interfaces import ImleakError

KEY_BYTES = 32
NONCE_BYTES = 16

MEASURING_CONSTANT = b"imleak measuring key: public by design, protects nothing"
"""What keys of measuring runs are derived from. It is no secret, and need not be: their
ciphers never leave the run."""


class KeyFileError(ImleakError):
    """A key file that is missing, malformed, readable by others, or in the way."""


@dataclass(frozen=True, eq=False)
class AesKeystream:
    """The keystream of one image, an :class:`imleak.interfaces.Keystream`.

    Parameters
    ----------
    key : 32-byte master key, from :func:`new_key` or a key file; not shown by `repr`.
    nonce : 16 bytes, from :func:`new_nonce`, another for every image.

    Raises
    ------
    ValueError
        If key or nonce has another length.
    """

    key: bytes = field(repr=False)
    nonce: bytes

    def __post_init__(self) -> None:
        _check_key(self.key)
        if len(self.nonce) != NONCE_BYTES:
            raise ValueError(f"a nonce has {NONCE_BYTES} bytes, not {len(self.nonce)}")

    def take(self, count: int, *, scheme: str, level: int, channel: int) -> NDArray[np.uint8]:
        """`count` uniform bytes, always the same ones for the same arguments.

        Streams of different (scheme, level, channel) are independent; a shorter take is
        the beginning of a longer one.
        """
        info = _encode("keystream", self.nonce, scheme, level, channel)
        return np.frombuffer(aes256_ctr(hkdf_sha256(self.key, info), count), np.uint8)


def new_key() -> bytes:
    """A fresh master key: 32 bytes from the operating system's generator."""
    return secrets.token_bytes(KEY_BYTES)


def new_nonce() -> bytes:
    """A fresh nonce: 16 bytes from the operating system's generator."""
    return secrets.token_bytes(NONCE_BYTES)


def mac_key(key: bytes) -> bytes:
    """The subkey under which files are authenticated, (32,) bytes.

    Independent of every keystream of the same master key.
    """
    _check_key(key)
    return hkdf_sha256(key, _encode("mac"))


def derived_key(seed: int) -> bytes:
    """The master key of a measuring run, (32,) bytes: the same for the same seed.

    HKDF-SHA256 of the public :data:`MEASURING_CONSTANT` and the seed of the study.
    Whoever knows the seed knows the key. It is for ciphers that are measured and thrown
    away, so that a study can be repeated; never for a file that leaves the run.
    """
    return hkdf_sha256(MEASURING_CONSTANT, _encode("measuring key", seed))


def derived_nonce(digest: str) -> bytes:
    """The nonce of an image in a measuring run, (16,) bytes, from the image's digest.

    Different images thus have different keystreams in a run that must be repeatable;
    only for use with :func:`derived_key`.
    """
    return hkdf_sha256(MEASURING_CONSTANT, _encode("measuring nonce", digest), NONCE_BYTES)


def read_key_file(path: str | os.PathLike[str]) -> bytes:
    """The 32-byte key in a file: raw, or as 64 hexadecimal digits.

    Raises
    ------
    KeyFileError
        If the file is no regular file or cannot be read, holds anything else, or can be
        read or written by group or world (the rule of ssh; not checked on Windows).
    """
    _refuse_key_as_name(path)
    try:
        with open_regular(path) as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(4 * KEY_BYTES)
    except NotRegularError as error:
        raise KeyFileError(
            f"cannot read key file {path}: {error.strerror}; "
            "save the key in a file of mode 0600 and give its name"
        ) from None
    except OSError as error:
        raise KeyFileError(f"cannot read key file {path}: {error.strerror}") from None
    if os.name == "posix" and mode & 0o077:
        raise KeyFileError(
            f"key file {path} has mode {mode & 0o777:04o}, open to others: chmod 600 {path}"
        )
    key = content if len(content) == KEY_BYTES else _from_hex(content)
    if key is None:
        raise KeyFileError(
            f"{path} is no key file: it must hold {KEY_BYTES} raw bytes "
            f"or {2 * KEY_BYTES} hexadecimal digits"
        )
    return key


def write_key_file(path: str | os.PathLike[str], key: bytes) -> None:
    """Write a key as 64 hexadecimal digits to a new file of mode 0600.

    Raises
    ------
    KeyFileError
        If the file exists (a key is never overwritten) or cannot be written.
    ValueError
        If the key has not 32 bytes.
    """
    _check_key(key)
    _refuse_key_as_name(path)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key.hex().encode() + b"\n")
            file.flush()
            sync_file(descriptor)
    except FileExistsError:
        raise KeyFileError(
            f"key file {path} exists and keys are never overwritten: choose another name"
        ) from None
    except FileNotFoundError:
        raise KeyFileError(
            f"cannot write key file {path}: there is no folder {Path(path).parent}"
        ) from None
    except OSError as error:
        raise KeyFileError(f"cannot write key file {path}: {error.strerror}") from None


def aes256_ctr(key: bytes, count: int, counter: bytes = bytes(16)) -> bytes:
    """`count` bytes of AES-256 in counter mode from a 16-byte first counter block.

    References
    ----------
    NIST SP 800-38A, section 6.5.
    """
    encryptor = Cipher(algorithms.AES256(key), modes.CTR(counter)).encryptor()
    return encryptor.update(bytes(count))


def hkdf_sha256(
    key: bytes, info: bytes, length: int = KEY_BYTES, salt: bytes | None = None
) -> bytes:
    """`length` bytes derived from `key` for the purpose that `info` names (RFC 5869)."""
    return HKDF(SHA256(), length, salt, info).derive(key)


def _encode(*fields: bytes | str | int) -> bytes:
    """Fields as bytes, each behind its length: no two lists of fields look the same."""
    parts = [f if isinstance(f, bytes) else str(f).encode() for f in fields]
    return b"imleak 1" + b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _from_hex(content: bytes) -> bytes | None:
    text = content.removeprefix(codecs.BOM_UTF8).strip()
    if len(text) != 2 * KEY_BYTES:
        return None
    try:
        return bytes.fromhex(text.decode("ascii"))
    except ValueError:
        return None


def _refuse_key_as_name(path: str | os.PathLike[str]) -> None:
    """Whoever gives the key itself must not find it in the message and then in a log."""
    if _from_hex(os.fsencode(path)) is not None:
        raise KeyFileError("this is a key and no file name: give the name of a file that holds it")


def _check_key(key: bytes) -> None:
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key has {KEY_BYTES} bytes, not {len(key)}")
