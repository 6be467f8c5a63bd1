"""Signs of JPEG coefficients, from their magnitudes and the smoothness of images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Blocks, Exposure, ImleakError, Rebuilt, Samples, Scheme
from ._clear_parts import leaves_clear_part
from ._laplacian import exactly
from ._smoothest import Mask, Values, in_rounds, quantised

LEAST = 0.5
"""Least scale of an error, in steps of a sample."""


class Signs:
    r"""Chooses signs of JPEG coefficients jointly, so that the image is as smooth as it can be.

    What stands in a block must continue in the blocks around it, whose mean is known by DC. With
    X the samples of coefficients Y, |c| the magnitudes that are in the clear and w a smaller
    weight for neighbours inside a block,

    .. math:: \min_Y \sum_{i \sim j} w_{ij} |X_i - X_j|, \qquad -|c| \le Y \le |c|,

    is the relaxation to a linear program of the choice of signs, the coefficients that are not
    reached being known. It is solved by a primal-dual method for the whole image at once;
    coefficients that come near to their magnitudes are fixed there, and what is left is solved
    again. Where sizes alone are known, magnitudes are those of this solution, as near as their
    sizes allow.

    Nothing is learned. The confidence is that of an error with a Laplacian law, whose scale is
    the mean difference of a block to that of the relaxation.

    References
    ----------
    Lin, Liu, Jiang, Li, Li & Kuo, "Recovering sign bits of DCT coefficients in digital images as
    an optimization problem", arXiv:2211.01096, 2022. Chambolle & Pock, "A first-order primal-dual
    algorithm for convex problems with applications to imaging", Journal of Mathematical
    Imaging and Vision 40, 2011.
    """

    name = "signs"
    version = "1"
    references = ("lin2022", "chambolle2011")
    digest = ""

    def rebuilds(self, scheme: Scheme, level: int, bits: int) -> bool:  # noqa: ARG002
        """Whether AC coefficients of a JPEG file keep their magnitudes, or sizes, and DC is in the
        clear."""
        return 0 < level <= len(_first(scheme))

    def rebuild(self, exposure: Exposure, scheme: Scheme, level: int) -> Rebuilt:
        """The smoothest image with these magnitudes. Raises ImleakError if it does not rebuild
        such clear parts."""
        if not self.rebuilds(scheme, level, exposure.bits) or exposure.jpeg is None:
            raise ImleakError(f"signs does not rebuild {scheme.name} at level {level}")
        jpeg, first = exposure.jpeg, _first(scheme)[level - 1]
        reached = _zigzag_rank() <= first
        reached[0, 0] = False
        # Where luma is measured, chroma is not seen; it may be in the clear, too.
        is_luma = len(exposure.rendered) == 1 or getattr(scheme, "components", "all") == "luma"
        chosen, relaxed = list(jpeg.components), list(jpeg.components)
        for at, table in enumerate(jpeg.tables[:1] if is_luma else jpeg.tables):
            chosen[at], relaxed[at] = _solved(
                chosen[at], table, reached, sizes=scheme.name != "jpeg-signs"
            )
        samples, smoother = jpeg.render(chosen), jpeg.render(relaxed)
        return Rebuilt(samples, _confidence(samples, smoother))


def _first(scheme: Scheme) -> tuple[int, ...]:
    """How many AC coefficients are reached at every level at which DC is in the clear."""
    knows_dc = getattr(scheme, "dc", "none") != "all"
    is_one = leaves_clear_part(scheme, "jpeg-signs", "jpeg-amplitudes")
    return tuple(scheme.first) if is_one and knows_dc else ()  # type: ignore[attr-defined]


def _zigzag_rank() -> NDArray[np.intp]:
    """(8, 8) places of coefficients in zigzag order (ITU-T T.81, figure 5)."""
    rows, columns = np.indices((8, 8)).reshape(2, -1)
    diagonals = rows + columns
    order = np.lexsort((np.where(diagonals % 2, rows, columns), diagonals))
    return np.argsort(order).reshape(8, 8)


def _solved(
    blocks: Blocks, table: NDArray[np.uint16], reached: Mask, *, sizes: bool
) -> tuple[Blocks, Blocks]:
    """Coefficients with the signs that are chosen, and those of the relaxation.

    Parameters
    ----------
    blocks : (h, w, 8, 8) with positive signs.
    table : (8, 8) steps of quantisation.
    reached : (8, 8) coefficients whose signs are not known.
    sizes : whether of magnitudes their sizes alone are known.
    """
    magnitudes = np.abs(blocks.astype(np.float32))
    low = high = magnitudes
    if sizes:
        low = np.exp2(np.floor(np.log2(np.maximum(magnitudes, 1)))).astype(np.float32)
        high = 2 * low - 1
    step = np.maximum(table, 1).astype(np.float32)  # a damaged file may have steps of 0
    free = reached & (magnitudes > 0)
    coefficients = blocks * step

    def near(solution: Values, share: float) -> Mask:
        found: Mask = np.abs(solution) >= share * low * step
        return found

    def rounded(solution: Values) -> Values:
        whole = np.rint(np.abs(solution) / step).clip(low, high) * step
        return np.where(solution < 0, -whole, whole)

    start = np.where(free, 0, coefficients)
    solution = in_rounds(start, free, high * step, near, rounded)
    found = np.where(free, rounded(solution), coefficients)
    return quantised(found, step), quantised(solution, step)


def _confidence(samples: Samples, relaxed: Samples) -> Values:
    from scipy.ndimage import uniform_filter

    off = np.abs(samples.astype(np.float32) - relaxed)
    scale = np.maximum(uniform_filter(off, (1, 8, 8)), LEAST)
    return exactly(scale).astype(np.float32)
