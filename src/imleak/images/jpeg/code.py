"""A JPEG file as a code of the samples that are read from it.

JPEG XL transcodes JPEG files to shorter ones, from which the same bytes come back. Reference:
ISO/IEC 18181-2, annex A (JPEG bitstream reconstruction).
"""

from __future__ import annotations

import io

from ...interfaces import FileCode, ImageError, NotInstalledError, Samples
from ..pillow import contained, open_jpeg
from .coefficients import Finish, luma_alone
from .structure import parse

BESIDES = 5
"""Bytes that tell the EXIF turn, and where the code of the file ends."""
APP0, APP14, APP15, COMMENT = 0xE0, 0xEE, 0xEF, 0xFE
COLOUR_SPACE = {APP0: b"JFIF\0", APP14: b"Adobe"}
"""Markers that tell decoders what the components are, and how they begin."""


def file_code(content: bytes, finish: Finish, *, grey: bool) -> FileCode:
    """The code of a file, without metadata, and what is read from it.

    Parameters
    ----------
    content : the file.
    finish : how its samples were read.
    grey : whether luma is all that was read. The code is then that of the luma of the file alone;
        rounding and clipping of colours make a few samples differ. The whole file is coded if
        its first component is no luma of full size, or jpeglib is missing.
    """
    if grey:
        try:
            return _code(luma_alone(content), finish)
        except (ImageError, NotInstalledError):
            pass
    return _code(without_metadata(content), finish)


def without_metadata(content: bytes) -> bytes:
    """A file without what decoders need not know: EXIF data with its preview, colour profiles,
    comments, and what follows its end. One that cannot be taken apart stays as it is."""
    try:
        structure = parse(content)
    except ImageError:
        return content
    pieces, at = [], 0
    for segment in structure.segments:
        marker, start, end = segment
        is_metadata = APP0 <= marker <= APP15 or marker == COMMENT
        needed = COLOUR_SPACE.get(marker)
        if is_metadata and not (needed and content.startswith(needed, start + 4)):
            pieces.append(content[at:start])
            at = end
    return b"".join([*pieces, content[at : structure.end]])


def _code(content: bytes, finish: Finish) -> FileCode:
    """The shortest code of a file; the samples are those of the file that is decoded from it."""
    transcoded = _transcoded(content)
    size = len(content) if transcoded is None else min(len(content), len(transcoded))
    return FileCode(size + BESIDES, finish(_decoded(content)))


def _transcoded(content: bytes) -> bytes | None:
    """A file as JPEG XL, if the same bytes come back; else None."""
    import imagecodecs

    try:
        code = bytes(imagecodecs.jpegxl_encode_jpeg(content, numthreads=1))
        same = bytes(imagecodecs.jpegxl_decode_jpeg(code, numthreads=1)) == content
    except (imagecodecs.JpegxlError, ValueError):
        return None
    return code if same else None


def _decoded(content: bytes) -> Samples:
    """(C, H, W) samples of a file, by the decoder that reads all of them, before the EXIF turn."""
    with contained():
        return open_jpeg(io.BytesIO(content)).decode().samples
