"""InfoNCE with a separable critic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .heldout.crossfit import CrossFitted
from .options import Batch, Count, Critic, Decay, Rate, name_with_own

if TYPE_CHECKING:
    from .critics.contrastive import Contrastive


@dataclass(frozen=True, kw_only=True)
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
    critic : projections of your own in their place: ``critic(dx, dy)`` makes a
        ``torch.nn.Module`` that gives two tensors (n, k) of rows x (n, dx) and y (n, dy). In
        Python only.
    options : folds, seeds, growth, sensitivity, precision, device; see :class:`HeldOut`.

    References
    ----------
    van den Oord, Li, Vinyals, "Representation learning with contrastive predictive
    coding", 2018. Poole et al., "On variational bounds of mutual information", ICML 2019.
    """

    references = ("oord2018", "poole2019")
    name = read = "infonce"

    components: Count | None = 128
    width: Count = 64
    hidden: Count | None = None
    steps: Count = 600
    batch: Batch = 300
    rate: Rate = 1e-3
    decay: Decay = 0.3
    critic: Critic | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        name_with_own(self, self.critic)

    def learner(self) -> Contrastive:
        from .critics.contrastive import Contrastive
        from .critics.training import Schedule

        return Contrastive(
            x_components=self.components and max(1, self.components // 2),
            y_components=self.components,
            width=self.width,
            hidden=self.hidden,
            schedule=Schedule(steps=self.steps, batch=self.batch, rate=self.rate, decay=self.decay),
            precision=self.product_type,
            device=self.device,
            own=self.critic,
        )
