"""Colour to grey."""

import numpy as np

from ..interfaces import Samples

WEIGHTS = (19595, 38470, 7471)
"""0.299, 0.587 and 0.114 in units of 2^-16; they add up to 2^16."""


def luma(samples: Samples) -> Samples:
    r"""Luma of ITU-R BT.601, in integers and for any depth up to 16 bits.

    .. math:: Y = \lfloor (19595 R + 38470 G + 7471 B + 2^{15}) / 2^{16} \rfloor

    The weights are 0.299, 0.587 and 0.114 rounded to 16 binary digits, and the sum is
    rounded half up. A grey of equal channels stays as it is; for 8 bits it is Pillow's
    ``convert("L")`` sample by sample.

    Parameters
    ----------
    samples : (3, H, W), uint8 or uint16.

    Returns
    -------
    (1, H, W), same type.
    """
    red, green, blue = samples
    total = np.multiply(red, WEIGHTS[0], dtype=np.uint32)
    total += np.multiply(green, WEIGHTS[1], dtype=np.uint32)
    total += np.multiply(blue, WEIGHTS[2], dtype=np.uint32)
    total += np.uint32(1 << 15)
    total >>= np.uint32(16)
    grey: Samples = total.astype(samples.dtype)
    return grey.reshape(1, *grey.shape)
