"""How long a run will take, from a few seconds of the same work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from time import perf_counter

import numpy as np

from .components import Component
from .execute import request_of
from .features import FeatureRequest
from .plan import Unit
from .store import Part

PROBE = 16
"""Pictures an encoder is timed on."""

ASSUMED = 0.01
"""Seconds of a piece of work that could not be timed."""


class Forecast:
    """Seconds that pieces of work are expected to take.

    Parameters
    ----------
    requests : vectors still to be made; their encoders are timed here.
    known : units that are done, with their parts; metrics are extrapolated from these.
    """

    def __init__(
        self, requests: Iterable[FeatureRequest], known: Sequence[tuple[Unit, Part]] = ()
    ) -> None:
        encoders = {request.encoder for request in requests}
        self._picture = {encoder: seconds_a_picture(encoder) for encoder in encoders}
        self._sample: dict[tuple[Component, Component], float] = {}
        for unit, part in known:
            if part.error is None and unit.is_metric:
                self._sample[unit.measure, unit.encoder] = part.seconds / _work(unit)

    def request(self, request: FeatureRequest) -> float:
        return request.pictures * self._picture[request.encoder]

    def unit(self, unit: Unit) -> float:
        if unit.is_metric:
            rate = self._sample.get((unit.measure, unit.encoder))
            return ASSUMED if rate is None else rate * _work(unit)
        return 10.0


def seconds_a_picture(encoder: Component) -> float:
    """Seconds an encoder takes for one picture of a batch, once it is warm."""
    built = encoder.build()
    size = built.input_size
    pictures = np.random.default_rng(0).integers(0, 256, (PROBE, 1, size, size), dtype=np.uint8)
    try:
        built.encode(pictures[:1], 8)
        start = perf_counter()
        built.encode(pictures, 8)
    except Exception:  # will be the error of the rows it is to make
        return ASSUMED
    return (perf_counter() - start) / PROBE


def in_words(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 10:
        return "a few seconds"
    if seconds < 90:
        return f"about {round(seconds, -1):.0f} seconds"
    if seconds < 5400:
        return f"about {seconds / 60:.0f} minutes"
    return f"about {seconds / 3600:.1f} hours"


def _work(unit: Unit) -> float:
    """What the time of a metric grows with: samples, or nothing for vectors."""
    (image,) = unit.images
    if request_of(unit, image) is not None:
        return 1.0
    return float(image.channels * image.height * image.width * len(unit.levels))
