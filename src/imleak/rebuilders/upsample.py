"""What stood in blocks of which the mean is left, from the means around."""

from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Exposure, ImleakError, Rebuilt, Samples, Scheme

Kernel = Literal["bicubic", "lanczos"]
Surface: TypeAlias = NDArray[np.float64]
Places: TypeAlias = NDArray[np.intp]
HALVINGS = 48
"""Of the interval in which the shift of a block lies."""


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
        ranks = {one.rank for one in scheme.levels(bits)} if _has_blocks(scheme) else set()
        return level > 0 and level in ranks

    def rebuild(self, exposure: Exposure, scheme: Scheme, level: int) -> Rebuilt:
        """The interpolated image, with the sums or the samples that its blocks have. Raises
        ImleakError if it does not rebuild such clear parts."""
        if not self.rebuilds(scheme, level, exposure.bits):
            raise ImleakError(f"upsample does not rebuild {scheme.name} at level {level}")
        side: int = scheme.blocks[level - 1]  # type: ignore[attr-defined]
        clear, places = exposure.rendered, _places(exposure.rendered, side)
        counts = np.bincount(places)
        sums = np.bincount(places, clear.ravel()) if counts.size else counts
        rows, columns = _tiles(clear, side)
        means = (sums / counts).reshape(len(clear), rows, columns)
        surface = self._enlarged(means, side, clear)
        knows_samples = "samples" in exposure.symbols
        fill = _in_their_order if knows_samples else _of_their_sum
        samples = fill(surface, clear, places, (1 << exposure.bits) - 1)
        right = 1 - np.exp(-0.5 / _scale(means))
        return Rebuilt(samples, np.full(samples.shape, right, np.float32))

    def _enlarged(self, means: Surface, side: int, like: Samples) -> Surface:
        from PIL import Image as Pillow

        resample = getattr(Pillow.Resampling, self.kernel.upper())
        size = means.shape[2] * side, means.shape[1] * side
        large = [
            np.asarray(Pillow.fromarray(mean.astype(np.float32)).resize(size, resample))
            for mean in means
        ]
        return np.stack(large)[:, : like.shape[1], : like.shape[2]].astype(np.float64)


def _has_blocks(scheme: Scheme) -> bool:
    return scheme.name in ("pixelate", "tpe")


def _places(samples: Samples, side: int) -> Places:
    """The number of the block of every sample, in raster order; channels have their own."""
    channels, rows, columns = np.ogrid[tuple(map(slice, samples.shape))]
    tall, wide = _tiles(samples, side)
    numbers = (channels * tall + rows // side) * wide + columns // side
    found: Places = numbers.ravel()
    return found


def _tiles(samples: Samples, side: int) -> tuple[int, int]:
    """Rows and columns of blocks, those that the edge cuts off included."""
    return -(-samples.shape[1] // side), -(-samples.shape[2] // side)


def _in_their_order(surface: Surface, clear: Samples, places: Places, _: int) -> Samples:
    """The samples of every block, the smallest where the surface is lowest."""
    found = np.empty_like(clear)
    lowest_first = np.lexsort((surface.ravel(), places))
    found.flat[lowest_first] = clear.ravel()[np.lexsort((clear.ravel(), places))]
    return found


def _of_their_sum(surface: Surface, clear: Samples, places: Places, peak: int) -> Samples:
    """The surface, shifted in every block so that whole numbers of 0..peak have its sum."""
    values = surface.ravel()
    sums = np.bincount(places, clear.ravel())
    low, high = np.full(len(sums), -2.0 * peak - 1), np.full(len(sums), 2.0 * peak + 1)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        too_much = np.bincount(places, np.floor(values + middle[places]).clip(0, peak)) > sums
        low, high = np.where(too_much, low, middle), np.where(too_much, middle, high)
    shifted = values + low[places]
    whole = np.floor(shifted).clip(0, peak)
    missing = np.rint(sums - np.bincount(places, whole)).astype(np.intp)
    # One more goes where the most was cut off, and where there is room for it.
    left = np.where(whole < peak, shifted - whole, -np.inf)
    order = np.lexsort((-left, places))
    starts = np.cumsum(np.bincount(places)) - np.bincount(places)
    rank = np.arange(len(order)) - starts[places[order]]
    whole[order] += rank < missing[places[order]]
    found: Samples = whole.reshape(clear.shape).astype(clear.dtype)
    return found


def _scale(means: NDArray[Any]) -> float:
    """Half the mean difference of neighbouring means, half a step at least."""
    steps = [np.abs(np.diff(means, axis=axis)).ravel() for axis in (1, 2)]
    every = np.concatenate(steps)
    return max(0.5, float(every.mean()) / 2) if every.size else 0.5
