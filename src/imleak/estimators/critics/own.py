"""Statistics networks that the user brings, each member of a stack one of its own.

``critic(dx, dy)`` makes a ``torch.nn.Module`` that takes rows x (n, dx) and y (n, dy). What it
returns is what the estimator reads: scores (n,) for `mine`, `nwj` and `smile`, and for `infonce`
two tensors (n, k), the projections of either side, which are brought to unit length.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call, stack_module_state

from ...interfaces import ImleakError
from .networks import JointCritic, SeparableCritic, Shape, Stack

Factory = Callable[[int, int], torch.nn.Module]
_ONE_AT_A_TIME = threading.Lock()
"""First weights are drawn from the generator of the process, which threads share."""


class OwnCritic(JointCritic):
    """T(x, y) of a network that the user brings."""

    def __init__(
        self, members: Shape, dx: int, dy: int, factory: Factory, generator: torch.Generator
    ):
        Stack.__init__(self, members, generator, torch.float32)
        self.network = _Network(self, dx, dy, factory)
        scores = self.network.tried(dx, dy)
        if not isinstance(scores, Tensor) or scores.numel() != 2:
            raise _refused(factory, "one score a row, a tensor (n,)", scores)
        self.register_buffer("log_mean", torch.full((*members, 1, 1), torch.nan))

    def halves(self, x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
        return _of_members(self, x, y)

    def score(self, *halves: Tensor) -> Tensor:
        scores: Tensor = self.network(self, *halves)
        return scores.reshape(halves[0].shape[:-1])


class OwnSeparableCritic(SeparableCritic):
    """T(x, y) = exp(a) cos(f(x), g(y)) of projections that the user brings."""

    def __init__(
        self,
        members: Shape,
        dx: int,
        dy: int,
        factory: Factory,
        generator: torch.Generator,
        temperature: float,
    ):
        super().__init__(members, 1, 1, 1, None, generator, temperature)
        del self.fx, self.fy
        self.network = _Network(self, dx, dy, factory)
        sides = self.network.tried(dx, dy)
        if not (
            isinstance(sides, tuple)
            and [getattr(side, "ndim", 0) for side in sides] == [2, 2]
            and sides[0].shape == sides[1].shape
        ):
            wanted = "two projections (n, k), of x and of y"
            raise _refused(factory, wanted, sides)

    def project(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        sides = self.network(self, *_of_members(self, x, y))
        unit = torch.nn.functional.normalize
        px, py = (unit(side.unflatten(0, _members(self)), dim=-1) for side in sides)
        return px, py


class _Network:
    """One network a member, run as one. Its weights are parameters of the stack that it is of,
    (R, L, P, 1, size) each, so that training narrows and keeps them like any others."""

    def __init__(self, stack: Stack, dx: int, dy: int, factory: Factory):
        count = stack.members[0] * stack.members[1] * stack.members[2]
        seed = int(
            torch.randint(2**31, (), generator=stack.generator, device=stack.generator.device)
        )
        with _ONE_AT_A_TIME, torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            made = [_made(factory, dx, dy) for _ in range(count)]
        if not all(isinstance(one, torch.nn.Module) and [*one.parameters()] for one in made):
            raise ImleakError(
                f"{_name(factory)}(dx, dy) gives a {type(made[0]).__name__}; give a "
                "torch.nn.Module with weights"
            )
        if [*made[0].buffers()]:
            raise ImleakError(
                f"{_name(factory)} has buffers, such as those of BatchNorm, which mix the rows of "
                "a batch; use LayerNorm, or no normalisation"
            )
        made = [one.to(stack.generator.device) for one in made]
        self.factory, self.template = factory, made[0]
        stacked, _ = stack_module_state(made)
        self.names = list(stacked)
        self.shapes = [weight.shape[1:] for weight in stacked.values()]
        stack.weights = torch.nn.ParameterList(
            torch.nn.Parameter(weight.detach().reshape(*stack.members, 1, -1))
            for weight in stacked.values()
        )

    def __call__(self, stack: Any, x: Tensor, y: Tensor) -> Any:
        """What every member says of its own rows (R, L, P, b, .), members on one axis."""
        weights = {
            name: weight.flatten(0, 2).reshape(-1, *shape)
            for name, weight, shape in zip(self.names, stack.weights, self.shapes, strict=True)
        }

        def one(weights: dict[str, Tensor], x: Tensor, y: Tensor) -> Any:
            return functional_call(self.template, weights, (x, y))

        every = torch.vmap(one, randomness="different")
        return every(weights, x.flatten(0, 2), y.flatten(0, 2))

    def tried(self, dx: int, dy: int) -> Any:
        """What the network says of two rows."""
        device = next(self.template.parameters()).device
        with torch.no_grad():
            try:
                return self.template(*(torch.zeros(2, width, device=device) for width in (dx, dy)))
            except Exception as error:  # of somebody else's code
                raise ImleakError(
                    f"{_name(self.factory)} cannot take x (n, {dx}) and y (n, {dy}): "
                    f"{_one_line(error)}"
                ) from error


def _made(factory: Factory, dx: int, dy: int) -> Any:
    try:
        return factory(dx, dy)
    except Exception as error:  # of somebody else's code
        raise ImleakError(
            f"{_name(factory)}({dx}, {dy}) raises {type(error).__name__}: {_one_line(error)}; "
            "critic is a function (dx, dy) that gives a torch.nn.Module of x (n, dx) and y (n, dy)"
        ) from error


def _of_members(stack: Stack, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """x (R, P, b, dx) and y (R, L, b, dy) as every member has them, (R, L, P, b, .)."""
    x = x if x.ndim == 5 else x[:, None]
    y = y if y.ndim == 5 else y[:, :, None]
    members = _members(stack)
    return x.expand(*members, *x.shape[-2:]), y.expand(*members, *y.shape[-2:])


def _members(stack: Any) -> Shape:
    """How many members have weights: of one split alone, fewer than there were."""
    found: Shape = tuple(stack.weights[0].shape[:3])
    return found


def _refused(factory: Factory, wanted: str, given: object) -> ImleakError:
    shape = getattr(given, "shape", None)
    found = f"a tensor {tuple(shape)}" if shape is not None else f"a {type(given).__name__}"
    return ImleakError(
        f"the network of {_name(factory)} gives {found} for two rows; this estimator needs {wanted}"
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _name(factory: Factory) -> str:
    return str(getattr(factory, "__name__", type(factory).__name__))
