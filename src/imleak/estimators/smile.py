"""SMILE: Donsker-Varadhan with a clipped density ratio."""

from __future__ import annotations

from ..interfaces import Bound
from ..machine import Precision
from .crossfit import CrossFitted
from .options import Batch, Count, Decay, Folds, Nats, Rate, Widths
from .training import Schedule
from .variational import Variational, jensen_shannon_loss


class Smile(CrossFitted):
    r"""Donsker-Varadhan of a trained network with a clipped density ratio, held out by image.

    .. math:: E_{XY}[T] - \log E_{X \otimes Y}[\mathrm{clip}(e^T, e^{-\tau}, e^{\tau})]

    The critic is trained by the Jensen-Shannon objective and tested on images it never saw.
    The clip trades the variance of Donsker-Varadhan for a bias of either sign: no bound.

    Parameters
    ----------
    tau : clip of the scores, in nats.
    hidden : widths of the statistics network.
    components : principal components of either side kept, fitted on training images.
    canonical : learn on canonical variates, starting from their Gaussian log-ratio.
    steps, batch, rate, decay : of AdamW.
    options : folds, seeds, growth, sensitivity, precision, device; see :class:`CrossFitted`.

    References
    ----------
    Song, Ermon, "Understanding the limitations of variational mutual information
    estimators", ICLR 2020.
    """

    name = "smile"
    bound: Bound = "none"
    read = "smile"

    def __init__(
        self,
        *,
        tau: Nats = 5.0,
        hidden: Widths = (100, 100),
        components: Count | None = 64,
        canonical: bool = False,
        steps: Count = 1500,
        batch: Batch = 500,
        rate: Rate = 1e-3,
        decay: Decay = 0.01,
        folds: Folds = 5,
        seeds: Count = 5,
        growth: bool = False,
        sensitivity: bool = False,
        precision: Precision = "auto",
        device: str = "cpu",
    ):
        super().__init__(
            folds=folds,
            seeds=seeds,
            growth=growth,
            sensitivity=sensitivity,
            precision=precision,
            device=device,
        )
        self._learner = Variational(
            objective=lambda _: jensen_shannon_loss,
            clip=tau,
            hidden=tuple(hidden),
            components=components,
            canonical=canonical,
            schedule=Schedule(steps=steps, batch=batch, rate=rate, decay=decay),
            precision=self.product_type,
            device=device,
        )

    def learner(self) -> Variational:
        return self._learner
