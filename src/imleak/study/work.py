"""Has the units of a study done, by whoever does them, and keeps what becomes of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import partial

from ..cache import MOST_BYTES
from .cluster import Crew, Lost, Resource
from .components import Component
from .execute import Errand, Workplace, execute, requests_of, run_errand, run_unit
from .features import Embedding
from .forecast import Forecast, in_words
from .ledger import Ledger
from .parts import Part
from .plan import Unit
from .progress import Meter, Progress

ROOM = 64_000_000
"""Samples of pictures at work side by side in one process: about ten times as many bytes
are held of them and of what is made of them."""


class Work:
    """Has units done, and keeps what becomes of them.

    Parameters
    ----------
    ledger : what has been done, and where what is done now goes.
    place : what units are executed with.
    crew : who does them.
    told : who is told how it goes.
    """

    def __init__(self, ledger: Ledger, place: Workplace, crew: Crew, told: Progress) -> None:
        self.ledger = ledger
        self.place = place
        self.crew = crew
        self.told = told

    def finish(self, units: Sequence[Unit], *, forecasting: bool = False) -> None:
        """Do what is not done: picture by picture, then what needs all of them.

        Parameters
        ----------
        forecasting : first find out how long it will take.
        """
        left = self.ledger.left(units)
        known: list[tuple[Unit, Part]] = []
        if forecasting:
            self.told.update(0, 1, "estimating the time")
            known = [(unit, self._kept(unit)) for unit in _of_first_picture(left)]
            left = self.ledger.left(units)
        lacking = self._lacking(left)
        forecast = Forecast(lacking, left, known) if forecasting else Forecast()
        meter = self._expect(forecast, lacking, left)
        self._pictures(lacking, [unit for unit in left if unit.is_metric], forecast, meter)
        trainings = self.ledger.left([unit for unit in units if not unit.is_metric])
        self._trainings(trainings, forecast, meter)
        self.place.cache.prune(most_bytes=MOST_BYTES)

    def _expect(
        self, forecast: Forecast, lacking: Sequence[Embedding], left: Sequence[Unit]
    ) -> Meter:
        """Say how long it will take. A training keeps every core busy by itself."""
        pictures = sum(map(forecast.embedding, lacking))
        pictures += sum(forecast.unit(unit) for unit in left if unit.is_metric)
        trainings = sum(forecast.unit(unit) for unit in left if not unit.is_metric)
        for encoder in dict.fromkeys(embedding.encoder for embedding in lacking):
            facts = encoder.facts
            if {"device", "precision"} <= facts.keys():
                self.told.say(f"{encoder.title} on {facts['device']} in {facts['precision']}.")
        if left and forecast.knows:
            seconds = pictures / self.crew.width + trainings
            self.told.say(f"Expected to take {in_words(seconds)}.")
        return Meter(self.told, pictures + trainings)

    def _pictures(
        self,
        lacking: Sequence[Embedding],
        units: Sequence[Unit],
        forecast: Forecast,
        meter: Meter,
    ) -> None:
        """What is done of each picture for itself."""
        errands = _errands(lacking, units)
        encoded = [errand for errand in errands if errand.encoders]
        others = [errand for errand in errands if not errand.encoders]
        encoding = needs_of("embedding", {one for errand in encoded for one in errand.encoders})
        for group, needs in ((encoded, encoding), (others, ())):
            done = self.crew.carry(
                partial(run_errand, self.place),
                group,
                needs=needs,
                beside=_side_by_side(group),
                split=Errand.split,
            )
            for errand, result in done:
                self._keep(errand, errand.lost(result.why) if isinstance(result, Lost) else result)
                seconds = sum(map(forecast.embedding, errand.embeddings))
                meter.advance(seconds + sum(map(forecast.unit, errand.units)), errand.image.name)

    def _trainings(self, units: Sequence[Unit], forecast: Forecast, meter: Meter) -> None:
        """What needs all pictures."""

        def share(unit: Unit, done: float) -> None:
            meter.within(forecast.unit(unit), done, _doing(unit))

        done = self.crew.carry(
            partial(run_unit, self.place),
            units,
            needs=needs_of("training", [unit.measure for unit in units]),
            beside=1,
            share=share,
        )
        for unit, result in done:
            if isinstance(result, Lost):
                result = Part(unit.key, unit.identity, error=result.why)
            self.ledger.write(result)
            meter.advance(forecast.unit(unit), _doing(unit))

    def _keep(self, errand: Errand, parts: Sequence[Part]) -> None:
        for part in parts:
            self.ledger.write(part)
        failed = {part.key for part in parts}
        for embedding in errand.embeddings:
            if embedding.key not in failed:
                self.ledger.is_made(embedding)

    def _kept(self, unit: Unit) -> Part:
        part = execute(unit, self.place)
        self.ledger.write(part)
        return part

    def _lacking(self, units: Iterable[Unit]) -> list[Embedding]:
        """Vectors that are neither made nor known to fail."""
        requests = (
            request
            for unit in units
            for image in unit.images
            for request in requests_of(unit, image)
        )
        lacking = self.place.lacking(requests)
        return [embedding for embedding in lacking if self.ledger.is_left(embedding.key)]


def needs_of(work: Resource, components: Iterable[Component]) -> tuple[Resource, ...]:
    """What a worker gives up to a block of this work."""
    return (work, "gpu") if any(component.on_gpu for component in components) else (work,)


def _errands(lacking: Sequence[Embedding], units: Sequence[Unit]) -> list[Errand]:
    """Picture by picture."""
    embedded, asked = defaultdict(list), defaultdict(list)
    for embedding in lacking:
        embedded[embedding.image].append(embedding)
    for unit in units:
        asked[unit.images[0]].append(unit)
    images = dict.fromkeys([*asked, *embedded])
    return [Errand(image, tuple(embedded[image]), tuple(asked[image])) for image in images]


def _side_by_side(errands: Sequence[Errand]) -> int:
    """How many pictures fit into the memory of one process."""
    samples = (e.image.channels * e.image.height * e.image.width for e in errands)
    return max(1, ROOM // max(samples, default=1))


def _of_first_picture(units: Sequence[Unit]) -> list[Unit]:
    """Metrics of samples on the first picture. They are done before the forecast, which
    is extrapolated from them."""
    metrics = [unit for unit in units if unit.is_metric]
    return [
        unit
        for unit in metrics
        if unit.images == metrics[0].images and not requests_of(unit, unit.images[0])
    ]


def _doing(unit: Unit) -> str:
    return f"{unit.measure.title} on {unit.question.title}"
