"""SMILE: Donsker-Varadhan with a clipped density ratio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .bounds import jensen_shannon
from .heldout.network import TrainedNetwork
from .options import Count, Nats

if TYPE_CHECKING:
    from .critics.variational import Variational


@dataclass(frozen=True, kw_only=True)
class Smile(TrainedNetwork):
    r"""Donsker-Varadhan of a trained network with a clipped density ratio, held out by image.

    .. math:: E_{XY}[T] - \log E_{X \otimes Y}[\mathrm{clip}(e^T, e^{-\tau}, e^{\tau})]

    The critic is trained by the Jensen-Shannon objective and tested on images it never saw.
    The clip trades the variance of Donsker-Varadhan for a bias of either sign: no bound.

    Parameters
    ----------
    tau : clip of the scores, in nats.
    steps : of AdamW.
    options : of the network, see :class:`TrainedNetwork`; folds, seeds, growth, sensitivity,
        precision, device, see :class:`HeldOut`.

    References
    ----------
    Song, Ermon, "Understanding the limitations of variational mutual information
    estimators", ICLR 2020.
    """

    references = ("song2020",)
    name = read = "smile"
    bound = "none"

    tau: Nats = 5.0
    steps: Count = 1500

    def learner(self) -> Variational:
        return self.variational(
            {"steps": self.steps}, clip=self.tau, objective=lambda _: jensen_shannon
        )
