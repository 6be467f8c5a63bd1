"""What an encrypted file carries beside its samples, and what keeps it from alteration.

Three lines of text: the format and its version, a JSON header, and the HMAC-SHA256 of both
and of the samples, or of all else in a JPEG file, in hexadecimal digits. For instance::

    imleak sealed 1
    {"bits":8,"level":3,"nonce":"00..0f","options":{},"scheme":"bitplanes","scheme_version":"1"}
    5f..c3
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ..interfaces import ImleakError, Samples
from ..keystream import mac_key

_MAGIC = "imleak sealed "
_VERSION = "1"
FOREIGN = (
    "not a file of imleak encrypt, or cut, or saved again by a program that dropped the header; "
    "take it as imleak wrote it"
)


class SealError(ImleakError):
    """A file that is not sealed, not by this key, or no longer as it was sealed."""


@dataclass(frozen=True)
class Header:
    """How an image was encrypted; what decryption needs beside the key.

    Parameters
    ----------
    scheme, scheme_version, options : the scheme and the arguments it was made with.
    level, bits : s and B.
    nonce : 16 bytes.
    """

    scheme: str
    scheme_version: str
    level: int
    bits: int
    nonce: bytes
    options: Mapping[str, Any] = field(default_factory=dict)


def close(header: Header, content: Sequence[bytes], key: bytes) -> str:
    """The text of an encrypted file.

    Parameters
    ----------
    header : how `content` was encrypted.
    content : what must not be altered; of samples, :func:`content_of`.
    key : 32-byte master key.
    """
    fields = asdict(header) | {"nonce": header.nonce.hex()}
    line = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    signed = f"{_MAGIC}{_VERSION}\n{line}"
    return f"{signed}\n{_mac(signed, content, key)}"


def content_of(samples: Samples) -> Sequence[bytes]:
    """Shape, type and samples (C, H, W), big-endian."""
    form = f"{samples.shape} {samples.dtype.name}"
    big_endian = samples.astype(samples.dtype.newbyteorder(">"), order="C")
    return form.encode(), big_endian.tobytes()


def is_sealed(text: str) -> bool:
    """Whether a text is that of an encrypted file, of any version."""
    return text.startswith(_MAGIC)


def open_(text: str, content: Sequence[bytes], key: bytes) -> Header:
    """The header of an encrypted file, once its MAC has been checked.

    Nothing of the header is interpreted before that.

    Raises
    ------
    SealError
        If the text is not ours or of another version, or if key, text and content do not
        belong together.
    """
    signed, tag = _split(text)
    if not hmac.compare_digest(_mac(signed, content, key).encode(), tag.encode()):
        raise SealError(
            "wrong key, or the file was altered after it was encrypted; nothing was decrypted"
        )
    return _parse(signed)


def peek(text: str) -> Header:
    """The header as it stands in the text. Nothing has been checked: it may be forged. Raises
    SealError if the text is not ours, of another version, or not readable."""
    signed, _ = _split(text)
    return _parse(signed)


def _mac(signed: str, content: Sequence[bytes], key: bytes) -> str:
    """HMAC-SHA256 of text and content, each part behind its length."""
    code = hmac.new(mac_key(key), digestmod=hashlib.sha256)
    for part in (signed.encode(), *content):
        code.update(len(part).to_bytes(8, "big"))
        code.update(part)
    return code.hexdigest()


def _split(text: str) -> tuple[str, str]:
    if not is_sealed(text):
        raise SealError(FOREIGN)
    version, _, rest = text.removeprefix(_MAGIC).partition("\n")
    if version != _VERSION:
        raise SealError(
            f"encrypted in format {version[:9]!r}, and this imleak reads {_VERSION}; update it"
        )
    line, _, tag = rest.partition("\n")
    return f"{_MAGIC}{version}\n{line}", tag


def _parse(signed: str) -> Header:
    try:
        fields = json.loads(signed.partition("\n")[2])
        return Header(**(fields | {"nonce": bytes.fromhex(fields["nonce"])}))
    except (ValueError, TypeError, KeyError):
        raise SealError("the header cannot be read; take the file as imleak wrote it") from None
