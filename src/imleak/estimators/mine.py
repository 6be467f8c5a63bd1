"""MINE, as in the paper and held out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from ..interfaces import Estimate, Null, PairedSamples
from ..machine import Precision, one_thread_each
from .bounds import log_mean_exp
from .columns import in_order, without_constants
from .critics import JointCritic
from .crossfit import NATS, CrossFitted, Progress
from .evidence import Array, Learned, Learner
from .options import Batch, Count, Decay, Folds, Rate, Widths
from .pixels import drawn
from .prepare import reduce, standardise
from .split import Split, derange
from .training import Cohort, Schedule
from .variational import SHUFFLES, Variational, spread_shifts


class Mine(CrossFitted):
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
    hidden : widths of the statistics network.
    components : principal components of either side kept, fitted on training images; None
        keeps every dimension, standardised. 64 held-out, None in-sample.
    canonical : learn on canonical variates, starting from their Gaussian log-ratio
        (held-out only).
    batch, rate, decay : of AdamW; the rate is 1e-3 held-out, where validation images stop
        it, and 1e-4 in-sample, where nothing does and 1e-3 leaves the last epoch to chance.
    options : folds, seeds (5 held-out, 1 in-sample), growth, sensitivity, device; see
        :class:`CrossFitted`.

    References
    ----------
    Belghazi et al., "Mutual information neural estimation", ICML 2018; equation (6) of the
    paper.
    """

    name = "mine"
    version = "2"
    read = "mine"

    def __init__(
        self,
        *,
        protocol: Literal["held-out", "in-sample"] = "held-out",
        epochs: Count = 100,
        hidden: Widths = (100, 100),
        components: Count | Literal["default"] | None = "default",
        canonical: bool = False,
        batch: Batch = 500,
        rate: Rate | None = None,
        decay: Decay = 0.01,
        folds: Folds = 5,
        seeds: Count | None = None,
        growth: bool = False,
        sensitivity: bool = False,
        precision: Precision = "auto",
        device: str = "cpu",
    ):
        if protocol not in ("held-out", "in-sample"):
            raise ValueError(f"protocol {protocol!r} is not one of held-out, in-sample")
        if epochs < 1 or batch < 2:
            raise ValueError(f"epochs={epochs} must be at least 1 and batch={batch} at least 2")
        held_out = protocol == "held-out"
        if not held_out and (growth or sensitivity):
            asked = "growth" if growth else "sensitivity"
            raise ValueError(f"{asked} needs images held out and says nothing in-sample")
        super().__init__(
            folds=folds,
            seeds=seeds or (5 if held_out else 1),
            growth=growth,
            sensitivity=sensitivity,
            precision=precision,
            device=device,
        )
        self.protocol = protocol
        self.holds_out = held_out
        self.epochs = epochs
        self.hidden = tuple(hidden)
        usual = 64 if held_out else None
        self.components = usual if components == "default" else components
        self.canonical = canonical
        self.batch = batch
        self.rate = rate or (1e-3 if held_out else 1e-4)
        self.decay = decay
        self._rows = 0

    def learner(self) -> Learner:
        return Variational(
            hidden=self.hidden,
            components=self.components,
            canonical=self.canonical,
            schedule=self._schedule(self._rows),
            precision=self.product_type,
            device=self.device,
        )

    def history(self, learned: Mapping[str, Learned]) -> Array | None:
        """Mean over splits, each keeping its last look once it stopped."""
        every = self._schedule(self._rows).every
        per_epoch = math.ceil(self._rows / self.batch)
        (only,) = learned.values()
        traces = [one.looks[..., 0] for one, _ in only[self.read] if one.looks is not None]
        longest = max(len(trace) for trace in traces)
        epochs = np.arange(1, 1 + min(self.epochs, longest * every // per_epoch))
        seen = np.maximum(epochs * per_epoch // every, 1) - 1
        kept = [trace[np.minimum(seen, len(trace) - 1)].T for trace in traces]
        return np.asarray(np.mean(kept, axis=0))

    def _schedule(self, rows: int) -> Schedule:
        per_epoch = math.ceil(rows / self.batch)
        return Schedule(
            steps=self.epochs * per_epoch,
            batch=self.batch,
            rate=self.rate,
            decay=self.decay,
            every=max(per_epoch, LEAST_BETWEEN_LOOKS),
            patience=10,
        )

    def estimate(
        self, samples: PairedSamples, *, seed: int = 0, progress: Progress | None = None
    ) -> list[Estimate]:
        """One estimate a level, in bits."""
        samples = drawn(samples, seed)
        if self.protocol == "in-sample":
            return self._in_sample(samples, seed, progress)
        self._rows = round(len(samples.groups) * (1 - 1 / self.folds) * 0.8)
        return super().estimate(samples, seed=seed, progress=progress)

    def _in_sample(
        self, samples: PairedSamples, seed: int, progress: Progress | None
    ) -> list[Estimate]:
        """The paper's protocol: all rows train, and the same rows are reported."""
        cohort = _everything(samples, self.seeds, seed, self.device, self.components)
        rng = np.random.default_rng([seed, 0x69736D65])
        generator = torch.Generator(self.device).manual_seed(int(rng.integers(2**62)))
        per_epoch = math.ceil(len(samples.groups) / self.batch)
        learner = Variational(
            hidden=self.hidden,
            precision=self.product_type,
            schedule=Schedule(
                steps=self.epochs * per_epoch,
                batch=math.ceil(len(samples.groups) / per_epoch),
                rate=self.rate,
                decay=self.decay,
                every=per_epoch,
                told=progress,
            ),
        )
        with one_thread_each():
            critic = learner.network(cohort, generator)
            seen = learner.fit(critic, cohort, rng, keep_best=False)
            final = _value(learner, critic, cohort)
        history = seen[..., 0].mean(1).cpu().numpy() * NATS
        return [
            Estimate(
                value=float(final[:, at, 0].mean()) * NATS,
                bound="none",
                estimator=self.name,
                protocol="in-sample",
                null=_null(final[:, at, 1] * NATS),
                ceiling=self._most(samples, at) * NATS,
                history=tuple(float(value) for value in history[:, at]),
                train_groups=len(np.unique(samples.groups)),
                test_groups=0,
                n=len(samples.groups),
                seeds=self.seeds,
            )
            for at in range(len(samples.y))
        ]

    def _most(self, samples: PairedSamples, level: int) -> float:
        most = math.log(len(samples.groups))
        size = samples.sizes[level] if samples.sizes else None
        return min(most, math.log(size)) if size else most


LEAST_BETWEEN_LOOKS = 10
"""Steps between looks at the validation images, where an epoch is shorter."""


def _everything(
    samples: PairedSamples, seeds: int, seed: int, device: str, components: int | None = None
) -> Cohort:
    """A split a seed in which every row trains and is looked at."""
    rows = np.arange(len(samples.groups))
    # One picture has no other to be broken across: then each of its rows stands for itself.
    groups = samples.groups if len(np.unique(samples.groups)) > 1 else rows
    samples = without_constants(samples)
    x, y = samples.x, samples.y
    if components is None:
        x, *levels = (in_order(standardise(side, rows), rows) for side in (x, *y))
        y = np.stack(levels)
    else:
        x = reduce(x, rows, components, seed)
        y = np.stack([reduce(level, rows, components, seed) for level in y])
    splits = [
        Split(at, 0, rows, rows, rows, derange(groups, np.random.default_rng([seed, at])))
        for at in range(seeds)
    ]
    # Expanded, not copied: every seed looks at the same rows.
    return Cohort(
        splits,
        torch.from_numpy(x).to(device).expand(seeds, *x.shape),
        torch.from_numpy(y).to(device).expand(seeds, *y.shape),
        groups,
        2,
    )


def _value(learner: Variational, critic: JointCritic, cohort: Cohort) -> NDArray[np.float64]:
    """(R, L, P) Donsker-Varadhan in nats on all rows."""
    rows = np.stack([np.argsort(cohort.groups, kind="stable")] * len(cohort.splits))
    joint, marginal = learner.scores(
        critic, cohort, rows, spread_shifts(cohort.groups[rows], SHUFFLES)
    )
    value = joint.double().mean(-1) - log_mean_exp(marginal.double().flatten(-2))
    return np.asarray(value.cpu().numpy())


def _null(values: NDArray[np.float64]) -> Null:
    return Null(
        float(values.mean()), float(np.percentile(values, 95)), tuple(float(v) for v in values)
    )
