"""InfoNCE with a separable critic."""

from __future__ import annotations

from ..machine import Precision
from .contrastive import Contrastive
from .crossfit import CrossFitted
from .options import Batch, Count, Decay, Folds, Rate
from .training import Schedule


class InfoNce(CrossFitted):
    r"""Contrastive bound of two trained projections, held out by image.

    .. math:: I(X;Y) \ge E\Big[\log \frac{e^{T(x,y)}}{\frac1K \sum_j e^{T(x_j,y)}}\Big]

    Two projections into one space, scored by their cosine at a learned temperature, so that
    all pairs cost one matrix product. A lower bound, at most the logarithm of the images
    tested together. Right for many dimensions; assumes that images are independent of one
    another, not that patches are.

    Parameters
    ----------
    components : principal components of the view kept, fitted on training images; of the
        target, half as many. None keeps all.
    width : dimension of the common space.
    hidden : width of a hidden layer in both projections; None for linear projections.
    steps, batch, rate, decay : of AdamW.
    options : folds, seeds, growth, sensitivity, precision, device; see :class:`CrossFitted`.

    References
    ----------
    van den Oord, Li, Vinyals, "Representation learning with contrastive predictive
    coding", 2018. Poole et al., "On variational bounds of mutual information", ICML 2019.
    """

    name = "infonce"
    read = "infonce"

    def __init__(
        self,
        *,
        components: Count | None = 128,
        width: Count = 64,
        hidden: Count | None = None,
        steps: Count = 600,
        batch: Batch = 300,
        rate: Rate = 1e-3,
        decay: Decay = 0.3,
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
        self._learner = Contrastive(
            x_components=components and max(1, components // 2),
            y_components=components,
            width=width,
            hidden=hidden,
            schedule=Schedule(steps=steps, batch=batch, rate=rate, decay=decay),
            precision=self.product_type,
            device=device,
        )

    def learner(self) -> Contrastive:
        return self._learner
