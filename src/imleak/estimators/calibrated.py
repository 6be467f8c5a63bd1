"""InfoNCE along directions that were learned from other images than those that are measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..interfaces import ImleakError, Measurement, PairedSamples
from .heldout.crossfit import InNumpy, Progress
from .heldout.split import Split, cross_fit

if TYPE_CHECKING:
    from .critics.calibrated import Calibrated as Learner


class NothingLearnedError(ImleakError):
    """No adversary learned directions of this target and view elsewhere."""


class Calibrated(InNumpy):
    r"""InfoNCE of an adversary that learned elsewhere and is only calibrated here.

    .. math:: T(x, y) = \beta \sum_{k \le K} \log
              \frac{p_{\rho_k}(a_k^\top x,\; b_k^\top y)}{p(a_k^\top x)\, p(b_k^\top y)}

    with p the Gaussian of correlation :math:`\rho_k`. The directions a, b and their
    correlations were learned from other images, see ``imleak adversary``. Their number K and
    the strength :math:`\beta` are chosen on the images that are not tested: the strength is the
    one that 95 % of bootstrap draws of these images support, so that few of them are believed
    as far as they agree. A lower bound whatever the directions are worth, at most the logarithm
    of the images tested together.

    Parameters
    ----------
    options : folds, seeds, growth; see :class:`HeldOut`. No leak is planted:
        what was learned elsewhere knows none.

    References
    ----------
    Poole et al., "On variational bounds of mutual information", ICML 2019 (the bound, for
    any critic).
    """

    references = ("poole2019",)
    name = read = "calibrated"
    version = "2"
    takes_public = False
    takes_directions = True
    needs_directions = True

    def learner(self) -> Learner:
        from .critics.calibrated import Calibrated as Learner

        return Learner()

    def splits(self, groups: NDArray[np.int64], seed: int) -> list[Split]:
        """All that is not tested calibrates."""
        return cross_fit(groups, self.folds, self.seeds, seed, validation=0)

    def _smallest_detectable(self, *_: Any) -> None:
        return None

    def estimate(
        self, samples: PairedSamples, *, seed: int = 0, progress: Progress | None = None
    ) -> list[Measurement]:
        """One held-out estimate a level, in bits. Raises NothingLearnedError without directions,
        and TooFewImagesError with fewer than six images."""
        if samples.directions is None:
            raise NothingLearnedError(
                "calibrated needs directions that were learned from other images, of this target "
                "and view; use best or cca-infonce, or imleak adversary train"
            )
        return super().estimate(samples, seed=seed, progress=progress)
