"""What stood in a hidden area, from what is around it."""

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Exposure, ImleakError, Rebuilt, Samples, Scheme
from ._clear_parts import leaves_clear_part
from ._harmonic import harmonic
from ._laplacian import exactly

PLANES = 4
"""The highest planes of a sample; further below all bits are as good as even."""
LEAST = 0.5
"""Least scale of an error, in steps of a sample."""


class Inpaint:
    r"""Fills what a scheme hides of the area of an image smoothly from its border.

    Inside, the rebuilt image is harmonic: every sample is the mean of its four neighbours,
    :math:`\Delta p = 0`, with the clear samples as boundary values. How far a sample is to be
    trusted falls with its distance d to the nearest clear one: its error is taken as
    Laplacian of scale :math:`b \sqrt d`, as in a random walk, with b the mean difference of
    neighbours in the clear samples, and at most the mean deviation of these.

    References
    ----------
    Bertalmio, Sapiro, Caselles & Ballester, "Image inpainting", SIGGRAPH 2000, of which it is
    the simplest form.
    """

    name = "inpaint"
    version = "1"
    references = ("bertalmio2000",)
    digest = ""

    def rebuilds(self, scheme: Scheme, level: int, bits: int) -> bool:
        """Whether a region is hidden, and something is left around it."""
        if not leaves_clear_part(scheme, "region"):
            return False
        levels = {one.rank: one for one in scheme.levels(bits)}
        return level > 0 and level in levels and not levels[level].leaves_nothing

    def rebuild(self, exposure: Exposure, scheme: Scheme, level: int) -> Rebuilt:
        """The clear samples and what is filled in between them. Raises ImleakError if it does
        not rebuild such clear parts, or nothing is left."""
        if not self.rebuilds(scheme, level, exposure.bits) or exposure.is_empty:
            raise ImleakError(f"inpaint does not rebuild {scheme.name} at level {level}")
        # The hidden samples are rendered grey, and 0 among the symbols.
        clear = np.asarray(exposure.symbols["samples"])
        hidden = (exposure.rendered != clear).any(0)
        highest = 2**exposure.bits - 1
        filled = harmonic(clear.astype(np.float64), hidden)
        samples: Samples = clear.copy()
        samples[:, hidden] = np.rint(filled[:, hidden]).clip(0, highest).astype(clear.dtype)
        scale = _scales(clear, hidden)
        confidence = np.ones(clear.shape, np.float32)
        confidence[:, hidden] = exactly(scale)
        probabilities = {}
        for plane in range(exposure.bits - 1, max(-1, exposure.bits - 1 - PLANES), -1):
            of_plane = (samples >> plane & 1).astype(np.float32)
            of_plane[:, hidden] = is_set(filled[:, hidden], scale, plane, exposure.bits)
            probabilities[plane] = of_plane
        return Rebuilt(samples, confidence, probabilities)


def is_set(
    values: NDArray[np.float64], scale: NDArray[np.float64], plane: int, bits: int
) -> NDArray[np.float64]:
    """Probability that a bit is 1 of samples that are Laplacian around values, and in range."""
    step = 2**plane
    edges = np.arange(0, 2**bits + 1, step) - 0.5
    below = np.stack([_below(edge, values, scale) for edge in edges])
    shares = np.diff(below, axis=0)
    found: NDArray[np.float64] = shares[1::2].sum(0) / np.maximum(shares.sum(0), 1e-12)
    return found.clip(0, 1)


def _below(
    edge: float, values: NDArray[np.float64], scale: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Probability of less than an edge."""
    tail = np.exp(-np.abs(edge - values) / scale) / 2
    return np.where(edge < values, tail, 1 - tail)


def _scales(clear: Samples, hidden: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(n,) scale of the error of every hidden place, of all channels."""
    from scipy.ndimage import distance_transform_edt

    known, values = ~hidden, clear.astype(np.float64)
    steps = np.concatenate(
        [
            np.abs(np.diff(values, axis=1))[:, known[1:] & known[:-1]].ravel(),
            np.abs(np.diff(values, axis=2))[:, known[:, 1:] & known[:, :-1]].ravel(),
        ]
    )
    step = max(float(steps.mean()) if steps.size else 0.0, LEAST)
    seen = values[:, known]
    most = max(float(np.abs(seen - seen.mean(1, keepdims=True)).mean()), step)
    found: NDArray[np.float64] = np.sqrt(distance_transform_edt(hidden)[hidden])
    return np.minimum(step * found, most)
