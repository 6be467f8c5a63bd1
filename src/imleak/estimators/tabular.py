"""MINE on scalar pixels from their joint table: exact expectations."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import xlogy
from torch import Tensor

from ..interfaces import Bound, Estimate, ImleakError, PairedSamples, Space
from ..machine import check_device, one_thread_each
from .columns import without_constants
from .critics import JointCritic
from .crossfit import NATS, Progress
from .options import Count, Rate, Widths
from .variational import MovingAverage

MOST_VALUES = 1024


class NotCountedError(ImleakError):
    """Samples that are no table of scalar values."""


class TabularMine:
    r"""MINE on scalar pixels with both expectations taken exactly, from the joint table.

    A pixel has few values, so all there is to know of pairs of pixels is how often each
    pair occurs. The network is trained on that table: no sampling noise, no memorising (the
    table is the whole law, pooled over images), and a cost that does not depend on their
    size. What is left between this and the exact value beside it is what a smooth network
    of this size cannot express. A lower bound on the information of an independent pixel.

    Parameters
    ----------
    epochs : optimiser steps, each on the whole table (or on one drawn batch).
    hidden : widths of the statistics network.
    batch : pairs drawn from the table a step, as MINE draws pixels; None for exact steps.
    rate : of Adam.
    device : "cpu" or "cuda".

    References
    ----------
    Belghazi et al., "Mutual information neural estimation", ICML 2018; equation (6) of the
    paper.
    """

    name = "tabular-mine"
    version = "1"
    bound: Bound = "lower"
    space: Space = "pixels"

    def __init__(
        self,
        *,
        epochs: Count = 400,
        hidden: Widths = (100, 100),
        batch: Count | None = None,
        rate: Rate = 1e-3,
        device: str = "cpu",
    ):
        if epochs < 1:
            raise ValueError(f"epochs={epochs} must be at least 1")
        check_device(device)
        self.epochs = epochs
        self.hidden = tuple(hidden)
        self.batch = batch
        self.rate = rate
        self.device = device

    def estimate(
        self, samples: PairedSamples, *, seed: int = 0, progress: Progress | None = None
    ) -> list[Estimate]:
        """One estimate a level, in bits, with the exact value of the table.

        Raises
        ------
        NotCountedError
            If the samples are not scalars of few values.
        """
        x, weights, views = _table(samples)
        exact = [entropy(weights, view) for view in views]
        rng = np.random.default_rng([seed, 0x74616275])
        generator = torch.Generator(self.device).manual_seed(int(rng.integers(2**62)))
        with one_thread_each():
            history = self._train(x, weights, views, generator, progress)
        return [
            Estimate(
                value=float(history[-1, at]) * NATS,
                bound="lower",
                estimator=self.name,
                protocol="in-sample",
                ceiling=exact[at] * NATS,
                exact=exact[at] * NATS,
                history=tuple(float(value) * NATS for value in history[:, at]),
                train_groups=len(np.unique(samples.groups)),
                test_groups=0,
                n=len(samples.x)
                if samples.weights is None
                else round(float(samples.weights.sum())),
            )
            for at in range(len(views))
        ]

    def _train(
        self,
        x: NDArray[np.float64],
        weights: NDArray[np.float64],
        views: NDArray[np.float64],
        generator: torch.Generator,
        progress: Progress | None,
    ) -> NDArray[np.float64]:
        """(epochs, L) Donsker-Varadhan in nats, of the whole table."""
        columns = torch.from_numpy(_scaled(x)).to(self.device)
        rows, shares = _distinct(views, weights)
        rows, shares = rows.to(self.device), shares.to(self.device)
        own = torch.from_numpy(_scaled(views)).to(self.device)
        p = torch.from_numpy(weights).float().to(self.device)
        critic = JointCritic((1, len(views), 1), 1, 1, self.hidden, generator)
        optimiser = torch.optim.Adam(critic.parameters(), lr=self.rate, fused=True)
        average = MovingAverage(critic)
        seen = []
        for step in range(self.epochs):
            joint, marginal = _expectations(critic, columns, own, rows, shares, p)
            seen.append((joint - marginal).detach())
            optimiser.zero_grad(set_to_none=True)
            if self.batch is None:
                loss = (marginal - joint).sum()
            else:
                loss = self._sampled(critic, columns, own, p, generator, average)
            torch.autograd.backward(loss)
            optimiser.step()
            if progress:
                progress((step + 1) / self.epochs)
        with torch.no_grad():
            joint, marginal = _expectations(critic, columns, own, rows, shares, p)
        return torch.stack([*seen[1:], joint - marginal]).double().cpu().numpy()

    def _sampled(
        self,
        critic: JointCritic,
        columns: Tensor,
        own: Tensor,
        p: Tensor,
        generator: torch.Generator,
        average: Callable[[Tensor, Tensor], Tensor],
    ) -> Tensor:
        """The loss of pairs drawn from the table."""
        assert self.batch is not None
        drawn = torch.multinomial(p, self.batch, replacement=True, generator=generator)
        others = torch.multinomial(p, self.batch, replacement=True, generator=generator)
        y = own[:, drawn, None][None]
        joint = critic.score(*critic.halves(columns[drawn, None][None, None], y))
        marginal = critic.score(*critic.halves(columns[others, None][None, None], y))
        return average(joint, marginal).sum()


def _table(
    samples: PairedSamples,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Values (v,), their shares (v,) and their views (L, v), pooled over images."""
    samples = without_constants(samples)
    if samples.x.shape[1] != 1 or samples.y.shape[2] != 1:
        raise NotCountedError(
            "tabular-mine works on scalar pixels and was given "
            f"{samples.x.shape[1]} dimensions; add the encoder pixels, or use mine"
        )
    values = np.concatenate([samples.x.T, samples.y[..., 0]]).astype(np.float64)
    weights = np.ones(values.shape[1]) if samples.weights is None else samples.weights
    values, weights = values[:, weights > 0], weights[weights > 0]
    pairs, inverse = np.unique(values, axis=1, return_inverse=True)
    if pairs.shape[1] > MOST_VALUES:
        raise NotCountedError(
            f"tabular-mine works on at most {MOST_VALUES} different sample values and was "
            f"given {pairs.shape[1]}; use mine for deeper images"
        )
    counts = np.bincount(inverse.ravel(), weights, minlength=pairs.shape[1])
    return pairs[0], counts / counts.sum(), pairs[1:]


