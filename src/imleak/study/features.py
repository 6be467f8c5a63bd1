"""Vectors of images and of their clear parts: what is wanted, and how it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..cache import Arrays
from ..images import COPIES_VERSION, copy_of, cut, patch_places, resize
from ..interfaces import Encoder, Features, Image, ImageError, Samples
from .ciphers import Ciphers, derive_seed
from .components import Component, RebuiltView, canonical, first_that_rebuilds
from .plan import SAMPLING_VERSION, ImageInfo


@dataclass(frozen=True)
class FeatureRequest:
    """The vectors of one image, plain or at one level, in the space of one encoder.

    Parameters
    ----------
    image, encoder : of what. A :class:`RebuiltView` is shown the rebuilt image at levels at
        which there is one.
    patches : how many places it is cut at; 0 for the whole image, resized unless the
        encoder takes images whole.
    seed : of the places.
    scheme, level : of the clear part; None for the plain image, whose vectors are the
        same whatever is encrypted.
    copy : what the image was made into first, one of :data:`imleak.images.COPIES`; None
        for the image as it is.
    """

    image: ImageInfo
    encoder: Component
    patches: int = 0
    seed: int = 0
    scheme: Component | None = None
    level: int | None = None
    copy: str | None = None

    def at(self, scheme: Component, level: int) -> FeatureRequest:
        """The same places of the clear part at a level, or of the image rebuilt from it."""
        at = replace(self, scheme=scheme, level=level)
        if isinstance(self.encoder, RebuiltView) and at.rebuilder is None:
            return replace(at, encoder=self.encoder.encoder)
        return at

    @property
    def rebuilder(self) -> Component | None:
        """What makes the image that the encoder is shown; None where that is the clear part or
        the plain image."""
        if not isinstance(self.encoder, RebuiltView) or self.scheme is None or self.level is None:
            return None
        rebuilders = self.encoder.rebuilders
        return first_that_rebuilds(rebuilders, self.scheme, self.level, self.image.bits)

    @property
    def places(self) -> NDArray[np.int64] | None:
        """(patches, 2) top left corners; None for the whole image. Raises ImageError if the image
        is smaller than a patch."""
        if not self.patches:
            return None
        size = input_size(self.encoder)
        if size == "image":
            raise TypeError(f"{self.encoder.title} takes whole images and no patches")
        seed = derive_seed(self.seed, self.image.digest)
        return patch_places(self.image.height, self.image.width, size, self.patches, seed)

    @cached_property
    def key(self) -> str:
        """SHA-256 (hex) of everything the vectors depend on."""
        identity = {
            "sampling": SAMPLING_VERSION,
            "image": self.image.digest if self.level is None else self.image.key,
            "encoder": self.encoder.contents,
            "places": None if self.places is None else self.places.tolist(),
            "scheme": self.scheme and self.scheme.identity,
            "level": self.level,
        }
        if self.rebuilder:
            identity["rebuilder"] = self.rebuilder.identity
        if self.copy:
            identity["copy"] = [self.copy, COPIES_VERSION]
        return sha256(canonical(identity).encode()).hexdigest()


@dataclass(frozen=True)
class Embedding:
    """One piece of an encoder's work: what is wanted of one image in its space."""

    image: ImageInfo
    encoder: Component
    requests: tuple[FeatureRequest, ...] = ()

    @cached_property
    def identity(self) -> dict[str, object]:
        """What fails, if it fails: an encoder on an image and its ciphers."""
        return {
            "sampling": SAMPLING_VERSION,
            "vectors of": self.image.key,
            "encoder": self.encoder.identity,
        }

    @cached_property
    def key(self) -> str:
        """SHA-256 (hex) of the canonical JSON of the identity."""
        return sha256(canonical(self.identity).encode()).hexdigest()

    @property
    def images(self) -> int:
        """How many different images the encoder will about have to see: level 0 is the
        plain image."""
        different = {(r.patches, r.seed, r.level or 0, r.copy) for r in self.requests}
        return sum(max(1, patches) for patches, *_ in different)


def embeddings(requests: Iterable[FeatureRequest]) -> list[Embedding]:
    """Requests by image and encoder, each once, in the order given."""
    grouped: dict[tuple[str, Component], dict[str, FeatureRequest]] = {}
    for request in requests:
        grouped.setdefault((request.image.key, request.encoder), {})[request.key] = request
    return [
        Embedding(next(iter(found.values())).image, encoder, tuple(found.values()))
        for (_, encoder), found in grouped.items()
    ]


@dataclass(frozen=True, eq=False)
class Shown:
    """What an encoder is shown for one embedding.

    Parameters
    ----------
    embedding : for which.
    images : m different ones, (C, size, size) each; whole ones (C, H, W).
    bits : B of their samples.
    rows : for every request, which of the images its vectors are of, (P,).
    """

    embedding: Embedding
    images: tuple[Samples, ...]
    bits: int
    rows: tuple[NDArray[np.int32], ...]


