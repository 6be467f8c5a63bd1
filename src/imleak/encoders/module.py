"""Features of a network that is at hand in Python."""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from ..interfaces import ImleakError
from ..machine import Precision
from ._network import LARGEST_SIDE, Input, Network, Triple, check_whole

if TYPE_CHECKING:
    from torch import nn

MEAN: Triple = (123.675, 116.28, 103.53)
STD: Triple = (58.395, 57.12, 57.375)
"""Mean and deviation of ImageNet, on 0..255: what most networks are shown."""


class Module(Network):
    """A PyTorch module whose output is the features, (n, 3, size, size) to (n, d).

    Its digest is that of its weights, so vectors are kept as those of any encoder; the code
    of the module is not part of it: give it another name when that changes.

    Parameters
    ----------
    module : on the CPU, in fp32. Outputs of more axes are flattened.
    name : what it is called in results; by default that of its class.
    size : side of the square input, in pixels.
    mean, std : what channels, on 0..255, are reduced and divided by.
    device, precision, batch_size, window : see :class:`Network`.

    Raises
    ------
    ImleakError
        If an option has no such value, or the output is no vector.

    Examples
    --------
    >>> from torch import nn
    >>> import imleak
    >>> net = Module(nn.Sequential(nn.AvgPool2d(56), nn.Flatten()), name="thumbnail")
    >>> net.dimension
    48
    >>> run = imleak.audit("photos", encoders=[net])  # doctest: +SKIP
    """

    version = "1"

    def __init__(
        self,
        module: nn.Module,
        *,
        name: str | None = None,
        size: int = 224,
        mean: Triple = MEAN,
        std: Triple = STD,
        device: str = "cpu",
        precision: Precision = "fp32",
        batch_size: int = 32,
        window: str = "full",
    ) -> None:
        self.name = name or type(module).__name__.lower()  # type: ignore[misc]
        super().__init__(device=device, precision=precision, batch_size=batch_size, window=window)
        check_whole(self.name, "size", size, 1, LARGEST_SIDE)
        self.module = module
        self.input = Input(size, mean, std)
        self.input_size = size

    @cached_property
    def weights_digest(self) -> str:  # type: ignore[override]
        digest = sha256()
        for name, weights in sorted(self.module.state_dict().items()):
            digest.update(f"{name} {tuple(weights.shape)} {weights.dtype}\n".encode())
            digest.update(weights.detach().cpu().contiguous().double().numpy().tobytes())
        return digest.hexdigest()

    @cached_property
    def dimension(self) -> int:  # type: ignore[override]
        return int(self.encode(np.zeros((1, 1, *[self.input.size] * 2), np.uint8), 8).shape[1])

    def load(self) -> nn.Module:
        """A copy of the module, whose output is flattened."""
        from copy import deepcopy

        from torch import nn

        class Flat(nn.Module):
            def __init__(self, inner: nn.Module) -> None:
                super().__init__()
                self.inner = inner

            def forward(self, x: object) -> object:
                found = self.inner(x)
                if not hasattr(found, "flatten") or found.ndim < 2:
                    raise ImleakError("the output of a module is a tensor (n, d)")
                return found.flatten(1)

        return Flat(deepcopy(self.module))
