"""Negated samples, folded back into the lower half of their range."""

import numpy as np

from ..interfaces import Exposure, ImleakError, Rebuilt, Scheme
from ._clear_parts import leaves_clear_part


class Fold:
    r"""The feature reconstruction attack: every sample, or its negative, whichever is smaller.

    .. math:: \hat p = \begin{cases} 2^B - 1 - p_E, & p_E \ge 2^{B-1} \\
                                     p_E, & \text{else} \end{cases}

    Dark images come back whole, bright areas as their negatives, and edges stay where they are.
    Where channels are permuted as well, those of a pixel come in rising order.

    The minimal difference attack, which goes through the image in raster order and takes, of the
    2 forms of a sample or the 48 of a pixel, the one nearest in :math:`\ell_1` to the neighbours
    before it, finds the same up to one form for all pixels. With p and q in the same half of the
    range, :math:`|p - q| < |2^B - 1 - p - q|`, so the nearest form is always in the half of its
    neighbours; and numbers in rising order are nearest to others in rising order, so it always
    has their order. It is not here a second time.

    References
    ----------
    Chang & Case, "Attacks on image encryption schemes for privacy-preserving deep neural
    networks", arXiv:2004.13263, 2020.
    """

    name = "fold"
    version = "1"
    references = ("chang2020",)
    digest = ""

    def rebuilds(self, scheme: Scheme, level: int, bits: int) -> bool:
        """Whether samples are negated, and something of them is left."""
        if not leaves_clear_part(scheme, "negative-positive"):
            return False
        levels = {one.rank: one for one in scheme.levels(bits)}
        return level > 0 and level in levels and not levels[level].leaves_nothing

    def rebuild(self, exposure: Exposure, scheme: Scheme, level: int) -> Rebuilt:
        """The clear part as it is rendered. The confidence is that of a guess: of the half of a
        sample, and where channels are permuted of its channel. Raises ImleakError if it does not
        rebuild such clear parts."""
        if not self.rebuilds(scheme, level, exposure.bits):
            raise ImleakError(f"fold does not rebuild {scheme.name} at level {level}")
        samples = exposure.rendered.copy()
        right = 1 / 2 / (len(samples) if level > 1 else 1)
        return Rebuilt(samples, np.full(samples.shape, right, np.float32))
