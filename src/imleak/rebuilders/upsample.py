"""What stood in blocks of which the mean is left, from the means around."""

from typing import get_args

import numpy as np

from ..interfaces import Exposure, ImleakError, Rebuilt, Scheme
from ._known_blocks import Kernel, Surface, blocks_of, enlarged, has_blocks, with_what_is_known
from ._laplacian import exactly


class Upsample:
    r"""Enlarges the image of the means of b x b blocks, and keeps what is known of each block.

    The means are interpolated to the size of the image. Where the sum of a block is known, its
    samples are raised or lowered by one amount, within their range, until they have that sum;
    where its samples are known, but not their places, they are placed in the order of the
    interpolated ones. So the result has the clear part that it was made of.

    The confidence is that of an error with a Laplacian law whose scale is half the mean
    difference of neighbouring means.

    Parameters
    ----------
    kernel : "bicubic" or "lanczos".

    Raises
    ------
    ImleakError
        If there is no such kernel.

    References
    ----------
    Keys, "Cubic convolution interpolation for digital image processing", IEEE Transactions on
    Acoustics, Speech and Signal Processing 29, 1981. Duchon, "Lanczos filtering in one and two
    dimensions", Journal of Applied Meteorology 18, 1979.
    """

    name = "upsample"
    version = "1"
    references = ("keys1981", "duchon1979")
    digest = ""

    def __init__(self, *, kernel: Kernel = "bicubic") -> None:
        if kernel not in get_args(Kernel):
            raise ImleakError(f"kernel {kernel!r}: give {' or '.join(get_args(Kernel))}")
        self.kernel = kernel

    def rebuilds(self, scheme: Scheme, level: int, bits: int) -> bool:
        """Whether blocks keep their sums, or their means."""
        return has_blocks(scheme, level, bits)

    def rebuild(self, exposure: Exposure, scheme: Scheme, level: int) -> Rebuilt:
        """The interpolated image, with the sums or the samples that its blocks have. Raises
        ImleakError if it does not rebuild such clear parts."""
        if not self.rebuilds(scheme, level, exposure.bits):
            raise ImleakError(f"upsample does not rebuild {scheme.name} at level {level}")
        blocks = blocks_of(exposure, scheme, level)
        means = blocks.means(exposure.rendered)
        surface = enlarged(means, blocks, self.kernel)
        samples = with_what_is_known(surface, exposure, blocks)
        right = exactly(_scale(means))
        return Rebuilt(samples, np.full(samples.shape, right, np.float32))


def _scale(means: Surface) -> float:
    """Half the mean difference of neighbouring means, half a step at least."""
    steps = [np.abs(np.diff(means, axis=axis)).ravel() for axis in (1, 2)]
    every = np.concatenate(steps)
    return max(0.5, float(every.mean()) / 2) if every.size else 0.5
