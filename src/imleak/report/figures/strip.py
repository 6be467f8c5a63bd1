"""One picture at every level: plain, cipher and clear part, as in Fig. 1 of the paper."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ...interfaces import Samples
from . import style
from .style import Drawing

_ACROSS = 9
_GAP, _LABEL, _HEAD = 0.04, 0.17, 0.18  # inches
_PIXELS = 400  # of the plain picture, along its longer side


@dataclass(frozen=True, eq=False)
class StripImages:
    """A picture and what encryption makes of it.

    Parameters
    ----------
    name : of the picture.
    bits : B, the bits a sample uses, 1..16.
    plain : (C, H, W) samples, C = 1 or 3.
    cipher, clear : level -> (C, H, W) samples, for the same levels.

    Raises
    ------
    ValueError
        If there is no level, if `cipher` and `clear` have other levels, or an array
        another shape than `plain`.
    """

    name: str
    bits: int
    plain: Samples
    cipher: Mapping[int, Samples] = field(repr=False)
    clear: Mapping[int, Samples] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.cipher or set(self.cipher) != set(self.clear):
            raise ValueError(
                "a strip needs cipher and clear part at the same levels, at least one; "
                f"given {sorted(self.cipher)} and {sorted(self.clear)}"
            )
        for samples in (*self.cipher.values(), *self.clear.values()):
            if samples.shape != self.plain.shape:
                raise ValueError(
                    f"all pictures of a strip must be {self.plain.shape} like the plain one, "
                    f"not {samples.shape}"
                )

    @property
    def levels(self) -> tuple[int, ...]:
        return tuple(sorted(self.cipher))


def drawings(strip: StripImages | None) -> Iterator[Drawing]:
    """The strip of one picture, or nothing."""
    if strip is not None:
        title = f"{style.printable(strip.name)}: plain, and its cipher and clear part at each level"
        yield Drawing("strip", title, _figure(strip))


def to_screen(samples: Samples, bits: int, used: int = 0) -> NDArray[np.uint8]:
    """(C, H, W) samples of `bits` bits as (H, W) or (H, W, 3) grey values 0..255.

    Samples that need fewer than `used` bits are first shifted left to use as many, so
    that a clear part kept in its low bits, (p << s) >> s, can be seen.
    """
    wide = samples.astype(np.uint32)
    if wide.any():
        wide <<= max(0, used - int(wide.max()).bit_length())
    screen = np.round(wide * (255 / (2**bits - 1))).clip(0, 255).astype(np.uint8)
    return screen[0] if len(screen) == 1 else np.moveaxis(screen, 0, -1)


def trim(samples: Samples, pixels: int = _PIXELS) -> Samples:
    """The middle of a long or tall picture, at most 3:2, every k-th sample
    so that at most `pixels` are left along its longer side.

    Samples are skipped, not averaged: the average of a cipher is flat grey, and would
    show a secrecy that is not there.
    """
    height, width = samples.shape[1:]
    tall, wide = min(height, math.ceil(1.5 * width)), min(width, math.ceil(1.5 * height))
    top, left = (height - tall) // 2, (width - wide) // 2
    step = math.ceil(max(tall, wide) / pixels)
    return samples[:, top : top + tall : step, left : left + wide : step]


def _figure(strip: StripImages) -> Figure:
    """Plain on the left, twice as large; right of it a column a level, in as many blocks
    of two rows as the levels need."""
    levels = strip.levels
    used = int(strip.plain.max()).bit_length()
    blocks = math.ceil(len(levels) / _ACROSS)
    across = math.ceil(len(levels) / blocks)
    plain = trim(strip.plain)
    ratio = plain.shape[1] / plain.shape[2]
    width = style.PAGE_WIDTH if across > 3 else style.COLUMN_WIDTH
    cell = (width - _LABEL - (across + 1 / ratio) * _GAP) / (across + 2)
    tall = cell * ratio
    block = _HEAD + 2 * tall + _GAP
    height = blocks * block + (blocks - 1) * 2 * _GAP
    figure = Figure(figsize=(width, height))

    def show(picture: NDArray[np.uint8], left: float, top: float, scale: float = 1.0) -> None:
        size = (scale * cell, scale * tall)
        box = (left / width, 1 - (top + size[1]) / height, size[0] / width, size[1] / height)
        axes = figure.add_axes(box)
        axes.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="none", aspect="auto")
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(visible=True, linewidth=0.4, color=style.GREY)

    def write(text: str, left: float, top: float, rotation: float = 0) -> None:
        place = (left / width, 1 - top / height)
        figure.text(*place, text, ha="center", va="center", rotation=rotation)

    twice = 2 + _GAP / tall
    show(to_screen(plain, strip.bits), 0, _HEAD, twice)
    write("plain", twice * cell / 2, _HEAD / 2)
    for position, level in enumerate(levels):
        row, column = divmod(position, across)
        top = row * (block + 2 * _GAP) + _HEAD
        left = twice * cell + _LABEL + column * (cell + _GAP)
        write(f"s = {level}", left + cell / 2, top - _HEAD / 2)
        show(to_screen(trim(strip.cipher[level], _PIXELS // 2), strip.bits), left, top)
        clear = to_screen(trim(strip.clear[level], _PIXELS // 2), strip.bits, used)
        show(clear, left, top + tall + _GAP)
        if column == 0:
            write("cipher", left - _LABEL / 2, top + tall / 2, 90)
            write("clear", left - _LABEL / 2, top + 1.5 * tall + _GAP, 90)
    return figure