SPARSE = 31
"""Of so many samples one is looked at before images are compared whole."""
CiphersOf = Callable[[Component, int], Ciphers]
"""The ciphers of the image at hand, of a scheme under the seed of a study."""


def show(embedding: Embedding, image: Image, ciphers: CiphersOf) -> Shown:
    """Encrypt, take the clear part and cut: all of an embedding but the encoder.

    The image is encrypted as a whole; then the plain image and every clear part are
    cut at the same places, or resized. An image that comes twice is shown once.

    Raises
    ------
    ImageError
        If it is smaller than a patch.
    """
    alike: dict[bytes, list[int]] = {}
    images: list[Samples] = []
    rows: dict[FeatureRequest, NDArray[np.int32]] = {}
    for request, samples in at_every_level(embedding.requests, image, ciphers):
        row = []
        for shown in as_input(request, samples, image.bits):
            seen = alike.setdefault(shown.ravel()[::SPARSE].tobytes(), [])
            known = (at for at in seen if np.array_equal(images[at], shown))
            if (place := next(known, None)) is None:
                seen.append(place := len(images))
                images.append(shown)
            row.append(place)
        rows[request] = np.asarray(row, dtype=np.int32)
    by_request = tuple(rows[request] for request in embedding.requests)
    return Shown(embedding, tuple(images), image.bits, by_request)


def encode(shown: Shown) -> dict[str, Arrays]:
    """The vectors of every request, by key, as they are kept.

    Patches and the whole image are encoded apart: what else a study wants of an image is
    then nothing to the last bits of either.

    Raises
    ------
    ImageError
        If a vector is not finite.
    """
    asked = list(zip(shown.embedding.requests, shown.rows, strict=True))
    made: dict[str, Arrays] = {}
    for kind in dict.fromkeys((request.patches, request.seed) for request, _ in asked):
        alike = [(r, rows) for r, rows in asked if (r.patches, r.seed) == kind]
        used = np.unique(np.concatenate([rows for _, rows in alike]))
        vectors = _vectors(shown, used)
        made |= {r.key: pack(vectors, np.searchsorted(used, rows)) for r, rows in alike}
    return made


def _vectors(shown: Shown, used: NDArray[np.int32]) -> Features:
    encoder: Encoder = shown.embedding.encoder.build()
    images = [shown.images[row] for row in used]
    # Whole images come in any size: one at a time.
    batches = [[one] for one in images] if encoder.input_size == "image" else [images]
    vectors = np.concatenate([encoder.encode(np.stack(some), shown.bits) for some in batches])
    if not np.isfinite(vectors).all():
        title, name = shown.embedding.encoder.title, shown.embedding.image.name
        raise ImageError(f"{name}: {title} gives vectors that are not finite (NaN or infinity)")
    return vectors


def pack(vectors: Features, rows: NDArray[np.integer[Any]]) -> Arrays:
    """Vectors of P places with equal ones once: of the last level nothing is left."""
    used, index = np.unique(rows, return_inverse=True)
    return {"vectors": vectors[used], "index": index.astype(np.int32)}


def unpack(arrays: Arrays) -> Features:
    """(P, d)"""
    vectors: Features = arrays["vectors"][arrays["index"]]
    return vectors


def input_size(encoder: Component) -> int | Literal["image"]:
    """Side of an encoder's input, in pixels, or "image". Raises TypeError if it makes no
    vectors."""
    size: int | Literal["image"] | None = encoder.build().input_size
    if size is None:
        raise TypeError(f"{encoder.title} makes no vectors")
    return size


def at_every_level(
    requests: Iterable[FeatureRequest], image: Image, ciphers: CiphersOf
) -> Iterator[tuple[FeatureRequest, Samples]]:
    """The plain image, the clear part or the rebuilt image each request is of, or that of a
    copy."""
    for request in sorted(requests, key=_in_turn):
        if request.scheme is None or request.level is None:
            yield request, (copy_of(image, request.copy) if request.copy else image).samples
            continue
        made = ciphers(request.scheme, request.seed)
        made = made.of_copy(request.copy) if request.copy else made
        rebuilt = made.rebuilt(request.level, request.rebuilder) if request.rebuilder else None
        yield request, (rebuilt.samples if rebuilt else made.exposure(request.level).rendered)


def _in_turn(request: FeatureRequest) -> tuple[str, int]:
    return request.copy or "", -1 if request.level is None else request.level


def as_input(request: FeatureRequest, samples: Samples, bits: int) -> NDArray[Any]:
    """(P, C, size, size) as the encoder takes them; (1, C, H, W) where it takes them whole."""
    size, places = input_size(request.encoder), request.places
    encoder = request.encoder.build()
    if hasattr(encoder, "windowed"):
        samples = encoder.windowed(samples, bits)
    if size == "image":
        return samples[np.newaxis]
    return resize(samples, bits, size)[np.newaxis] if places is None else cut(samples, places, size)
