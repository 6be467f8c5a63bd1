"""Features of any network in a file of ONNX."""

from __future__ import annotations

from typing import Any

from ._exchange import GivesScores
from ._onnx import OnnxNetwork


class Onnx(GivesScores, OnnxNetwork):
    """Any network in a file of ONNX, up to any tensor of its graph.

    What pictures are shown as is said in a JSON beside the file, or in options: see
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
    NotInstalledError
        If ONNX Runtime is missing.
    ImleakError
        If the file holds no network, or a setting does not fit it.
    """

    name = "onnx"

    def __init__(
        self,
        model: str = "",
        *,
        size: int | None = None,
        mean: float | list[float] | None = None,
        std: float | list[float] | None = None,
        order: str | None = None,
        layout: str | None = None,
        output: str | int | None = None,
        device: str = "cpu",
        batch_size: int = 32,
    ) -> None:
        settings: dict[str, Any] = {"size": size, "mean": mean, "std": std}
        settings |= {"order": order, "layout": layout, "output": output}
        super().__init__(model, settings, device, batch_size)
