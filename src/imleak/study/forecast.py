"""How long a run will take, from a few seconds of the same work."""

from __future__ import annotations

from collections.abc import Iterable
from time import perf_counter

import numpy as np

from ..interfaces import (
    ChoosesView,
    Encoder,
    Estimator,
    Features,
    LearnedView,
    PairedSamples,
    TrainableEncoder,
)
from ..machine import cores
from .components import Component, has_features, is_trained
from .execute import Errand, requests_of
from .features import Embedding
from .parts import Part
from .plan import Unit

PROBE = 16
"""Pictures an encoder is timed on."""

WHOLE = 512
"""Side of whole images an encoder of those is timed on."""

PATIENCE = 1.0
"""Seconds an estimator is timed for."""

ASSUMED = 0.01
"""Seconds of a piece of work that could not be timed."""


class Forecast:
    """Seconds that pieces of work are expected to take; without arguments, none known.

    Parameters
    ----------
    encoders : that have pictures to see; they are timed here.
    units : still to be done; their estimators are timed here, on noise.
    known : units that are done, with their parts: metrics are extrapolated from these.
    """

    def __init__(
        self,
        encoders: Iterable[Component] = (),
        units: Iterable[Unit] = (),
        known: Iterable[tuple[Unit, Part]] = (),
    ) -> None:
        self._picture = {encoder: seconds_a_picture(encoder) for encoder in encoders}
        self._estimator = {
            u.key: seconds_of_estimator(u) for u in units if u.measure.kind == "estimator"
        }
        self._metric = {
            (unit.measure, unit.question): part.seconds / _work(unit)
            for unit, part in known
            if unit.is_metric and part.error is None
        }

    @property
    def knows(self) -> bool:
        """Whether anything was timed."""
        return bool(self._picture or self._estimator or self._metric)

    def errand(self, errand: Errand) -> float:
        return sum(map(self.embedding, errand.embeddings)) + sum(map(self.unit, errand.units))

    def embedding(self, embedding: Embedding) -> float:
        return embedding.pictures * self._picture.get(embedding.encoder, ASSUMED)

    def unit(self, unit: Unit) -> float:
        if not unit.is_metric:
            return self._estimator.get(unit.key, ASSUMED)
        rate = self._metric.get((unit.measure, unit.question))
        return ASSUMED if rate is None else rate * _work(unit)


def seconds_a_picture(encoder: Component) -> float:
    """Seconds an encoder takes for one picture of a batch, once it is warm."""
    built: Encoder = encoder.build()
    size = WHOLE if built.input_size == "image" else built.input_size or 1
    pictures = np.random.default_rng(0).integers(0, 256, (PROBE, 1, size, size), dtype=np.uint8)
    try:
        built.encode(pictures[:1], 8)
        start = perf_counter()
        built.encode(pictures, 8)
    except Exception:  # will be the error of the rows it is to make
        return ASSUMED
    return (perf_counter() - start) / PROBE


class _Enough(BaseException):
    """Stops an estimator that has been timed for long enough."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


def seconds_of_estimator(unit: Unit) -> float:
    """Seconds an estimator will take for a unit: it is begun on noise of the same shape,
    and stopped when it says how far it has come."""
    estimator: Estimator = unit.measure.build()
    trainings = _Trainings(unit)
    noise = _noise(unit, trainings)
    start = perf_counter()

    def stop(share: float) -> None:
        elapsed = perf_counter() - start
        if share > 0 and elapsed > PATIENCE:
            raise _Enough((elapsed + trainings.seconds) / min(share, 1.0))

    try:
        if isinstance(estimator, ChoosesView):
            estimator.choose(noise, seed=unit.seed, progress=stop)
        else:
            (samples,) = noise.values()
            estimator.estimate(samples, seed=unit.seed, progress=stop)
    except _Enough as enough:
        return enough.seconds
    except Exception:  # noise is not to its liking; pictures may be
        return ASSUMED
    return perf_counter() - start + trainings.seconds


def in_words(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 10:
        return "a few seconds"
    if seconds < 90:
        return f"about {round(seconds, -1):.0f} seconds"
    if seconds < 5400:
        return f"about {seconds / 60:.0f} minutes"
    return f"about {seconds / 3600:.1f} hours"


class _Trainings:
    """Stands for views that are trained: gives noise, and adds up how long the trainings
    would have taken on all cores."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self.seconds = 0.0

    def of(self, view: Component) -> LearnedView:
        encoder: TrainableEncoder = view.build()
        shape = (len(self._unit.levels), len(self._unit.images) * self._unit.rows)
        noise = np.random.default_rng(1).standard_normal((*shape, encoder.dimension), np.float32)
        expected = encoder.seconds(*shape) / cores()

        def count(*_: object, **__: object) -> Features:
            self.seconds += expected
            return noise

        return count


def _noise(unit: Unit, trainings: _Trainings) -> dict[str, PairedSamples]:
    """As many rows of every view as the unit will have; scalar pixels: a table of values
    an image."""
    rng = np.random.default_rng(0)
    of_vectors = has_features(unit.question.target)
    rows = unit.rows if of_vectors else 256
    count = rows * len(unit.images)
    x = rng.standard_normal((count, unit.question.target.build().dimension), np.float32)
    return {
        view.title: PairedSamples(
            x=x,
            y=rng.standard_normal(
                (len(unit.levels), count, 0 if is_trained(view) else view.build().dimension),
                np.float32,
            ),
            groups=np.repeat(np.arange(len(unit.images)), rows),
            weights=None if of_vectors else np.ones(count),
            sizes=None if of_vectors else (256,) * len(unit.levels),
            learned=trainings.of(view) if is_trained(view) else None,
        )
        for view in unit.question.views
    }


def _work(unit: Unit) -> float:
    """What the time of a metric grows with: samples, or nothing for vectors."""
    (image,) = unit.images
    if requests_of(unit, image):
        return 1.0
    return float(image.channels * image.height * image.width * len(unit.levels))
