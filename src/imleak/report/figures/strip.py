"""One image at every level: plain, cipher and clear part, as in Fig. 1 of the paper.

Ciphers and clear parts are a native crop, sample by sample: what is averaged or skipped
shows a secrecy that is not there. The plain image is whole, and the crop marked in it.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from PIL import Image

from ...interfaces import Samples
from ..levels import Levels
from . import style
from .style import Drawing

_ACROSS = 9
_GAP, _LABEL, _HEAD, _SIGN = 0.04, 0.17, 0.18, 0.07  # inches
Window: TypeAlias = tuple[slice, slice]

CROP = 200
"""Side of the crop in samples; of the plain image twice as many are shown."""


@dataclass(frozen=True, eq=False)
class StripImages:
    """An image and what encryption makes of a part of it.

    Parameters
    ----------
    name : of the image.
    bits : B, the bits a sample uses, 1..16.
    plain : (C, H, W) samples, C = 1 or 3.
    cipher, clear : level -> (C, h, w) samples of the window, for the same levels.
    window : rows and columns of that part.

    Raises
    ------
    ValueError
        If there is no level, if `cipher` and `clear` have other levels, or an array
        has another shape than the window.
    """

    name: str
    bits: int
    plain: Samples
    cipher: Mapping[int, Samples] = field(repr=False)
    clear: Mapping[int, Samples] = field(repr=False)
    window: Window

    def __post_init__(self) -> None:
        if not self.cipher or set(self.cipher) != set(self.clear):
            raise ValueError(
                "a strip needs cipher and clear part at the same levels, at least one; "
                f"given {sorted(self.cipher)} and {sorted(self.clear)}"
            )
        wanted = self.plain[:, *self.window].shape
        for samples in (*self.cipher.values(), *self.clear.values()):
            if samples.shape != wanted:
                raise ValueError(
                    f"ciphers and clear parts of a strip must be {wanted}, as the window of the "
                    f"plain image, not {samples.shape}"
                )

    @property
    def levels(self) -> tuple[int, ...]:
        return tuple(sorted(self.cipher))


def drawings(strip: StripImages | None, levels: Levels) -> Iterator[Drawing]:
    """The strip of one image, or nothing."""
    if strip is not None:
        title = f"{style.printable(strip.name)}: plain, and its cipher and clear part at each level"
        yield Drawing("strip", title, _figure(strip, levels))


def to_screen(samples: Samples, bits: int, shift: int = 0) -> NDArray[np.uint8]:
    """(C, H, W) samples of `bits` bits, shifted left, as (H, W) or (H, W, 3) values 0..255."""
    wide = samples.astype(np.uint32) << shift
    screen = np.round(wide * (255 / (2**bits - 1))).clip(0, 255).astype(np.uint8)
    return screen[0] if len(screen) == 1 else np.moveaxis(screen, 0, -1)


def stretch(clear: Samples, used: int) -> int:
    """How far to shift a clear part so that it uses as many bits as its plain image, `used`:
    one that is kept in its low bits, (p << s) >> s, can then be seen."""
    return max(0, used - int(clear.max()).bit_length()) if clear.any() else 0


def middle(height: int, width: int, tall: int, wide: int) -> tuple[slice, slice]:
    """Rows and columns of the middle of an image, at most `tall` and `wide` of them."""
    tall, wide = min(height, tall), min(width, wide)
    top, left = (height - tall) // 2, (width - wide) // 2
    return slice(top, top + tall), slice(left, left + wide)


def averaged(screen: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """An image (H, W) or (H, W, 3) averaged to at most `side` along its longer side."""
    height, width = screen.shape[:2]
    scale = min(1.0, side / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(screen).resize(size, Image.Resampling.BOX))


def _figure(strip: StripImages, called: Levels) -> Figure:
    """Plain on the left; right of it a column a level, in as many blocks as the levels need:
    cipher over clear part, where that is not the cipher itself."""
    levels = strip.levels
    used = int(strip.plain.max()).bit_length()
    rows = ("cipher",) if called.as_they_are else ("cipher", "clear")
    blocks = math.ceil(len(levels) / _ACROSS)
    across = math.ceil(len(levels) / blocks)
    height, width = strip.plain.shape[1:]
    frame = middle(height, width, math.ceil(1.5 * width), math.ceil(1.5 * height))
    plain = averaged(to_screen(strip.plain[:, *frame], strip.bits), 2 * CROP)
    ratio = plain.shape[0] / plain.shape[1]
    of_cell = strip.clear[levels[0]].shape[1] / strip.clear[levels[0]].shape[2]
    page = style.PAGE_WIDTH if across > 3 else style.COLUMN_WIDTH
    gaps = across * _GAP + (len(rows) - 1) * _GAP / ratio
    cell = (page - _LABEL - gaps) / (across + len(rows) * of_cell / ratio)
    tall = cell * of_cell
    block = len(rows) * (tall + _GAP) - _GAP
    beside = block / ratio
    step = _HEAD + block + 3 * _GAP
    total = blocks * step - 2 * _GAP
    figure = Figure(figsize=(page, total))

    def show(image: NDArray[np.uint8], left: float, top: float, size: tuple[float, float]) -> Axes:
        wide, high = size
        axes = figure.add_axes((left / page, 1 - (top + high) / total, wide / page, high / total))
        axes.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="none", aspect="auto")
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(visible=True, linewidth=0.4, color=style.GREY)
        return axes

    def write(text: str, left: float, top: float, rotation: float = 0) -> None:
        place = (left / page, 1 - top / total)
        figure.text(*place, text, ha="center", va="center", rotation=rotation)

    axes = show(plain, 0, _HEAD, (beside, block))
    if (height, width) != strip.clear[levels[0]].shape[1:]:
        _mark(axes, strip.window, frame, plain.shape[1] / (frame[1].stop - frame[1].start))
    write("plain", beside / 2, _HEAD / 2)
    for position, level in enumerate(levels):
        line, column = divmod(position, across)
        top = line * step + _HEAD
        left = beside + _LABEL + column * (cell + _GAP)
        name = style.printable(called[level].short, max(5, round(cell / _SIGN)))
        write(name, left + cell / 2, top - _HEAD / 2)
        for place, row in enumerate(rows):
            samples = (strip.cipher if row == "cipher" else strip.clear)[level]
            shift = stretch(samples, used) if row == "clear" else 0
            below = top + place * (tall + _GAP)
            show(to_screen(samples, strip.bits, shift), left, below, (cell, tall))
            if column == 0:
                write(row, left - _LABEL / 2, below + tall / 2, 90)
    return figure


def _mark(axes: Axes, window: Window, frame: Window, scale: float) -> None:
    """The outline of the crop in the plain image."""
    (top, left), (tall, wide) = (
        [scale * (cut.start - edge.start) for cut, edge in zip(window, frame, strict=True)],
        [scale * (cut.stop - cut.start) for cut in window],
    )
    axes.add_patch(Rectangle((left, top), wide, tall, fill=False, color="white", linewidth=0.7))
