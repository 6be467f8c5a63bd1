"""Where an image is flat and where it is busy: coarse maps, without a network."""

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Features, Samples
from ._areas import areas
from ._network import check_whole
from ._whole import WholeImageEncoder

SIZE = 32

BUSY = 0.3
"""Weight of the map of activity beside that of flatness."""
FLOOR = 1 / 1024
"""Activity that counts as none, of the largest possible."""
FAINT = 0.005
"""Standard deviation below which a map weighs less: a few accidents in noise are no layout."""
CONSTANT = 1e-5
"""Standard deviation below which a map is the same everywhere, but for rounding."""


class Layout(WholeImageEncoder):
    r"""Coarse maps of where an image is flat and where it is busy, of any exposure of it.

    Natural images are not noise in their low bits: sensors saturate, JPEG quantises, and
    walls, skies and printed surfaces are flat. What of a sample survives in the clear part is
    a function of it, so samples that are equal stay equal, whatever is encrypted. The first
    map is the share of squares of 2 x 2 samples that are all equal,

    .. math:: f_{kl} = \operatorname{mean}_{ij \in kl} [x_{ij} = x_{i,j+1} = x_{i+1,j} =
              x_{i+1,j+1}]

    in size x size parts of the image, whatever its size. By chance that holds for 1 in
    :math:`2^{3b}` squares of noise of b bits, and hardly ever where there is texture. The
    second, for images without equal neighbours, is the logarithm of the activity: the mean
    difference of neighbours modulo :math:`2^b`, of the b bits that any sample uses. Clear
    parts that were scaled or shifted give the same maps. Each map is taken less its mean and
    divided by its standard deviation, and the second weighted with 0.3; one that is the same
    everywhere is zero. Channels are averaged.

    Its vectors say nothing of what an image shows: two images of one composition are alike.

    Parameters
    ----------
    size : of the maps.

    Raises
    ------
    ImleakError
        If it is no such size.
    """

    name = "layout"
    argument = "size"

    def __init__(self, size: int = SIZE) -> None:
        check_whole(self.name, "size", size, 1, 256)
        self.size = size
        settings = f"{size}, flat and {BUSY} busy, floor {FLOOR}, faint {FAINT}"
        super().__init__(2 * size * size, settings)

    @property
    def title(self) -> str:
        return self.name if self.size == SIZE else f"{self.name}={self.size}"

    def vector(self, samples: Samples, _: int) -> Features:
        """(2 * size * size,): both maps, row by row."""
        shape = (self.size, self.size)
        busy = _standard(np.log(activity(samples, shape) + FLOOR))
        return np.concatenate([_standard(self.map(samples, shape)), BUSY * busy])

    def map(self, samples: Samples, shape: tuple[int, int] | None = None) -> NDArray[np.float32]:
        """Share of flat squares, 0..1, in every part of an image: what an eye makes out in a
        clear part of few bits.

        Parameters
        ----------
        samples : (C, H, W); of a single row or column, without squares, the map is 0.
        shape : rows and columns of the map; size x size by default.
        """
        x = samples
        across, down = x[..., :-1] == x[..., 1:], x[..., :-1, :] == x[..., 1:, :]
        flat = across[:, :-1] & across[:, 1:] & down[..., :-1]
        return _pooled(flat, shape or (self.size, self.size))


def activity(samples: Samples, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Mean absolute difference of neighbours, across and down, on the circle of the values
    that samples take: 0..1, 1 for half of the circle.

    Parameters
    ----------
    samples : (C, H, W).
    shape : rows and columns of the map.
    """
    used = int(np.bitwise_or.reduce(samples, axis=None))
    width = 8 * samples.itemsize
    # Where the highest bit in use is the highest of the type, differences wrap by themselves.
    x = samples << samples.dtype.type(width - max(used.bit_length(), 1))
    across, down = x[:, :-1, :-1] - x[:, :-1, 1:], x[:, :-1, :-1] - x[:, 1:, :-1]
    total = _pooled(np.minimum(across, 0 - across), shape)
    total += _pooled(np.minimum(down, 0 - down), shape)
    return total / np.float32(1 << width)


def _pooled(values: NDArray[np.generic], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Mean over channels of (C, H, W), in equal parts; zeros of no values.

    Only squares that lie within an image are there: whatever was put beyond its edge would
    show in the map, and tell its size.
    """
    if not values.size:
        return np.zeros(shape, np.float32)
    rows, columns = (areas(side, size) for side, size in zip(values.shape[1:], shape, strict=True))
    channels = [rows @ channel.astype(np.float32) @ columns.T for channel in values]
    return np.asarray(np.mean(channels, axis=0))


def _standard(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """A map less its mean, in its standard deviations, as a vector; zeros if it is the same
    everywhere."""
    spread = float(values.std())
    if spread <= CONSTANT:
        return np.zeros(values.size, np.float32)
    return np.asarray(((values - values.mean()) / np.float32(max(spread, FAINT))).ravel())
