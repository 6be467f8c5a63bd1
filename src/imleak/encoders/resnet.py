"""Features of ResNet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..machine import Precision
from ._pretrained import Pretrained

if TYPE_CHECKING:
    from torch import nn

    from ._resnet import Architecture

PREFIX, CLASSIFIER = "resnet.", "classifier."

NARROW = (64, 128, 256, 512)


class ResNet(Pretrained):
    """ResNet, trained on ImageNet, up to the layer before its classifier.

    A residual convolutional network of 18 to 152 layers. The paper's other encoder. Its
    weights are brought by the user.

    Parameters
    ----------
    weights : ``local-dir:FOLDER`` or ``hf-hub:ORG/NAME[@REVISION]``, a checkpoint of
        transformers; or ``random:SEED``, an untrained network as a control.
    model : "50" (the default), "18", "34", "101" or "152"; for random weights only.
    device, precision, batch_size : see :class:`Network`.

    Raises
    ------
    ImleakError
        If weights are not given or not there, or an option has no such value.

    References
    ----------
    He et al., "Deep residual learning for image recognition", CVPR 2016; strides as in
    its "v1.5". Normalisation and weights as in transformers.
    """

    name = "resnet"
    input_size: int | None = 224
    repository = "microsoft/resnet-50"
    model_types = ("resnet",)
    models: Mapping[str, Mapping[str, Any]] = {  # type: ignore[misc]
        "50": {},
        "18": {"depths": (2, 2, 2, 2), "hidden_sizes": NARROW, "layer_type": "basic"},
        "34": {"depths": (3, 4, 6, 3), "hidden_sizes": NARROW, "layer_type": "basic"},
        "101": {"depths": (3, 4, 23, 3)},
        "152": {"depths": (3, 8, 36, 3)},
    }
    mean = (0.485, 0.456, 0.406)
    std = (0.229, 0.224, 0.225)

    def __init__(
        self,
        weights: str = "",
        *,
        model: str | int | None = None,
        device: str = "cpu",
        precision: Precision = "auto",
        batch_size: int = 32,
    ) -> None:
        super().__init__(
            weights,
            None if model is None else str(model),
            {},
            device=device,
            precision=precision,
            batch_size=batch_size,
        )
        self.dimension = self.architecture.hidden_sizes[-1]

    def read(self, config: Mapping[str, Any]) -> Architecture:
        from ._resnet import Architecture

        return Architecture.of(config)

    def side(self) -> int:
        return 224  # a larger patch would do, but not be what the weights were trained on

    def build(self) -> nn.Module:
        from ._resnet import ResNet

        return ResNet(self.architecture)

    def rename(self, key: str) -> str | None:
        """Checkpoints of a whole ResNet have a classifier, those of a bare one no prefix."""
        return None if key.startswith(CLASSIFIER) else key.removeprefix(PREFIX)
