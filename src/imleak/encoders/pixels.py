"""The space of scalar pixels: every sample is its own vector."""

from __future__ import annotations

import hashlib

from ..interfaces import Features, ImleakError, Samples


class Pixels:
    """Scalar pixels: rows are single samples, not vectors of a network.

    A measure that knows pixels works on their values directly, so there is nothing to
    encode: `input_size` is None and :meth:`encode` refuses.
    """

    name = "pixels"
    version = "1"
    input_size: int | None = None
    dimension = 1
    digest = hashlib.sha256(f"{name} {version}".encode()).hexdigest()

    def encode(self, pictures: Samples, bits: int) -> Features:
        """Not possible: pixels have no vector.

        Raises
        ------
        ImleakError
            Always.
        """
        del pictures, bits
        raise ImleakError(
            "the encoder 'pixels' makes no vectors, its rows are single samples; "
            "for a measure on features choose another, such as efficientnet-lite0"
        )
