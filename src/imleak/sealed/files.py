"""Image files in and out, without the change of one sample."""

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from PIL.PngImagePlugin import PngImageFile

from ..atomic import OutputError, sweep, write_whole
from ..files import open_regular
from ..images import Source, read
from ..interfaces import Image, ImageError, Samples
from . import jpeg, png
from .extras import TIFF, bytes_behind, metadata

JPEG = (".jpg", ".jpeg")
_KEYWORD = "imleak"
"""Keyword of our text in a PNG file; in a TIFF file it is the ImageDescription."""

_HARMLESS = re.compile(
    r"palette expanded|.* stretched to .*|turned by EXIF .*|\d+ reduced cop(y|ies) left out"
    r"|signed samples, \d+ added|MONOCHROME1 inverted|rescale .* left alone"
)
"""Notes of reading that one can live with: the image looks the same. Reduced copies are
thumbnails, and the previews and gain maps that telephones append to a JPEG. What is done to the
samples of DICOM can be undone, to the same ones."""


def read_whole(path: Path, *, bits: int | None, max_pixels: int) -> Image:
    """An image, in colour if it has any, of whose samples nothing gets lost; its notes say what
    else is not carried over. Raises ImageError if the file cannot be read, or reading it would drop
    or convert something that could not be given back: alpha, pages of a TIFF, CMYK."""
    image = read(Source(str(path), path), colour=True, bits=bits, max_pixels=max_pixels)
    lost = [note for note in image.notes if not _HARMLESS.fullmatch(note)]
    if lost:
        raise ImageError(
            f"{path}: cannot be given back as it is ({', '.join(lost)}); "
            "save it as an 8- or 16-bit grey or RGB PNG"
        )
    return replace(image, notes=(*image.notes, *_dropped(content_of(path))))


def read_exact(path: Path, *, max_pixels: int) -> Image | None:
    """An image whose samples are those of the file, as :func:`write` writes them; None if reading
    has to change anything, or if the file is cut. Raises ImageError if the file is no image, or its
    samples cannot be decoded."""
    image = read(Source(str(path), path), colour=True, max_pixels=max_pixels)
    return None if image.notes or png.is_cut(content_of(path)) else image


def content_of(path: Path) -> bytes:
    """The bytes of a file that was read as an image. Raises ImageError if they cannot be read any
    more."""
    try:
        with open_regular(path) as file:
            return file.read()
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror}") from error


def _dropped(content: bytes) -> Iterator[str]:
    """What of an image file is not in its samples, and thus not in what is written."""
    if kinds := metadata(content):
        yield f"not carried over: {', '.join(kinds)}"
    if count := bytes_behind(content):
        yield f"not carried over: {count} bytes behind the image"


def text_of(content: bytes) -> str:
    """Our text in a file that is known to be an image; "" if it has none."""
    if content.startswith(jpeg.BEGINNING):
        return jpeg.text_of(content)
    if content.startswith(png.SIGNATURE):
        return str(PngImageFile(io.BytesIO(content)).info.get(_KEYWORD, ""))
    if content.startswith(TIFF):
        import tifffile

        with tifffile.TiffFile(io.BytesIO(content)) as file:
            return str(file.pages.first.description)
    return ""


def size_of(samples: Samples, suffix: str) -> int:
    """Bytes of samples (C, H, W) in a file of a format of ours, without a text."""
    return len(_ENCODERS[suffix.lower()](samples, ""))


def write(path: Path, samples: Samples, text: str = "", *, overwrite: bool = False) -> None:
    """Write samples (C, H, W) and an ASCII text to a PNG or TIFF file, whole or not at all.

    Raises
    ------
    OutputError
        As :func:`check_output`, or if the disk refuses.
    """
    check_output(path, overwrite=overwrite)
    write_content(path, _ENCODERS[path.suffix.lower()](samples, text))


def write_content(path: Path, content: bytes) -> None:
    """Write a file that only its owner reads until it is whole. Raises OutputError if the disk
    refuses."""
    sweep(path.parent)
    write_whole(path, content, private=True)


def check_output(
    path: Path, *, overwrite: bool, sources: Iterable[Path] = (), scheme: str | None = None
) -> None:
    """Refuse an output before any work is done for it.

    Parameters
    ----------
    sources : files that are read, and not to be replaced by it.
    scheme : of coefficients, whose ciphers are JPEG files.

    Raises
    ------
    OutputError
        If the format is not one of ours, the folder is missing, the file is one of
        `sources`, under whatever name, or is there and may not be overwritten.
    """
    suffix = path.suffix.lower()
    for source in sources:
        if _is_same(path, source):
            raise OutputError(
                f"cannot write {path}: it is the same file as {source}; use another name"
            )
    if scheme is not None and suffix not in JPEG:
        raise OutputError(
            f"cannot write {path}: {scheme} encrypts the coefficients of JPEG files; use .jpg"
        )
    if scheme is None and suffix in JPEG:
        raise OutputError(
            f"cannot write {path}: JPEG is lossy and would change the samples; use .png or .tif"
        )
    if suffix not in (*_ENCODERS, *JPEG):
        raise OutputError(f"cannot write {path}: use .png or .tif")
    if not path.parent.is_dir():
        raise OutputError(f"cannot write {path}: there is no folder {path.parent}")
    if path.exists() and not overwrite:
        raise OutputError(f"{path}: is there already; use another name, or replace it: --overwrite")
    if path.exists() and not path.is_file():
        raise OutputError(f"cannot write {path}: it is no regular file; use another name")


def _is_same(path: Path, other: Path) -> bool:
    """Whether two names are of one file, by links too; also of one that is not there yet."""
    try:
        return path.samefile(other)
    except OSError:
        return path.resolve() == other.resolve()


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
