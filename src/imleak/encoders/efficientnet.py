"""Features of EfficientNet-Lite0, whose weights come with pip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Features, Samples
from ..machine import Precision
from ._lite0 import INPUT, PACKAGE, PACKAGE_VERSION, weights
from ._network import Network, file_digest

if TYPE_CHECKING:
    from torch import nn


class EfficientNetLite0(Network):
    """EfficientNet-Lite0 trained on ImageNet, up to the layer before its classifier.

    A convolutional network without squeeze-and-excitation and with ReLU6, whose weights
    are on the package index: it works where no model hub can be reached. Samples of B
    bits are scaled to 0..255, a grey picture is repeated over the three channels, and the
    network sees ``(x - 127) / 128``. The features do not depend on the other pictures of
    a batch, to rounding.

    Parameters
    ----------
    device, precision, batch_size : see :class:`Network`.

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

    def __init__(
        self, *, device: str = "cpu", precision: Precision = "auto", batch_size: int = 32
    ) -> None:
        super().__init__(device=device, precision=precision, batch_size=batch_size)
        self._path = weights()
        self._weights_digest = file_digest(self._path)
        self.identify(INPUT, self._weights_digest)

    @property
    def facts(self) -> dict[str, str]:
        return {
            **super().facts,
            "source": f"{PACKAGE}=={PACKAGE_VERSION}",
            "weights": f"sha256:{self._weights_digest}",
        }

    def classify(self, pictures: Samples, bits: int) -> NDArray[np.float32]:
        """Probabilities (n, 1000) of the ImageNet classes, to see that the network sees.

        Raises
        ------
        ImageError
            If the pictures have another shape.
        """
        network = self.network
        return self.run(pictures, bits, lambda x: network.classify(network(x)))

    def scores(self, vectors: Features) -> Features:
        """Logits (n, 1000) of the ImageNet classes, of features (n, 1280)."""
        import torch

        with torch.inference_mode():
            found: Features = self.network.logits(torch.from_numpy(vectors)).cpu().numpy()
        return found

    def load(self) -> nn.Module:
        from ._efficientnet import load

        return load(self._path)
