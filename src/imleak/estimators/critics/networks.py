"""Stacks of small networks of one shape that train as one.

A member is a (split, level, pairing); members are the leading axes (R, L, P) of every
weight. The first layer of a critic on (x, y) is Wx x + Wy y, so each half is computed
once and serves the true pairs and the shuffled ones, and rows that members share (the
plain side by all levels, the clear side by true and broken pairs) go through one
matrix product with the members' weights side by side.
"""

import copy
import math
from itertools import pairwise
from typing import Self

import torch
from torch import Tensor

from .adamw import AdamW
from .perceptron import Perceptron

Shape = tuple[int, int, int]
"""(R, L, P): splits, levels, pairings."""


class Stack(torch.nn.Module):
    """Weights of R * L * P members; `precision` is the type of the matrix products."""

    def __init__(self, members: Shape, generator: torch.Generator, precision: torch.dtype):
        super().__init__()
        self.members = members
        self.generator = generator
        self.precision = precision

    def uniform(self, rows: int, columns: int, fan_in: int) -> torch.nn.Parameter:
        """(R, L, P, rows, columns) weights, uniform within 1/sqrt(fan_in)."""
        limit = 1 / math.sqrt(fan_in)
        device = self.generator.device
        weights = torch.rand(
            (*self.members, rows, columns), generator=self.generator, device=device
        )
        return torch.nn.Parameter((2 * weights - 1) * limit)

    def product(self, inputs: Tensor, weights: Tensor) -> Tensor:
        """Batched matrix product in `precision`."""
        return inputs.to(self.precision) @ weights.to(self.precision)

    def states(self) -> list[Tensor]:
        """All that belongs to the members, (R, L, P, ., .) each."""
        return [*self.parameters(), *self.buffers()]

    def narrow(self, splits: Tensor, levels: Tensor, pairings: int, optimiser: AdamW) -> None:
        """Go on with some of the splits and levels and the first of the pairings."""

        def cut(of_members: Tensor) -> Tensor:
            chosen = of_members.index_select(0, splits).index_select(1, levels)
            return chosen[:, :, :pairings].contiguous()

        for state in self.states():
            state.data = cut(state.data)
            state.grad = None
            for name, moment in optimiser.state.get(state, {}).items():
                if moment.ndim:
                    optimiser.state[state][name] = cut(moment)
        self.members = (len(splits), len(levels), pairings)

    def only(self, r: int) -> Self:
        """The members of split `r` alone, sharing their weights."""
        one = copy.copy(self)
        one._parameters = {k: _slice(p, r) for k, p in self._parameters.items()}
        one._modules = {
            k: torch.nn.ParameterList([_slice(p, r) for p in m.parameters()])
            for k, m in self._modules.items()
            if m is not None
        }
        return one

    def x_half(self, x: Tensor, weights: Tensor) -> Tensor:
        """x (R, P, b, dx), or every member's own (R, L, P, b, dx), through weights
        (R, L, P, dx, h): (R, L, P, b, h)."""
        if x.ndim == 5:
            return self.product(x, weights)
        return _shared(self, x, weights.transpose(1, 2)).transpose(1, 2)

    def y_half(self, y: Tensor, weights: Tensor) -> Tensor:
        """y (R, L, b, dy), or every member's own, through weights (R, L, P, dy, h)."""
        if y.ndim == 5:
            return self.product(y, weights)
        return _shared(self, y, weights)


def _slice(parameter: torch.nn.Parameter | None, r: int) -> torch.nn.Parameter | None:
    return None if parameter is None else torch.nn.Parameter(parameter.data[r : r + 1])


def _shared(stack: Stack, inputs: Tensor, weights: Tensor) -> Tensor:
    """inputs (R, A, b, d) through (R, A, B, d, h) as one product a (R, A): (R, A, B, b, h)."""
    r, a, count, d, h = weights.shape
    side_by_side = weights.permute(0, 1, 3, 2, 4).reshape(r, a, d, count * h)
    out = stack.product(inputs, side_by_side)
    return out.reshape(r, a, -1, count, h).transpose(2, 3)


