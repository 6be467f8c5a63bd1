"""Features of any network in a file of ONNX."""

from ._file import GivesScores
from ._onnx import OnnxNetwork


class Onnx(GivesScores, OnnxNetwork):
    """Any network in a file of ONNX, up to any tensor of its graph.

    How an image is shown stands in a JSON beside the file, or in options: see
    :class:`FileNetwork`. The path and the device are the user's; the digest is of the
    content.

    Parameters
    ----------
    model : path of the file.
    size, mean, std, order, layout : see :class:`FileNetwork`.
    output : name of an output, or of any inner tensor, or an output's place from 0.
    device, batch_size : see :class:`Network`; it runs in the types of the file.

    Raises
    ------
    ImleakError
        If an option has no such value.
    """

    name = "onnx"
