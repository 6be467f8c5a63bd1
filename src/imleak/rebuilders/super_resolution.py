"""What stood in blocks of which the mean or the samples are left, by a network that was trained
on photographs."""

from __future__ import annotations

import hashlib
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from ..interfaces import Exposure, ImleakError, Raster, Rebuilt, Scheme
from ..networks.weights import State, shapes, tensors
from ._known_blocks import blocks_of, has_blocks

if TYPE_CHECKING:
    from .subpixel.network import Network

CARD = "super-resolution"
"""Where in the header of a file it says what it learned from."""
SHIPPED = "weights/super-resolution.safetensors"
WRITE = "write them by imleak adversary super-resolution FOLDER -o FILE"


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

    An image that the network learned from, or whose luma it learned from, is refused, if it is
    the same to the sample, in its own depth or in 8 bits. Leave near-duplicates of them out
    yourself.

    The confidence is that of an error with a Laplacian law of scale :math:`a \sigma + c`, a and c
    fitted on photographs that the network did not learn from: the likeliest ones by which of no
    collection more is said to be right than is.

    Parameters
    ----------
    weights : a safetensors file of weights, as ``imleak adversary super-resolution`` writes; by
        default those that come with the package.

    Raises
    ------
    ImleakError
        If the file cannot be read, its weights are not those of this network, or it does not say
        which images it learned from.

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
        if weights is not None:
            if shapes(weights) != shapes(shipped):
                raise ImleakError(f"weights {weights}: of another network; {WRITE}")
            self._learned  # noqa: B018 (read, so that a wrong file is refused before the work)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the weights, and of what it learned from."""
        return hashlib.sha256(file_of(self._state, self._learned)).hexdigest()

    def refuse_learned(self, plain: Raster) -> None:
        """Raises ImleakError if the network learned from this image."""
        from ..networks.learned import refuse_learned

        why = "what it makes of it says nothing of other images"
        refuse_learned(plain, self._learned, self.name, why)

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
    def _learned(self) -> frozenset[str]:
        """Digests of the images that the network learned from."""
        from ..files import open_regular
        from ..networks.learned import card_of

        try:
            with open_regular(Path(self.weights)) as file:
                found: frozenset[str] = card_of(file.read(), CARD)["images"]
        except (ValueError, LookupError, TypeError) as error:
            raise ImleakError(
                f"weights {self.weights}: do not say which images they learned from; {WRITE}"
            ) from error
        return found

    @cached_property
    def _state(self) -> State:
        return tensors(self.weights)

    @cached_property
    def _network(self) -> Network:
        from .subpixel.network import load

        return load(self._state)


def file_of(state: State, learned: frozenset[str]) -> bytes:
    """A safetensors file of weights and of the digests of the images that they learned from."""
    from ..networks.learned import with_card

    return with_card(state, CARD, {"images": sorted(learned)})
