"""Which images a network learned from: their digests stand in the header of its file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np

from ..images.luma import luma
from ..interfaces import ImleakError, Raster, Samples
from .weights import State


def digest_of(samples: Samples) -> str:
    """SHA-256 (hex) of the samples of an image."""
    content = repr(samples.shape).encode() + samples.astype("<u2").tobytes()
    return hashlib.sha256(content).hexdigest()


def digests_of(images: Iterable[Raster]) -> frozenset[str]:
    """Those of several images."""
    return frozenset(digest_of(image.samples) for image in images)


def refuse_learned(plain: Samples, learned: Collection[str], name: str, why: str) -> None:
    """Raises ImleakError if an image, or its luma, is one that a network learned from.

    Parameters
    ----------
    plain : (C, H, W) samples of the image.
    learned : digests of what the network learned from.
    name : of the plugin whose network it is.
    why : what is wrong with what it says of such an image.
    """
    forms = (plain, luma(plain)) if len(plain) == 3 else (plain,)
    if any(digest_of(form) in learned for form in forms):
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
