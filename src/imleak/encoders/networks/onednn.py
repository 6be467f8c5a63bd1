"""EfficientNet-Lite0 on a CPU: a convolution and what follows it in one pass over memory.

These are the operators that ``torch.compile`` calls; they need no compiler to run.
"""

from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from .efficientnet import EfficientNet, SameConv2d, same_padding

BATCH = 8
"""Images at once: their maps stay in the cache."""


@cache
def is_possible(dtype: torch.dtype) -> bool:
    """Whether this PyTorch and this processor have such convolutions of a type: one is tried."""
    with torch.device("meta"):  # takes no random numbers
        layer = SameConv2d(8, 8, 3, 2, groups=8)
    layer.weight = nn.Parameter(torch.linspace(-1, 1, 72).view(8, 1, 3, 3), requires_grad=False)
    try:
        with torch.inference_mode():
            x = torch.ones(1, 8, 4, 4, dtype=dtype).to(memory_format=torch.channels_last)
            found = FusedConv2d(layer, 4, dtype)(x)
            expected = functional.relu6(layer(x.float()))
    except (AttributeError, RuntimeError, TypeError, ValueError):  # TorchScript's, of a schema
        return False
    return torch.allclose(found.float(), expected, atol=0.05)


class Fused(nn.Module):
    """(n, 3, size, size) normalised images to (n, 1280) features, as :class:`EfficientNet`.

    Parameters
    ----------
    network : with batch normalisation folded in.
    size : side of the images, in pixels.
    dtype : of the products.
    """

    def __init__(self, network: EfficientNet, size: int, dtype: torch.dtype) -> None:
        super().__init__()
        self._fc = network._fc
        self.stem = FusedConv2d(network._conv_stem, size, dtype)
        self.blocks = []
        size = self.stem.outputs
        layers: Any = network._blocks
        for block in layers:
            expand = FusedConv2d(block._expand_conv, size, dtype) if block.expands else None
            depthwise = FusedConv2d(block._depthwise_conv, size, dtype)
            size = depthwise.outputs
            project = FusedConv2d(block._project_conv, size, dtype, clamps=False)
            self.blocks.append((expand, depthwise, project, block.adds))
        self.head = FusedConv2d(network._conv_head, size, dtype)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self._features(some) for some in torch.split(x, BATCH)])

    def _features(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for expand, depthwise, project, adds in self.blocks:
            inner = depthwise(expand(x) if expand else x)
            x = project(inner, x if adds else None)
        return self.head(x).float().mean((-2, -1))


class FusedConv2d:
    """A convolution with its bias, and ReLU6 or the sum with another map.

    TensorFlow's "SAME" padding may be wider after than before; the kernel then gets rows
    and columns of zeros in front, and the padding is the same on both sides.

    Parameters
    ----------
    layer : with a bias.
    size : side of its input.
    dtype : of the products.
    clamps : whether ReLU6 follows.
    """

    def __init__(
        self, layer: SameConv2d, size: int, dtype: torch.dtype, *, clamps: bool = True
    ) -> None:
        stride = layer.stride[0]
        before, after = same_padding(size, layer.kernel_size[0], stride)
        self.outputs = -(-size // stride)
        self.bias = None if layer.bias is None else layer.bias.to(dtype)
        self.place = ([after] * 2, [stride] * 2, [1, 1], layer.groups)
        self.follows = ("hardtanh", [0.0, 6.0], "") if clamps else ("none", [], "")
        weight = functional.pad(layer.weight, (after - before, 0) * 2).to(dtype)
        self.weight = torch.ops.mkldnn._reorder_convolution_weight(
            weight, *self.place, [BATCH, layer.in_channels, size, size]
        )

    def __call__(self, x: Tensor, added: Tensor | None = None) -> Tensor:
        """(n, C', H', W') of (n, C, H, W); what is added is overwritten."""
        given = (x, self.weight, self.bias, *self.place)
        if added is None:
            made: Tensor = torch.ops.mkldnn._convolution_pointwise(*given, *self.follows)
        else:
            add: Any = ("add", None, None, [], None)
            made = torch.ops.mkldnn._convolution_pointwise_(added, *given, *add)
        return made