class JointCritic(Stack):
    """T(x, y) = MLP([x, y]) with ReLU, the statistics network of MINE.

    Parameters
    ----------
    members : (R, L, P).
    dx, dy : dimensions of the two sides.
    hidden : width of every hidden layer, e.g. (100, 100).

    Attributes
    ----------
    log_mean : (R, L, P, 1, 1) moving average of the marginal's mean of exp, as MINE needs it.
    """

    log_mean: Tensor

    def __init__(
        self,
        members: Shape,
        dx: int,
        dy: int,
        hidden: tuple[int, ...],
        generator: torch.Generator,
        precision: torch.dtype = torch.float32,
    ):
        super().__init__(members, generator, precision)
        self.wx = self.uniform(dx, hidden[0], dx + dy)
        self.wy = self.uniform(dy, hidden[0], dx + dy)
        self.b = self.uniform(1, hidden[0], dx + dy)
        sizes = list(pairwise([*hidden, 1]))
        self.deep = torch.nn.ParameterList([self.uniform(i, o, i) for i, o in sizes])
        self.bias = torch.nn.ParameterList([self.uniform(1, o, i) for i, o in sizes])
        self.register_buffer("log_mean", torch.full_like(self.bias[-1].data, torch.nan))

    def halves(self, x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
        """What :meth:`score` needs of x and of y, rows on the last axis but one; a roll of
        the rows of the first half of these breaks the pairs."""
        return self.x_half(x, self.wx), self.y_half(y, self.wy) + self.b.to(self.precision)

    def score(self, *halves: Tensor) -> Tensor:
        """Scores (R, L, P, b) of rows whose halves are given."""
        layers = [one for pair in zip(self.deep, self.bias, strict=True) for one in pair]
        scores: Tensor = Perceptron.apply(*halves, *layers)  # type: ignore[no-untyped-call]
        return scores


LEADING = 16
"""Canonical variates an MLP sees one by one."""


class QuadraticCritic(JointCritic):
    """A Gaussian log-ratio of canonical variates plus an MLP that starts at zero.

    T(u, v) = sum_k a_k u_k v_k + b_k u_k^2 + c_k v_k^2 + MLP(u, v): training starts where
    canonical correlations end, and learns what they miss. The MLP sees the leading
    variates, their squares and the norm of all: dependence in the tails is in those.

    Parameters
    ----------
    cross, square : (R, L, P, 1, k) first values of a, and of b = c.
    """

    def __init__(
        self,
        members: Shape,
        hidden: tuple[int, ...],
        generator: torch.Generator,
        cross: Tensor,
        square: Tensor,
        precision: torch.dtype = torch.float32,
    ):
        self.leading = min(LEADING, cross.shape[-1])
        seen = 2 * self.leading + 1
        super().__init__(members, seen, seen, hidden, generator, precision)
        self.cross = torch.nn.Parameter(cross)
        self.square_u = torch.nn.Parameter(square.clone())
        self.square_v = torch.nn.Parameter(square.clone())
        with torch.no_grad():
            self.deep[-1].zero_()
            self.bias[-1].zero_()

    def halves(self, x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
        """The halves of the MLP, the variates and their squares."""
        hx, hy = super().halves(self._seen(x), self._seen(y))
        return (
            hx, x * self.cross, x.square() @ self.square_u.mT,
            hy, y, y.square() @ self.square_v.mT,
        )  # fmt: skip

    def _seen(self, variates: Tensor) -> Tensor:
        """What the MLP sees of variates (..., k), each of about unit spread."""
        first = variates[..., : self.leading]
        norm = variates.square().sum(-1, keepdim=True) - variates.shape[-1]
        spread = (2 * variates.shape[-1]) ** 0.5
        return torch.cat([first, (first.square() - 1) / 2**0.5, norm / spread], -1)

    def score(self, *halves: Tensor) -> Tensor:
        """Scores (R, L, P, b) of rows whose halves are given."""
        hx, u, uu, hy, v, vv = halves
        return super().score(hx, hy) + (u * v).sum(-1) + (uu + vv).squeeze(-1)


class SeparableCritic(Stack):
    """T(x, y) = exp(a) cos(f(x), g(y)): every pair of a batch by one matrix product.

    Parameters
    ----------
    members : (R, L, P).
    dx, dy : dimensions of the two sides.
    width : dimension in which they meet.
    hidden : width of one hidden layer of f and g; None for linear projections.
    temperature : first value of exp(-a); it is learned.
    """

    def __init__(
        self,
        members: Shape,
        dx: int,
        dy: int,
        width: int,
        hidden: int | None,
        generator: torch.Generator,
        temperature: float = 0.1,
        precision: torch.dtype = torch.float32,
    ):
        super().__init__(members, generator, precision)
        first = hidden or width
        self.fx = self.uniform(dx, first, dx)
        self.fy = self.uniform(dy, first, dy)
        if hidden:
            self.bx, self.by = self.uniform(1, first, dx), self.uniform(1, first, dy)
            self.gx, self.gy = self.uniform(first, width, first), self.uniform(first, width, first)
        self.hidden = hidden
        self.log_scale = torch.nn.Parameter(
            torch.full((*members, 1, 1), -math.log(temperature), device=generator.device)
        )

    def project(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Unit vectors (R, L, P, b, width) of both sides."""
        px, py = self.x_half(x, self.fx), self.y_half(y, self.fy)
        if self.hidden:
            px = self.product(torch.relu(px + self.bx), self.gx)
            py = self.product(torch.relu(py + self.by), self.gy)
        unit = torch.nn.functional.normalize
        return unit(px.float(), dim=-1), unit(py.float(), dim=-1)

    def score(self, px: Tensor, py: Tensor) -> Tensor:
        """Scores (R, L, P, b, b) of all pairs; row i is y_i, column j is x_j."""
        return self.log_scale.exp() * (py @ px.transpose(-1, -2))
