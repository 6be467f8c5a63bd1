"""Features of any network that torch.export wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._exchange import FileNetwork, GivesScores, ModelError

if TYPE_CHECKING:
    from torch import nn


class Exported(GivesScores, FileNetwork):
    """Any network in a file of torch.export (.pt2), whose output is the features.

    What pictures are shown as is said in a JSON beside it, or in options: see
    :class:`FileNetwork`. Pickled objects and compiled code in the file are refused; still,
    PyTorch evaluates expressions of the graph: take files of people you trust.

    Parameters
    ----------
    model : path of the file.
    size, mean, std, order, layout : see :class:`FileNetwork`.
    output : place of the features among the outputs, from 0.
    device, batch_size : see :class:`Network`; it runs in the types of the file.

    Raises
    ------
    ImleakError
        If the file holds no network, or a setting does not fit it.
    """

    name = "torch"
    suffixes = (".pt2",)

    def __init__(
        self,
        model: str = "",
        *,
        size: int | None = None,
        mean: float | list[float] | None = None,
        std: float | list[float] | None = None,
        order: str | None = None,
        layout: str | None = None,
        output: int | None = None,
        device: str = "cpu",
        batch_size: int = 32,
    ) -> None:
        settings: dict[str, Any] = {"size": size, "mean": mean, "std": std}
        settings |= {"order": order, "layout": layout, "output": output}
        super().__init__(model, settings, device, batch_size)
        given, made = self._shapes(self._open())
        self.dimension = self.vectors(made, str(self.output))
        self.settle(self.side(given))

    def load(self) -> nn.Module:
        from ._program import Program

        return Program(self._open(), self.output)

    def _open(self) -> Any:
        from ._program import open_program

        try:
            return open_program(self.path, self.device)
        except Exception as error:  # of the reader: any
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise ModelError(
                f"{self.path} was not written by torch.export.save: {reason}"
            ) from error

    def _shapes(self, program: Any) -> tuple[list[Any], list[Any]]:
        """Of the pictures, and of the features; None where any length will do."""
        from ._program import shapes

        inputs, outputs = shapes(program)
        if len(inputs) != 1:
            raise ModelError(f"{self.path} has {len(inputs)} inputs, not one of pictures")
        if not isinstance(self.output, int) or not 0 <= self.output < len(outputs):
            raise ModelError(f"{self.path} has {len(outputs)} outputs, and no {self.output!r}")
        return inputs[0], outputs[self.output]
