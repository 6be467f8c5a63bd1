"""One unit of work, wherever it runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cache import Arrays, Cache, CacheError
from ..files import printable
from ..interfaces import (
    Attack,
    CipherCheck,
    Features,
    Image,
    ImleakError,
    Measurement,
    Metric,
    Pair,
    PairedSamples,
    WholeImages,
)
from .adversaries import given
from .ciphers import Ciphers, recorded, simulated
from .components import (
    Component,
    Question,
    RebuiltView,
    copies_of,
    first_that_rebuilds,
    has_features,
    offers,
)
from .features import Embedding, FeatureRequest, embeddings, encode, show, unpack
from .parts import Part
from .plan import PIXELS, ImageInfo, Unit
from .rebuilt import RebuiltStore
from .samples import allocate, pool_features, pool_pixels
from .scan import Reader
from .trained import Trained

Share = Callable[[float], None]

Place = tuple[str | None, int | None]
"""Name of a copy, and a level; None of the image itself, and of what is plain."""


@dataclass(frozen=True)
class ImageTask:
    """What is to be done with one image, which is read once for all of it.

    Parameters
    ----------
    image : the image.
    embeddings : vectors to be made and kept.
    units : of metrics.
    """

    image: ImageInfo
    embeddings: tuple[Embedding, ...] = ()
    units: tuple[Unit, ...] = ()

    @property
    def encoders(self) -> set[Component]:
        """Those that are at work, or may have to be."""
        asked = {one.encoder for unit in self.units for one in requests_of(unit, self.image)}
        return asked | {embedding.encoder for embedding in self.embeddings}

    def lost(self, why: str) -> list[Part]:
        """The parts of an image_task nobody survived."""
        return [
            *(Part(embedding.key, embedding.identity, error=why) for embedding in self.embeddings),
            *(Part(unit.key, unit.identity, error=why) for unit in self.units),
        ]

    def split(self) -> list[ImageTask]:
        """The same as several image_tasks of one thing each."""
        return [
            *(ImageTask(self.image, embeddings=(embedding,)) for embedding in self.embeddings),
            *(ImageTask(self.image, units=(unit,)) for unit in self.units),
        ]


@dataclass(frozen=True)
class Workplace:
    """What a unit needs besides itself: a way to read images, a place for vectors."""

    reader: Reader
    cache: Cache = field(default_factory=Cache)

    def image(self, info: ImageInfo) -> Image:
        """A scanned image; the last one a thread has read is kept."""
        last = getattr(_LAST, "read", None)
        if last is None or last[:2] != (self.reader, info):
            last = _LAST.read = (self.reader, info, self.reader.again(info))
        image: Image = last[2]
        return image

    def ciphers(self, info: ImageInfo, scheme: Component, seed: int) -> Ciphers:
        """The ciphers of a scanned image; those of the last one of a thread are kept."""
        asked = (self.reader, info, scheme, seed)
        last = getattr(_LAST, "ciphers", None)
        if last is None or last[0] != asked:
            image = self.image(info)
            made = (
                recorded(image, scheme, seed, info.ciphers, self.reader.read)
                if info.ciphers
                else simulated(image, scheme, seed)
            )
            made.store = RebuiltStore(self.cache, info.key, scheme)
            last = _LAST.ciphers = (asked, made)
        found: Ciphers = last[1]
        return found

    def lacking(self, requests: Iterable[FeatureRequest]) -> list[Embedding]:
        """What has to be embedded for these vectors to be in the cache. Those whose writing
        was interrupted are made together again, as they would have been."""
        lacking = []
        for embedding in embeddings(requests):
            begun = self.cache.begun(embedding.key)
            asked = embedding.requests
            missing = tuple(r for r in asked if r.key in begun or not self.cache.has(r.key))
            if missing:
                lacking.append(replace(embedding, requests=missing))
        return lacking

    def embed(self, embedding: Embedding) -> None:
        """Make vectors and keep them."""
        self._make(embedding)

    def features(self, requests: Sequence[FeatureRequest]) -> list[Features]:
        """The vectors (P, d) of every request, from disk if they are there and whole.

        A disk that is full or read-only costs time and no result.
        """
        found: dict[str, Arrays | None] = {r.key: self.cache.get(r.key) for r in requests}
        for embedding in self.lacking(requests):
            found |= self._make(embedding)
        for embedding in embeddings(requests):
            # Of what is there, some is torn or altered.
            if any(found[request.key] is None for request in embedding.requests):
                found |= self._make(embedding)
        return [unpack(arrays) for r in requests if (arrays := found[r.key]) is not None]

    def _make(self, embedding: Embedding) -> dict[str, Arrays]:
        info = embedding.image
        made = encode(show(embedding, self.image(info), partial(self.ciphers, info)))
        with suppress(CacheError):
            self.cache.put_together(embedding.key, made, maker=embedding.encoder.title)
        return made


_LAST = threading.local()


def run_image_task(place: Workplace, image_task: ImageTask, _: Share | None = None) -> list[Part]:
    """Do what is to be done with one image.

    Returns
    -------
    The parts of its units, after those of the vectors that could not be made: such a part
    says why, and that it need not be tried again.
    """
    parts = [part for embedding in image_task.embeddings if (part := _embed(embedding, place))]
    return [*parts, *(execute(unit, place) for unit in image_task.units)]


def run_unit(place: Workplace, unit: Unit, share: Share | None = None) -> Part:
    """:func:`execute`, for a executor."""
    return execute(unit, place, share)


def _embed(embedding: Embedding, place: Workplace) -> Part | None:
    start = perf_counter()
    try:
        place.embed(embedding)
    except Exception as error:  # of any encoder, on any image: the run goes on
        seconds = perf_counter() - start
        why = reason(error, embedding.image.name)
        return Part(embedding.key, embedding.identity, error=why, seconds=seconds)
    return None


def execute(unit: Unit, place: Workplace, share: Share | None = None) -> Part:
    """Do one unit of work. Whatever fails becomes the error of its part.

    Parameters
    ----------
    unit : of a plan.
    place : where to read images and to keep vectors.
    share : told the share done, 0..1, by an estimator.
    """
    start = perf_counter()
    part = Part(unit.key, unit.identity)
    try:
        part = replace(part, readings=_readings(unit, place, share))
    except Exception as error:  # of any plugin, on any image: the run goes on
        about = unit.images[0].name if unit.is_of_one_image else None
        part = replace(part, error=reason(error, about))
    return replace(part, seconds=perf_counter() - start)


def _readings(unit: Unit, place: Workplace, share: Share | None) -> list[dict[str, Any]]:
    measure = _BY_KIND[unit.measure.kind]
    return [
        {name: value for name, value in asdict(one).items() if value not in (None, (), {})}
        for one in measure(unit, place, share)
    ]


def reason(error: Exception, image: str | None = None) -> str:
    """One line for a row: the message of our own errors, and the type of all others;
    without the name of the image that the row is of."""
    words = " ".join(str(error).split())
    if image is not None:
        words = words.removeprefix(f"{printable(image)}: ")
    return words if isinstance(error, ImleakError) else f"{type(error).__name__}: {words}"


def requests_of(unit: Unit, info: ImageInfo) -> list[FeatureRequest]:
    """The vectors a unit needs of one of its images: of the target and of what names attributes,
    then of every view at every level but those that are trained; none if it looks at samples."""
    question = unit.question
    if unit.measure.kind == "attack":
        return [one for space in question.each for one in _of_space(unit, info, space).values()]
    if question == PIXELS or not has_features(question.target):
        return []
    target = FeatureRequest(info, question.target, unit.patches, unit.seed)
    return [
        target,
        *(replace(target, encoder=naming) for naming in question.attributes),
        *(
            replace(target, encoder=view).at(unit.scheme, level)
            for view in question.views
            if not offers(view, "watch")
            for level in unit.levels
        ),
    ]


def plain_of(unit: Unit, info: ImageInfo) -> list[FeatureRequest]:
    """The vectors an attack needs of an image of its gallery: of every space."""
    return [FeatureRequest(info, space.target, seed=unit.seed) for space in unit.question.each]


def _of_space(unit: Unit, info: ImageInfo, space: Question) -> dict[Place, FeatureRequest]:
    """The vectors an attack needs of an image in one space, by where they go: the image as
    it is or a copy of it, plain (level None) or at a level."""
    plain, (view,) = FeatureRequest(info, space.target, seed=unit.seed), space.views
    copies, clear_copies = _copies_of(unit, space)
    asked: dict[Place, FeatureRequest] = {(None, None): plain}
    asked |= {(copy, None): replace(plain, copy=copy) for copy in copies}
    for copy in (None, *clear_copies):
        seen = replace(plain, encoder=view, copy=copy)
        asked |= {(copy, level): seen.at(unit.scheme, level) for level in unit.levels}
    return asked


def _copies_of(unit: Unit, space: Question) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Copies an attack holds, and those whose clear parts it looks at: without such as are too
    small for the scheme."""
    copies, clear_copies = copies_of(unit.measure, space.target)
    return copies, tuple(copy for copy in clear_copies if copy not in unit.lost_copies)


