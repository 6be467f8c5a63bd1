"""Whether two images are the same, sample by sample."""

from hashlib import sha256

import numpy as np

from ..interfaces import Features, Samples
from ._whole import WholeImageEncoder

WORDS = 16


class Identity(WholeImageEncoder):
    """The SHA-256 of an image's samples, as sixteen numbers of 16 bits.

    Images of different samples have different vectors, and the vectors say nothing else.
    Neither size nor depth counts where nothing is left: all images of one value alone are the
    same. An image of three equal channels is its grey one.
    """

    name = "identity"

    def __init__(self) -> None:
        super().__init__(WORDS)

    def vector(self, samples: Samples, _: int) -> Features:
        """(16,) of whole numbers up to 65535."""
        distinct = samples[:1] if (samples == samples[:1]).all() else samples
        if (distinct == distinct.flat[0]).all():
            distinct = distinct[:1, :1, :1]
        content = repr(distinct.shape).encode() + distinct.astype("<u2").tobytes()
        return np.frombuffer(sha256(content).digest(), "<u2").astype(np.float32)
