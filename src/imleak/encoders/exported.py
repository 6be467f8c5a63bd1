"""Features of any network that torch.export wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._file import FileNetwork, GivesScores, ModelError, Shape
from ._network import short

if TYPE_CHECKING:
    from .networks.exported import Program


class Exported(GivesScores, FileNetwork):
    """Any network in a file of torch.export (.pt2), whose output is the features.

    How an image is shown stands in a JSON beside it, or in options: see
    :class:`FileNetwork`. Such a file is a program: PyTorch unpickles objects in it and
    evaluates its expressions as Python, already when it opens it. It is not opened unless
    you say that you trust who made it.

    Parameters
    ----------
    model : path of the file.
    size, mean, std, order, layout : see :class:`FileNetwork`.
    output : place of the features among the outputs, from 0.
    trust : whether the file may run code.
    device, batch_size : see :class:`Network`; it runs in the types of the file.

    Raises
    ------
    ImleakError
        If the file is not trusted, or an option has no such value.
    """

    name = "torch"
    suffix = ".pt2"

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
        trust: bool = False,
        device: str = "cpu",
        batch_size: int = 32,
        window: str = "full",
    ) -> None:
        super().__init__(
            model,
            size=size,
            mean=mean,
            std=std,
            order=order,
            layout=layout,
            output=output,
            device=device,
            batch_size=batch_size,
            window=window,
        )
        if trust is not True:
            raise ModelError(
                f"{self.path} is a program: PyTorch runs code that is written in it as it opens "
                f"it. If you trust who made it, write {self.name}={model},trust=true; a file of "
                "ONNX or a checkpoint (hf=local-dir:FOLDER) holds no code"
            )

    def shapes(self) -> tuple[Shape, Shape]:
        program: Program = self.network
        return program.given, program.made

    def load(self) -> Program:
        """The program. Raises ModelError if the file holds none, or not this output."""
        from .networks.exported import Program

        output = self.output
        try:
            return Program(self.path, self.device, output)
        except ModelError:
            raise
        except Exception as error:  # of the reader: any
            reason = short(error)
            raise ModelError(
                f"{self.path} was not written by torch.export.save: {reason}"
            ) from error
