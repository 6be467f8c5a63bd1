"""What of a plan has been done, has failed, and is left."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from .features import Embedding
from .parts import Part, State
from .plan import Gallery, ImageInfo, Omission, Unit
from .store import Store


class TaskStatus:
    """A plan beside the parts of its units.

    An image whose vectors could not be made is left out of the estimators that need them:
    their units are then of the other images. That it could not stands in a part of its
    own, so that an encoder which fails on an image is not made to fail again.

    Parameters
    ----------
    store : of the parts.
    retry_failed : whether what has failed is left to be done.
    """

    def __init__(self, store: Store, *, retry_failed: bool = False) -> None:
        self._store = store
        self._retry = retry_failed
        self._tried: set[str] = set()
        self._lacking: dict[str, dict[ImageInfo, str]] = {}

    def write(self, part: Part) -> None:
        """Keep what became of something. Raises OutputError if it cannot be written."""
        self._store.write(part)
        self._tried.add(part.key)
        self._lacking.clear()

    def flush(self) -> None:
        """Write what is held. Raises OutputError if it cannot be written."""
        self._store.flush()

    def is_made(self, embedding: Embedding) -> None:
        """Vectors are there, whatever was said of them before."""
        if self._store.state(embedding.key) == "failed":
            self.write(Part(embedding.key, embedding.identity))

    def is_left(self, key: str) -> bool:
        """Whether something is to be done: it has no part, or one that is to be retried."""
        state = self._store.state(key)
        return state is None or (state == "failed" and not self._has_failed(key))

    def left(self, units: Iterable[Unit]) -> list[Unit]:
        """Those that are to be done, of the images that are possible for them."""
        return [unit for unit in map(self.possible, units) if self.is_left(unit.key)]

    def possible(self, unit: Unit) -> Unit:
        """A unit of all images without those that have no vectors."""
        lacking = self._without_vectors(unit)
        if not lacking:
            return unit
        images = tuple(one for one in unit.images if one not in lacking)
        gallery, public = (
            Gallery.of(one for one in others.images if one not in lacking)
            for others in (unit.gallery, unit.public)
        )
        return replace(unit, images=images, gallery=gallery, public=public)

    def state(self, unit: Unit) -> State | None:
        """What became of a unit; None if it is to be done."""
        return self._store.state(self.possible(unit).key)

    def outcomes(self, units: Iterable[Unit]) -> Iterator[tuple[Unit, Part]]:
        """Every unit that was done, or has failed, with its part."""
        for unit in map(self.possible, units):
            part = self._store.read(unit.key)
            if part is not None:
                yield unit, part

    def omissions(self, units: Iterable[Unit]) -> Iterator[Omission]:
        """Images that estimators and attacks have to do without."""
        for unit in units:
            for image, why in self._without_vectors(unit).items():
                yield Omission(image.name, why, unit.measure, unit.question)

    def _has_failed(self, key: str) -> bool:
        return self._store.state(key) == "failed" and (not self._retry or key in self._tried)

    def _without_vectors(self, unit: Unit) -> dict[ImageInfo, str]:
        if unit.is_of_one_image:
            return {}
        if unit.key not in self._lacking:
            images = (*unit.images, *unit.gallery.images, *unit.public.images)
            asked = (Embedding(image, side) for image in images for side in unit.question.sides)
            self._lacking[unit.key] = {
                embedding.image: part.error
                for embedding in asked
                if self._has_failed(embedding.key)
                and (part := self._store.read(embedding.key)) is not None
                and part.error is not None
            }
        return self._lacking[unit.key]
