"""Thumbnail-preserving encryption: the mean of every block stays."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice, repeat
from typing import Literal, get_args

import numpy as np

from ..interfaces import Exposure, Keystream, Level, Raster, Samples
from ._blocks import Grid, block_sums, check_sides, every_block, spread
from ._counting import ranks, unranked
from ._draws import Draws
from ._samples import LevelError, check_bits, check_raster, level_of

Kind = Literal["shuffle", "sum"]
BLOCKS = {"shuffle": (4, 8, 16, 32), "sum": (4, 8, 16)}
MOST_SUMS = 1 << 28
"""Numbers that are counted for one image, of kind "sum"."""


class Tpe:
    r"""Thumbnail-preserving encryption: inside b x b blocks, a channel at a time.

    The image is cut into blocks of b x b samples from the top left; the right and lower edge may
    cut blocks off, which are then smaller. What happens inside a block of N samples of a channel
    is of one of two kinds, and leaves its sum, so that the image reduced by b is that of the
    cipher:

    - "shuffle": its samples are permuted, one of N! ways. Its orbit is told by its samples in
      rising order, which are the clear part, and are rendered row by row.
    - "sum", the ideal: it becomes any of the M blocks of its depth and its sum,

      .. math:: \operatorname{rank}(x_E) = \operatorname{rank}(x) + k \mod M,

      with k uniform on 0..M-1 and the rank among all of them in lexicographic order, found by
      enumerative coding with whole numbers of any length. The clear part is its sum alone,
      rendered as the flattest block there is of that sum.

    Parameters
    ----------
    kind : "shuffle" or "sum".
    blocks : sides b of blocks, each a level, rising; by default 4, 8, 16 and 32, of kind "sum"
        4, 8 and 16. There the time grows with the fourth power of b.

    Raises
    ------
    LevelError
        If there is no such kind, or there are no such blocks; by every method, if `bits` is not
        in 1..16, there is no such level, or the blocks of kind "sum" are too many to be counted.

    References
    ----------
    Wright, Feng & Liu, "Thumbnail-preserving encryption for JPEG", ACM IH&MMSec 2015.
    Marohn, Wright, Feng, Rosulek & Bobba, "Approximate thumbnail preserving encryption", ACM
    MPS 2017. Tajik et al., "Balancing image privacy and usability with thumbnail-preserving
    encryption", NDSS 2019. Cover, "Enumerative source encoding", IEEE Transactions on
    Information Theory 19, 1973.

    Examples
    --------
    >>> image = Raster(np.array([[[9, 2], [7, 0]]], np.uint8), bits=4)
    >>> Tpe(blocks=[2]).expose(image, 1).rendered[0]
    array([[0, 2],
           [7, 9]], dtype=uint8)
    >>> Tpe(kind="sum", blocks=[2]).expose(image, 1).rendered[0]  # 18 in four
    array([[5, 5],
           [4, 4]], dtype=uint8)
    """

    name = "tpe"
    version = "1"
    references = ("wright2015", "marohn2017", "tajik2019", "cover1973")
    axis = "side of the blocks, b"
    keeps_values = True

    def __init__(self, kind: Kind = "shuffle", blocks: Sequence[int] | None = None) -> None:
        if kind not in get_args(Kind):
            raise LevelError(f"no kind {kind!r} of tpe: take {' or '.join(get_args(Kind))}")
        self.kind = kind
        self.blocks = BLOCKS[kind] if blocks is None else tuple(blocks)
        check_sides(self.blocks)
        shuffles = kind == "shuffle"
        self.clear_part = f"the {'samples' if shuffles else 'sum'} of every block"
        self.hidden_part = f"{'the places of samples' if shuffles else 'all else'} in their blocks"

    def __repr__(self) -> str:
        return f"{type(self).__name__}(kind={self.kind!r}, blocks={self.blocks})"

    def levels(self, bits: int) -> tuple[Level, ...]:
        """Nothing, and every side of blocks."""
        check_bits(self, bits)
        if self.kind == "sum":
            self._check_count(bits)
        what = "shuffled" if self.kind == "shuffle" else "replaced by any of the same sum"
        encrypting = (
            Level(rank, f"{b}x{b} blocks {what}", short=f"b = {b}", phrase=f"at b = {b}")
            for rank, b in enumerate(self.blocks, start=1)
        )
        return (Level(0, "nothing encrypted", short="plain"), *encrypting)

    def encrypt(self, plain: Raster, level: int, keystream: Keystream) -> Raster:
        """The cipher, same shape and type as `plain`. Raises ImageError if `plain` is not (C, H, W)
        uint8 or uint16, or a sample needs more bits."""
        return self._changed(plain, level, keystream, 1)

    def decrypt(self, cipher: Raster, level: int, keystream: Keystream) -> Raster:
        """The plain samples again: every sample put back, or the rank of every block reduced."""
        return self._changed(cipher, level, keystream, -1)

    def expose(self, cipher: Raster, level: int) -> Exposure:
        """Every block with its samples in order, or as flat as its sum allows; its symbols are
        "samples", the same, or "means" and "remainders", which tell the sums of the blocks.

        Raises
        ------
        ImageError
            As :meth:`encrypt`.
        """
        self._check(cipher, level)
        if self.kind == "sum" and level:
            return _flattest(cipher, self.blocks[level - 1])
        rendered = cipher.samples.copy()
        for grid in self._grids(cipher, level):
            cut = grid.cut(rendered)
            in_order = np.sort(cut.reshape(*cut.shape[:2], -1), axis=2)
            grid.fill(rendered, in_order.reshape(cut.shape))
        return Exposure(rendered, cipher.bits, {"samples": rendered}, 1 << cipher.bits)

    def _check(self, raster: Raster, level: int) -> None:
        level_of(self, raster.bits, level)
        check_raster(raster)

    def _check_count(self, bits: int) -> None:
        """Refuse blocks whose sums are too many: half the square of its samples, for each value."""
        fit = [b for b in self.blocks if b**4 << bits - 1 <= MOST_SUMS]
        if len(fit) < len(self.blocks):
            give = f"blocks={list(fit)} or " if fit else ""
            raise LevelError(
                f"blocks of side {self.blocks[-1]} of {bits}-bit samples have too many sums to be "
                f"counted: give {give}kind=shuffle"
            )

    def _grids(self, raster: Raster, level: int) -> Iterator[Grid]:
        return every_block(raster, self.blocks[level - 1]) if level else iter(())

    def _changed(self, raster: Raster, level: int, keystream: Keystream, sign: int) -> Raster:
        self._check(raster, level)
        found, grids = raster.samples.copy(), list(self._grids(raster, level))
        cuts = [grid.cut(found) for grid in grids]
        rows = [cut.reshape(-1, cut[0, 0].size) for cut in cuts]
        if self.kind == "shuffle":
            draws = [Draws(keystream, self.name, level, step) for step, _ in enumerate(rows)]
            changed = list(map(_shuffled, rows, draws, repeat(sign)))
        else:
            one = Draws(keystream, self.name, level, 0)
            changed = list(_moved(rows, one, sign, raster.bits))
        for grid, cut, part in zip(grids, cuts, changed, strict=True):
            grid.fill(found, part.reshape(cut.shape))
        return Raster(found, raster.bits)


def _flattest(cipher: Raster, side: int) -> Exposure:
    """The sum of every block: its mean rounded down, and one more in its first samples."""
    sums, counts = block_sums(cipher.samples, side)
    means, remainders = np.divmod(sums, counts)
    spread_means, spread_remainders = (
        spread(each, side, cipher.samples) for each in (means, remainders)
    )
    rows, columns = np.indices(cipher.samples.shape[1:])
    width = np.minimum(side, cipher.width - columns // side * side)
    ones = rows % side * width + columns % side < spread_remainders
    rendered = (spread_means + ones).astype(cipher.samples.dtype)
    symbols = {"means": means, "remainders": remainders}
    return Exposure(rendered, cipher.bits, symbols, max(1 << cipher.bits, side * side))


def _shuffled(rows: Samples, draws: Draws, sign: int) -> Samples:
    """Every row in another order, or back in its own."""
    order = draws.permutations(*rows.shape)
    if sign < 0:
        order = np.argsort(order, axis=1)
    return np.take_along_axis(rows, order, axis=1)


def _moved(parts: Sequence[Samples], draws: Draws, sign: int, bits: int) -> Iterator[Samples]:
    """Every row of some arrays as many ranks on, or back, as is drawn."""
    rows, values = list(chain.from_iterable(part.tolist() for part in parts)), 1 << bits
    if not rows:
        return
    of = ranks(rows, values)
    drawn = draws.below_each(of.counts)
    places = [(p + sign * k) % m for p, k, m in zip(of.places, drawn, of.counts, strict=True)]
    found = iter(unranked(places, rows, of.longest, values))
    for part in parts:
        yield np.array(list(islice(found, len(part))), part.dtype)
