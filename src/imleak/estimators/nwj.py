"""Nguyen, Wainwright and Jordan's bound."""

from __future__ import annotations

from ..machine import Precision
from .crossfit import CrossFitted
from .options import Batch, Count, Decay, Folds, Rate, Widths
from .training import Schedule
from .variational import Variational, nwj_loss


class Nwj(CrossFitted):
    r"""Nguyen-Wainwright-Jordan bound of a trained network, held out by image.

    .. math:: I(X;Y) \ge E_{XY}[T] - E_{X \otimes Y}[e^{T-1}]

    Unbiased for a fixed critic, hence a lower bound in expectation on any number of test
    images; its variance grows exponentially with the information, so above a few bits one
    rare pair can throw it far below zero.

    Parameters
    ----------
    hidden : widths of the statistics network.
    components : principal components of either side kept, fitted on training images.
    canonical : learn on canonical variates, starting from their Gaussian log-ratio.
    steps, batch, rate, decay : of AdamW.
    options : folds, seeds, growth, sensitivity, precision, device; see :class:`CrossFitted`.

    References
    ----------
    Nguyen, Wainwright, Jordan, IEEE Trans. Inf. Theory 56(11), 2010; equation (5) of the
    paper.
    """

    name = "nwj"
    read = "nwj"

    def __init__(
        self,
        *,
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
            objective=lambda _: nwj_loss,
            hidden=tuple(hidden),
            components=components,
            canonical=canonical,
            schedule=Schedule(steps=steps, batch=batch, rate=rate, decay=decay),
            precision=self.product_type,
            device=device,
        )

    def learner(self) -> Variational:
        return self._learner
