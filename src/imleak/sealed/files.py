"""Picture files in and out, without the change of one sample."""

from __future__ import annotations

import io
import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

from PIL.PngImagePlugin import PngImageFile

from ..images import Source, read
from ..interfaces import Image, ImageError, ImleakError, Samples
from . import png

_KEYWORD = "imleak"
"""Of our text in a PNG file; in a TIFF file it is the ImageDescription."""

_HARMLESS = re.compile(
    r"palette expanded|.* stretched to .*|turned by EXIF .*|\d+ reduced cop(y|ies) left out"
)
"""Notes of reading that one can live with: the picture looks the same. Reduced copies are
thumbnails, and the previews and gain maps that telephones append to a JPEG."""

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


class OutputError(ImleakError):
    """A file that cannot be written: its format, its place, or another one in the way."""


def read_whole(path: Path, *, bits: int | None, max_pixels: int) -> Image:
    """A picture, in colour if it has any, of which nothing gets lost.

    Raises
    ------
    ImageError
        If the file cannot be read, or reading it would drop or convert something that
        could not be given back: alpha, pages of a TIFF, CMYK.
    """
    picture = read(Source(str(path), path), colour=True, bits=bits, max_pixels=max_pixels)
    lost = [note for note in picture.notes if not _HARMLESS.fullmatch(note)]
    if lost:
        raise ImageError(
            f"{path}: cannot be given back as it is ({', '.join(lost)}); "
            "save it as an 8- or 16-bit grey or RGB PNG"
        )
    return picture


def read_exact(path: Path, *, max_pixels: int) -> Image | None:
    """A picture whose samples are those of the file, as :func:`write` writes them; None
    if reading has to change anything, or if the file is cut.

    Raises
    ------
    ImageError
        If the file is no picture, or its samples cannot be decoded.
    """
    picture = read(Source(str(path), path), colour=True, max_pixels=max_pixels)
    return None if picture.notes or png.is_cut(path.read_bytes()) else picture


def text_of(path: Path) -> str:
    """Our text in a file that is known to be a picture; "" if it has none."""
    content = path.read_bytes()
    if content.startswith(png.SIGNATURE):
        return str(PngImageFile(io.BytesIO(content)).info.get(_KEYWORD, ""))
    if content.startswith(_TIFF):
        import tifffile

        with tifffile.TiffFile(io.BytesIO(content)) as file:
            return str(file.pages.first.description)
    return ""


def write(path: Path, samples: Samples, text: str = "", *, overwrite: bool = False) -> None:
    """Write samples (C, H, W) and an ASCII text to a PNG or TIFF file, whole or not at all.

    Raises
    ------
    OutputError
        As :func:`check_output`, or if the disk refuses.
    """
    check_output(path, overwrite=overwrite)
    data = _ENCODERS[path.suffix.lower()](samples, text)
    temporary = path.with_name(f".imleak-{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from None
    finally:
        with suppress(OSError):
            temporary.unlink()


def check_output(path: Path, *, overwrite: bool) -> None:
    """Refuse an output before any work is done for it.

    Raises
    ------
    OutputError
        If the format is not one of ours, the folder is missing, or the file is there and
        may not be overwritten.
    """
    suffix = path.suffix.lower()
    if suffix in (".jpg", ".jpeg"):
        raise OutputError(
            f"cannot write {path}: JPEG is lossy and would change the samples; use .png or .tif"
        )
    if suffix not in _ENCODERS:
        raise OutputError(f"cannot write {path}: use .png or .tif")
    if not path.parent.is_dir():
        raise OutputError(f"cannot write {path}: there is no folder {path.parent}")
    if path.exists() and not overwrite:
        raise OutputError(f"{path} exists: use another name, or allow overwriting")


def _encode_png(samples: Samples, text: str) -> bytes:
    return png.encode(samples, {_KEYWORD: text} if text else {})


def _encode_tiff(samples: Samples, text: str) -> bytes:
    import tifffile

    grey = len(samples) == 1
    file = io.BytesIO()
    tifffile.imwrite(
        file,
        samples[0] if grey else samples.transpose(1, 2, 0),
        byteorder="<",
        photometric="minisblack" if grey else "rgb",
        compression="zlib",
        description=text or None,
        software="imleak",
        metadata=None,
    )
    return file.getvalue()


_ENCODERS = {".png": _encode_png, ".tif": _encode_tiff, ".tiff": _encode_tiff}


def _sync_folder(folder: Path) -> None:
    """Make a rename last. Windows neither opens folders nor needs it."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
