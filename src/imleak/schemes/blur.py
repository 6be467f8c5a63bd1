"""Gaussian blur. No key, no decryption."""

from collections.abc import Sequence

import numpy as np

from ..interfaces import Exposure, Level, Raster, Samples
from ._samples import LevelError, check_bits, check_raster, level_of

SIGMAS = (1.0, 2.0, 4.0, 8.0, 16.0)


class Blur:
    r"""Convolution with a Gaussian of standard deviation sigma, a channel at a time.

    A baseline: nothing is encrypted, there is no key, and nobody decrypts. What is published is
    the clear part, rounded to whole numbers,

    .. math:: \operatorname{round}\, (p * g_\sigma)(i, j), \qquad
              g_\sigma(u, v) \propto e^{-(u^2 + v^2) / 2 \sigma^2},

    with g cut off at 4 sigma, and the image continued by its outermost samples. Without the
    rounding, and at its small sigmas, a blur is undone by deconvolution.

    Parameters
    ----------
    sigmas : in samples, each a level, rising.

    Raises
    ------
    LevelError
        If there are no such sigmas; by every method, if `bits` is not in 1..16 or there is no
        such level.

    References
    ----------
    Hill, Zhou, Saul & Shacham, "On the (in)effectiveness of mosaicing and blurring as tools for
    document redaction", PoPETs 2016. McPherson, Shokri & Shmatikov, "Defeating image
    obfuscation with deep learning", arXiv:1609.00408, 2016.

    Examples
    --------
    >>> image = Raster(np.array([[[0, 0, 90, 0, 0]]], np.uint8), bits=8)
    >>> Blur(sigmas=[0.5]).expose(image, 1).rendered.ravel()
    array([ 0, 10, 71, 10,  0], dtype=uint8)
    """

    name = "blur"
    version = "1"
    references = ("hill2016", "mcpherson2016")
    axis = "standard deviation of the blur, sigma"
    clear_part = "the blurred image"
    hidden_part = "detail finer than the blur"
    keeps_values = True

    def __init__(self, sigmas: Sequence[float] = SIGMAS) -> None:
        self.sigmas = tuple(float(sigma) for sigma in sigmas)
        rise = all(low < high for low, high in zip((0, *self.sigmas), self.sigmas, strict=False))
        if not self.sigmas or not rise or not np.isfinite(self.sigmas[-1]):
            raise LevelError(f"sigmas {list(sigmas)}: give rising numbers above 0, such as 2, 4, 8")

    def __repr__(self) -> str:
        return f"{type(self).__name__}(sigmas={self.sigmas})"

    def levels(self, bits: int) -> tuple[Level, ...]:
        """The image as it is, and every sigma."""
        check_bits(self, bits)
        blurred = (
            Level(
                rank,
                f"blurred with sigma {sigma:g}",
                short=f"sigma = {sigma:g}",
                phrase=f"at sigma = {sigma:g}",
            )
            for rank, sigma in enumerate(self.sigmas, start=1)
        )
        return (Level(0, "the image as it is", short="plain"), *blurred)

    def expose(self, cipher: Raster, level: int) -> Exposure:
        """The blurred image; its symbols are "samples", the same.

        Raises
        ------
        ImageError
            If `cipher` is not (C, H, W) uint8 or uint16, or a sample needs more bits.
        """
        level_of(self, cipher.bits, level)
        check_raster(cipher)
        found = _blurred(cipher.samples, self.sigmas[level - 1]) if level else cipher.samples
        return Exposure(found, cipher.bits, {"samples": found}, 1 << cipher.bits)


def _blurred(samples: Samples, sigma: float) -> Samples:
    from scipy.ndimage import gaussian_filter

    blurred = gaussian_filter(samples.astype(np.float64), (0, sigma, sigma), mode="nearest")
    return np.rint(blurred).astype(samples.dtype)
