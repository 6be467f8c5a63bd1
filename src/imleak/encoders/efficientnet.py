"""Features of EfficientNet-Lite0, whose weights come with pip."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ..interfaces import Attribute, Features
from ..machine import Precision
from ._lite0 import INPUT, PACKAGE, PACKAGE_VERSION, weights
from ._network import Network, file_digest

if TYPE_CHECKING:
    from torch import nn


FUSED = "PyTorch, fused by oneDNN"
CLASSES = Attribute("classes", "content", columns=10)


class EfficientNetLite0(Network):
    """EfficientNet-Lite0 trained on ImageNet, up to the layer before its classifier.

    A convolutional network without squeeze-and-excitation and with ReLU6, whose weights
    are on the package index: it works where no model hub can be reached. Samples of B
    bits are scaled to 0..255, a grey image is repeated over the three channels, and the
    network sees ``(x - 127) / 128``. The features do not depend on the other images of
    a batch, to rounding. On a CPU its convolutions are those of oneDNN, with what follows
    them fused in.

    Parameters
    ----------
    device, precision, batch_size, window : see :class:`Network`.

    Raises
    ------
    ImleakError
        If an option has no such value.

    References
    ----------
    Tan and Le, "EfficientNet: rethinking model scaling for convolutional neural
    networks", ICML 2019; the Lite variants are Google's, 2020.
    """

    references = ("tan2019",)
    name = "efficientnet-lite0"
    version = "2"
    input_size: int | None = 224
    input = INPUT
    dimension = 1280
    attributes = (CLASSES,)

    def __init__(
        self,
        *,
        device: str = "cpu",
        precision: Precision = "auto",
        batch_size: int = 32,
        window: str = "full",
    ) -> None:
        super().__init__(device=device, precision=precision, batch_size=batch_size, window=window)

    @cached_property
    def weights_digest(self) -> str:  # type: ignore[override]
        return file_digest(weights())

    @cached_property
    def engine(self) -> str:  # type: ignore[override]
        from .networks.onednn import is_possible

        fused = self.device == "cpu" and is_possible(self.dtype)
        return FUSED if fused else super().engine

    @property
    def facts(self) -> dict[str, str]:
        return {
            **super().facts,
            "source": f"{PACKAGE}=={PACKAGE_VERSION}",
            "weights": f"sha256:{self.weights_digest}",
        }

    def scores(self, vectors: Features) -> Features:
        """Logits (n, 1000) of the ImageNet classes, of features (n, 1280)."""
        import torch

        classifier = self.network._fc
        weight, bias = classifier.weight.float(), classifier.bias.float()
        with torch.inference_mode():
            features = torch.from_numpy(vectors).to(weight.device)
            found: Features = torch.nn.functional.linear(features, weight, bias).cpu().numpy()
        return found

    def named(self, vectors: Features) -> Features:
        """The scores of classes along their ten principal directions (n, 10), of features
        (n, 1280): those of the weights of the classifier, whatever the images."""
        found: Features = vectors @ self._class_directions
        return found

    @cached_property
    def _class_directions(self) -> Features:
        from .networks.efficientnet import principal_directions

        return principal_directions(self.network._fc.weight.float().cpu().numpy(), CLASSES.columns)

    def check_installed(self) -> None:
        weights()

    def load(self) -> nn.Module:
        from .networks.efficientnet import load
        from .networks.onednn import Fused

        network = load(weights())
        return Fused(network, INPUT.size, self.dtype) if self.engine == FUSED else network
