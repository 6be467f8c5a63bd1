"""Read an image as integer samples at the depth of its file."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ..files import open_regular
from ..interfaces import Coefficients, FileCode, Image, ImageError, Samples
from .errors import named
from .generated import DeadLeaves
from .header import opened, refuse_large
from .luma import luma
from .raster import MOST_FRAMES, Opened, Raster
from .source import Source

MAX_PIXELS = 200_000_000
"""Default limit of height times width: the largest images of telephones pass."""


def read(
    source: Source,
    *,
    colour: bool = False,
    bits: int | None = None,
    max_pixels: int = MAX_PIXELS,
    jpeg_quality: int | None = None,
) -> Image:
    """Read an image.

    The format is the one the content has, whatever the suffix. Samples are never
    reduced: 16-bit files give 16 bits, a PGM of maxval 4095 gives 12. Fewer than 8 bits
    are stretched to 8. What was left out or converted on the way stands in the notes:
    alpha, palette, other colour spaces, the EXIF turn, further frames or pages, reduced
    copies, the sign of DICOM samples. Colours multiplied by alpha stay as they are, and
    colour profiles are not applied.

    Parameters
    ----------
    source : from :func:`find`.
    colour : keep the channels of a colour image; otherwise it becomes grey by
        :func:`luma`.
    bits : B, where a sample uses fewer bits than it is stored in (12 in 16); the file's
        depth if None.
    max_pixels : refuse an image of more pixels, before it is decoded.
    jpeg_quality : compress an image of 8 bits that is no JPEG file as one of this quality, 1 to
        100, and take what it decodes to.

    Raises
    ------
    ImageError
        If the file cannot be opened or decoded to its end, is too large or has samples
        that do not fit in `bits`. The message begins with the source's name.
    """
    with named(source.name):
        raster, is_jpeg = _decode(source, max_pixels)
        depth = raster.bits if bits is None else _declared(raster, bits)
        samples, notes = raster.samples, raster.notes
        if len(samples) == 3 and not colour:
            samples = luma(samples)
        if is_jpeg and isinstance(source.origin, Path):
            finish = partial(_finished, orientation=raster.orientation, colour=colour)
            return replace(
                from_samples(source.name, samples, depth, notes),
                coded=partial(_coefficients, source, finish),
                file_code=partial(_file_code, source, finish, len(samples) == 1),
            )
        if jpeg_quality is None:
            return from_samples(source.name, samples, depth, notes)
        return _compressed(source.name, samples, depth, notes, jpeg_quality)


def from_samples(
    name: str, samples: NDArray[np.integer[Any]], bits: int, notes: Iterable[str] = ()
) -> Image:
    """An image of samples that are at hand.

    Parameters
    ----------
    name : what to call it.
    samples : (C, H, W) integers 0..2**bits - 1, C = 1 or 3.
    bits : B, 1..16. Up to 8 the samples of the result are uint8, above uint16.

    Raises
    ------
    ImageError
        If shape, type or values are others.
    """
    if samples.ndim != 3 or samples.shape[0] not in (1, 3) or 0 in samples.shape:
        raise ImageError(f"samples of shape {samples.shape}; needs (1 or 3, height, width)")
    if not np.issubdtype(samples.dtype, np.integer):
        raise ImageError(f"samples of type {samples.dtype}; needs integers")
    if bits not in range(1, 17):
        raise ImageError(f"bits={bits}; needs 1 to 16")
    if samples.min() < 0:
        raise ImageError(f"a sample of {samples.min()} is negative; samples are 0 or more")
    if samples.max() >= 1 << bits:
        raise ImageError(_too_large(samples, bits))
    stored: Samples = np.ascontiguousarray(samples, np.uint8 if bits <= 8 else np.uint16)
    return Image(stored, bits, name=name, digest=_digest(stored, bits), notes=tuple(notes))


def _decode(source: Source, max_pixels: int) -> tuple[Raster, bool]:
    """Upright samples of a file or of the generator, and whether they are of a JPEG file."""
    origin, frame = source.origin, source.frame
    if isinstance(origin, DeadLeaves):
        refuse_large((origin.height, origin.width), max_pixels)
        return Raster(origin.render(), 8), False
    with opened(origin, max_pixels, frame) as (image, complaints):
        decoded = image.decode()
        left_out = tuple(_left_out(image, frame))
        is_jpeg = getattr(image, "is_jpeg", False) and not frame
    return decoded._replace(notes=(*left_out, *decoded.notes, *complaints)).upright(), is_jpeg


def _finished(samples: Samples, *, orientation: int, colour: bool) -> Samples:
    """Decoded samples as they are read: turned upright, grey."""
    upright = Raster(samples, 8, orientation=orientation).upright().samples
    grey = len(upright) == 1 or colour
    return np.ascontiguousarray(upright if grey else luma(upright))


def _coefficients(source: Source, finish: Callable[[Samples], Samples]) -> Coefficients:
    """The coefficients of a JPEG file."""
    from .jpeg import coefficients

    with named(source.name), open_regular(cast(Path, source.origin)) as file:
        return coefficients(file.read(), finish)


def _file_code(
    source: Source, finish: Callable[[Samples], Samples], is_grey: bool, whole: bool
) -> FileCode:
    """A JPEG file as a code of all of it, or of the samples that were read."""
    from .jpeg import file_code

    with named(source.name), open_regular(cast(Path, source.origin)) as file:
        return file_code(file.read(), finish, grey=is_grey and not whole)


def _compressed(
    name: str, samples: Samples, bits: int, notes: tuple[str, ...], quality: int
) -> Image:
    """What is left of samples in a JPEG file."""
    from .jpeg import compressed, file_code, raster_of

    if bits != 8:
        raise ImageError(f"has {bits} bits a sample and JPEG files have 8; save it with 8")
    content = compressed(samples, quality=quality)
    raster = raster_of(content)
    image = from_samples(name, raster.samples, bits, (*notes, f"compressed as JPEG {quality}"))
    return replace(
        image,
        coded=raster.coded,
        file_code=lambda _: file_code(content, lambda decoded: decoded, grey=False),
    )


def _left_out(image: Opened, frame: int | None) -> Iterator[str]:
    if image.frames > 1:
        more = "at least " if image.frames == MOST_FRAMES else ""
        if frame is None:
            yield f"first of {more}{image.frames} frames"
        else:
            yield f"frame {frame + 1} of {more}{image.frames}"
    if image.reduced:
        yield f"{image.reduced} reduced {'copies' if image.reduced > 1 else 'copy'} left out"


def _declared(raster: Raster, bits: int) -> int:
    """`bits`, if the file's samples can be of that many."""
    stored = 8 if raster.bits <= 8 else 16
    if bits not in range(1, stored + 1):
        raise ImageError(
            f"bits={bits} asked for, but its samples are of {stored} bits; leave bits out"
        )
    if raster.samples.max() >= 1 << bits:
        raise ImageError(_too_large(raster.samples, bits))
    return bits


def _too_large(samples: NDArray[np.integer[Any]], bits: int) -> str:
    top = int(samples.max())
    return (
        f"a sample of {top} does not fit in {bits} bits (0..{(1 << bits) - 1}); "
        f"set bits to {max(top.bit_length(), 1)} or more"
    )


def _digest(samples: Samples, bits: int) -> str:
    channels, height, width = samples.shape
    header = f"{channels}x{height}x{width}, {bits} bits, little-endian\n"
    content = hashlib.sha256(header.encode())
    content.update(samples.astype(samples.dtype.newbyteorder("<"), copy=False).data)
    return content.hexdigest()
