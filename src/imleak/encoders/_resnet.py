"""ResNet in plain PyTorch, with the key names of transformers' checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval


@dataclass(frozen=True)
class Architecture:
    """What config.json says of a ResNet; the defaults are those of transformers: ResNet-50,
    which strides in its 3x3 convolutions ("v1.5")."""

    embedding_size: int = 64
    hidden_sizes: tuple[int, ...] = (256, 512, 1024, 2048)
    depths: tuple[int, ...] = (3, 4, 6, 3)
    layer_type: str = "bottleneck"
    hidden_act: str = "relu"
    num_channels: int = 3
    downsample_in_first_stage: bool = False
    downsample_in_bottleneck: bool = False

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Architecture:
        """From config.json.

        Raises
        ------
        ValueError
            If there is no such network.
        """
        given = {f.name: config[f.name] for f in fields(cls) if f.name in config}
        given |= {n: tuple(given[n]) for n in ("hidden_sizes", "depths") if n in given}
        made = cls(**given)
        if made.layer_type not in ("basic", "bottleneck"):
            raise ValueError(f"layer_type {made.layer_type!r} is not 'basic' or 'bottleneck'")
        if made.hidden_act != "relu" or made.num_channels != 3:
            raise ValueError(
                f"{made.hidden_act!r} on {made.num_channels} channels is not relu on 3"
            )
        if len(made.depths) != len(made.hidden_sizes) or not made.depths:
            raise ValueError(f"depths {made.depths} and hidden_sizes {made.hidden_sizes} differ")
        return made


class Convolution(nn.Module):
    """A convolution with batch normalisation, which `fuse` puts into its weights."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.normalization: nn.BatchNorm2d | nn.Identity = nn.BatchNorm2d(outputs)

    def fuse(self) -> None:
        if isinstance(self.normalization, nn.BatchNorm2d):
            self.convolution = fuse_conv_bn_eval(self.convolution, self.normalization)
            self.normalization = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.normalization(self.convolution(x))
        return result


class Block(nn.Module):
    """Two or three convolutions, added to their input."""

    def __init__(self, a: Architecture, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        inner, first, second = outputs // 4, stride, 1
        if not a.downsample_in_bottleneck:
            first, second = 1, stride
        steps = (
            [(inputs, outputs, 3, stride), (outputs, outputs, 3, 1)]
            if a.layer_type == "basic"
            else [(inputs, inner, 1, first), (inner, inner, 3, second), (inner, outputs, 1, 1)]
        )
        self.layer = nn.ModuleList(Convolution(*step) for step in steps)
        if inputs != outputs or stride != 1:
            self.shortcut = Convolution(inputs, outputs, 1, stride)
        self.projects = hasattr(self, "shortcut")

    def forward(self, x: Tensor) -> Tensor:
        *before, last = self.layer
        y = x
        for convolution in before:
            y = functional.relu(convolution(y), inplace=True)
        y = last(y)
        y += self.shortcut(x) if self.projects else x
        return functional.relu(y, inplace=True)


class ResNet(nn.Module):
    """A residual network up to the layer before its classifier."""

    def __init__(self, a: Architecture) -> None:
        super().__init__()
        stem = Convolution(a.num_channels, a.embedding_size, 7, 2)
        self.embedder = nn.ModuleDict({"embedder": stem})
        stages, inputs = [], a.embedding_size
        for stage, (outputs, depth) in enumerate(zip(a.hidden_sizes, a.depths, strict=True)):
            stride = 2 if stage or a.downsample_in_first_stage else 1
            blocks = []
            for block in range(depth):
                blocks.append(Block(a, inputs, outputs, 1 if block else stride))
                inputs = outputs
            stages.append(nn.ModuleDict({"layers": nn.Sequential(*blocks)}))
        self.encoder = nn.ModuleDict({"stages": nn.ModuleList(stages)})

    def forward(self, x: Tensor) -> Tensor:
        """Features (n, d), float32, of normalised pictures (n, 3, H, W)."""
        x = functional.relu(self.embedder["embedder"](x), inplace=True)
        x = functional.max_pool2d(x, 3, 2, 1)
        for stage in self.encoder["stages"]:  # type: ignore[attr-defined]
            x = stage["layers"](x)
        return x.float().mean((-2, -1))

    def fuse(self) -> ResNet:
        """Put every batch normalisation into the convolution before it."""
        for module in self.modules():
            if isinstance(module, Convolution):
                module.fuse()
        return self.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]

    def initialise(self, seed: int) -> None:
        """Random weights as training begins with (He et al. 2015), from a generator of
        their own."""
        generator = torch.Generator().manual_seed(seed)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.reset_parameters()
            elif isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(
                    module.weight, mode="fan_out", nonlinearity="relu", generator=generator
                )
