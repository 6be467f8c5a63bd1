"""What stood in blocks of which the mean or the samples are left, by a network that was trained
on photographs."""

from __future__ import annotations

from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from ..interfaces import Exposure, ImleakError, Rebuilt, Scheme
from ._known_blocks import blocks_of, has_blocks
from ._weights import State, digest_of, shapes, tensors

if TYPE_CHECKING:
    from .subpixel.network import Network

SHIPPED = "weights/super-resolution.safetensors"


class SuperResolution:
    r"""Rebuilds images of which b x b blocks keep their samples, their sum or their mean, by a
    trained network.

    On the grid of blocks, a channel at a time, a small convolutional network sees how the
    means around every block differ from its own and, of shuffled blocks, sixteen means of the
    samples in rising order, all in units of their scale :math:`\sigma`: the spread of the samples,
    or that of the means around. It gives what to add to the bicubic interpolation of the
    means at every sample; of larger blocks at 8 x 8 cells of each, which are interpolated.
    One network serves every side and both kinds of clear part: which of them it is shifts and
    scales what its layers see. What is known is then kept as ``upsample`` keeps it: samples are
    placed in the order of those that the network says, or theirs are shifted to the sum. So the
    result has the clear part that it was made of.

    The confidence is that of an error with a Laplacian law of scale :math:`a \sigma + c`, a and c
    fitted on photographs that the network did not learn from.

    Parameters
    ----------
    weights : a safetensors file of weights, as ``imleak adversary super-resolution`` writes; by
        default those that come with the package.

    Raises
    ------
    ImleakError
        If the file cannot be read, or its weights are not those of this network.

    References
    ----------
    Shi et al., "Real-time single image and video super-resolution using an efficient sub-pixel
    convolutional neural network", CVPR 2016. Perez et al., "FiLM: visual reasoning with a
    general conditioning layer", AAAI 2018.
    """

    name = "super-resolution"
    version = "1"
    references = ("shi2016", "perez2018")
    argument = "weights"

    def __init__(self, *, weights: str | Path | None = None) -> None:
        shipped = Path(str(files("imleak").joinpath(SHIPPED)))
        self.weights = shipped if weights is None else weights
        if weights is not None and shapes(weights) != shapes(shipped):
            raise ImleakError(
                f"weights {weights}: of another network; write them by imleak adversary "
                "super-resolution FOLDER -o FILE"
            )

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the weights."""
        return digest_of(self._state)

    def rebuilds(self, scheme: Scheme, level: int, bits: int) -> bool:
        """Whether blocks of 4, 8, 16 or 32 samples a side keep their samples, sums or means."""
        from .subpixel.features import SIDES

        if not has_blocks(scheme, level, bits):
            return False
        return scheme.blocks[level - 1] in SIDES  # type: ignore[attr-defined]

    def rebuild(self, exposure: Exposure, scheme: Scheme, level: int) -> Rebuilt:
        """The image that the network says, with the sums or the samples that its blocks have.
        Raises ImleakError if it does not rebuild such clear parts."""
        if not self.rebuilds(scheme, level, exposure.bits):
            raise ImleakError(
                f"super-resolution does not rebuild {scheme.name} at level {level}: it rebuilds "
                "pixelate and tpe of blocks of 4, 8, 16 and 32"
            )
        from .subpixel.inference import confidence, rebuilt

        blocks = blocks_of(exposure, scheme, level)
        samples, scale = rebuilt(self._network, exposure, blocks)
        return Rebuilt(samples, confidence(self._network, exposure, blocks, scale))

    @cached_property
    def _state(self) -> State:
        return tensors(self.weights)

    @cached_property
    def _network(self) -> Network:
        from .subpixel.network import load

        return load(self._state)