def _attack(unit: Unit, place: Workplace, _: Share | None) -> Sequence[Measurement]:
    attack: Attack = unit.measure.build()
    return attack.judge(spaces_of(unit, place), seed=unit.seed)


def spaces_of(unit: Unit, place: Workplace) -> dict[str, WholeImages]:
    """What an attack sees of the images of its unit, by the title of each encoder."""
    return {space.title: _whole_images(unit, space, place) for space in unit.question.each}


def _whole_images(unit: Unit, space: Question, place: Workplace) -> WholeImages:
    """The vectors of all images of a unit in one space."""
    count, dimension = len(unit.images), space.target.build().dimension
    vectors: dict[Place, NDArray[np.float32]] = {}
    for at, info in enumerate(unit.images):
        asked = _of_space(unit, info, space)
        for where, (vector,) in zip(asked, place.features(list(asked.values())), strict=True):
            vectors.setdefault(where, allocate(count, dimension))[at] = vector
    copies, clear_copies = _copies_of(unit, space)
    encoder = space.target.build()

    def clear(copy: str | None) -> NDArray[np.float32]:
        return np.stack([vectors[copy, level] for level in unit.levels])

    return WholeImages(
        levels=unit.levels,
        plain=vectors[None, None],
        clear=clear(None),
        groups=unit.groups,
        copies={copy: vectors[copy, None] for copy in copies},
        clear_copies={copy: clear(copy) for copy in clear_copies},
        gallery=_gallery(unit, space, place) if unit.gallery.images else None,
        scores=encoder.scores if offers(space.target, "scores") else None,
    )


