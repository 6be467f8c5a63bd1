"""From a spec to results in a folder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..machine import reuse_memory
from . import frame
from .components import Component
from .execute import Share, Workplace, execute, reason, request_of
from .features import FeatureRequest
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
        requests = [r for r in requests_of(pending) if not self.place.cache.has(r)]
        forecast = Forecast(requests, pending, known) if self.forecasts else Forecast()
        self._go_through(pending, requests, forecast)
        self.place.cache.shrink()
        finished = [(unit, self.store.read(unit.key)) for unit in map(self._possible, units)]
        return [(unit, part) for unit, part in finished if part is not None]

    def omissions(self, units: Sequence[Unit]) -> list[Omission]:
        """Pictures that estimators had to do without."""
        return [
            Omission(image.name, why, unit.measure, unit.encoder)
            for unit in units
            if not unit.is_metric
            for image in unit.images
            if (why := self.without_vectors.get((image, unit.encoder)))
        ]

    def _go_through(
        self, units: Sequence[Unit], requests: Sequence[FeatureRequest], forecast: Forecast
    ) -> None:
        """Picture by picture, then what needs all of them."""
        expected = sum(map(forecast.request, requests)) + sum(map(forecast.unit, units))
        if units:
            for encoder in dict.fromkeys(request.encoder for request in requests):
                if facts := encoder.facts:
                    self.told.say(f"{encoder.title} on {facts['device']} in {facts['precision']}.")
            self.told.say(f"Expected to take {in_words(expected)}.")
        meter = Meter(self.told, expected)
        requested, metrics = defaultdict(list), defaultdict(list)
        for request in requests:
            requested[request.image].append(request)
        for unit in units:
            if unit.is_metric:
                metrics[unit.images[0]].append(unit)
        for image in dict.fromkeys([*metrics, *requested]):
            for request in requested[image]:
                with meter.during(forecast.request(request), image.name):
                    self._make(request)
            for unit in metrics[image]:
                with meter.during(forecast.unit(unit), image.name):
                    self._do(unit)
        for unit in units:
            if not unit.is_metric and self._possible(unit).images:
                doing = f"{unit.measure.title} on {unit.encoder.title}"
                with meter.during(forecast.unit(unit), doing) as share:
                    self._do(unit, share)

    def _make(self, request: FeatureRequest) -> None:
        try:
            self.place.table(request)
        except Exception as error:  # of any encoder, on any picture: the run goes on
            self.without_vectors[request.image, request.encoder] = reason(error)

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
        lacking = self.without_vectors
        kept = [image for image in unit.images if (image, unit.encoder) not in lacking]
        return replace(unit, images=tuple(kept))


def requests_of(units: Sequence[Unit]) -> list[FeatureRequest]:
    """The vectors that units need, each once."""
    wanted = (request_of(unit, image) for unit in units for image in unit.images)
    return list(dict.fromkeys(request for request in wanted if request))


def _of_first_picture(units: Sequence[Unit]) -> list[Unit]:
    """Metrics of samples on the first picture. They are done before the forecast, which
    is extrapolated from them."""
    metrics = [unit for unit in units if unit.is_metric]
    return [
        unit for unit in metrics if unit.images == metrics[0].images and not requests_of([unit])
    ]
