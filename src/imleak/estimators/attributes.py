"""What leaks: named attributes of an image, and what is left when they are given."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ..interfaces import Bound, Measurement, Null, PairedSamples, Space
from .heldout.crossfit import NATS, Progress, Stages, Training
from .heldout.evidence import Array, Evidence, Score, bootstrap, judge
from .heldout.split import TooFewImagesError, cross_fit
from .options import Count, Folds, Options
from .samples.counted import drawn

FEWEST = 24
"""Images of which, in five folds, four validate: fewer cannot tell how far a prediction is to be
trusted."""
FAMILY = 0.05
"""Chance that a verdict claims a leak of any of the attributes, of a level without one."""


@dataclass(frozen=True, kw_only=True)
class Attributes(Options):
    r"""How well the view tells attributes of the plain image, and what else it tells.

    Of every attribute (mean, contrast, ..., classes) two quantities, on images never seen:

    .. math:: R^2 = 1 - \frac{\sum (a - \hat a)^2}{\sum (a - \bar a)^2}

    of its normal scores, predicted by ridge regression of the view, and a lower bound on its
    information with the clear part in bits: InfoNCE, whose critic is the Gaussian log-ratio of
    attribute and prediction. That the bound holds does not need them to be Gaussian.

    With `given`, also the bits of `cca-infonce` about the target, and what is left of them when
    attributes are linearly taken out of both sides: not a leak by itself, as the adversary
    does not know them, and no conditional mutual information unless all is jointly Gaussian.

    A target without named attributes is one attribute.

    Parameters
    ----------
    folds : K of the K-fold cross-fitting; every image is tested once a seed.
    seeds : repetitions, each with its own folds and broken pairs.
    given : whether to say what is left of the features when attributes are given.

    References
    ----------
    Poole et al., "On variational bounds of mutual information", ICML 2019 (the bound, for
    any critic).
    """

    folds: Folds = 5
    seeds: Count = 5
    given: bool = True

    references: ClassVar[tuple[str, ...]] = ("poole2019",)
    name: ClassVar[str] = "attributes"
    version: ClassVar[str] = "5"
    bound: ClassVar[Bound] = "lower"
    space: ClassVar[Space] = "features"
    holds_out: ClassVar[bool] = True
    fewest_images: ClassVar[int] = FEWEST
    attribute_encoders: ClassVar[tuple[str, ...]] = ("attributes", "efficientnet-lite0")

    def estimate(
        self, samples: PairedSamples, *, seed: int = 0, progress: Progress | None = None
    ) -> list[Measurement]:
        """Every quantity at every level. Raises TooFewImagesError if a fold would have fewer than
        two images to train, validate or test on."""
        from .critics.regression import FEATURES, R_SQUARED, Regression

        samples = drawn(samples, seed)
        try:
            splits = cross_fit(samples.groups, self.folds, self.seeds, seed)
        except TooFewImagesError as error:
            raise TooFewImagesError(
                f"{error}; for attributes that are told from others use {FEWEST} or more"
            ) from error
        stages = Stages(progress, [1.0])
        training = Training(Regression(self.given), {"": samples}, seed, stages)
        learned = training.on(splits, pairings=2)[""]
        stages.done()
        scores = {quantity: [test for _, test in pairs] for quantity, pairs in learned.items()}
        told = [quantity for quantity in scores if quantity.endswith(R_SQUARED)]
        found: list[Measurement] = []
        for quantity, of in scores.items():
            evidence = bootstrap(of, seed)
            if quantity in told and samples.attributes:
                found += _shares(evidence, quantity)
            elif quantity not in told:
                is_given = quantity.startswith(f"{FEATURES},")
                claims = 1 if quantity.startswith(FEATURES) else len(told)
                bits = _bits(evidence, of, claims, "none" if is_given else self.bound)
                found += [replace(one, quantity=quantity or None) for one in bits]
        return [
            replace(
                one,
                estimator=self.name,
                protocol="held-out",
                train_groups=training.images(splits)[0],
                test_groups=len(np.unique(samples.groups)),
                n=len(samples.groups),
                seeds=self.seeds,
            )
            for one in found
        ]


def _bits(
    evidence: Evidence, scores: Sequence[Score], claims: int, bound: Bound
) -> Iterator[Measurement]:
    """A row of bits a level, with a verdict that is one of so many claims."""
    assert evidence.null is not None
    assert evidence.null_draws is not None
    rows = [score.rows for score in scores]
    ceiling = float(np.average([math.log(score.images) for score in scores], weights=rows))
    shown = evidence.capped(np.full(len(evidence.value), ceiling))
    null_p95 = np.percentile(evidence.null_draws, 95, axis=0) * NATS
    ends = [2.5, 97.5, 100 * FAMILY / 2 / claims]
    low, high, lowest = np.percentile(shown.draws, ends, axis=0) * NATS
    value, most, by_fold = shown.value * NATS, ceiling * NATS, shown.by_fold * NATS
    for at, null in enumerate(evidence.null):
        yield Measurement(
            value=float(value[at]),
            bound=bound,
            level=at,
            interval=(float(low[at]), float(high[at])),
            null=_null(null * NATS, null_p95[at]),
            ceiling=most,
            verdict=judge(value[at], lowest[at], high[at], null_p95[at], most, by_fold[at]),
        )


def _shares(evidence: Evidence, quantity: str) -> Iterator[Measurement]:
    """A row of R^2 a level."""
    assert evidence.null is not None
    assert evidence.null_draws is not None
    null_p95 = np.percentile(evidence.null_draws, 95, axis=0)
    low, high = np.percentile(evidence.draws, [2.5, 97.5], axis=0)
    for at, value in enumerate(evidence.value):
        yield Measurement(
            value=float(value),
            bound="none",
            level=at,
            unit="1",
            quantity=quantity,
            interval=(float(low[at]), float(high[at])),
            null=_null(evidence.null[at], null_p95[at]),
            ceiling=1.0,
        )


def _null(values: Array, p95: float) -> Null:
    return Null(float(values.mean()), float(p95), tuple(values.tolist()))
