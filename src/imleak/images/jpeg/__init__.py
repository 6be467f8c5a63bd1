"""JPEG files as they are stored: their coefficients, and files with other ones.

>>> from imleak.images.jpeg import compressed, coefficients, rewritten
>>> import numpy as np
>>> content = compressed(np.full((1, 8, 16), 200, np.uint8), quality=75)
>>> found = coefficients(content)  # doctest: +SKIP
>>> [blocks.shape for blocks in found.components]  # doctest: +SKIP
[(1, 2, 8, 8)]
"""

from .code import file_code
from .coefficients import coefficients, compressed, decoded, raster_of, written
from .rewrite import OtherCodeError, rewritten
from .structure import Segment, Structure, parse

__all__ = [
    "OtherCodeError",
    "Segment",
    "Structure",
    "coefficients",
    "compressed",
    "decoded",
    "file_code",
    "parse",
    "raster_of",
    "rewritten",
    "written",
]
