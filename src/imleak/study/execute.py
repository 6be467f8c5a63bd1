"""One unit of work, wherever it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from time import perf_counter
from typing import Any

from ..cache import Cache, CacheError
from ..interfaces import ChoosesView, Estimator, Features, Image, ImleakError, Metric
from .ahead import ahead
from .components import has_features
from .features import Embedding, FeatureRequest, Shown, embeddings, encode, show, unpack
from .observe import observe
from .plan import PIXELS, ImageInfo, Unit
from .samples import pool_features, pool_pixels
from .store import Part
from .survey import Reader

Share = Callable[[float], None]


@dataclass(frozen=True)
class Workplace:
    """What a unit needs besides itself: a way to read pictures, a place for vectors."""

    reader: Reader
    cache: Cache = field(default_factory=Cache)

    def image(self, info: ImageInfo) -> Image:
        """A surveyed picture; the last one read is kept."""
        return _read_again(self.reader, info)

    def lacking(self, requests: Iterable[FeatureRequest]) -> list[Embedding]:
        """What has to be embedded for these vectors to be in the cache."""
        return embeddings(r for r in requests if not self.cache.has(r.key))

    def embed(self, work: Iterable[Embedding]) -> Iterator[tuple[Embedding, Callable[[], None]]]:
        """Every embedding with the call that does it and keeps what comes out.

        Pictures are read, encrypted and cut in a thread, ahead of the encoder.
        """
        for embedding, shown in ahead(self._show, work):
            yield embedding, lambda shown=shown: self._keep(shown.result())  # type: ignore[misc]

    def features(self, requests: Sequence[FeatureRequest]) -> list[Features]:
        """The vectors (P, d) of every request, from disk if they are there and whole.

        A disk that is full or read-only costs time and no result.
        """
        found = {request.key: self.cache.get(request.key) for request in requests}
        for embedding in embeddings(r for r in requests if found[r.key] is None):
            found |= self._keep(self._show(embedding))
        return [unpack(arrays) for r in requests if (arrays := found[r.key]) is not None]

    def _show(self, embedding: Embedding) -> Shown:
        return show(embedding, self.image(embedding.image))

    def _keep(self, shown: Shown) -> dict[str, Any]:
        made = encode(shown)
        for key, arrays in made.items():
            with suppress(CacheError):
                self.cache.put(key, arrays, maker=shown.embedding.encoder.title)
        return made


@lru_cache(maxsize=1)
def _read_again(reader: Reader, info: ImageInfo) -> Image:
    return reader.again(info)


def execute(unit: Unit, place: Workplace, share: Share | None = None) -> Part:
    """Do one unit of work. Whatever fails becomes the error of its part.

    Parameters
    ----------
    unit : of a plan.
    place : where to read pictures and to keep vectors.
    share : told the share done, 0..1, by an estimator.
    """
    start = perf_counter()
    part = Part(unit.key, unit.identity)
    try:
        readings = _metric(unit, place) if unit.is_metric else _estimator(unit, place, share)
        part = replace(part, readings=readings)
    except Exception as error:  # of any plugin, on any picture: the run goes on
        part = replace(part, error=reason(error))
    return replace(part, seconds=perf_counter() - start)


def reason(error: Exception) -> str:
    """One line for a row: the message of our own errors, and the type of all others."""
    words = " ".join(str(error).split())
    return words if isinstance(error, ImleakError) else f"{type(error).__name__}: {words}"


def requests_of(unit: Unit, info: ImageInfo) -> list[FeatureRequest]:
    """The vectors a unit needs of one of its pictures: of the target, then of every view at
    every level; none if it looks at samples."""
    question = unit.question
    if question == PIXELS or not has_features(question.target):
        return []
    target = FeatureRequest(info, question.target, unit.patches, unit.seed)
    return [
        target,
        *(
            replace(target, encoder=view, scheme=unit.scheme, level=level)
            for view in question.views
            for level in unit.levels
        ),
    ]


def _metric(unit: Unit, place: Workplace) -> list[dict[str, Any]]:
    metric: Metric = unit.measure.build()
    (info,) = unit.images
    observed = observe(place.image(info), unit.scheme, unit.levels, unit.seed)
    if requests := requests_of(unit, info):
        plain, *clear = (vectors[0] for vectors in place.features(requests))
        at = dict(zip(unit.levels, clear, strict=True))
        observed = replace(observed, plain_features=plain, clear_features=at.__getitem__)
    common = {"unit": metric.unit, "bound": metric.bound}
    return [asdict(reading) | common for reading in metric.measure(observed)]


def _estimator(unit: Unit, place: Workplace, share: Share | None) -> list[dict[str, Any]]:
    estimator: Estimator = unit.measure.build()
    if not unit.patches:
        samples = pool_pixels(unit, place.image)
        estimates = estimator.estimate(samples, seed=unit.seed, progress=share)
    else:
        pooled = pool_features(unit, lambda info: place.features(requests_of(unit, info)))
        if isinstance(estimator, ChoosesView):
            names = [view.title for view in unit.question.views]
            views = dict(zip(names, pooled, strict=True))
            estimates = estimator.choose(views, seed=unit.seed, progress=share)
        else:
            (samples,) = pooled
            estimates = estimator.estimate(samples, seed=unit.seed, progress=share)
    return [
        {"level": level} | asdict(estimate)
        for level, estimate in zip(unit.levels, estimates, strict=True)
    ]
