"""Has the units of a study done, by whoever does them, and keeps what becomes of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, partial
from itertools import chain

from ..cache import MOST_BYTES
from .cluster import Crew, Lost, Resource
from .components import Component, has_features, is_trained
from .execute import Errand, Workplace, execute, plain_of, requests_of, run_errand, run_unit
from .features import Embedding, FeatureRequest
from .forecast import Forecast, in_words
from .ledger import Ledger
from .parts import Part
from .plan import ImageInfo, Plan, Unit
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

    def finish(self, plan: Plan, *, forecasting: bool = False) -> None:
        """Do what is not done: picture by picture, then what needs all of them.

        Parameters
        ----------
        forecasting : first find out how long it will take.
        """
        known: list[tuple[Unit, Part]] = []
        if forecasting:
            self.told.update(0, 1, "estimating the time")
            known = self._first(plan)
        errands = Errands(plan, self.ledger, self.place)
        encoders = errands.encoders
        forecast = Forecast(encoders, errands.trainings, known) if forecasting else Forecast()
        meter, groups = self._expect(errands, encoders, forecast)
        for encodes in groups:
            self._pictures(errands, forecast, meter, encodes=encodes)
            self.ledger.flush()  # a training may take hours
        self._trainings(self.ledger.left(plan.pooled), forecast, meter)
        self.ledger.flush()
        self.place.cache.prune(most_bytes=MOST_BYTES)

    def _first(self, plan: Plan) -> list[tuple[Unit, Part]]:
        """Do the metrics of samples on the first picture that has any left: the forecast is
        extrapolated from them."""
        for image in plan.images:
            if left := self.ledger.left(plan.of(image)):
                return [(unit, self._kept(unit)) for unit in left if not requests_of(unit, image)]
        return []

    def _expect(
        self, errands: Errands, encoders: Iterable[Component], forecast: Forecast
    ) -> tuple[Meter, list[bool]]:
        """Say how long it will take. A training keeps every core busy by itself.

        Returns
        -------
        With whom to count it, and whether errands that encode are left, and that do not.
        """
        pictures, groups = 0.0, set()
        for errand in errands:
            pictures += forecast.errand(errand)
            groups.add(bool(errand.encoders))
        trainings = sum(map(forecast.unit, errands.trainings))
        for encoder in encoders:
            facts = encoder.facts
            if {"device", "precision"} <= facts.keys():
                self.told.say(f"{encoder.title} on {facts['device']} in {facts['precision']}.")
        if forecast.knows:
            seconds = pictures / self.crew.width + trainings
            self.told.say(f"Expected to take {in_words(seconds)}.")
        return Meter(self.told, pictures + trainings), sorted(groups, reverse=True)

    def _pictures(
        self, errands: Errands, forecast: Forecast, meter: Meter, *, encodes: bool
    ) -> None:
        """What is done of each picture for itself: with an encoder, or without."""
        done = self.crew.carry(
            partial(run_errand, self.place),
            (errand for errand in errands if bool(errand.encoders) is encodes),
            needs=needs_of("embedding", errands.may_encode) if encodes else (),
            beside=_side_by_side((*errands.plan.images, *errands.plan.gallery.images)),
            split=Errand.split,
        )
        for errand, result in done:
            self._keep(errand, errand.lost(result.why) if isinstance(result, Lost) else result)
            meter.advance(forecast.errand(errand), errand.image.name)

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


class Errands:
    """What is to be done of each picture for itself, as things stand when it is asked for.

    Nothing of a picture is held: of a million units that are left, there are as many at a
    time as are at work.

    Parameters
    ----------
    plan : of the study.
    ledger : says what is left of it.
    place : says which vectors are there.
    """

    def __init__(self, plan: Plan, ledger: Ledger, place: Workplace) -> None:
        self.plan, self.ledger, self.place = plan, ledger, place
        self.trainings = ledger.left(plan.pooled)
        self._pooled = [(unit, {one.digest for one in unit.images}) for unit in self.trainings]

    def __iter__(self) -> Iterator[Errand]:
        for image in self.plan.images:
            units = self.ledger.left(self.plan.of(image))
            lacking = self._lacking(image, units)
            if units or lacking:
                yield Errand(image, tuple(lacking), tuple(units))
        for image in self.plan.gallery.images:
            if lacking := self._lacking_of_gallery(image):
                yield Errand(image, tuple(lacking))

    def _lacking(self, image: ImageInfo, units: Sequence[Unit]) -> list[Embedding]:
        """Vectors of a picture that are neither made nor known to fail."""
        pooled = (unit for unit, digests in self._pooled if image.digest in digests)
        asked = (request for unit in chain(units, pooled) for request in requests_of(unit, image))
        return self._left(asked)

    def _lacking_of_gallery(self, image: ImageInfo) -> list[Embedding]:
        attacks = (unit for unit in self.trainings if unit.gallery.images)
        return self._left(request for unit in attacks for request in plain_of(unit, image))

    def _left(self, asked: Iterable[FeatureRequest]) -> list[Embedding]:
        lacking = self.place.lacking(asked)
        return [embedding for embedding in lacking if self.ledger.is_left(embedding.key)]

    @property
    def encoders(self) -> list[Component]:
        """Those that lack vectors of any picture; looked for until all are found."""
        found: dict[Component, None] = {}
        for errand in self:
            found |= dict.fromkeys(embedding.encoder for embedding in errand.embeddings)
            if len(found) == len(self.may_encode):
                break
        return list(found)

    @cached_property
    def may_encode(self) -> frozenset[Component]:
        """Those that anything in the plan looks through."""
        questions = [question for _, question in self.plan.metrics]
        questions += [unit.question for unit in self.plan.pooled]
        sides = (side for question in questions for side in question.sides)
        return frozenset(side for side in sides if has_features(side) and not is_trained(side))


def needs_of(work: Resource, components: Iterable[Component]) -> tuple[Resource, ...]:
    """What a worker gives up to a block of this work."""
    return (work, "gpu") if any(component.on_gpu for component in components) else (work,)


def _side_by_side(images: Iterable[ImageInfo]) -> int:
    """How many pictures fit into the memory of one process."""
    samples = (image.channels * image.height * image.width for image in images)
    return max(1, ROOM // max(samples, default=1))


def _doing(unit: Unit) -> str:
    return f"{unit.measure.title} on {unit.question.title}"
