"""EfficientNet-Lite0 in plain PyTorch, with the attribute names of its checkpoint."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import eigh
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ...interfaces import ImleakError

STAGES = (
    # repeats, kernel, stride of the first, expansion, channels out
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM, FEATURES, CLASSES = 32, 1280, 1000
EPSILON = 1e-3  # of batch normalisation, TensorFlow's default

FOLDS = (
    ("_conv_stem", "_bn0"),
    ("_expand_conv", "_bn0"),
    ("_depthwise_conv", "_bn1"),
    ("_project_conv", "_bn2"),
    ("_conv_head", "_bn1"),
)
"""Convolutions and the batch normalisation that follows each."""


class SameConv2d(nn.Conv2d):
    """Square convolution with TensorFlow's "SAME" padding.

    The output has ``ceil(side / stride)`` pixels a side; where the padding is odd, the
    extra row and column are at the bottom and the right."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1):
        super().__init__(inputs, outputs, kernel, stride=stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        (kernel, _), (stride, _) = self.kernel_size, self.stride
        top, bottom = same_padding(x.shape[-2], kernel, stride)
        left, right = same_padding(x.shape[-1], kernel, stride)
        if (top, left) == (bottom, right):
            return functional.conv2d(x, self.weight, self.bias, stride, (top, left), 1, self.groups)
        x = functional.pad(x, (left, right, top, bottom))
        return functional.conv2d(x, self.weight, self.bias, stride, 0, 1, self.groups)


def same_padding(side: int, kernel: int, stride: int) -> tuple[int, int]:
    """Pixels to add before and after."""
    outputs = -(-side // stride)
    total = max((outputs - 1) * stride + kernel - side, 0)
    return total // 2, total - total // 2


class InvertedResidual(nn.Module):
    """Expand, convolve each channel, project; added to the input where shapes allow."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int):
        super().__init__()
        inner = inputs * expansion
        self.expands = expansion > 1
        self.adds = stride == 1 and inputs == outputs
        if self.expands:
            self._expand_conv = SameConv2d(inputs, inner, 1)
            self._bn0 = nn.BatchNorm2d(inner, EPSILON)
        self._depthwise_conv = SameConv2d(inner, inner, kernel, stride, groups=inner)
        self._bn1 = nn.BatchNorm2d(inner, EPSILON)
        self._project_conv = SameConv2d(inner, outputs, 1)
        self._bn2 = nn.BatchNorm2d(outputs, EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        y = functional.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        result: Tensor = x + y if self.adds else y
        return result


class EfficientNet(nn.Module):
    """EfficientNet-Lite0: no squeeze-and-excitation, ReLU6 for swish."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = SameConv2d(3, STEM, 3, stride=2)
        self._bn0 = nn.BatchNorm2d(STEM, EPSILON)
        blocks, inputs = [], STEM
        for repeats, kernel, stride, expansion, outputs in STAGES:
            for repeat in range(repeats):
                step = stride if repeat == 0 else 1
                blocks.append(InvertedResidual(inputs, outputs, kernel, step, expansion))
                inputs = outputs
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = SameConv2d(inputs, FEATURES, 1)
        self._bn1 = nn.BatchNorm2d(FEATURES, EPSILON)
        self._fc = nn.Linear(FEATURES, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Features (n, 1280), float32, of normalised images (n, 3, H, W)."""
        x = functional.relu6(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            x = block(x)
        x = functional.relu6(self._bn1(self._conv_head(x)))
        return x.float().mean((-2, -1))


def load(path: Path) -> EfficientNet:
    """The network with the weights of `path`, batch normalisation folded in.

    Folding gives the same features to rounding, and some 15 to 25 % more images a
    second on a CPU."""
    with torch.device("meta"):  # no random weights beforehand
        network = EfficientNet()
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
        network.load_state_dict(weights, assign=True)
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise ImleakError(f"{path} does not hold EfficientNet-Lite0: {reason}") from error
    network.eval().requires_grad_(False)
    for module in list(network.modules()):
        _fold(module)
    return network


def _fold(module: nn.Module) -> None:
    """Put every batch normalisation of `module` into the convolution before it."""
    for convolution, norm in FOLDS:
        if hasattr(module, convolution):
            fused = fuse_conv_bn_eval(getattr(module, convolution), getattr(module, norm))
            setattr(module, convolution, fused)
            setattr(module, norm, nn.Identity())


def principal_directions(weight: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    r"""The principal directions of the scores of classes that a linear classifier gives to white
    features, as maps of features: (d, count), by falling variance.

    .. math:: W - \bar W = U S V^T, \quad U^T (W - \bar W) f = S V^T f

    without what all classes have in common, to which probabilities are blind. Nothing is
    fitted to images.

    Parameters
    ----------
    weight : (classes, d) W.
    """
    centred = weight.astype(np.float64) - weight.mean(0, dtype=np.float64)
    classes = len(weight)
    last = (classes - count, classes - 1)
    left = eigh(centred @ centred.T, subset_by_index=last)[1][:, ::-1]
    maps = centred.T @ left
    largest = np.take_along_axis(maps, np.abs(maps).argmax(0)[np.newaxis], 0)
    return np.asarray(maps * np.sign(largest), dtype=np.float32)
