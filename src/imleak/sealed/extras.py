"""What an image file holds beside its samples: metadata, and bytes behind its end."""

import io
import re
from collections.abc import Iterable, Iterator
from typing import Any

import PIL.Image

from . import png

TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""How a TIFF file begins, in either byte order, classic or BigTIFF."""
_JPEG = b"\xff\xd8\xff"
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""In the coded data of a JPEG file: what is neither a stuffed byte nor a restart."""

_PNG_CHUNKS = {
    b"eXIf": "EXIF",
    b"iCCP": "ICC profile",
    b"cICP": "colour space",
    b"tEXt": "texts",
    b"zTXt": "texts",
    b"iTXt": "texts",
}
_TIFF_TAGS = {
    270: "texts",  # ImageDescription
    315: "texts",  # Artist
    700: "XMP",
    33432: "texts",  # Copyright
    33723: "IPTC",
    34377: "Photoshop data",
    34665: "EXIF",
    34675: "ICC profile",
    34853: "EXIF",  # GPS
}
_DIRECTORIES = (330, 34665, 34853)
"""TIFF tags that point at further directories: SubIFDs, EXIF, GPS."""

_PILLOW_INFO = {
    "exif": "EXIF",
    "icc_profile": "ICC profile",
    "xmp": "XMP",
    "photoshop": "Photoshop data",
    "comment": "texts",
}


def metadata(content: bytes) -> tuple[str, ...]:
    """Kinds of metadata in an image file: ``("EXIF", "ICC profile")``; each once."""
    if content.startswith(png.SIGNATURE):
        found = {_PNG_CHUNKS.get(kind) for kind, _ in png.chunks(content)}
    elif content.startswith(TIFF):
        found = {_TIFF_TAGS.get(code) for code in _tags(content)}
    elif content[128:132] == b"DICM":
        found = {"DICOM attributes"}
    else:
        found = {name for key, name in _PILLOW_INFO.items() if _info(content).get(key)}
    return tuple(sorted(found - {None}))  # type: ignore[arg-type]


def bytes_behind(content: bytes) -> int:
    """How many bytes of a PNG, TIFF or JPEG file stand behind all that belongs to its
    images; 0 for a file that is cut, and for other formats."""
    if content.startswith(png.SIGNATURE):
        end = max((end for _, end in png.chunks(content)), default=len(content))
    elif content.startswith(TIFF):
        end = _end_of_tiff(content)
    elif content.startswith(_JPEG):
        end = _end_of_jpeg(content)
    else:
        end = len(content)
    return max(0, len(content) - end)


def _info(content: bytes) -> dict[Any, Any]:
    try:
        with PIL.Image.open(io.BytesIO(content)) as image:
            return image.info
    except PIL.UnidentifiedImageError:  # PNM of 16 bits, formats of other libraries
        return {}


def _tags(content: bytes) -> Iterator[int]:
    import tifffile

    with tifffile.TiffFile(io.BytesIO(content)) as file:
        yield from (int(tag.code) for tag in file.pages.first.tags)


def _end_of_tiff(content: bytes) -> int:
    """Where the last directory, value or strip of any page ends, and the zero byte that may
    align it. Behind directories of other kinds (EXIF, SubIFDs) nothing is sought."""
    import tifffile

    with tifffile.TiffFile(io.BytesIO(content)) as file:
        count, entry, link = (8, 20, 8) if file.is_bigtiff else (2, 12, 4)
        pages: Iterable[Any] = file.pages
        ends = [8]
        for page in pages:
            if any(tag.code in _DIRECTORIES for tag in page.tags):
                return len(content)
            ends.append(page.offset + count + entry * len(page.tags) + link)
            ends += [tag.valueoffset + tag.valuebytecount for tag in page.tags]
            ends += map(sum, zip(page.dataoffsets, page.databytecounts, strict=False))
    end = max(ends)
    return end + (end % 2 == 1 and content[end:] == b"\0")


def _end_of_jpeg(content: bytes) -> int:
    """Behind the first EOI marker that is no part of a segment (ITU-T T.81, annex B)."""
    at = 2
    while at + 4 <= len(content):
        marker = content[at + 1]
        if marker == 0xD9:
            return at + 2
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        if marker == 0xDA:
            found = _MARKER.search(content, at)
            at = found.start() if found else len(content)
    return at + 2 if content[at : at + 2] == b"\xff\xd9" else len(content)
