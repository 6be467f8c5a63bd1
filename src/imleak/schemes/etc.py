"""Encryption-then-Compression: blocks permuted, rotated, negated, their channels permuted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from itertools import permutations
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Exposure, Keystream, Level, Raster, Samples
from ._blocks import Blocks, as_strings, check_side, whole_blocks
from ._draws import Draws, Numbers
from ._luma_chroma import from_luma_chroma, to_luma_chroma
from ._samples import LevelError, check_bits, check_raster, level_of

Form = Literal["colour", "grey"]

PERMUTED, TURNED, NEGATED, CHANNELS = 1, 2, 3, 4
"""Levels, and the channel of the keystream from which each draws."""
INVERSE_TURNS = np.array([0, 3, 2, 1, 4, 5, 6, 7])
"""0..3 rotate by multiples of 90 degrees, 4..7 flip and then rotate, and undo themselves."""


class Etc:
    r"""Encryption-then-Compression: a cipher that block codecs such as JPEG still compress.

    The image is cut into n blocks of B x B samples, all channels together, from the top left.
    Level by level one more step is taken, each with key bytes of its own:

    1. blocks are permuted, one of n! ways;
    2. every block is rotated by a multiple of 90 degrees and flipped or not, one of 8 ways;
    3. every block is negated, :math:`p \to 2^b - 1 - p` at b bits a sample, or not;
    4. the channels of every block are permuted, one of 6 ways; of a grey image there is one.

    Every choice is uniform, so a cipher is uniform over the orbit of the image under the
    group :math:`G \wr S_n`, where G acts on one block and has 1, 8, 16 or 96 members. The
    orbit is told by the multiset of the orbits of blocks, and the clear part writes it as an
    image: every block in its lexicographically smallest form under G, in order of channels,
    rows and columns, and the blocks sorted lexicographically. Rows and columns at the right and
    at the bottom that fill no block are left as they are, and in the clear.

    In the grey form an image of three channels is first turned into luma and chroma, whose
    planes side by side are one grey image of 3n blocks of one channel each: any block can come
    to lie in any plane, level 4 does not exist, and G has 16 members at most. The transform is
    a reversible one, and is undone after; a cipher whose planes are seen side by side is luma
    and chroma again.

    Parameters
    ----------
    block : B, the side of a block in pixels; 16 suits JPEG with subsampled colour, 8 the grey
        form.
    form : "colour", or "grey" for planes side by side.

    Raises
    ------
    LevelError
        If `block` is not 1 or more, or there is no such form; by every method, if `bits` is not
        in 1..16 or `level` not in 0..4, or 0..3 in the grey form.

    References
    ----------
    Kurihara, Shiota & Kiya, "An encryption-then-compression system for JPEG standard",
    Picture Coding Symposium, 2015. Chuman & Kiya, "Security evaluation for block
    scrambling-based image encryption including JPEG distortion against jigsaw puzzle solver
    attacks", IEICE Transactions on Fundamentals, 2018.

    Examples
    --------
    >>> image = Raster(np.array([[[9, 8, 1, 1], [7, 9, 2, 3]]], np.uint8), bits=4)
    >>> Etc(block=2).expose(image, 1).rendered[0]
    array([[1, 1, 9, 8],
           [2, 3, 7, 9]], dtype=uint8)
    >>> Etc(block=2).expose(image, 2).rendered[0]
    array([[1, 1, 7, 9],
           [2, 3, 9, 8]], dtype=uint8)
    """

    references = ("kurihara2015", "chuman2018")
    name = "etc"
    version = "1"
    axis = "steps taken on blocks"
    clear_part = "the blocks without their places"
    hidden_part = "the places of blocks"

    def __init__(self, block: int = 16, form: Form = "colour") -> None:
        check_side(block, "block=16")
        if form not in get_args(Form):
            raise LevelError(f"no form {form!r} of etc: take {' or '.join(get_args(Form))}")
        self.block = block
        self.form = form

    def __repr__(self) -> str:
        form = "" if self.form == "colour" else f", form={self.form!r}"
        return f"{type(self).__name__}(block={self.block}{form})"

    def levels(self, bits: int) -> tuple[Level, ...]:
        """0..4: how many of the steps are taken; 0..3 in the grey form."""
        check_bits(self, bits)
        of = "" if self.form == "colour" else " of luma and chroma"
        blocks = f"{self.block}x{self.block} blocks{of} permuted"
        levels = (
            Level(0, "nothing encrypted", short="plain"),
            Level(PERMUTED, blocks, short="permuted"),
            Level(TURNED, f"{blocks}, rotated and flipped", short="+ rotated"),
            Level(NEGATED, f"{blocks}, rotated, flipped and negated", short="+ negated"),
            Level(
                CHANNELS,
                f"{blocks}, rotated, flipped and negated, channels permuted",
                short="+ channels",
            ),
        )
        return levels if self.form == "colour" else levels[:CHANNELS]

    def encrypt(self, plain: Raster, level: int, keystream: Keystream) -> Raster:
        """The cipher, same shape and type as `plain`. Raises ImageError if `plain` is not (C, H, W)
        uint8 or uint16, a sample needs more bits, or the image is smaller than a block."""
        blocks = self._blocks(plain, level)
        drawn = self._draw(blocks, level, keystream)
        blocks = _turned(blocks[drawn.order], drawn.turns)
        blocks = _negated(blocks, drawn.negated, plain.bits)
        return self._filled(plain, _mixed(blocks, drawn.channels))

    def decrypt(self, cipher: Raster, level: int, keystream: Keystream) -> Raster:
        """The plain samples again: the steps undone, the last one first."""
        blocks = self._blocks(cipher, level)
        drawn = self._draw(blocks, level, keystream)
        blocks = _mixed(blocks, np.argsort(drawn.channels, axis=1))
        blocks = _negated(blocks, drawn.negated, cipher.bits)
        blocks = _turned(blocks, INVERSE_TURNS[drawn.turns])
        return self._filled(cipher, blocks[np.argsort(drawn.order)])

    def expose(self, cipher: Raster, level: int) -> Exposure:
        """Every block in its smallest form, sorted; its symbols are "samples", the image as it
        is rendered.

        Raises
        ------
        ImageError
            As :meth:`encrypt`.
        """
        blocks = self._blocks(cipher, level)
        if level >= PERMUTED:
            blocks = smallest(blocks, cipher.bits, level)
            blocks = blocks[np.argsort(_as_strings(blocks))]
        rendered = cipher.samples.copy()
        if level:
            self._fill(rendered, blocks)
        return Exposure(rendered, cipher.bits, {"samples": rendered}, 1 << cipher.bits)

    def _draw(self, blocks: Blocks, level: int, keystream: Keystream) -> _Drawn:
        """What every step does to every block; nothing, of steps that are not taken."""
        n, channels = blocks.shape[:2]

        def stream(step: int) -> Draws:
            return Draws(keystream, self.name, level, step)

        def choices(step: int, among: int) -> Numbers:
            return stream(step).below(among, n) if level >= step else np.zeros(n, np.intp)

        ways = np.array(list(permutations(range(channels))))
        return _Drawn(
            order=stream(PERMUTED).permutation(n) if level >= PERMUTED else np.arange(n),
            turns=choices(TURNED, len(INVERSE_TURNS)),
            negated=choices(NEGATED, 2),
            channels=ways[choices(CHANNELS, len(ways))],
        )

    def _blocks(self, raster: Raster, level: int) -> Blocks:
        """The blocks of an image in raster order."""
        level_of(self, raster.bits, level)
        check_raster(raster)
        blocks = whole_blocks(raster, self.block).cut(self._planes(raster))
        if self.form == "grey":
            blocks = blocks.reshape(-1, 1, self.block, self.block)
        return blocks

    def _filled(self, raster: Raster, blocks: Blocks) -> Raster:
        """An image with other blocks in raster order; what fills no block is as it was."""
        filled = self._planes(raster).copy()
        self._fill(filled, blocks)
        if self._has_planes(raster):
            filled = from_luma_chroma(filled, raster.bits)
        return Raster(filled, raster.bits)

    def _fill(self, samples: Samples, blocks: Blocks) -> None:
        blocks = blocks.reshape(-1, len(samples), self.block, self.block)
        whole_blocks(Raster(samples, 16), self.block).fill(samples, blocks)

    def _planes(self, raster: Raster) -> Samples:
        """The channels that are cut into blocks."""
        if self._has_planes(raster):
            return to_luma_chroma(raster.samples, raster.bits)
        return raster.samples

    def _has_planes(self, raster: Raster) -> bool:
        return self.form == "grey" and len(raster.samples) == 3


@dataclass(frozen=True)
class _Drawn:
    """What is done to n blocks: which block comes where, (n,); which of the turns it makes, (n,);
    whether it is negated, (n,); and the order of its channels, (n, C)."""

    order: Numbers
    turns: Numbers
    negated: Numbers
    channels: Numbers


def smallest(blocks: Blocks, bits: int, level: int) -> Blocks:
    """The lexicographically smallest form of every block under the steps of a level.

    Only forms whose first sample is the smallest are compared in full: it is a corner of a
    channel, negated or not, and few forms share it.
    """
    first = range(blocks.shape[1])
    forms = [
        partial(_form, turn=turn, negated=negated, channels=channels, bits=bits)
        for turn in range(len(INVERSE_TURNS) if level >= TURNED else 1)
        for negated in range(2 if level >= NEGATED else 1)
        for channels in (permutations(first) if level >= CHANNELS else [tuple(first)])
    ]
    corners = blocks[:, :, [0, -1]][..., [0, -1]]
    leading = np.stack([form(corners)[:, 0, 0, 0] for form in forms])
    least = leading.min(0)
    found = np.full_like(blocks, (1 << bits) - 1)
    for form, lead in zip(forms, leading, strict=True):
        rows = np.flatnonzero(lead == least)
        candidates = form(blocks[rows])
        smaller = _as_strings(candidates) < _as_strings(found[rows])
        found[rows[smaller]] = candidates[smaller]
    return found


def _form(blocks: Blocks, turn: int, negated: int, channels: tuple[int, ...], bits: int) -> Blocks:
    peak = blocks.dtype.type((1 << bits) - 1)
    form = _turn(blocks[:, channels], turn)
    return form ^ peak if negated else form


def _turn(blocks: Blocks, turn: int) -> Blocks:
    return np.rot90(blocks[..., ::-1] if turn >= 4 else blocks, turn % 4, axes=(2, 3))


def _turned(blocks: Blocks, turns: Numbers) -> Blocks:
    turned = np.empty_like(blocks)
    for turn in range(len(INVERSE_TURNS)):
        turned[turns == turn] = _turn(blocks[turns == turn], turn)
    return turned


def _negated(blocks: Blocks, negated: Numbers, bits: int) -> Blocks:
    masks = negated.astype(blocks.dtype) * blocks.dtype.type((1 << bits) - 1)
    return blocks ^ masks[:, None, None, None]


def _mixed(blocks: Blocks, channels: Numbers) -> Blocks:
    return np.take_along_axis(blocks, channels[:, :, None, None], axis=1)


def _as_strings(blocks: Blocks) -> NDArray[np.bytes_]:
    return as_strings(blocks.reshape(len(blocks), math.prod(blocks.shape[1:])))
