"""Encryption of a part of the area of every image."""

import math
from collections.abc import Sequence

from ..interfaces import Exposure, ImageError, Keystream, Level, Raster
from ._samples import LevelError, check_bits, check_raster, encrypted, level_of

SHARES = (0.1, 0.25, 0.5, 0.75, 1.0)


class Region:
    r"""XOR of all bits of the samples inside a rectangle with a keystream.

    With :math:`\Omega` the rectangle, and independent uniform words b of B bits, other ones
    for every sample, channel and level,

    .. math:: p_E(i, j) = \begin{cases} p(i, j) \oplus b(i, j), & (i, j) \in \Omega \\
                                        p(i, j), & \text{else.} \end{cases}

    Without the key the samples inside are uniform noise. Where the rectangle is follows from
    the level and the size of the image (Kerckhoffs's principle), so the clear part is every
    sample outside, at its place.

    Parameters
    ----------
    shares : shares of the area, each a level: above 0 and at most 1, rising. The rectangle has
        the centre and the proportions of the image, to the nearest row and column, and one
        sample at least.
    rectangle : x, y, width and height of a rectangle of one's own, x from the left and y from
        the top, in place of `shares`: levels are then 0 and 1. Shares of the width and height
        of the image where all four are at most 1, else pixels.

    Raises
    ------
    LevelError
        If there are no such shares or is no such rectangle; by every method, if `bits` is not
        in 1..16 or there is no such level.

    References
    ----------
    McPherson, Shokri & Shmatikov, "Defeating image obfuscation with deep learning",
    arXiv:1609.00408, 2016: regions that mosaics, blur or P3 obfuscate.

    Examples
    --------
    >>> import numpy as np
    >>> image = Raster(np.arange(16, dtype=np.uint8).reshape(1, 4, 4), bits=4)
    >>> Region(shares=[0.25]).expose(image, 1).rendered[0]
    array([[ 0,  1,  2,  3],
           [ 4,  8,  8,  7],
           [ 8,  8,  8, 11],
           [12, 13, 14, 15]], dtype=uint8)
    """

    references = ("mcpherson2016",)
    name = "region"
    version = "1"
    axis = "share of the area encrypted"
    clear_part = "the samples outside the encrypted region"
    hidden_part = "the encrypted region"

    def __init__(
        self, shares: Sequence[float] = SHARES, rectangle: Sequence[float] | None = None
    ) -> None:
        self.shares = tuple(shares)
        self.rectangle = None if rectangle is None else tuple(rectangle)
        if self.rectangle is None:
            _check_shares(self.shares)
        else:
            _check_rectangle(self.rectangle)
            self.axis = "rectangle encrypted"

    def __repr__(self) -> str:
        given = f"shares={self.shares}" if self.rectangle is None else f"rectangle={self.rectangle}"
        return f"{type(self).__name__}({given})"

    def levels(self, bits: int) -> tuple[Level, ...]:
        """Nothing, and every share of the area; or nothing, and the rectangle."""
        check_bits(self, bits)
        if self.rectangle is None:
            return tuple(_level_of_share(rank, s) for rank, s in enumerate((0.0, *self.shares)))
        label = f"rectangle {','.join(f'{value:g}' for value in self.rectangle)} encrypted"
        return (
            Level(0, "nothing encrypted", short="plain"),
            Level(1, label, short="rectangle", leaves_nothing=self.rectangle == (0, 0, 1, 1)),
        )

    def encrypt(self, plain: Raster, level: int, keystream: Keystream) -> Raster:
        """The cipher, same shape and type as `plain`. Raises ImageError if `plain` is not (C, H, W)
        uint8 or uint16, a sample needs more bits, or the rectangle reaches beyond the image."""
        rows, columns = self._place(plain, level)
        mask = (1 << plain.bits) - 1
        return encrypted(plain, rows, columns, mask, self.name, level, keystream)

    def decrypt(self, cipher: Raster, level: int, keystream: Keystream) -> Raster:
        """The plain samples again: XOR with the same words undoes itself."""
        return self.encrypt(cipher, level, keystream)

    def expose(self, cipher: Raster, level: int) -> Exposure:
        """The samples outside the rectangle, which is rendered mid-grey, 2**(B-1); its symbols
        are "samples", the same with 0 inside.

        Raises
        ------
        ImageError
            As :meth:`encrypt`.
        """
        rows, columns = self._place(cipher, level)
        rendered, clear = cipher.samples.copy(), cipher.samples.copy()
        rendered[:, rows, columns] = 1 << (cipher.bits - 1)
        clear[:, rows, columns] = 0
        is_empty = self.encrypted_share(cipher, level) == 1
        size = 1 if is_empty else 1 << cipher.bits
        return Exposure(rendered, cipher.bits, {"samples": clear}, size, is_empty)

    def encrypted_share(self, plain: Raster, level: int) -> float:
        """Samples inside the rectangle, of all. Raises ImageError as :meth:`encrypt`."""
        rows, columns = self._place(plain, level)
        inside = len(range(plain.height)[rows]) * len(range(plain.width)[columns])
        return inside / (plain.height * plain.width)

    def _place(self, raster: Raster, level: int) -> tuple[slice, slice]:
        """Rows and columns that are encrypted; none at level 0."""
        level_of(self, raster.bits, level)
        check_raster(raster)
        if level == 0:
            return slice(0), slice(0)
        if self.rectangle is None:
            return centred(raster.height, raster.width, self.shares[level - 1])
        return _corners(raster.height, raster.width, self.rectangle)


