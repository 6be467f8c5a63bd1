"""Training of MINE on a table of values, with expectations of the whole table."""

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import xlogy
from torch import Tensor

from ...machine import one_thread_each
from .networks import JointCritic
from .variational import MovingAverage


def train(
    x: NDArray[np.float64],
    weights: NDArray[np.float64],
    views: NDArray[np.float64],
    *,
    epochs: int,
    hidden: tuple[int, ...],
    batch: int | None,
    rate: float,
    device: str,
    seed: int,
    progress: Callable[[float], None] | None,
) -> NDArray[np.float64]:
    """(epochs, L) Donsker-Varadhan in nats, of the whole table.

    Parameters
    ----------
    x, weights, views : values (v,), their shares (v,) and their views (L, v).
    epochs, hidden, batch, rate, device : see :class:`..tabular.TabularMine`.
    """
    rng = np.random.default_rng([seed, 0x74616275])
    generator = torch.Generator(device).manual_seed(int(rng.integers(2**62)))
    columns = torch.from_numpy(_scaled(x)).to(device)
    own = torch.from_numpy(_scaled(views)).to(device)
    rows, shares = (side.to(device) for side in _distinct(views, weights))
    p = torch.from_numpy(weights).float().to(device)
    with one_thread_each():
        critic = JointCritic((1, len(views), 1), 1, 1, hidden, generator)
        optimiser = torch.optim.Adam(critic.parameters(), lr=rate, fused=True)
        average = MovingAverage(critic)
        values = []
        for step in range(epochs):
            joint, marginal = _expectations(critic, columns, own, rows, shares, p)
            values.append((joint - marginal).detach())
            optimiser.zero_grad(set_to_none=True)
            bound = joint - marginal
            if batch:
                bound = average(*_drawn_scores(critic, columns, own, p, batch, generator))
            torch.autograd.backward(-bound.sum())
            optimiser.step()
            if progress:
                progress((step + 1) / epochs)
        with torch.no_grad():
            joint, marginal = _expectations(critic, columns, own, rows, shares, p)
    return torch.stack([*values[1:], joint - marginal]).double().cpu().numpy()


def _drawn_scores(
    critic: JointCritic,
    columns: Tensor,
    own: Tensor,
    p: Tensor,
    batch: int,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Scores of as many true pairs, and of broken ones, drawn from the table."""
    drawn = torch.multinomial(p, batch, replacement=True, generator=generator)
    others = torch.multinomial(p, batch, replacement=True, generator=generator)
    x, other = (columns[at, None][None, None] for at in (drawn, others))
    y = own[:, drawn, None][None]
    return critic.score(*critic.halves(x, y)), critic.score(*critic.halves(other, y))


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
    """Scores (v, w) of one level's network for all pairs of halves hx (v, h), hy (w, h)."""
    # Levels differ in the values their views can take: each has a table of its own size.
    hidden = torch.relu(hx[:, None] + hy)
    for weights, bias in zip(critic.deep, critic.bias, strict=True):
        out = hidden @ weights[0, level, 0] + bias[0, level, 0]
        hidden = out if weights.shape[-1] == 1 else torch.relu(out)
    return hidden.squeeze(-1)
