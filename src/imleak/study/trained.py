"""Views that are trained: the clear parts they look at, and what they made of them."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cache import Cache, CacheError
from ..interfaces import LearnedView, Samples, TrainableEncoder
from .ciphers import Ciphers
from .components import Component, canonical
from .features import FeatureRequest, as_input, at_every_level, input_size
from .plan import SAMPLING_VERSION, ImageInfo, Unit
from .samples import allocate


@dataclass(eq=False)
class Trained:
    """The view of one encoder in one unit, trained on a split when it is first asked: of its
    images, or of them and its public ones.

    What a training made is kept like any vectors: another estimator on the same splits
    trains nothing, and a run that was stopped goes on where it was.

    Parameters
    ----------
    view : a trainable encoder.
    unit : whose images it looks at.
    read : the ciphers of an image.
    cache : where vectors are kept.
    """

    view: Component
    unit: Unit
    read: Callable[[ImageInfo], Ciphers]
    cache: Cache
    _made: dict[int, LearnedView] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def __call__(
        self,
        x: NDArray[np.float32],
        train: NDArray[np.int64],
        validation: NDArray[np.int64],
        seed: int,
    ) -> NDArray[np.float32]:
        """See :class:`imleak.interfaces.LearnedView`."""
        key = self._key(x, train, validation, seed)
        found = self.cache.get(key)
        if found is not None:
            kept: NDArray[np.float32] = found["vectors"]
            return kept
        vectors = self._trained(len(x))(x, train, validation, seed)
        with suppress(CacheError):
            self.cache.put(key, {"vectors": vectors}, maker=self.view.title)
        return vectors

    def _trained(self, rows: int) -> LearnedView:
        """The view with the first of its rows: those of its own images, or all."""
        with self._lock:
            if rows not in self._made:
                encoder: TrainableEncoder = self.view.build()
                shown, bits = self._images[:, :rows], self.unit.images[0].bits
                self._made[rows] = encoder.watch(shown, bits, self._groups[:rows])
            return self._made[rows]

    @property
    def _groups(self) -> NDArray[np.int64]:
        """(n,) the image of every row, public ones behind the others."""
        own, public = self.unit.groups, self.unit.of_public.groups
        return np.repeat(np.concatenate([own, own.max() + 1 + public]), self.unit.rows)

    @cached_property
    def _images(self) -> Samples:
        """(L, n, C, size, size) clear parts, at the places of the target's patches."""
        unit, size = self.unit, input_size(self.view)
        if size == "image":
            raise TypeError(f"{self.view.title} is trained, and takes patches")
        infos = unit.images + unit.public.images
        images = allocate(
            len(unit.levels),
            len(infos) * unit.rows,
            max(info.channels for info in infos),
            size,
            size,
            dtype=np.uint8 if infos[0].bits <= 8 else np.uint16,
        )
        for group, info in enumerate(infos):
            rows = slice(group * unit.rows, (group + 1) * unit.rows)
            plain = FeatureRequest(info, self.view, unit.patches, unit.seed)
            wanted = [plain.at(unit.scheme, level) for level in unit.levels]
            ciphers = self.read(info)
            seen = at_every_level(wanted, ciphers.image, lambda *_, c=ciphers: c)
            for at, (request, samples) in enumerate(seen):
                images[at, rows] = as_input(request, samples, info.bits)
        return images

    def _key(
        self,
        x: NDArray[np.float32],
        train: NDArray[np.int64],
        validation: NDArray[np.int64],
        seed: int,
    ) -> str:
        """SHA-256 (hex) of everything the vectors depend on."""
        own = len(self.unit.images)
        images = self.unit.images + self.unit.public.images * (len(x) > own * self.unit.rows)
        identity = {
            "sampling": SAMPLING_VERSION,
            "images": [image.key for image in images],
            "patches": [self.unit.patches, self.unit.seed],
            "scheme": self.unit.scheme.identity,
            "levels": list(self.unit.levels),
            "view": self.view.identity,
            "split": [_digest(train), _digest(validation)],
            "target": _digest(x[np.r_[train, validation]]),
            "seed": seed,
        }
        return sha256(canonical(identity).encode()).hexdigest()


def _digest(array: NDArray[Any]) -> str:
    return sha256(array.tobytes()).hexdigest()