def centred(height: int, width: int, share: float) -> tuple[slice, slice]:
    """Rows and columns of the rectangle in the middle of an image that has a share of its area
    and its proportions, one sample at least."""
    rows, columns = min(
        (_nearest(height, width, share), _nearest(width, height, share)[::-1]),
        key=lambda sides: abs(sides[0] * sides[1] - share * height * width),
    )
    top, left = (height - rows) // 2, (width - columns) // 2
    return slice(top, top + rows), slice(left, left + columns)


def _nearest(height: int, width: int, share: float) -> tuple[int, int]:
    """The nearest number of rows, and the columns that make up for its rounding."""
    rows = max(1, round(height * math.sqrt(share)))
    return rows, min(width, max(1, round(height * width * share / rows)))


def _corners(height: int, width: int, rectangle: tuple[float, ...]) -> tuple[slice, slice]:
    """Rows and columns of a rectangle in pixels or shares."""
    scale = (width, height) if max(rectangle) <= 1 else (1, 1)
    left, top = (round(start * of) for start, of in zip(rectangle[:2], scale, strict=True))
    ends = [start + length for start, length in zip(rectangle[:2], rectangle[2:], strict=True)]
    right, bottom = (round(end * of) for end, of in zip(ends, scale, strict=True))
    if right > width or bottom > height:
        raise ImageError(
            f"the rectangle reaches to x={right}, y={bottom} in an image of {width}x{height}: "
            "give one that fits, or shares such as 0.25,0.25,0.5,0.5"
        )
    if right <= left or bottom <= top:
        raise ImageError(
            f"the rectangle holds no sample of an image of {width}x{height}: give a larger one"
        )
    return slice(top, bottom), slice(left, right)


def _level_of_share(rank: int, share: float) -> Level:
    short = f"{100 * share:.4g} %"
    return Level(rank, f"{short} of the area encrypted", short=short, leaves_nothing=share == 1)


def _check_shares(shares: tuple[float, ...]) -> None:
    rise = all(low < high for low, high in zip((0, *shares), shares, strict=False))
    if not shares or not rise or shares[-1] > 1:
        raise LevelError(
            f"shares {list(shares)}: give rising shares of the area, above 0 and at most 1, "
            "such as 0.25, 0.5"
        )


def _check_rectangle(rectangle: tuple[float, ...]) -> None:
    if len(rectangle) == 4 and min(rectangle) >= 0 and min(rectangle[2:]) > 0:
        left, top, width, height = rectangle
        if max(rectangle) <= 1:
            is_one = left + width <= 1 and top + height <= 1
        else:
            is_one = all(float(value).is_integer() for value in rectangle)
        if is_one:
            return
    raise LevelError(
        f"rectangle {list(rectangle)}: give x, y, width and height in whole pixels, such as "
        "10, 20, 64, 48, or as shares of the image, such as 0.25, 0.25, 0.5, 0.5"
    )
