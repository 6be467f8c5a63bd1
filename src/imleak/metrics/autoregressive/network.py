"""How probable every value of a sample is, by what was decoded before."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ...networks.weights import fill
from .architecture import LAYERS, LOGISTICS, NEAR, WIDTH, WIDTHS
from .context import GRID, LEFT

FLOOR = 1e-4
"""Weight of the uniform distribution."""
SMALLEST_SCALE = 0.03
SMALLEST_DIFFERENCE = 0.3


class Network(nn.Module):
    r"""Small networks side by side, one for every number of values that a sample can take.

    Values are points of a circle of M points. All is relative to the left neighbour r and to
    the mean distance :math:`\sigma` of the nearest neighbours from it, so that neither the
    brightness of an image nor its contrast has to be learned. The network gives a mixture of
    logistics of centres :math:`r + \sigma m_k` and scales :math:`\sigma t_k`, each cut where the
    circle closes:

    .. math:: P(v) = \sum_k w_k
        \frac{F((d_k + 1/2) / \sigma t_k) - F((d_k - 1/2) / \sigma t_k)}
             {\tanh(M / 4 \sigma t_k)}

    with :math:`d_k` the distance of v on the circle from the centre and F the logistic function.
    These add up to 1 at most over the circle, which is all that a code needs.

    Parameters
    ----------
    sizes : values a sample can take, one for every network.
    seed : of the weights.
    """

    def __init__(self, sizes: Sequence[int], seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        scales = (*[1.0] * LAYERS, 0.1)

        def drawn(inputs: int, outputs: int, scale: float) -> nn.Parameter:
            drawn = torch.randn(len(sizes), inputs, outputs, generator=generator)
            return nn.Parameter(drawn * scale / math.sqrt(inputs))

        def zeros(*shape: int) -> nn.Parameter:
            return nn.Parameter(torch.zeros(len(sizes), *shape))

        self.sizes = tuple(sizes)
        self.weights = nn.ParameterList(map(drawn, WIDTHS[:-1], WIDTHS[1:], scales))
        self.biases = nn.ParameterList(zeros(1, width) for width in WIDTHS[1:])
        self.phases = zeros(GRID**2, WIDTH)
        with torch.no_grad():
            self.biases[-1][..., LOGISTICS : 2 * LOGISTICS] = torch.linspace(-1, 1, LOGISTICS)

    def bits(
        self, known: Tensor, values: Tensor, phase: Tensor, which: slice = slice(None)
    ) -> Tensor:
        """(L, n) bits that samples cost.

        Parameters
        ----------
        known : (L, n, K) their neighbours, 0 to M - 1.
        values : (L, n) what they are.
        phase : (n,) where in a block of JPEG they lie.
        which : L of the networks.
        """
        size = torch.tensor(self.sizes[which], dtype=torch.float32)[:, None, None]
        left = known[..., LEFT : LEFT + 1]
        inputs, rough = _inputs(on_circle(known - left, size), left, size)
        first, *inner, last = (weights[which] for weights in self.weights)
        starts = [biases[which] for biases in self.biases]
        of_phase = self.phases[which].index_select(1, phase)
        x = functional.relu(torch.baddbmm(starts[0], inputs, first) + of_phase)
        for bias, weights in zip(starts[1:-1], inner, strict=True):
            x = x + functional.relu(torch.baddbmm(bias, x, weights))
        shares, centres, scales = torch.baddbmm(starts[-1], x, last).chunk(3, -1)
        distance = on_circle(values[..., None] - left - rough * centres, size).abs()
        scale = (rough * scales.clamp(-8, 5).exp()).clamp(min=SMALLEST_SCALE)
        inside = torch.sigmoid((0.5 - distance) / scale) - torch.sigmoid((-0.5 - distance) / scale)
        share = (shares.softmax(-1) * inside / torch.tanh(size / (4 * scale))).sum(-1)
        return -torch.log2((1 - FLOOR) * share + FLOOR / size[..., 0])


def on_circle(differences: Tensor, size: Tensor) -> Tensor:
    """Differences on a circle of `size` points, from -size / 2 to size / 2."""
    return differences - size * torch.round(differences / size)


def _inputs(differences: Tensor, left: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
    """(L, n, INPUTS) what a network sees, and (L, n, 1) how rough the image is here."""
    near = differences[..., :NEAR]
    rough = near.abs().mean(-1, keepdim=True) + SMALLEST_DIFFERENCE
    wide = differences.abs().mean(-1, keepdim=True) + SMALLEST_DIFFERENCE
    turn = 2 * math.pi / size
    return torch.cat(
        [
            (differences / rough).clamp(-4, 4),
            (near * turn).sin(),
            (near * turn).cos(),
            (left * turn).sin(),
            (left * turn).cos(),
            2 * left / size - 1,
            rough.log() / 2,
            4 * rough / size,
            (wide / rough).log(),
        ],
        -1,
    ), rough


def load(sizes: Sequence[int], state: Mapping[str, NDArray[np.floating]]) -> Network:
    """The network of these weights. Raises ImleakError if they are not those of exactly this
    network, none missing, none besides."""
    network = Network(sizes)
    fill(network, state, "a learned code", "train it again")
    return network.eval()
