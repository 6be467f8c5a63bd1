"""Sealed files under one nonce: found from their headers, without a key.

Two images under one key and one nonce have one keystream. Where both are encrypted, the
XOR of the two ciphers is the XOR of the two images, which shows both.
"""

import io
from collections.abc import Iterable
from pathlib import Path

from PIL.PngImagePlugin import PngImageFile

from ..files import open_regular
from . import envelope, jpeg, png
from .envelope import Header
from .extras import TIFF

_START = 1 << 16
"""Bytes of a file that are read for its header, which stands before the samples."""


def header_of(path: Path) -> Header | None:
    """How a file says it was encrypted, from its first bytes; None if it does not say so,
    or cannot be read. Nothing of it has been checked: it may be forged."""
    try:
        text = _text(path)
        return envelope.peek(text) if envelope.is_sealed(text) else None
    except Exception:  # a decoder of damaged files raises anything
        return None


def is_foreign(path: Path) -> bool:
    """Whether a file can be read, and carries no text of ours: nobody encrypted it by imleak."""
    try:
        return not envelope.is_sealed(_text(path))
    except Exception:  # missing or damaged: what it was cannot be told
        return False


def same_nonce(path: Path, others: Iterable[Path]) -> list[Path]:
    """Those of some files that are sealed under the nonce of another, and are not copies
    of it."""
    own = header_of(path)
    if own is None:
        return []
    text = _text(path)
    return [
        other
        for other in others
        if (found := header_of(other)) is not None
        and found.nonce == own.nonce
        and _text(other) != text
    ]


def _text(path: Path) -> str:
    with open_regular(path) as file:
        start = file.read(_START)
    if start.startswith(png.SIGNATURE):
        return str(PngImageFile(io.BytesIO(start)).info.get("imleak", ""))
    if start.startswith(jpeg.BEGINNING):
        return jpeg.text_of(start)
    if start.startswith(TIFF):
        import tifffile

        with tifffile.TiffFile(path) as tiff:
            return str(tiff.pages.first.description)
    return ""
