"""The coefficients of a JPEG file, read and written by libjpeg."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from ...interfaces import Blocks, Coefficients, ImageError, NotInstalledError, Raster, Samples
from .order import blocks_of_an_mcu, places_in
from .structure import Scan, Structure, parse

MOST = 2047
"""Largest coefficient, and largest difference of DC, of 8-bit samples (ITU-T T.81, F.1.2)."""
WHITE = 2048
"""DC, dequantised, at twice the distance from grey that white has: no more can be seen of it."""
WRAPS = 60000
"""Range of DC from which on it has gone beyond 16 bits, and come back at the other end."""
LARGEST_SIDE = 65535
SUBSAMPLING = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0"}

_one_at_a_time = threading.Lock()
"""jpeglib keeps the markers of a file in variables of its own between two calls."""

Finish = Callable[[Samples], Samples]
"""Makes of decoded samples those that were read: turned upright, grey."""


def coefficients(
    content: bytes, finish: Finish = lambda samples: samples, *, unseen: bool = True
) -> Coefficients:
    """The coefficients of a JPEG file.

    Parameters
    ----------
    content : the file.
    finish : how its samples were read; other coefficients are rendered alike.
    unseen : whether to read blocks beyond the right and bottom edge too, where there are any.

    Raises
    ------
    ImageError
        If the file is damaged, or its coefficients cannot be kept, see
        :func:`~imleak.images.jpeg.structure.parse`.
    NotInstalledError
        If jpeglib is missing.
    """
    structure = parse(content)
    file = JpegFile(content, structure, finish)
    read = _read(_with_every_block(content, structure) if unseen else content)
    components = tuple(getattr(read, name) for name in NAMES[: read.num_components])
    scans = [file.scan_of_dc(at) for at in range(len(components))]
    ordered = [_ordered(components[at], file.structure, scans[at], at) for at in range(len(scans))]
    found = Coefficients(
        components,
        order=tuple(order for order, _ in ordered),
        starts=tuple(starts for _, starts in ordered),
        low_bits=scans[0].low,
        render=file.render,
        recompress=file.recompress,
        coded_size=file.coded_size,
        tables=tuple(read.qt[number].astype(np.uint16) for number in read.quant_tbl_no),
    )
    _check(found)
    return found


def written(content: bytes, components: Sequence[Blocks]) -> bytes:
    """A sequential JPEG file of other coefficients, without metadata, with the tables and the
    sampling of one that is there."""
    return JpegFile(content, parse(content), lambda samples: samples).written(
        components, optimised=True
    )


def luma_alone(content: bytes) -> bytes:
    """A grey JPEG file of the luma of another one, without metadata.

    Raises
    ------
    ImageError
        If the file is damaged, or its first component is no luma of full size.
    NotInstalledError
        If jpeglib is missing.
    """
    structure, read = parse(content), _read(content)
    first, space = structure.components[0], read.jpeg_color_space.name
    is_whole = (first.across, first.down) == (structure.across, structure.down)
    if space not in LUMA_FIRST or not is_whole:
        raise ImageError("has no luma of full size; save it with YCbCr components")
    import jpeglib

    grey = jpeglib.from_dct(Y=read.Y, qt=read.qt[read.quant_tbl_no[0]][np.newaxis])
    grey.height, grey.width = structure.height, structure.width
    with _one_at_a_time:
        return _file_of(grey)


@dataclass(frozen=True)
class JpegFile:
    """A JPEG file in memory.

    Parameters
    ----------
    content : of the file.
    structure : of `content`.
    finish : how its samples were read.
    """

    content: bytes
    structure: Structure
    finish: Finish

    @cached_property
    def _as_stored(self) -> Any:
        """What jpeglib makes of the file, to be written with other coefficients."""
        read = _read(self.content)
        read.markers = []
        return read

    def scan_of_dc(self, component: int) -> Scan:
        """The scan that codes the DC of a component, but for its lowest bits."""
        for scan in self.structure.scans:
            if component in scan.components and not (scan.first or scan.high):
                return scan
        raise ImageError("is a damaged JPEG file: a component is missing; save it again")

    def render(self, components: Sequence[Blocks]) -> Samples:
        """Samples of other coefficients.

        Raises
        ------
        ImageError
            If there are coefficients that no decoder takes.
        """
        return self.finish(decoded(self.written(components)))

    def coded_size(self, components: Sequence[Blocks]) -> int:
        """Bytes of a sequential JPEG file of other coefficients, with codes of its own. DC that
        has run out of range is coded as it is, unless it has run out of 16 bits too."""
        wraps = any(np.ptp(blocks[..., 0, 0].astype(np.int64)) > WRAPS for blocks in components)
        return len(self.written(components, optimised=True, limited=wraps))

    def written(
        self, components: Sequence[Blocks], *, optimised: bool = False, limited: bool = True
    ) -> bytes:
        """A sequential JPEG file of other coefficients, without metadata, with the tables and
        the sampling of this one.

        Parameters
        ----------
        optimised : whether it has Huffman codes of its own.
        limited : whether DC is limited to the range of samples.
        """
        jpeg = self._as_stored
        with _one_at_a_time:
            tables = [jpeg.qt[number] for number in jpeg.quant_tbl_no]
            for at, (blocks, table) in enumerate(zip(components, tables, strict=True)):
                rows, columns = self.structure.blocks(at)
                seen = blocks[:rows, :columns].copy()
                most = WHITE // max(1, int(table[0, 0]))
                if limited:
                    seen[..., 0, 0] = seen[..., 0, 0].clip(max(-1024, -most), min(1023, most))
                setattr(jpeg, NAMES[at], seen)
            return _file_of(jpeg, *(["OPTIMIZE_CODING"] if optimised else []))

    def recompress(self, samples: Samples) -> Raster:
        """The image of other samples, compressed with the same tables."""
        jpeg = self._as_stored
        tables = [jpeg.qt[number].ravel().clip(1, 255) for number in jpeg.quant_tbl_no]
        first, *others = self.structure.components
        steps = {(first.across // one.across, first.down // one.down) for one in others}
        subsampling = SUBSAMPLING.get(steps.pop() if len(steps) == 1 else (1, 1), "4:4:4")
        return raster_of(
            compressed(samples, qtables=[t.tolist() for t in tables[:2]], subsampling=subsampling)
        )


NAMES = ("Y", "Cb", "Cr")
LUMA_FIRST = ("JCS_GRAYSCALE", "JCS_YCbCr")


def compressed(samples: Samples, **options: Any) -> bytes:
    """A JPEG file of 8-bit samples (C, H, W); options are those of Pillow."""
    pixels = samples[0] if len(samples) == 1 else np.moveaxis(samples, 0, -1)
    file = io.BytesIO()
    PIL.Image.fromarray(np.ascontiguousarray(pixels)).save(file, "JPEG", **options)
    return file.getvalue()


def decoded(content: bytes) -> Samples:
    """(C, H, W) samples of a JPEG file that libjpeg has written."""
    with PIL.Image.open(io.BytesIO(content), formats=["JPEG"]) as image:
        pixels = np.asarray(image)
    return pixels[np.newaxis] if pixels.ndim == 2 else np.moveaxis(pixels, -1, 0)


def raster_of(content: bytes) -> Raster:
    """The samples of a JPEG file, and its coefficients."""
    return Raster(decoded(content), 8, lambda: coefficients(content))


def _read(content: bytes) -> Any:
    """A file as jpeglib reads it, with its coefficients."""
    try:
        import jpeglib
    except ImportError as error:
        raise NotInstalledError(
            "coefficients of JPEG files are read by jpeglib: pip install 'imleak[jpeg]'"
        ) from error
    with _one_at_a_time, TemporaryDirectory(prefix="imleak-") as folder:
        path = Path(folder, "in.jpg")
        path.write_bytes(content)
        try:
            read = jpeglib.read_dct(str(path))
            read.load()
        except OSError as error:
            raise ImageError("is a damaged JPEG file; save it again") from error
    return read


def _file_of(jpeg: Any, *flags: str) -> bytes:
    """A file as jpeglib writes it, which nobody else may use meanwhile."""
    with TemporaryDirectory(prefix="imleak-") as folder:
        path = Path(folder, "out.jpg")
        try:
            jpeg.write_dct(str(path), flags=list(flags))
        except OSError as error:
            raise ImageError("has coefficients that no JPEG file holds") from error
        return path.read_bytes()


def _with_every_block(content: bytes, structure: Structure) -> bytes:
    """The same file of whole MCUs, if one scan codes all of it: the blocks beyond its edges, of
    which nothing is seen, are then read like the others."""
    (rows, columns), scans = structure.mcus, structure.scans
    height, width = rows * 8 * structure.down, columns * 8 * structure.across
    is_one = len(scans) == 1 and scans[0].interleaved and max(height, width) <= LARGEST_SIDE
    if not is_one:
        return content
    at, size = structure.size_at, height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return content[:at] + size + content[at + 4 :]


def _ordered(
    blocks: Blocks, structure: Structure, scan: Scan, component: int
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Order of the blocks of a component, and where the prediction of DC starts anew."""
    places = places_in(blocks.shape[:2], structure, scan, component)
    step = blocks_of_an_mcu(structure, scan, component) * (scan.restart or len(places))
    inside = np.flatnonzero(places >= 0)
    return places[inside], np.diff(inside // step, prepend=-1) != 0


def _check(found: Coefficients) -> None:
    """Refuse coefficients that are larger than the format lets them be."""
    for blocks in found.components:
        ac = blocks.reshape(-1, 64)[:, 1:]
        if max(int(ac.max(initial=0)), -int(ac.min(initial=0))) > MOST:
            raise ImageError("is a damaged JPEG file: a coefficient is too large; save it again")
