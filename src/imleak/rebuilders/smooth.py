"""The most plausible smooth image whose lower planes are those in the clear."""

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Exposure, ImleakError, Rebuilt, Samples, Scheme
from ._chains import Array, beliefs, kernel, normalised
from ._clear_parts import hides_highest_planes

REACH = 2
"""Wraps between neighbours that are considered."""
WINDOW = 15
"""Side of the area whose differences say how smooth an image is there."""
COLOUR, COLOUR_REACH = 20 / 256, 4
"""Scale of the differences between channels, as a share of the range of samples, and wraps
that are considered there."""
CLIPPED_WHITE, CLIPPED_BLACK = 70.0, 4.0
"""How much more often a flat area of a photograph is white, or black, than any other value."""
CAUTION = {1: 0.07, 2: 0.03, 3: 0.02}
"""By hidden planes, the power of a belief that is a probability: neighbours that agree are not so
many independent witnesses. Of least cross-entropy over 128 photographs."""
HIGHEST, BELOW = 0.05, 0.005
"""The same for a bit of the highest of several hidden planes, and of the others."""
TILE = 1024
"""Side of what is rebuilt at a time."""


class Smooth:
    r"""Rebuilds the highest planes of an image from the lower ones, by the smoothness of
    images: nothing is learned.

    A sample is :math:`p = c + k\,2^{B-s}` with c its clear planes and k what is hidden.
    Differences of neighbours are taken as Laplacian, of a scale that the clear part itself
    shows: the mean of :math:`|d \bmod 2^{B-s}|` around, of which a wrapped Laplacian has one
    for every scale. So all of :math:`0 \le p < 2^B` that explain the clear part are weighed
    by

    .. math:: \prod_{i \sim j} e^{-|p_i - p_j| / b_{ij}},

    over neighbours in rows and columns, and, with one scale of photographs, over the channels
    of a pixel; flat areas are likelier white or black, as sensors saturate. The most likely
    image under one scale b is that of minimum total variation. Marginals, by belief
    propagation, say of every sample which k is likeliest and how far it is to be trusted.

    Parameters
    ----------
    most_planes : hidden planes up to which it is worth the time.

    References
    ----------
    Bioucas-Dias, Valadão, "Phase unwrapping via graph cuts", IEEE Transactions on Image
    Processing 16, 2007: minimum total variation with levels modulo a number.
    """

    name = "smooth"
    version = "2"
    references = ("bioucas2007",)
    digest = ""

    def __init__(self, *, most_planes: int = 3) -> None:
        if not 1 <= most_planes <= 8:
            raise ImleakError(f"most_planes {most_planes}: give 1 to 8")
        self.most_planes = most_planes

    def rebuilds(self, scheme: Scheme, level: int, bits: int) -> bool:
        """Whether 1 to `most_planes` highest planes are hidden, and not all."""
        return level <= self.most_planes and hides_highest_planes(scheme, level, bits)

    def rebuild(self, exposure: Exposure, scheme: Scheme, level: int) -> Rebuilt:
        """The likeliest value of every sample, and the probabilities of its hidden bits. Raises
        ImleakError if it does not rebuild such clear parts."""
        if not self.rebuilds(scheme, level, exposure.bits):
            raise ImleakError(f"smooth does not rebuild {scheme.name} at level {level}")
        clear = np.asarray(exposure.symbols["planes"], np.int32)
        label = np.empty(clear.shape, np.int32)
        confidence = np.empty(clear.shape, np.float32)
        lowest = exposure.bits - level
        hidden = {lowest + at: np.empty(clear.shape, np.float32) for at in range(level)}
        for tile in _tiles(*clear.shape[1:]):
            believed = marginals(clear[tile], exposure.bits, level)
            label[tile] = believed.argmax(0)
            confidence[tile] = _probabilities(believed, _caution(level)).max(0)
            for at in range(level):
                of_plane = _caution(1) if level == 1 else HIGHEST if at == level - 1 else BELOW
                is_set = np.arange(len(believed)) >> at & 1 == 1
                hidden[lowest + at][tile] = _probabilities(believed, of_plane)[is_set].sum(0)
        samples: Samples = (clear + (label << lowest)).astype(exposure.rendered.dtype)
        certain = {plane: sure.clip(0, 1) for plane, sure in hidden.items()}
        return Rebuilt(samples, confidence.clip(0, 1), certain)


