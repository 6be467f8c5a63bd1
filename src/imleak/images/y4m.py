"""YUV4MPEG2: uncompressed video, of which the luma is read as it is stored.

Reference: yuv4mpeg(5) of mjpegtools, https://linux.die.net/man/5/yuv4mpeg; depths of more than
8 bits as FFmpeg writes them (``C420p10``, ``Cmono12``), little-endian.
"""

import re
from typing import BinaryIO

import numpy as np

from ..interfaces import ImageError
from .raster import Raster, Size, raster

_HEADER = re.compile(rb"YUV4MPEG2((?: [!-~]+)*) *\n")
_FORM = re.compile(r"(420|422|444|411|410|mono)(?:jpeg|paldv|mpeg2)?(alpha)?(?:p?(\d+))?")
_CHROMA = {"420": (2, 2), "422": (1, 2), "444": (1, 1), "411": (1, 4), "410": (4, 4)}
"""Rows and columns of luma to one of chroma."""
_LONGEST_LINE = 1 << 10
_USUAL = "420jpeg"


class Y4mImage:
    """A frame of a video, the first unless another is selected. Chroma is left out."""

    reduced = 0

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        line = file.readline(_LONGEST_LINE)
        found = _HEADER.fullmatch(line)
        words = found[1].decode().split() if found else []
        fields = {word[0]: word[1:] for word in words}
        if not (fields.get("W", "").isdecimal() and fields.get("H", "").isdecimal()):
            raise ImageError("has no complete YUV4MPEG2 header; save it again")
        self.size: Size = int(fields["H"]), int(fields["W"])
        form = _FORM.fullmatch(fields.get("C", _USUAL))
        self._bits = int((form and form[3]) or 8)
        if not form or not 8 <= self._bits <= 16:
            raise ImageError(
                f"is YUV4MPEG2 of the form C{fields.get('C', '')[:20]}, which is not read; save it "
                "as C420jpeg, C422, C444 or Cmono of 8 to 16 bits"
            )
        self._dtype = np.dtype("u1" if self._bits == 8 else "<u2")
        self._luma = self.size[0] * self.size[1]
        self._chroma = form[1] != "mono"
        self._bytes = self._dtype.itemsize * self._samples(form[1], bool(form[2]))
        self._starts = self._found(len(line))
        if not self._starts:
            raise ImageError("holds no whole frame; fetch or save it again")
        self._start = self._starts[0]

    @property
    def frames(self) -> int:
        return len(self._starts)

    def select(self, frame: int) -> None:
        """Turn to another frame."""
        self._start = self._starts[frame]

    def decode(self) -> Raster:
        self._file.seek(self._start)
        stored = np.frombuffer(self._file.read(self._luma * self._dtype.itemsize), self._dtype)
        if stored.max() >> self._bits:
            raise ImageError(f"holds samples of more than its {self._bits} bits; save it again")
        notes = ("chroma left out",) if self._chroma else ()
        return raster(stored.reshape(self.size), self._bits, notes)

    def _samples(self, chroma: str, alpha: bool) -> int:
        """How many of all planes a frame has."""
        height, width = self.size
        if chroma == "mono":
            return self._luma
        rows, columns = _CHROMA[chroma]
        return self._luma * (1 + alpha) + 2 * -(-height // rows) * -(-width // columns)

    def _found(self, at: int) -> list[int]:
        """Where the samples of every whole frame begin; a last one that is cut is none."""
        end, starts = self._file.seek(0, 2), []
        while self._luma:
            self._file.seek(at)
            line = self._file.readline(_LONGEST_LINE)
            at += len(line)
            if not (line.startswith(b"FRAME") and line.endswith(b"\n")) or at + self._bytes > end:
                break
            starts.append(at)
            at += self._bytes
        return starts
