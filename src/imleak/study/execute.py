"""One unit of work, wherever it runs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from time import perf_counter
from typing import Any

from ..interfaces import Estimator, Image, ImleakError, Metric
from . import features
from .features import FeatureCache, FeatureRequest, FeatureTable
from .observe import observe
from .plan import PIXELS, ImageInfo, Unit
from .samples import pool_features, pool_pixels
from .store import OutputError, Part
from .survey import Reader

Share = Callable[[float], None]


@dataclass(frozen=True)
class Workplace:
    """What a unit needs besides itself: a way to read pictures, a place for vectors."""

    reader: Reader
    cache: FeatureCache = field(default_factory=FeatureCache)

    def image(self, info: ImageInfo) -> Image:
        """A surveyed picture; the last one read is kept."""
        return _read_again(self.reader, info)

    def table(self, request: FeatureRequest) -> FeatureTable:
        """The vectors of a picture, from disk if they are there.

        A disk that is full or read-only costs time and no result.
        """
        found = self.cache.get(request)
        if found is None:
            found = features.encode(request, self.image(request.image))
            with suppress(OutputError):
                self.cache.put(request, found)
        return found


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


def request_of(unit: Unit, info: ImageInfo) -> FeatureRequest | None:
    """The vectors a unit needs of one of its pictures; None if it looks at samples."""
    if unit.encoder == PIXELS or unit.encoder.build().input_size is None:
        return None
    return FeatureRequest(info, unit.encoder, unit.scheme, unit.levels, unit.patches, unit.seed)


def _metric(unit: Unit, place: Workplace) -> list[dict[str, Any]]:
    metric: Metric = unit.measure.build()
    (info,) = unit.images
    observed = observe(place.image(info), unit.scheme, unit.levels, unit.seed)
    if request := request_of(unit, info):
        table = place.table(request)
        at = {level: table.clear[row, 0] for row, level in enumerate(unit.levels)}
        observed = replace(observed, plain_features=table.plain[0], clear_features=at.__getitem__)
    common = {"unit": metric.unit, "bound": metric.bound}
    return [asdict(reading) | common for reading in metric.measure(observed)]


def _estimator(unit: Unit, place: Workplace, share: Share | None) -> list[dict[str, Any]]:
    estimator: Estimator = unit.measure.build()

    def table(info: ImageInfo) -> FeatureTable:
        request = request_of(unit, info)
        if request is None:
            raise TypeError(f"{unit.encoder.title} makes no vectors")
        return place.table(request)

    samples = pool_features(unit, table) if unit.patches else pool_pixels(unit, place.image)
    estimates = estimator.estimate(samples, seed=unit.seed, progress=share)
    return [
        {"level": level} | asdict(estimate)
        for level, estimate in zip(unit.levels, estimates, strict=True)
    ]
