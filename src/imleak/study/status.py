"""How far a run is, from what stands in its folder. No picture is read for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .files import OutputError, holder
from .ledger import Ledger
from .manifest import revived_images
from .plan import Unit, plan
from .spec import StudySpec
from .store import MANIFEST, Store, read_manifest


@dataclass(frozen=True)
class Count:
    """The units of a measure in one space.

    Parameters
    ----------
    measure, space : of which, and where.
    done, failed, left : how many.
    seconds : that those left will take one after the other, from those done; None if none
        is done yet.
    """

    measure: str
    space: str
    done: int
    failed: int
    left: int
    seconds: float | None


@dataclass(frozen=True)
class Status:
    """How far a run is.

    Parameters
    ----------
    path : its folder.
    counts : by measure and space.
    driver : what the process at work says of itself; None if there is none.
    finished : when the results were written, if they were.
    """

    path: Path
    counts: Sequence[Count]
    driver: Mapping[str, Any] | None
    finished: str | None

    @property
    def left(self) -> int:
        return sum(count.left for count in self.counts)

    @property
    def failed(self) -> int:
        return sum(count.failed for count in self.counts)

    @property
    def seconds(self) -> float | None:
        """Of time left, with as many workers as are at work; None where it is not known."""
        needed = [count.seconds for count in self.counts if count.left]
        known = [seconds for seconds in needed if seconds is not None]
        if len(known) < len(needed):
            return None
        workers: int = (self.driver or {}).get("workers", 1)
        return sum(known) / max(1, workers)


def status(path: str | Path) -> Status:
    """How far the run in a folder is.

    Raises
    ------
    OutputError
        If there is none.
    """
    folder = Path(path)
    driver = holder(folder)
    if driver is not None and not (folder / MANIFEST).exists():
        raise OutputError(f"{folder}: the images are still being looked at")
    manifest = read_manifest(folder)
    spec, images = StudySpec.of(**manifest["spec"]), revived_images(manifest)
    store = Store(folder, manifest["spec"])
    ledger = Ledger(store)
    counts = _counts(ledger, plan(spec, images) if images else [])
    return Status(folder, counts, driver, manifest.get("finished"))


def _counts(ledger: Ledger, units: Iterable[Unit]) -> list[Count]:
    """By measure and space, in the order of the plan."""
    grouped: dict[tuple[str, str], list[Unit]] = defaultdict(list)
    for unit in units:
        grouped[unit.measure.title, unit.question.title].append(unit)
    return [_count(ledger, *names, found) for names, found in grouped.items()]


TIMED = 200
"""Finished units of a measure whose time is looked at."""


def _count(ledger: Ledger, measure: str, space: str, units: Sequence[Unit]) -> Count:
    states = [ledger.state(unit) for unit in units]
    done = [unit for unit, state in zip(units, states, strict=True) if state == "done"]
    left = states.count(None)
    took = [part.seconds for _, part in ledger.outcomes(done[-TIMED:])]
    seconds = sum(took) / len(took) * left if took else None
    return Count(measure, space, len(done), states.count("failed"), left, seconds)
