"""Structural similarity."""

from ..interfaces import Measurement, Observation
from ._observed import PerImage, parts
from ._windows import Windows


class Ssim(PerImage):
    r"""Mean structural similarity of clear part and cipher against the plain image.

    .. math::
        \frac{(2 \mu_x \mu_y + c_1)(2 \sigma_{xy} + c_2)}
             {(\mu_x^2 + \mu_y^2 + c_1)(\sigma_x^2 + \sigma_y^2 + c_2)}, \qquad
        c_1 = (.01 (2^B - 1))^2, \quad c_2 = (.03 (2^B - 1))^2

    in uniform windows of 7x7 pixels with sample variances, mean over windows and channels, as
    in scikit-image. An image with a side below 7 pixels is compared in the largest odd window
    that fits, down to 3.

    References
    ----------
    Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility
    to structural similarity", IEEE Transactions on Image Processing, 2004.
    """

    references = ("wang2004",)
    name = "ssim"
    unit = "1"

    def measure(self, observation: Observation) -> list[Measurement]:
        """Two values a level, clear and cipher, at most 1. Raises ImageError if a side is below 3
        pixels."""
        plain = Windows.of(observation.plain, observation.bits)
        return [
            self.at(level, plain.similarity(samples), part, ceiling=1.0)
            for level, part, samples in parts(observation)
        ]
