"""Nguyen, Wainwright and Jordan's bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .bounds import nguyen_wainwright_jordan
from .heldout.network import TrainedNetwork
from .options import Count

if TYPE_CHECKING:
    from .critics.variational import Variational


@dataclass(frozen=True, kw_only=True)
class Nwj(TrainedNetwork):
    r"""Nguyen-Wainwright-Jordan bound of a trained network, held out by image.

    .. math:: I(X;Y) \ge E_{XY}[T] - E_{X \otimes Y}[e^{T-1}]

    Unbiased for a fixed critic, hence a lower bound in expectation on any number of test
    images; its variance grows exponentially with the information, so above a few bits one
    rare pair can throw it far below zero.

    Parameters
    ----------
    steps : of AdamW.
    options : of the network, see :class:`TrainedNetwork`; folds, seeds, growth, sensitivity,
        precision, device, see :class:`HeldOut`.

    References
    ----------
    Nguyen, Wainwright, Jordan, IEEE Trans. Inf. Theory 56(11), 2010; equation (5) of the
    paper.
    """

    references = ("nguyen2010", "messadi2025")
    name = read = "nwj"

    steps: Count = 1500

    def learner(self) -> Variational:
        return self.variational({"steps": self.steps}, objective=lambda _: nguyen_wainwright_jordan)