def marginals(clear: NDArray[np.int32], bits: int, planes: int) -> Array:
    """(2**planes, C, H, W) beliefs in what the highest planes of every sample hold, as if
    neighbours were independent witnesses.

    Parameters
    ----------
    clear : (C, H, W) values of the lower planes.
    bits : B of the samples.
    planes : how many are hidden.
    """
    modulus = 1 << (bits - planes)
    values = clear.astype(np.float32)
    scale = _scales(clear, modulus)
    rows = kernel(np.diff(values, axis=2), _between(scale, 2), modulus, REACH)
    columns = kernel(np.diff(values, axis=1), _between(scale, 1), modulus, REACH)
    channels = None
    if len(values) > 1:
        of_colour = kernel(np.diff(values, axis=0), COLOUR * 2**bits, modulus, COLOUR_REACH)
        channels = np.ascontiguousarray(np.moveaxis(of_colour, 1, 0))
    return beliefs(
        _clipped(clear, modulus, 1 << planes),
        np.ascontiguousarray(np.moveaxis(rows, 3, 0)),
        np.ascontiguousarray(np.moveaxis(columns, 2, 0)),
        channels,
    )


def _caution(planes: int) -> float:
    return CAUTION.get(planes, CAUTION[max(CAUTION)])


def _probabilities(believed: Array, caution: float) -> Array:
    """Beliefs as probabilities; none is zero."""
    positive: Array = np.maximum(believed, np.finfo(np.float32).tiny)
    return normalised(positive**caution, 0)


def _clipped(clear: NDArray[np.int32], modulus: int, labels: int) -> Array:
    """(labels, C, H, W) what a sample's own clear value says of its label."""
    from scipy.ndimage import maximum_filter, minimum_filter

    around = (1, 3, 3)
    flat = maximum_filter(clear, around) == minimum_filter(clear, around)
    own = np.ones((labels, *clear.shape), np.float32)
    own[-1][flat & (clear == modulus - 1)] = CLIPPED_WHITE
    own[0][flat & (clear == 0)] = CLIPPED_BLACK
    return own


def _scales(clear: NDArray[np.int32], modulus: int) -> Array:
    """(H, W) scale of the differences between neighbours, of all channels."""
    from scipy.ndimage import uniform_filter

    total, count = np.zeros(clear.shape[1:]), np.zeros(clear.shape[1:])
    for axis in (1, 2):
        difference = np.diff(clear, axis=axis)
        wrapped = np.abs((difference + modulus // 2) % modulus - modulus // 2).mean(0)
        for side in (slice(None, -1), slice(1, None)):
            at = (side, slice(None)) if axis == 1 else (slice(None), side)
            total[at] += wrapped
            count[at] += 1
    mean = uniform_filter(total / np.maximum(count, 1), WINDOW)
    return scale_of(mean, modulus).astype(np.float32)


def scale_of(mean: NDArray[np.float64], modulus: int) -> NDArray[np.float64]:
    """The scale of a Laplacian whose distance to the nearest multiple of `modulus` has such a
    mean; half a step at least."""
    scales = np.geomspace(0.05, 4 * modulus, 256)
    half = modulus / 2
    left = np.exp(-half / scales)
    # Of the density cosh((half - x) / scale) on 0..half.
    means = scales * (1 - left) ** 2 / (1 - left**2)
    return np.maximum(np.interp(mean, means, scales), 0.5)


def _between(scale: Array, axis: int) -> Array:
    """(1, H, W) less one: of two neighbours in rows (2) or columns (1)."""
    both = scale[:, 1:] + scale[:, :-1] if axis == 2 else scale[1:] + scale[:-1]
    return np.asarray(both / 2, np.float32)[np.newaxis]


def _tiles(height: int, width: int) -> list[tuple[slice, slice, slice]]:
    return [
        (slice(None), slice(top, top + TILE), slice(left, left + TILE))
        for top in range(0, height, TILE)
        for left in range(0, width, TILE)
    ]
