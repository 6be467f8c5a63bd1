"""MINE, as in the paper and held out."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..interfaces import Measurement, PairedSamples
from .heldout.crossfit import NATS, Progress
from .heldout.evidence import Array, Learned, null_of
from .heldout.network import TrainedNetwork
from .heldout.split import VALIDATION
from .options import Count, Rate
from .samples.counted import drawn

LEAST_BETWEEN_CHECKS = 10
"""Steps between checks on the validation images, where an epoch is shorter."""


@dataclass(frozen=True, kw_only=True)
class Mine(TrainedNetwork):
    r"""Donsker-Varadhan bound of a trained network, held out by image or as in the paper.

    .. math:: I(X;Y) \ge E_{XY}[T] - \log E_{X \otimes Y}[e^T]

    `held-out` trains, stops and tests on different images: a lower bound, up to the upward
    bias of the logarithm of a sample mean. `in-sample` is the paper: the network is tested
    on the samples it was trained on, so that it also counts what it memorised; the value is
    that of the last epoch, and no verdict is given. Its null shows how much it memorises of
    pairs that have nothing in common.

    The gradient of the logarithm is corrected by a moving average, as its authors do.

    Parameters
    ----------
    protocol : "held-out" or "in-sample".
    epochs : passes over the training samples; the most, where validation images stop it.
    components : principal components of either side kept, fitted on training images; None
        keeps every dimension, standardised. 64 held-out, None in-sample.
    rate : 1e-3 held-out, where validation images stop it, and 1e-4 in-sample, where nothing
        does and 1e-3 leaves the last epoch to chance.
    seeds : 5 held-out, 1 in-sample.
    options : of the network, see :class:`TrainedNetwork`, `canonical` held-out only; folds,
        growth, sensitivity, precision, device, see :class:`HeldOut`.

    References
    ----------
    Belghazi et al., "Mutual information neural estimation", ICML 2018; equation (6) of the
    paper.
    """

    references = ("belghazi2018", "messadi2025")
    name = read = "mine"

    protocol: Literal["held-out", "in-sample"] = "held-out"
    epochs: Count = 100
    components: Count | Literal["default"] | None = "default"  # type: ignore[assignment]
    rate: Rate | None = None  # type: ignore[assignment]
    seeds: Count | None = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.holds_out and (self.growth or self.sensitivity):
            asked = "growth" if self.growth else "sensitivity"
            raise ValueError(f"{asked} needs images held out and says nothing in-sample")
        if not self.holds_out and self.canonical:
            raise ValueError("canonical needs images held out: in-sample, samples stay as they are")
        components, rate, seeds = (64, 1e-3, 5) if self.holds_out else (None, 1e-4, 1)
        if self.components == "default":
            object.__setattr__(self, "components", components)
        object.__setattr__(self, "rate", self.rate or rate)
        object.__setattr__(self, "seeds", self.seeds or seeds)

    @property
    def holds_out(self) -> bool:
        """Whether it tests on images that it, and a trained view, has not seen."""
        return self.protocol == "held-out"

    def estimate(
        self, samples: PairedSamples, *, seed: int = 0, progress: Progress | None = None
    ) -> list[Measurement]:
        """One estimate a level, in bits."""
        samples = drawn(samples, seed)
        if not self.holds_out:
            return self._in_sample(samples, seed, progress)
        trained = round(len(samples.groups) * (1 - 1 / self.folds) * (1 - VALIDATION))
        per_epoch = math.ceil(trained / self.batch)
        every = max(per_epoch, LEAST_BETWEEN_CHECKS)
        schedule = {"steps": self.epochs * per_epoch, "every": every, "patience": 10}

        def history(learned: Learned) -> Array:
            """Mean over splits, each keeping its last check once it stopped."""
            checks = [one.checks[..., 0] for one, _ in learned[self.read] if one.checks is not None]
            longest = max(len(one) for one in checks)
            epochs = np.arange(1, 1 + min(self.epochs, longest * every // per_epoch))
            last = np.maximum(epochs * per_epoch // every, 1) - 1
            kept = [one[np.minimum(last, len(one) - 1)].T for one in checks]
            return np.asarray(np.mean(kept, axis=0))

        learner = self.variational(schedule)
        return self._held_out({"": samples}, learner, seed, progress, history)

    def _in_sample(
        self, samples: PairedSamples, seed: int, progress: Progress | None
    ) -> list[Measurement]:
        """The paper's protocol: all rows train, and the same rows are reported."""
        from .critics.in_sample import trained_on_all

        rows, seeds = len(samples.groups), self.seeds or 1
        per_epoch = math.ceil(rows / self.batch)
        learner = self.variational({
            "steps": self.epochs * per_epoch,
            "batch": math.ceil(rows / per_epoch),
            "every": per_epoch,
            "progress": progress,
        })  # fmt: skip
        final, history = trained_on_all(learner, samples, seeds, seed)
        return [
            Measurement(
                value=float(final[:, at, 0].mean()) * NATS,
                bound="none",
                estimator=self.name,
                protocol="in-sample",
                null=null_of(final[:, at, 1] * NATS),
                ceiling=math.log(min(rows, size or rows)) * NATS,
                history=tuple(float(value) for value in history[:, at] * NATS),
                train_groups=len(np.unique(samples.groups)),
                test_groups=0,
                n=rows,
                seeds=seeds,
            )
            for at, size in enumerate(samples.sizes or (None,) * len(samples.y))
        ]
