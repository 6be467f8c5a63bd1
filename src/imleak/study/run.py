"""From a spec to results in a folder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ..cache import MOST_BYTES
from ..machine import reuse_memory
from . import frame
from .components import Component
from .execute import Share, Workplace, execute, reason, requests_of
from .features import Embedding
from .forecast import Forecast, in_words
from .manifest import Record
from .plan import ImageInfo, Omission, Unit, omissions, plan, scope
from .progress import Meter, Progress, Silent
from .spec import StudySpec
from .store import Part, Run, Store
from .survey import reader, survey


def run(
    spec: StudySpec,
    out: str | Path,
    *,
    progress: Progress | None = None,
    command: Sequence[str] | None = None,
) -> Run:
    """Run a study, or what is left of it, into a folder.

    A picture that cannot be read, and a measure that fails, become rows with their error.

    Parameters
    ----------
    spec : the study.
    out : folder; new, empty, or of the same study, which is then continued.
    progress : who is told how it goes.
    command : command line, for the manifest.

    Raises
    ------
    ImleakError
        If nothing can be measured: no picture is found, none has the levels, or the
        folder holds something else.
    """
    reuse_memory()
    told = progress or Silent()
    store = Store(Path(out), spec.model_dump(mode="json"))
    record = Record(spec, command)
    found = survey(spec, told)
    units, left_out = [], [*found.left_out]
    if found.images:
        units = plan(spec, found.images)
        left_out += omissions(spec, found.images)
        record.levels = scope(spec, found.images).levels
    record.images, record.left_out = found.images, left_out
    store.write_manifest(record.manifest())

    work = Work(store, Workplace(reader(spec)), progress)
    outcomes = work.finish(units)
    left_out += work.omissions(units)

    rows = [row for unit, part in outcomes for row in frame.rows_of(unit, part)]
    results = frame.tidy([*rows, *(frame.row_of(omission, spec) for omission in left_out)])
    growth = [row for unit, part in outcomes for row in frame.growth_of(unit, part)]
    store.write_results(
        results, frame.summarise(results, spec.seed), frame.tidy(growth, frame.GROWTH_COLUMNS)
    )
    record.finish(outcomes)
    store.write_manifest(record.manifest())
    return Run.open(out)


class Work:
    """Does units one after the other, in this process.

    Parameters
    ----------
    store : where parts go; what has one is not done again.
    place : what units are executed with.
    progress : who is told; without anybody no time is spent on a forecast.
    """

    def __init__(self, store: Store, place: Workplace, progress: Progress | None) -> None:
        self.store = store
        self.place = place
        self.told = progress or Silent()
        self.forecasts = progress is not None
        self.without_vectors: dict[tuple[ImageInfo, Component], str] = {}
        """Pictures an encoder failed on, and why."""

    def finish(self, units: Sequence[Unit]) -> list[tuple[Unit, Part]]:
        """Do what is not done, and return all there is."""
        pending = [unit for unit in units if not self.store.done(unit.key)]
        self.told.update(0, 1, "estimating the time")
        first = _of_first_picture(pending)
        known = [(unit, self._do(unit)) for unit in first]
        pending = [unit for unit in pending if unit not in first]
        lacking = self.place.lacking(
            request
            for unit in pending
            for image in unit.images
            for request in requests_of(unit, image)
        )
        forecast = Forecast(lacking, pending, known) if self.forecasts else Forecast()
        self._go_through(pending, lacking, forecast)
        self.place.cache.prune(most_bytes=MOST_BYTES)
        finished = [(unit, self.store.read(unit.key)) for unit in map(self._possible, units)]
        return [(unit, part) for unit, part in finished if part is not None]

    def omissions(self, units: Sequence[Unit]) -> list[Omission]:
        """Pictures that estimators had to do without."""
        return [
            Omission(image.name, why, unit.measure, unit.question)
            for unit in units
            if not unit.is_metric
            for image in unit.images
            if (why := self._why_without(image, unit))
        ]

    def _go_through(
        self, units: Sequence[Unit], lacking: Sequence[Embedding], forecast: Forecast
    ) -> None:
        """Vectors, then metrics picture by picture, then what needs all pictures."""
        expected = sum(map(forecast.embedding, lacking)) + sum(map(forecast.unit, units))
        if units:
            for encoder in dict.fromkeys(embedding.encoder for embedding in lacking):
                if facts := encoder.facts:
                    self.told.say(f"{encoder.title} on {facts['device']} in {facts['precision']}.")
            self.told.say(f"Expected to take {in_words(expected)}.")
        meter = Meter(self.told, expected)
        for embedding, make in self.place.embed(lacking):
            with meter.during(forecast.embedding(embedding), embedding.image.name):
                self._make(embedding, make)
        metrics = defaultdict(list)
        for unit in units:
            if unit.is_metric:
                metrics[unit.images[0]].append(unit)
        for image, of_image in metrics.items():
            for unit in of_image:
                with meter.during(forecast.unit(unit), image.name):
                    self._do(unit)
        for unit in units:
            if not unit.is_metric and self._possible(unit).images:
                doing = f"{unit.measure.title} on {unit.question.title}"
                with meter.during(forecast.unit(unit), doing) as share:
                    self._do(unit, share)

    def _make(self, embedding: Embedding, make: Callable[[], None]) -> None:
        try:
            make()
        except Exception as error:  # of any encoder, on any picture: the run goes on
            self.without_vectors[embedding.image, embedding.encoder] = reason(error)

    def _why_without(self, image: ImageInfo, unit: Unit) -> str:
        """Why a unit has to do without a picture; empty if it does not."""
        sides = (unit.question.target, *unit.question.views)
        return next(filter(None, (self.without_vectors.get((image, side)) for side in sides)), "")

    def _do(self, unit: Unit, share: Share | None = None) -> Part:
        unit = self._possible(unit)
        part = self.store.read(unit.key)
        if part is None or part.error is not None:
            part = execute(unit, self.place, share)
            self.store.write(part)
        return part

    def _possible(self, unit: Unit) -> Unit:
        """An estimator's unit without the pictures that have no vectors."""
        if unit.is_metric:
            return unit
        kept = tuple(image for image in unit.images if not self._why_without(image, unit))
        return replace(unit, images=kept)


def _of_first_picture(units: Sequence[Unit]) -> list[Unit]:
    """Metrics of samples on the first picture. They are done before the forecast, which
    is extrapolated from them."""
    metrics = [unit for unit in units if unit.is_metric]
    return [
        unit
        for unit in metrics
        if unit.images == metrics[0].images and not requests_of(unit, unit.images[0])
    ]
