"""DICOM, by pydicom, which is not installed unless it is asked for.

Samples are those of the file, as unsigned integers of its BitsStored: signed ones are moved up by
2^(B - 1), MONOCHROME1 is inverted, so that white is bright, and PALETTE COLOR is looked up in its
palette. All are exact, and noted. Rescale slope and intercept, and windows, are left alone. Of the
person nothing is read but what `--group-by patient` asks for, and errors repeat nothing of a file.

References
----------
DICOM PS3.3, C.7.6.3 (image pixel) and C.11.1 (modality LUT); PS3.5, 8 and A (transfer syntaxes).
"""

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..files import open_regular
from ..interfaces import ImageError, NotInstalledError
from .raster import Raster, Size, Stored, raster

logging.getLogger("pydicom").addHandler(logging.NullHandler())

INSTALL = "pip install 'imleak[dicom]'"
_PIXEL_TAGS = (
    "Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated",
    "BitsStored", "HighBit", "PixelRepresentation", "NumberOfFrames", "RescaleSlope",
    "RescaleIntercept", *(
        f"{segmented}{colour}PaletteColorLookupTable{part}"
        for colour in ("Red", "Green", "Blue")
        for segmented, part in (("", "Descriptor"), ("", "Data"), ("Segmented", "Data"))
    ),
)  # fmt: skip
GROUP_TAGS = {"patient": ("IssuerOfPatientID", "PatientID"), "study": ("StudyInstanceUID",)}
"""What tells patients, and studies, from one another; the last one must be there."""

_GREY = ("MONOCHROME1", "MONOCHROME2")
_COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_PALETTE = "PALETTE COLOR"
_NATIVE = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2",
           "1.2.840.10008.1.2.5")  # fmt: skip
"""Without compression, and RLE: pydicom decodes them itself."""
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_LONG = (b"OB", b"OW", b"OF", b"SQ", b"UN", b"UT")
"""Value representations whose length has 32 bits."""


class DicomImage:
    """An image, or a frame of several."""

    reduced = 0

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._frame = file, 0
        self._head = head(file, _PIXEL_TAGS)
        with _private():
            sides = self._head.get("Rows"), self._head.get("Columns")
            if None in sides:
                raise ImageError("is DICOM without an image, such as a report or a DICOMDIR")
            self.size: Size = (int(sides[0]), int(sides[1]))
            self.frames = int(self._head.get("NumberOfFrames") or 1)
            self._bits = int(self._head.BitsStored)

    def select(self, frame: int) -> None:
        """Turn to another frame."""
        self._frame = frame

    def decode(self) -> Raster:
        with _private():
            self._check()
            photometric, bits = str(self._head.PhotometricInterpretation), self._bits
            stored, notes = self._decoded(photometric)
            if stored.shape[:2] != self.size:
                raise ValueError("another size inside than it says")
            if photometric == _PALETTE:
                return self._looked_up(stored)
            largest = (1 << bits) - 1
            samples = (stored.astype(np.int32) & largest).astype(np.uint16)
            if self._head.get("PixelRepresentation", 0):
                samples ^= np.uint16(1 << (bits - 1))  # two's complement, and so the same as adding
                notes = (*notes, f"signed samples, {1 << (bits - 1)} added")
            if photometric == "MONOCHROME1":
                samples = np.uint16(largest) - samples
                notes = (*notes, "MONOCHROME1 inverted")
            return raster(samples, bits, (*notes, *self._left_alone()))

    def _looked_up(self, indices: Stored) -> Raster:
        from pydicom.pixels.processing import apply_color_lut

        samples = apply_color_lut(indices, self._head)[..., :3]
        return raster(samples, 8 * samples.itemsize, (f"{_PALETTE} converted to RGB",))

    def _check(self) -> None:
        """Refuse what is not read, before memory is taken for it."""
        head, bits = self._head, self._bits
        allocated = int(head.BitsAllocated)
        if allocated not in (8, 16) or not 1 < bits <= allocated:
            raise ImageError(
                f"is DICOM with samples of {bits} bits in {allocated}, or of floats; "
                "save it with integers of 8 to 16 bits"
            )
        if int(head.get("HighBit", bits - 1)) != bits - 1:
            raise ImageError("is DICOM with samples that are not in the low bits; save it again")
        photometric = str(head.get("PhotometricInterpretation"))
        channels = int(head.get("SamplesPerPixel", 1))
        if (photometric, channels) not in [
            *((one, 1) for one in (*_GREY, _PALETTE)),
            *((one, 3) for one in _COLOUR),
        ]:
            raise ImageError(
                f"is DICOM of {photometric[:16]} with {channels} samples a pixel; save it as "
                "MONOCHROME2 or RGB"
            )
        if photometric == _PALETTE and "RedPaletteColorLookupTableDescriptor" not in head:
            raise ImageError(f"is DICOM of {_PALETTE} without its palette; save it as RGB")
        syntax = _syntax(head)
        if syntax not in _NATIVE and syntax not in _CODECS:
            raise ImageError(
                f"is DICOM compressed by {getattr(syntax, 'name', syntax)[:60]}, which is not "
                "read; save it without compression, as RLE, JPEG, JPEG-LS or JPEG 2000"
            )

    def _decoded(self, photometric: str) -> tuple[Stored, tuple[str, ...]]:
        """(H, W) or (H, W, 3) as they are stored, but in RGB, and what became of colours."""
        from pydicom import dcmread
        from pydicom.encaps import get_frame
        from pydicom.pixels.utils import pixel_array

        notes = (f"{photometric} converted to RGB",) if photometric.startswith("YBR_FULL") else ()
        syntax = _syntax(self._head)
        self._file.seek(0)
        if syntax in _NATIVE:
            native: Stored = pixel_array(self._file, index=self._frame)
            return native, notes
        whole: Any = dcmread(self._file)
        offsets = whole.get("ExtendedOffsetTable"), whole.get("ExtendedOffsetTableLengths")
        coded = get_frame(
            whole.PixelData,
            self._frame,
            number_of_frames=self.frames,
            extended_offsets=offsets if all(offsets) else None,
        )
        inside, decode = _CODECS[syntax]
        if inside(coded) != self.size:
            raise ValueError("another size inside than it says")
        return decode(coded, photometric), notes

    def _left_alone(self) -> Iterator[str]:
        given = (self._head.get("RescaleSlope"), self._head.get("RescaleIntercept"))
        slope, intercept = (
            usual if value in (None, "") else float(value)
            for value, usual in zip(given, (1, 0), strict=True)
        )
        if (slope, intercept) != (1, 0):
            yield f"rescale slope {slope:g}, intercept {intercept:g} left alone"


