"""Mosaic: the mean of every block in place of its samples. No key, no decryption."""

from collections.abc import Sequence

from ..interfaces import Exposure, Level, Raster
from ._blocks import block_sums, check_sides, spread
from ._samples import check_bits, check_raster, level_of

BLOCKS = (4, 8, 16, 32)


class Pixelate:
    r"""The mean of every b x b block in place of its samples, a channel at a time.

    The baseline of everybody who hides a face: nothing is encrypted, there is no key, and nobody
    decrypts. What is published is the clear part,

    .. math:: \Big\lfloor \frac1N \sum_{(i, j)} p(i, j) + \frac12 \Big\rfloor

    of the N samples of each block. The image is cut from the top left; blocks that its right and
    lower edge cut off are smaller.

    Parameters
    ----------
    blocks : sides b of blocks, each a level, rising.

    Raises
    ------
    LevelError
        If there are no such blocks; by every method, if `bits` is not in 1..16 or there is no
        such level.

    References
    ----------
    Hill, Zhou, Saul & Shacham, "On the (in)effectiveness of mosaicing and blurring as tools for
    document redaction", PoPETs 2016. McPherson, Shokri & Shmatikov, "Defeating image
    obfuscation with deep learning", arXiv:1609.00408, 2016.

    Examples
    --------
    >>> import numpy as np
    >>> image = Raster(np.array([[[9, 2, 5], [7, 0, 6]]], np.uint8), bits=4)
    >>> Pixelate(blocks=[2]).expose(image, 1).rendered[0]
    array([[5, 5, 6],
           [5, 5, 6]], dtype=uint8)
    """

    name = "pixelate"
    version = "1"
    references = ("hill2016", "mcpherson2016")
    axis = "side of the blocks, b"
    clear_part = "the mean of every block"
    hidden_part = "all else in every block"
    keeps_values = True

    def __init__(self, blocks: Sequence[int] = BLOCKS) -> None:
        self.blocks = tuple(blocks)
        check_sides(self.blocks)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(blocks={self.blocks})"

    def levels(self, bits: int) -> tuple[Level, ...]:
        """The image as it is, and every side of blocks."""
        check_bits(self, bits)
        mosaics = (
            Level(rank, f"means of {b}x{b} blocks", short=f"b = {b}", phrase=f"at b = {b}")
            for rank, b in enumerate(self.blocks, start=1)
        )
        return (Level(0, "the image as it is", short="plain"), *mosaics)

    def expose(self, cipher: Raster, level: int) -> Exposure:
        """The mosaic of an image; its symbols are "means", one a block. A mosaic is its own.

        Raises
        ------
        ImageError
            If `cipher` is not (C, H, W) uint8 or uint16, or a sample needs more bits.
        """
        level_of(self, cipher.bits, level)
        check_raster(cipher)
        if not level:
            return Exposure(
                cipher.samples, cipher.bits, {"samples": cipher.samples}, 1 << cipher.bits
            )
        side = self.blocks[level - 1]
        sums, counts = block_sums(cipher.samples, side)
        means = (2 * sums + counts) // (2 * counts)
        rendered = spread(means, side, cipher.samples).astype(cipher.samples.dtype)
        return Exposure(rendered, cipher.bits, {"means": means}, 1 << cipher.bits)