def _gallery(unit: Unit, space: Question, place: Workplace) -> NDArray[np.float32]:
    """(m, d) vectors of a gallery in one space."""
    vectors = allocate(len(unit.gallery.images), space.target.build().dimension)
    for at, info in enumerate(unit.gallery.images):
        asked = FeatureRequest(info, space.target, seed=unit.seed)
        vectors[at] = place.features([asked])[0]
    return vectors


def _metric(unit: Unit, place: Workplace, _: Share | None) -> Sequence[Measurement]:
    metric: Metric = unit.measure.build()
    (info,) = unit.images
    ciphers = place.ciphers(info, unit.scheme, unit.seed)
    observed = ciphers.observed(unit.levels)
    (view,) = unit.question.views
    if isinstance(view, RebuiltView):
        return _of_rebuilt(unit, view, place, ciphers)
    if requests := requests_of(unit, info):
        plain, *clear = (vectors[0] for vectors in place.features(requests))
        at = dict(zip(unit.levels, clear, strict=True))
        observed = replace(observed, plain_features=plain, clear_features=at.__getitem__)
    return metric.measure(observed)


def _of_rebuilt(
    unit: Unit, view: RebuiltView, place: Workplace, ciphers: Ciphers
) -> list[Measurement]:
    """What a metric says of rebuilt images; `chosen` is what made them."""
    metric: Metric = unit.measure.build()
    bits, other = ciphers.image.bits, unit.other
    by_level = {
        level: rebuilder
        for level in unit.levels
        if (rebuilder := first_that_rebuilds(view.rebuilders, unit.scheme, level, bits))
    }
    observed = replace(
        ciphers.observed(unit.levels),
        rebuilt=lambda level: (
            ciphers.rebuilt(level, by_level[level]) if level in by_level else None
        ),
        judge=lambda level, rebuilt, plain: ciphers.judged(level, by_level[level], rebuilt, plain),
        hidden=ciphers.hidden,
        other=None if other is None else lambda: place.image(other).samples,
    )
    return [replace(one, chosen=by_level[one.level].title) for one in metric.measure(observed)]


def _pooled(unit: Unit, place: Workplace) -> list[PairedSamples]:
    """Samples a view of all images of a unit, with those of its public images."""

    def ciphers(info: ImageInfo) -> Ciphers:
        return place.ciphers(info, unit.scheme, unit.seed)

    if not has_features(unit.question.target):
        pooled = [pool_pixels(unit, ciphers)]
    else:
        pooled = pool_features(
            unit,
            vectors=lambda info: place.features(requests_of(unit, info)),
            learned=lambda view: Trained(view, unit, ciphers, place.cache),
        )
        pooled = given(unit, pooled)
    if not unit.public.images:
        return pooled
    public = _pooled(unit.of_public, place)
    return [replace(own, public=others) for own, others in zip(pooled, public, strict=True)]


def _estimator(unit: Unit, place: Workplace, share: Share | None) -> Sequence[Measurement]:
    estimator, pooled = unit.measure.build(), _pooled(unit, place)
    if has_features(unit.question.target) and offers(unit.measure, "choose"):
        views = dict(zip((v.title for v in unit.question.views), pooled, strict=True))
        estimates = estimator.choose(views, seed=unit.seed, progress=share)
    else:
        (samples,) = pooled
        estimates = estimator.estimate(samples, seed=unit.seed, progress=share)
    if any(estimate.quantity for estimate in estimates):
        return [replace(estimate, level=unit.levels[estimate.level]) for estimate in estimates]
    return [
        replace(estimate, level=level)
        for level, estimate in zip(unit.levels, estimates, strict=True)
    ]


def _check(unit: Unit, place: Workplace, _: Share | None) -> Sequence[Measurement]:
    check: CipherCheck = unit.measure.build()

    def pair(info: ImageInfo, level: int) -> Pair:
        ciphers = partial(place.ciphers, info, unit.scheme, unit.seed)
        return Pair(
            info.name,
            plain=lambda: ciphers().image.samples,
            cipher=lambda: ciphers().cipher(level).samples,
            bits=info.bits,
        )

    return [
        replace(found, level=level)
        for level in unit.levels
        if level  # 0 is the plain image itself
        for found in check.inspect([pair(info, level) for info in unit.images])
    ]


_BY_KIND = {"metric": _metric, "attack": _attack, "estimator": _estimator, "check": _check}
