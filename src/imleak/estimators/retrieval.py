"""Finding the plain image of a clear part among others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .bounds import bernoulli_divergence, clopper_pearson
from .heldout.crossfit import CrossFitted
from .heldout.evidence import Array, Evidence, Score

if TYPE_CHECKING:
    from .critics.contrastive import Contrastive


class Retrieval(CrossFitted):
    r"""R@1 of the plain image of a held-out clear part among N, and what it needs at least.

    A clear part's nearest plain image, in the space of the trained projections, is its own
    with probability p; Fano's inequality makes of that :math:`I \ge d(p\,\|\,1/N)` bits. The
    interval is Clopper-Pearson's for p with as many trials as images, whatever the number
    of seeds. A lower bound that needs no critic to be calibrated; blunt below R@1 of a few
    times chance. Each image enters with one patch.

    Parameters
    ----------
    options : folds, seeds, growth, sensitivity, precision, device; see :class:`HeldOut`.

    References
    ----------
    Cover, Thomas, "Elements of information theory", 2nd ed., section 2.10. Clopper,
    Pearson, Biometrika 26, 1934.
    """

    references = ("cover2006", "clopper1934")
    name = read = "retrieval"

    def learner(self) -> Contrastive:
        from .critics.contrastive import Contrastive

        return Contrastive(precision=self.product_type, device=self.device)

    def intervals(self, scores: Sequence[Score], found: Evidence) -> Array:  # noqa: ARG002
        """Interval of the share, with as many trials as images, through Fano's inequality."""
        trials = sum(score.images for score in scores if score.seed == scores[0].seed)
        limits = [np.array(clopper_pearson(share * trials, trials)) for share in _shares(scores)]
        rows = [score.rows for score in scores]
        nats = [[bernoulli_divergence(one, 1 / s.images) for s in scores] for one in limits]
        return np.average(nats, axis=1, weights=rows).T

    def details(self, scores: Sequence[Score]) -> list[dict[str, float]]:
        """R@1 of each level, and among how many images."""
        among = float(np.mean([score.images for score in scores]))
        return [{"R@1": share, "among": among} for share in _shares(scores)]


def _shares(scores: Sequence[Score]) -> list[float]:
    """Share of right answers at each level."""
    totals = np.sum([score.sums[:, 0].sum(1) for score in scores], axis=0)
    return [float(right / asked) for asked, right in totals]
