"""Structural similarity."""

from __future__ import annotations

from skimage.metrics import structural_similarity

from ..interfaces import Bound, ImageError, Measurement, Observation, Samples, Space
from ._observed import PerImage, parts

WINDOW = 7
SMALLEST = 3


class Ssim(PerImage):
    """Mean structural similarity of clear part and cipher against the plain image.

    Uniform windows of 7x7 pixels, mean over channels, data range 2^B - 1. An image with
    a side below 7 pixels is compared in the largest odd window that fits, down to 3.

    References
    ----------
    Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility
    to structural similarity", IEEE Transactions on Image Processing, 2004.
    """

    name = "ssim"
    version = "1"
    unit = "1"
    bound: Bound = "none"
    space: Space = "pixels"

    def measure(self, observation: Observation) -> list[Measurement]:
        """Two readings a level, clear and cipher, at most 1.

        Raises
        ------
        ImageError
            If a side is below 3 pixels.
        """
        window = window_side(*observation.plain.shape[1:])
        peak = 2**observation.bits - 1
        return [
            self.at(level, similarity(observation.plain, samples, window, peak), part, ceiling=1.0)
            for level, part, samples in parts(observation)
        ]


def similarity(plain: Samples, other: Samples, window: int, peak: int) -> float:
    """Mean SSIM of two images (C, H, W) in windows of window x window pixels."""
    return float(
        structural_similarity(  # type: ignore[no-untyped-call]
            plain, other, win_size=window, data_range=peak, channel_axis=0
        )
    )


def window_side(height: int, width: int) -> int:
    """Side of the window for an image of this size: odd, 3..7.

    Raises
    ------
    ImageError
        If no window fits.
    """
    side = min(height, width, WINDOW)
    side -= 1 - side % 2
    if side < SMALLEST:
        raise ImageError(
            f"ssim needs an image of {SMALLEST}x{SMALLEST} pixels or more, not {width}x{height}"
        )
    return side
