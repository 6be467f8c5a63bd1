"""A network that was trained on photographs tells how often samples wrapped, and a Markov
random field makes an image of what it says."""

from __future__ import annotations

import hashlib
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..interfaces import Exposure, ImleakError, Raster, Rebuilt, Samples, Scheme
from ..machine import precision_of, product_type
from ..networks.weights import digest_of
from ._clear_parts import hides_highest_planes

if TYPE_CHECKING:
    from .unwrap.network import Network
    from .unwrap.weights import Trained

HIGHEST = 7
"""Hidden planes of 8 up to which the network is trained: one is left in the clear."""


class Wraps:
    r"""Rebuilds the highest planes of an image from the lower ones, by a trained network.

    A sample is :math:`p = c + m k`, with c the clear part, known exactly, :math:`m = 2^{B-s}`
    and :math:`k \in 0, \dots, 2^s - 1`. A small U-Net sees all of c, its three channels
    together, and gives log-densities of the value p of every sample and of its differences to
    the neighbours to the right, below and in the other channels, each of them at a few knots,
    linear in between: at :math:`c + m k` they are those of k, at
    :math:`(c_j - c_i) + m\,(k_j - k_i)` those of a difference of wrap counts, whatever the
    level. They are the potentials of a Markov random field on all samples of the image. Up to four
    hidden planes its samples are chosen by joining regions, the clearest first, by all that
    stands on their common border and so that they fit into the range of k; the whole is placed
    as dark as that range allows. Marginals by tree-reweighted message passing say how probable
    every value is, and choose it at higher levels.

    Images of other depths are rebuilt from their eight highest planes, or as if they had eight:
    the planes below are copied.

    An image that the network learned from, or whose luma it learned from, is refused, if it is
    the same to the sample, in its own depth or in 8 bits. Leave near-duplicates of them out
    yourself.

    Parameters
    ----------
    weights : a safetensors file of weights, as ``imleak adversary train --rebuild`` writes; by
        default those that come with the package, where there are some.

    Raises
    ------
    ImleakError
        If there are no weights, the file cannot be read, its weights are not those of this
        network, or it does not say which images they learned from.

    References
    ----------
    Zhou et al., "UnModNet: learning to unwrap a modulo image for high dynamic range imaging",
    NeurIPS 2020: a network that tells where an image wraps. Bioucas-Dias & Valadão, "Phase
    unwrapping via graph cuts", IEEE Transactions on Image Processing 16(3), 2007: wrap counts
    as a Markov random field. Wainwright, Jaakkola & Willsky, "A new class of upper bounds on
    the log partition function", IEEE Transactions on Information Theory 51(7), 2005.
    """

    name = "wraps"
    version = "2"
    references = ("zhou2020", "bioucas2007", "wainwright2005")
    argument = "weights"

    def __init__(self, *, weights: str | Path | None = None) -> None:
        from .unwrap.weights import from_file

        trained = _packaged() if weights is None else from_file(weights)
        if trained is None:
            raise ImleakError(
                "wraps comes without weights; give them: wraps=FILE, as imleak adversary train "
                "FOLDER --rebuild -o FILE writes it"
            )
        self._trained = trained

    @property
    def facts(self) -> dict[str, str]:
        """The type of its products, as the processor has it."""
        return {"precision": precision_of(product_type("auto"))}

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the weights, of what they learned from, and of the type of its
        products."""
        parts = [digest_of(self._trained.state), self.facts["precision"]]
        parts += sorted(self._trained.images)
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()

    def refuse_learned(self, plain: Raster) -> None:
        """Raises ImleakError if the network learned from this image."""
        from ..networks.learned import refuse_learned

        why = "what it makes of it says nothing of other images"
        refuse_learned(plain, self._trained.images, self.name, why)

    def rebuilds(self, scheme: Scheme, level: int, bits: int) -> bool:
        """Whether 1 to 7 of the highest planes are hidden, and not all."""
        return level <= HIGHEST and hides_highest_planes(scheme, level, bits)

    def rebuild(self, exposure: Exposure, scheme: Scheme, level: int) -> Rebuilt:
        """The likeliest value of every sample, and the probabilities of its hidden bits. Raises
        ImleakError if it does not rebuild such clear parts."""
        if not self.rebuilds(scheme, level, exposure.bits):
            raise ImleakError(
                f"wraps does not rebuild {scheme.name} at level {level}: it rebuilds bitplanes "
                f"at levels 1 to {HIGHEST}"
            )
        from .unwrap.inference import wrap_counts

        clear = np.asarray(exposure.symbols["planes"], np.int64)
        labels, belief = wrap_counts(self._network, _of_eight_bits(clear, exposure.bits), level)
        lowest, counts = exposure.bits - level, np.arange(1 << level)
        samples: Samples = (clear + (labels << lowest)).astype(exposure.rendered.dtype)
        return Rebuilt(
            samples,
            np.take_along_axis(belief, labels[..., None], -1)[..., 0],
            {lowest + at: belief @ (counts >> at & 1).astype(np.float32) for at in range(level)},
        )

    @cached_property
    def _network(self) -> Network:
        from .unwrap.network import load

        return load(self._trained.state)


@lru_cache(maxsize=1)
def _packaged() -> Trained | None:
    from .unwrap.weights import packaged

    return packaged()


def _of_eight_bits(clear: np.ndarray, bits: int) -> np.ndarray:
    """The clear part of an image of 8 bits in place of one of `bits`."""
    return clear >> bits - 8 if bits > 8 else clear << 8 - bits
