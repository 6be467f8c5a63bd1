"""DC of JPEG coefficients, and the large ones, from the small ones and the smoothness of
images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Blocks, Exposure, ImleakError, Rebuilt, Scheme
from ._borders import offsets
from ._clear_parts import leaves_clear_part
from ._laplacian import exactly
from ._smoothest import Mask, Values, in_rounds, quantised, samples_of

LEAST_THRESHOLD = 10
"""Below it the small coefficients say too little."""
MOST = 1023
"""Of a quantised coefficient."""
RANGE = 128
"""Of a mean, on both sides of mid-grey."""
SCALE = 80.0
"""Of the errors of samples: how bright the image is as a whole is not known."""


class Dc:
    r"""Rebuilds JPEG coefficients of which DC is hidden, and of large ones all but that they are
    above a threshold T.

    The blocks have the shape that their small coefficients give them, and must continue in one
    another. First the large coefficients are 0, and the offsets of blocks those of least weighted
    squares over all borders. Then the large ones and DC are chosen together for least total
    variation of the whole image, as ``signs`` chooses them: those that come near to T are fixed,
    with T at least, and what is left is solved again. At last the offsets are found once more. How
    bright the image is as a whole no clear part says: its median is mid-grey.

    Nothing is learned. The confidence is the same for all samples, that of an error with a
    Laplacian law of scale 80: one in 160 is.

    References
    ----------
    Uehara, Safavi-Naini & Ogunbona, "Recovering DC coefficients in block-based DCT", IEEE
    Transactions on Image Processing 15(11), 2006. Lin, Liu, Jiang, Li, Li & Kuo, "Recovering sign
    bits of DCT coefficients in digital images as an optimization problem", arXiv:2211.01096, 2022.
    Chambolle & Pock, "A first-order primal-dual algorithm for convex problems with applications
    to imaging", Journal of Mathematical Imaging and Vision 40, 2011.
    """

    name = "dc"
    version = "1"
    references = ("uehara2006", "lin2022", "chambolle2011")
    digest = ""

    def rebuilds(self, scheme: Scheme, level: int, bits: int) -> bool:  # noqa: ARG002
        """Whether AC coefficients are in the clear up to a threshold of 10 or more."""
        return leaves_clear_part(scheme, "p3") and 0 < level <= _levels(scheme)

    def rebuild(self, exposure: Exposure, scheme: Scheme, level: int) -> Rebuilt:
        """The image whose blocks continue in one another. Raises ImleakError if it does not rebuild
        such clear parts."""
        if not self.rebuilds(scheme, level, exposure.bits) or exposure.jpeg is None:
            raise ImleakError(
                f"dc does not rebuild {scheme.name} at level {level}: it rebuilds p3 of a "
                f"threshold of {LEAST_THRESHOLD} or more"
            )
        jpeg, threshold = exposure.jpeg, scheme.thresholds[level - 1]  # type: ignore[attr-defined]
        chosen = list(jpeg.components)
        # Where luma is measured, chroma is not seen.
        seen = len(exposure.rendered)
        for at, table in enumerate(jpeg.tables[:seen]):
            chosen[at] = _solved(chosen[at], table, threshold)
        samples = jpeg.render(chosen)
        return Rebuilt(samples, np.full(samples.shape, exactly(SCALE), np.float32))


def _levels(scheme: Scheme) -> int:
    """How many thresholds are large enough."""
    return sum(one >= LEAST_THRESHOLD for one in scheme.thresholds)  # type: ignore[attr-defined]


def _solved(blocks: Blocks, table: NDArray[np.uint16], threshold: int) -> Blocks:
    """All coefficients (h, w, 8, 8) of a component."""
    step = np.maximum(table, 1).astype(np.float32)  # a damaged file may have steps of 0
    large = blocks == threshold
    large[..., 0, 0] = False
    limit = np.broadcast_to(MOST * step, blocks.shape)
    solution = _with_dc(np.where(large, 0, blocks) * step)
    unknown = large.copy()
    unknown[..., 0, 0] = True

    def near(solution: Values, share: float) -> Mask:
        found: Mask = large & (np.abs(solution) >= share * threshold * step)
        return found

    def above(solution: Values) -> Values:
        """The threshold at least, of the same sign."""
        sign = np.where(solution < 0, -1, 1)
        found: Values = sign * np.maximum(np.abs(solution), threshold * step)
        return found

    solution = in_rounds(solution, unknown, limit, near, above)
    return quantised(_with_dc(np.where(large, above(solution), solution)), step)


def _with_dc(coefficients: Values) -> Values:
    """The same with DC that lets blocks continue in one another, around mid-grey."""
    found = coefficients.astype(np.float32)
    found[..., 0, 0] = 0
    samples = samples_of(found).astype(np.float64)
    tall, wide = found.shape[:2]
    means = offsets(samples.reshape(tall, 8, wide, 8).swapaxes(1, 2))
    found[..., 0, 0] = 8 * (means - np.median(means)).clip(-RANGE, RANGE - 1)
    return found
