"""Estimators that train a statistics network: what `mine`, `nwj` and `smile` have in common.

Its types are read by whoever inherits them, so that they are no strings: see :mod:`..options`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..options import Batch, Count, Critic, Decay, Rate, Widths, name_with_own
from .crossfit import CrossFitted

if TYPE_CHECKING:
    from ..critics.variational import Variational


@dataclass(frozen=True, kw_only=True)
class TrainedNetwork(CrossFitted):
    """A multilayer perceptron that AdamW trains to tell true pairs from broken ones.

    Parameters
    ----------
    hidden : widths of its hidden layers.
    components : principal components of either side kept, fitted on training images; None
        keeps every dimension, standardised.
    canonical : learn on canonical variates, starting from their Gaussian log-ratio.
    batch : rows a step.
    rate, decay : learning rate and weight decay.
    critic : a network of your own in its place: ``critic(dx, dy)`` makes a ``torch.nn.Module``
        that gives scores (n,) of rows x (n, dx) and y (n, dy). In Python only.
    """

    hidden: Widths = (100, 100)
    components: Count | None = 64
    canonical: bool = False
    batch: Batch = 500
    rate: Rate = 1e-3
    decay: Decay = 0.01
    critic: Critic | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.critic and self.canonical:
            raise ValueError("canonical brings its own network; leave it out beside critic")
        if self.canonical:
            object.__setattr__(self, "version", f"{self.version}.1")
        name_with_own(self, self.critic)

    def variational(self, schedule: Mapping[str, Any], **options: Any) -> "Variational":
        """The learner of these options, and of those of its schedule and itself that are added."""
        from ..critics.training import Schedule
        from ..critics.variational import Variational

        trained = {"batch": self.batch, "rate": self.rate, "decay": self.decay}

        return Variational(
            hidden=tuple(self.hidden),
            components=self.components,
            canonical=self.canonical,
            schedule=Schedule(**{**trained, **schedule}),
            precision=self.product_type,
            device=self.device,
            own=self.critic,
            **options,
        )
