"""Which images a network learned from: their digests stand in the header of its file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..images.luma import luma
from ..interfaces import ImleakError, Raster, Samples
from .weights import State


def eight_bits(image: Raster) -> NDArray[np.uint8]:
    """(C, H, W) samples of an image as if it had 8 bits: the lowest left out, or 0."""
    samples = image.samples.astype(np.int64)
    return (samples >> max(image.bits - 8, 0) << max(8 - image.bits, 0)).astype(np.uint8)


def digest_of_samples(samples: Samples) -> str:
    """SHA-256 (hex) of the samples of an image."""
    content = repr(samples.shape).encode() + samples.astype("<u2").tobytes()
    return hashlib.sha256(content).hexdigest()


def digests_of(images: Iterable[Raster]) -> frozenset[str]:
    """Those of several images and of their luma, as they are and as of 8 bits."""
    return frozenset(digest_of_samples(form) for image in images for form in _forms(image))


def _depths(image: Raster) -> tuple[Samples, ...]:
    """The samples of an image as they are, and as if it had 8 bits."""
    return (image.samples,) if image.bits == 8 else (image.samples, eight_bits(image))


def _forms(image: Raster) -> tuple[Samples, ...]:
    """The samples of an image in both depths, and its luma in both if it has colour."""
    depths = _depths(image)
    return (*depths, *(luma(form) for form in depths if len(form) == 3))


def refuse_learned(plain: Raster, learned: Collection[str], name: str, why: str) -> None:
    """Raises ImleakError if an image, or its luma, is one that a network learned from, in its own
    depth or in 8 bits.

    Parameters
    ----------
    plain : the image.
    learned : digests of what the network learned from.
    name : of the plugin whose network it is.
    why : what is wrong with what it says of such an image.
    """
    if digests_of([plain]) & frozenset(learned):
        raise ImleakError(
            f"the network of {name} learned from this image, and {why}: leave the image out, or "
            "give weights learned from other images"
        )


def with_card(state: State, name: str, card: Mapping[str, Any]) -> bytes:
    """A safetensors file of weights, with a card of this name in its header."""
    from safetensors.numpy import save

    whole = {one: np.ascontiguousarray(value) for one, value in state.items()}
    return bytes(save(whole, {name: json.dumps(card)}))


def card_of(content: bytes, name: str) -> dict[str, Any]:
    """The card of this name of a safetensors file; its ``images`` are the digests. Raises
    ValueError, LookupError or TypeError where there is none."""
    length = int.from_bytes(content[:8], "little")
    card: dict[str, Any] = json.loads(json.loads(content[8 : 8 + length])["__metadata__"][name])
    return {**card, "images": frozenset(card["images"])}
