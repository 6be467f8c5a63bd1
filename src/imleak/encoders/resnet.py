"""Features of ResNet."""

from collections.abc import Mapping
from typing import Any

from ._pretrained import Pretrained

NARROW = [64, 128, 256, 512]


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
    its "v1.5".
    """

    references = ("he2016",)
    name = "resnet"
    version = "2"
    example = "microsoft/resnet-50"
    default = "50"
    takes = ("resnet",)
    models: Mapping[str, tuple[str, Mapping[str, Any]]] = {  # type: ignore[misc]
        "50": ("resnet", {}),
        "18": ("resnet", {"depths": [2, 2, 2, 2], "hidden_sizes": NARROW, "layer_type": "basic"}),
        "34": ("resnet", {"depths": [3, 4, 6, 3], "hidden_sizes": NARROW, "layer_type": "basic"}),
        "101": ("resnet", {"depths": [3, 4, 23, 3]}),
        "152": ("resnet", {"depths": [3, 8, 36, 3]}),
    }
    usual: Mapping[str, Any] = {  # type: ignore[misc]
        "image_mean": [0.485, 0.456, 0.406],
        "image_std": [0.229, 0.224, 0.225],
    }