def entropy(weights: NDArray[np.float64], view: NDArray[np.float64]) -> float:
    """H of a view in nats: the information a value has on a function of itself."""
    shares = np.bincount(np.unique(view, return_inverse=True)[1], weights)
    return max(0.0, float(-xlogy(shares, shares).sum()))


def _scaled(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Each row of values to mean 0 and spread 1, as equally likely."""
    spread = values.std(-1, keepdims=True)
    centred = values - values.mean(-1, keepdims=True)
    return np.asarray(centred / np.where(spread > 0, spread, 1.0), dtype=np.float32)


def _distinct(views: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[Tensor, Tensor]:
    """Distinct values (L, w) of every view, scaled alike, and their log-shares."""
    scaled = _scaled(views)
    found = [np.unique(row, return_inverse=True) for row in scaled]
    width = max(len(values) for values, _ in found)
    rows = np.zeros((len(views), width), np.float32)
    shares = np.full((len(views), width), -math.inf, np.float32)
    for at, (values, inverse) in enumerate(found):
        rows[at, : len(values)] = values
        shares[at, : len(values)] = np.log(np.bincount(inverse, weights))
    return torch.from_numpy(rows), torch.from_numpy(shares)


def _expectations(
    critic: JointCritic, columns: Tensor, own: Tensor, rows: Tensor, shares: Tensor, p: Tensor
) -> tuple[Tensor, Tensor]:
    """E[T] of the joint law and log E[exp T] of the product, (L,) each, exactly."""
    joint = critic.score(*critic.halves(columns[:, None][None, None], own[..., None][None]))
    hx, hy = critic.halves(columns[:, None][None, None], rows[..., None][None])
    log_p = p.log()
    product = []
    for at, share in enumerate(shares):
        used = torch.isfinite(share)
        scores = _grid(critic, at, hx[0, at, 0], hy[0, at, 0, used])
        product.append(torch.logsumexp((scores + log_p[:, None] + share[used]).flatten(), 0))
    return (joint[0, :, 0] * p).sum(-1), torch.stack(product)


def _grid(critic: JointCritic, level: int, hx: Tensor, hy: Tensor) -> Tensor:
    """Scores (v, w) of one level's network for all pairs of halves hx (v, h), hy (w, h).

    Levels differ in the values their views can take, from 2**B down to one, so that each
    gets a table of its own size.
    """
    hidden = torch.relu(hx[:, None] + hy)
    for weights, bias in zip(critic.deep, critic.bias, strict=True):
        out = hidden @ weights[0, level, 0] + bias[0, level, 0]
        hidden = out if weights.shape[-1] == 1 else torch.relu(out)
    return hidden.squeeze(-1)
