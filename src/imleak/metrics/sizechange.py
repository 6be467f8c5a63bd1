"""What encryption does to the size of a file."""

import zlib
from collections.abc import Callable

import numpy as np

from ..interfaces import Measurement, Observation, Samples
from ._observed import PerImage


class SizeChange(PerImage):
    r"""How much longer the file of the cipher is than that of the plain image, in percent.

    .. math:: 100 \left(\frac{\ell(\mathrm{cipher})}{\ell(\mathrm{plain})} - 1\right)

    with the length of horizontal differences under deflate, which is what TIFF (predictor
    2) and much of PNG do. The number of samples never changes; but what is encrypted
    cannot be compressed, so a lossless file grows with every bit-plane.

    A scheme on the coefficients of JPEG files has the length of JPEG files instead, of the plain
    coefficients and of those of the cipher, each sequential, with Huffman codes of its own and
    without metadata; what the scheme keeps beside the coefficients counts as well.

    References
    ----------
    RFC 1951 (deflate); TIFF 6.0, section 14 (differencing predictor).
    """

    references = ("deutsch1996", "tiff1992")
    name = "size-change"
    version = "2"
    unit = "%"

    def measure(self, observation: Observation) -> list[Measurement]:
        """One value a level, of the cipher."""
        sizes = observation.file_sizes or _lossless(observation)
        found = ((level, *sizes(level)) for level in observation.levels)
        return [
            self.at(level, 100.0 * (cipher / plain - 1), "cipher") for level, plain, cipher in found
        ]


def _lossless(observation: Observation) -> Callable[[int], tuple[int, int]]:
    """Level -> bytes of the lossless files of the plain image and of the cipher."""
    bits = observation.bits
    plain = length(observation.plain, bits)
    return lambda level: (plain, length(observation.cipher(level), bits))


def length(samples: Samples, bits: int) -> int:
    """Bytes of (C, H, W) samples under differencing modulo 2^B and deflate; the bytes of
    two-byte samples apart."""
    first = np.zeros_like(samples[..., :1])
    rows = np.diff(samples, axis=2, prepend=first) & samples.dtype.type(2**bits - 1)
    planes = [rows.astype(np.uint8)] if bits <= 8 else [(rows >> 8), (rows & 255)]
    return len(zlib.compress(b"".join(plane.astype(np.uint8).tobytes() for plane in planes)))
