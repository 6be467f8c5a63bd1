"""Finding the plain image of a clear part among others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..interfaces import Estimate, PairedSamples
from .bounds import bernoulli_divergence, clopper_pearson
from .contrastive import Contrastive
from .crossfit import NATS, CrossFitted
from .evidence import Evidence, Score, judge
from .split import Split


class Retrieval(CrossFitted):
    r"""R@1 of the plain image of a held-out clear part among N, and what it needs at least.

    A clear part's nearest plain image, in the space of the trained projections, is its own
    with probability p; Fano's inequality makes of that :math:`I \ge d(p\,\|\,1/N)` bits. The
    interval is Clopper-Pearson's for p with as many trials as images, whatever the number
    of seeds. A lower bound that needs no critic to be calibrated; blunt below R@1 of a few
    times chance. Each image enters with one patch.

    Parameters
    ----------
    options : folds, seeds, growth, sensitivity, precision, device; see :class:`CrossFitted`.

    References
    ----------
    Cover, Thomas, "Elements of information theory", 2nd ed., section 2.10. Clopper,
    Pearson, Biometrika 26, 1934.
    """

    name = "retrieval"
    read = "retrieval"

    def learner(self) -> Contrastive:
        return Contrastive(precision=self.product_type, device=self.device)

    def _estimates(
        self,
        samples: PairedSamples,
        splits: Sequence[Split],
        scores: Sequence[Score],
        found: Evidence,
        chosen: list[list[str]],
    ) -> list[Estimate]:
        estimates = super()._estimates(samples, splits, scores, found, chosen)
        count = len(np.unique(samples.groups))
        among = float(np.mean([score.pictures for score in scores]))
        exact = []
        for at, estimate in enumerate(estimates):
            totals = np.sum([score.sums[at, 0].sum(0) for score in scores], axis=0)
            share = float(totals[1] / totals[0])
            low, high = clopper_pearson(share * count, count)
            limits = np.average(
                [bernoulli_divergence(np.array([low, high]), 1 / s.pictures) for s in scores],
                axis=0,
                weights=[s.rows for s in scores],
            )
            null_p95 = estimate.null.p95 / NATS if estimate.null else math.nan
            verdict = judge(
                found.value[at], limits[0], limits[1], null_p95,
                (estimate.ceiling or math.inf) / NATS, found.by_fold[at],
            )  # fmt: skip
            exact.append(
                replace(
                    estimate,
                    interval=(float(limits[0]) * NATS, float(limits[1]) * NATS),
                    verdict=verdict,
                    details={"R@1": share, "among": among},
                )
            )
        return exact
