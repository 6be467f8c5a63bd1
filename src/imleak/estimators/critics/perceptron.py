"""Stacked ReLU networks with their gradient written out: what every joint critic runs on.

The activations stay in the type of the matrix products, every layer is one fused product,
bias and ReLU in place, and nothing is kept but the activations themselves. Weights and
their gradients are fp32, and so is the last layer: scores enter exponentials.
"""

from typing import Any

import torch
from torch import Tensor


class Perceptron(torch.autograd.Function):
    """A ReLU network on the sum of its two sides.

    Parameters
    ----------
    hx, hy : (..., b, h) first layer of either side, in the type of the products.
    layers : weights (..., h, k) and bias (..., 1, k) of every further layer, fp32; the last
        has k = 1.

    Returns
    -------
    (..., b) scores, fp32.
    """

    @staticmethod
    def forward(ctx: Any, hx: Tensor, hy: Tensor, *layers: Tensor) -> Tensor:
        dtype = hx.dtype
        *hidden, last, bias = (layer.flatten(0, -3) for layer in layers)
        ctx.shapes = [layer.shape for layer in layers]
        active = (hx + hy).flatten(0, -3).relu_()
        kept, weights = [active], []
        for weight, shift in zip(hidden[::2], hidden[1::2], strict=True):
            weights.append(weight.to(dtype))
            active = torch.baddbmm(shift.to(dtype), active, weights[-1]).relu_()
            kept.append(active)
        ctx.depth = len(weights)
        ctx.save_for_backward(*kept, *weights, last.to(dtype))
        scores = (active.float() * last.mT).sum(-1) + bias.squeeze(-1)
        return scores.view(hx.shape[:-1])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, ...]:
        *saved, last = ctx.saved_tensors
        kept, weights = saved[: ctx.depth + 1], saved[ctx.depth + 1 :]
        exact = gradients[0].flatten(0, -2).unsqueeze(-1)
        outer = exact.to(last.dtype)
        found = [exact.sum(-2, keepdim=True), torch.bmm(kept[-1].mT, outer).float()]
        outer = _where_active(outer * last.mT, kept[-1])
        for weight, active in zip(reversed(weights), reversed(kept[:-1]), strict=True):
            found.append(outer.sum(-2, keepdim=True, dtype=torch.float32))
            found.append(torch.bmm(active.mT, outer).float())
            outer = _where_active(torch.bmm(outer, weight.mT), active)
        inward = outer.view(*gradients[0].shape, -1)
        layers = zip(reversed(found), ctx.shapes, strict=True)
        return inward, inward, *(gradient.view(shape) for gradient, shape in layers)


def _where_active(gradient: Tensor, active: Tensor) -> Tensor:
    """The gradient through a ReLU."""
    passed: Tensor = torch.ops.aten.threshold_backward(gradient, active, 0)
    return passed