def group_of(path: Path, by: str) -> tuple[str, ...] | None:
    """What tells the patient or the study of a file from others; None where it does not say.

    Parameters
    ----------
    by : one of :data:`GROUP_TAGS`.
    """
    tags = GROUP_TAGS[by]
    try:
        with open_regular(path) as file, _private():
            found = head(file, tags)
            values = tuple(str(found.get(tag) or "").strip() for tag in tags)
    except (ImageError, OSError):
        return None
    return values if values[-1] else None


def check_installed(what: str) -> None:
    """Raises NotInstalledError if pydicom is missing, which is needed for something."""
    if find_spec("pydicom") is None:
        raise NotInstalledError(f"{what}, which needs a decoder: {INSTALL}")


def head(file: BinaryIO, tags: tuple[str, ...]) -> Any:
    """Some elements of a file, and its transfer syntax; no other is decoded. Raises ImageError if
    it cannot be read."""
    try:
        check_installed("is DICOM")
    except NotInstalledError as error:
        raise ImageError(str(error)) from error
    from pydicom import dcmread

    with _private():
        if _transfer_syntax(file) == _DEFLATED:
            raise ImageError(
                "is DICOM deflated as a whole, of which the size is not known before it is "
                "inflated; save it without compression"
            )
        file.seek(0)
        return dcmread(file, stop_before_pixels=True, specific_tags=list(tags))


def _transfer_syntax(file: BinaryIO) -> bytes:
    """As the file says before its data set, which pydicom inflates at once. Raises ValueError if
    it does not say."""
    file.seek(132)
    while len(element := file.read(8)) == 8 and element[:2] == b"\2\0":
        is_long = element[4:6] in _LONG
        length = int.from_bytes(file.read(4) if is_long else element[6:], "little")
        if element[2:4] == b"\x10\0":
            return file.read(length).rstrip(b"\0 ")
        file.seek(length, 1)
    raise ValueError("no transfer syntax")


def _syntax(head: Any) -> Any:
    return getattr(head.file_meta, "TransferSyntaxUID", "")


@contextmanager
def _private() -> Iterator[None]:
    """Of pydicom's errors their kind alone, and no warnings: their words repeat what a file says of
    a person."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except ImageError:
            raise
        except Exception as error:
            raise ImageError(
                f"damaged DICOM, or of a kind that is not read ({type(error).__name__}); save it "
                "again without compression, or as a 16-bit PNG"
            ) from None


_FRAME_MARKERS = (0xC0, 0xC1, 0xC2, 0xC3, 0xF7)


def _size_of_jpeg(coded: bytes) -> Size:
    """Of JPEG and JPEG-LS."""
    at = 2
    while at + 9 <= len(coded):
        if coded[at + 1] in _FRAME_MARKERS:
            return int.from_bytes(coded[at + 5 : at + 7]), int.from_bytes(coded[at + 7 : at + 9])
        at += 2 + int.from_bytes(coded[at + 2 : at + 4])
    raise ValueError("no size inside")


def _size_of_jpeg_2000(coded: bytes) -> Size:
    at = coded.index(b"\xff\x4f\xff\x51")
    right, bottom, left, top = (
        int.from_bytes(coded[at + place : at + place + 4]) for place in (8, 12, 16, 20)
    )
    return bottom - top, right - left


def _imagecodecs(codec: str, coded: bytes, photometric: str) -> Stored:
    import imagecodecs

    options = {}
    if codec == "jpeg8" and photometric in _COLOUR:
        colours = "RGB" if photometric == "RGB" else "YCBCR"
        options = {"colorspace": colours, "outcolorspace": "RGB"}
    decoded: Stored = getattr(imagecodecs, f"{codec}_decode")(coded, **options)
    return decoded


_Codec = tuple[Callable[[bytes], Size], Callable[[bytes, str], Stored]]
_JPEG: _Codec = _size_of_jpeg, partial(_imagecodecs, "jpeg8")
_LOSSLESS: _Codec = _size_of_jpeg, partial(_imagecodecs, "jpegsof3")
_JPEG_LS: _Codec = _size_of_jpeg, partial(_imagecodecs, "jpegls")
_JPEG_2000: _Codec = _size_of_jpeg_2000, partial(_imagecodecs, "jpeg2k")
_HIGH_THROUGHPUT: _Codec = _size_of_jpeg_2000, partial(_imagecodecs, "htj2k")
_CODECS = {
    f"1.2.840.10008.1.2.4.{number}": codec
    for codec, numbers in (
        (_JPEG, (50, 51)),
        (_LOSSLESS, (57, 70)),
        (_JPEG_LS, (80, 81)),
        (_JPEG_2000, (90, 91)),
        (_HIGH_THROUGHPUT, (201, 202, 203)),
    )
    for number in numbers
}
"""By transfer syntax: the size that a frame says inside, and its decoder, of imagecodecs."""
