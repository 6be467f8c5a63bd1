"""Vectors of pictures and of their clear parts, each made once and kept on disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from ..images import cut, patch_places, resize
from ..interfaces import Encoder, Features, Image, Samples
from .components import Component, canonical
from .observe import derive_seed, observe
from .plan import SAMPLING_VERSION, ImageInfo
from .store import write_whole

CACHE_BYTES = 8 << 30
"""Of vectors kept for later studies; the least recently used go first."""


@dataclass(frozen=True)
class FeatureRequest:
    """Which vectors are wanted of a picture.

    Parameters
    ----------
    image, encoder, scheme, levels : of what.
    patches : how many places it is cut at; 0 for the whole picture, resized.
    seed : of the places.
    """

    image: ImageInfo
    encoder: Component
    scheme: Component
    levels: tuple[int, ...]
    patches: int = 0
    seed: int = 0

    @cached_property
    def key(self) -> str:
        """SHA-256 (hex) of everything the vectors depend on."""
        identity = {
            "sampling": SAMPLING_VERSION,
            "image": self.image.digest,
            "encoder": self.encoder.identity,
            "scheme": self.scheme.identity,
            "levels": list(self.levels),
            "patches": self.patches,
            "seed": self.seed if self.patches else None,
        }
        return sha256(canonical(identity).encode()).hexdigest()

    @property
    def pictures(self) -> int:
        """How many different pictures the encoder will about have to see: level 0 is the
        plain picture, and nothing is left of the last level."""
        levels = len([level for level in self.levels if level != 0])
        return max(1, self.patches) * max(1, levels)


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """Vectors of P places (or of the whole picture, P = 1) at L levels.

    Parameters
    ----------
    vectors : (m, d) the different ones.
    index : (1 + L, P) which of them: of the plain picture, then of the clear part at
        every level.
    """

    vectors: Features
    index: NDArray[np.int32]

    @property
    def plain(self) -> Features:
        """(P, d)"""
        plain: Features = self.vectors[self.index[0]]
        return plain

    @property
    def clear(self) -> Features:
        """(L, P, d)"""
        clear: Features = self.vectors[self.index[1:]]
        return clear


class FeatureCache:
    """Feature tables in a folder, a file each, named by their key.

    Parameters
    ----------
    folder : where; shared by all studies of a user unless told otherwise.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or cache_folder()

    def get(self, request: FeatureRequest) -> FeatureTable | None:
        """The vectors; None if they are not there, or the file is not whole."""
        path = self._path(request)
        try:
            found = load_tensors(path.read_bytes())
            os.utime(path)  # recently used
        except (OSError, SafetensorError):
            return None
        return FeatureTable(found["vectors"], found["index"])

    def put(self, request: FeatureRequest, table: FeatureTable) -> None:
        write_whole(
            self._path(request), save_tensors({"vectors": table.vectors, "index": table.index})
        )

    def has(self, request: FeatureRequest) -> bool:
        return self._path(request).is_file()

    def shrink(self, size: int = CACHE_BYTES) -> None:
        """Remove what was not used for longest, until at most `size` bytes are left."""
        files = sorted(self.folder.glob("*.safetensors"), key=lambda path: path.stat().st_mtime)
        total = sum(path.stat().st_size for path in files)
        for path in files:
            if total <= size:
                break
            total -= path.stat().st_size
            path.unlink(missing_ok=True)

    def _path(self, request: FeatureRequest) -> Path:
        return self.folder / f"{request.key}.safetensors"


def cache_folder() -> Path:
    """``$IMLEAK_CACHE``, else ``imleak`` in the user's folder of caches."""
    if given := os.environ.get("IMLEAK_CACHE"):
        return Path(given)
    user = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(user) / "imleak" / "features"


def encode(request: FeatureRequest, image: Image) -> FeatureTable:
    """The vectors of a picture and of its clear parts.

    The picture is encrypted as a whole; then the plain picture and every clear part are
    cut at the same places, or resized. A picture that comes twice is encoded once.

    Raises
    ------
    ImageError
        If it is smaller than a patch.
    """
    encoder: Encoder = request.encoder.build()
    different: dict[bytes, int] = {}
    pictures: list[Samples] = []
    index = []
    for views in _views(request, image, encoder):
        row = []
        for picture in views:
            digest = sha256(picture.tobytes()).digest()
            if digest not in different:
                different[digest] = len(pictures)
                pictures.append(picture)
            row.append(different[digest])
        index.append(row)
    vectors = encoder.encode(np.stack(pictures), image.bits)
    return FeatureTable(vectors, np.asarray(index, dtype=np.int32))


def _views(request: FeatureRequest, image: Image, encoder: Encoder) -> Iterator[NDArray[Any]]:
    """(P, C, size, size) of the plain picture, then of the clear part at every level."""
    size = encoder.input_size
    if size is None:
        raise TypeError(f"{encoder.name} makes no vectors")
    observed = observe(image, request.scheme, request.levels, request.seed)
    if request.patches:
        seed = derive_seed(request.seed, image.digest)
        places = patch_places(image.height, image.width, size, request.patches, seed)
    for samples in (image.samples, *map(observed.clear, request.levels)):
        if request.patches:
            yield cut(samples, places, size)
        else:
            yield resize(samples, image.bits, size)[np.newaxis]
