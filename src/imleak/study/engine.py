"""From a spec to results in a folder."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .. import plugins
from ..interfaces import ImleakError
from ..machine import reuse_memory
from . import frame
from .adversaries import elsewhere, opened, require
from .changes import changes
from .cluster import Where, executor_of
from .execute import Workplace
from .manifest import Record
from .patch_sizes import check_patch_sizes
from .plan import omissions, others, plan, scope
from .progress import Progress, Silent
from .public import check_public, scan_public
from .scan import reader, scan, scan_gallery
from .spec import FREE, StudySpec
from .store import Run, Store
from .summary import summarise
from .task_status import TaskStatus
from .work import Work


def run(
    spec: StudySpec,
    out: str | Path,
    *,
    progress: Progress | None = None,
    command: Sequence[str] | None = None,
    where: Where | None = None,
    retry_failed: bool = False,
    acceptable: float | None = None,
) -> Run:
    """Run a study, or what is left of it, into a folder.

    An image that cannot be read, and a measure that fails, become rows with their error.

    Parameters
    ----------
    spec : the study.
    out : folder; new, empty, or of the same study, which is then continued. What is measured
        of its images may be another: what was measured before is not measured again.
    progress : who is told how it goes.
    command : command line, for the manifest.
    where : by whom it is done; the numbers are the same. By default by this process.
    retry_failed : try again what has failed before.
    acceptable : bits an image that may leak, for the manifest.

    Raises
    ------
    ImleakError
        If nothing can be measured: no image is found, none has the levels, or the
        folder holds something else or is being written to.
    """
    _refuse_objects(spec, where)
    other = opened(spec)
    reuse_memory()
    progress, where = progress or Silent(), where or Where()
    store = Store(Path(out), spec.model_dump(mode="json"), FREE)
    record = Record(spec, command, acceptable=acceptable)
    locked = store.locked(started=record.started, workers=where.workers)
    with locked as lacking, executor_of(where) as executor:
        for line in lacking:
            progress.say(line)
        found = scan(spec, progress, executor)
        gallery = scan_gallery(spec, progress, executor)
        public = scan_public(spec, found, progress, executor)
        known = elsewhere(spec, other, found, scope(spec, found.images))
        beside = others(gallery.images, found.images)
        units = plan(spec, found.images, beside, public.others, known.of)
        require(spec, units, known)
        small = omissions(spec, found.images)
        for line in check_patch_sizes(units.images, small):
            progress.say(line)
        for line in units.without:
            progress.say(line)
        told = [*public.warnings, *check_public(units), *known.warnings(units.estimators)]
        for line in told:
            progress.say(line)
        noticed = [*found.warnings, *gallery.warnings, *units.without, *told]
        for difference in (
            changes(store.images(), found.images),
            changes(store.images("public"), public.others.images, "public images"),
        ):
            if difference is not None:
                progress.say(difference)
                noticed.append(difference)
        left_out = [*found.left_out, *small]
        record.levels = units.scope.labelled
        record.drawn = [unit for unit in units.estimators if unit.drawn_from]
        record.whole = units.whole
        record.images, record.left_out = found.images, left_out
        record.noticed, record.gallery, record.public = noticed, units.gallery, public
        record.adversary = known.manifest(units.estimators)
        store.write_manifest(record.manifest())

        status = TaskStatus(store, retry_failed=retry_failed)
        Work(status, Workplace(reader(spec)), executor, progress).finish(units)
        left_out += status.omissions(units.pooled)
        labels = {level.rank: level.label for level in units.scope.labelled}
        growth: list[dict[str, Any]] = []
        linkage: list[dict[str, Any]] = []

        def rows() -> Iterator[dict[str, Any]]:
            for unit, part in status.outcomes(units):
                record.count(unit, part)
                record.findings += frame.answers_of(part, units.scope.labelled)
                record.unfound += frame.unfound_of(part, units.scope.labelled)
                growth.extend(frame.growth_of(unit, part))
                linkage.extend(frame.linkage_of(unit, part))
                yield from frame.rows_of(unit, part, labels)
            for omission in left_out:
                record.unrebuilt.omit(omission)
                yield frame.row_of(omission, spec)

        store.write_results(rows())
        summary = summarise(store.results(), spec.seed)
        store.write_summary(
            summary,
            frame.tidy(growth, frame.GROWTH_COLUMNS),
            frame.tidy(linkage, frame.LINKAGE_COLUMNS),
        )
        record.finish()
        store.write_manifest(record.manifest())
    return Run.open(out)


def _refuse_objects(spec: StudySpec, where: Where | None) -> None:
    """Other processes do not know what was given as an object to this one. Raises ImleakError if
    there are such processes and such objects."""
    adopted = [one.name for one in spec.parts() if plugins.is_adopted(one.kind, one.name)]
    if adopted and where not in (None, Where()):
        raise ImleakError(
            f"{adopted[0]} is an object of this process, which workers do not know; leave out "
            "workers, or install it as a package with an entry point"
        )
