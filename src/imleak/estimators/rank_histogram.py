"""The density ratio of two scalars on a table of their ranks, as the critic of a bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..interfaces import ImleakError, Measurement, PairedSamples
from .heldout.crossfit import InNumpy, Progress
from .samples.columns import varying

if TYPE_CHECKING:
    from .critics.histogram import Histogram


class NotScalarsError(ImleakError):
    """Sides of more than one dimension, which are no table of two."""


class RankHistogram(InNumpy):
    r"""Density ratio of two scalars on a table of their ranks, held out by image.

    .. math:: I(X;Y) \ge E_{XY}[T] + 1 - E_{X \otimes Y}[e^T], \quad
              T = \log \hat p(x, y) - \log \hat p(x) - \log \hat p(y)

    Ranks in 128 bins, or up to 256 values as they are, are cut in halves, by x or by y, again and
    again: fine where rows show an edge, coarse where they do not, all ways to cut averaged by
    their posterior probability (an optional Pólya tree whose base is the product of the
    marginals). Eight such trees, with their cuts in other places and half of them turned by an
    eighth, are averaged; which of these, and at which strength, validation images choose. Nothing
    is trained: it takes a second where a network takes ten. Read by NWJ with all pairs of
    different images, and by InfoNCE where these hang on rare ones. A lower bound for any table.

    Parameters
    ----------
    options : folds, seeds, growth, sensitivity; see :class:`HeldOut`.

    References
    ----------
    Wong and Ma, "Optional Pólya tree and Bayesian inference", Annals of Statistics 38(3), 2010.
    Nguyen, Wainwright, Jordan, "Estimating divergence functionals and the likelihood
    ratio by convex risk minimization", IEEE Trans. Inf. Theory 56(11), 2010.
    """

    references = ("wong2010", "nguyen2010")
    name = read = "rank-histogram"
    version = "1"
    takes_public = False

    def learner(self) -> Histogram:
        from .critics.histogram import Histogram

        return Histogram()

    def estimate(
        self, samples: PairedSamples, *, seed: int = 0, progress: Progress | None = None
    ) -> list[Measurement]:
        """One held-out estimate a level, in bits. Raises NotScalarsError if a side has more than
        one dimension, and TooFewImagesError if a fold would have fewer than two images to train,
        validate or test on."""
        sizes = [int(varying(side).sum()) for side in (samples.x, samples.y)]
        if max(sizes) > 1:
            raise NotScalarsError(
                f"rank-histogram makes a table of two scalars and was given {sizes[0]} and "
                f"{sizes[1]} dimensions; use best, nwj or cca-infonce"
            )
        return super().estimate(samples, seed=seed, progress=progress)
