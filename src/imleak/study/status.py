"""How far a run is, from what stands in its folder. No image is read for it."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from ..atomic import OutputError
from .adversaries import recorded_elsewhere
from .components import remembered
from .config import ConfigError, refuse_trust
from .files import holder
from .manifest import revived_images
from .mistakes import Mistake, SpecError
from .parts import State
from .plan import Gallery, Unit, plan
from .recorded import MANIFEST, read_manifest
from .spec import StudySpec
from .store import Store
from .task_status import TaskStatus

SCHEMA = 1
"""Of what a program reads; another one is no longer read by what reads this one."""


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
    def done(self) -> int:
        return sum(count.done for count in self.counts)

    @property
    def left(self) -> int:
        return sum(count.left for count in self.counts)

    @property
    def failed(self) -> int:
        return sum(count.failed for count in self.counts)

    @property
    def seconds(self) -> float | None:
        """Seconds left, with as many workers as are at work; None where it is not known."""
        needed = [count.seconds for count in self.counts if count.left]
        known = [seconds for seconds in needed if seconds is not None]
        if len(known) < len(needed):
            return None
        workers: int = (self.driver or {}).get("workers", 1)
        return sum(known) / max(1, workers)

    @property
    def state(self) -> Literal["at work", "finished", "interrupted"]:
        """Whether somebody is at work, all is done, or somebody has to go on."""
        if self.driver:
            return "at work"
        return "finished" if self.finished and not self.left else "interrupted"

    @property
    def data(self) -> dict[str, Any]:
        """What a program reads; see docs/command-line.md."""
        return {
            "schema": SCHEMA,
            "run": str(self.path),
            "state": self.state,
            "finished": self.finished,
            "done": self.done,
            "failed": self.failed,
            "left": self.left,
            "seconds_left": self.seconds,
            "driver": None if self.driver is None else dict(self.driver),
            "measures": [asdict(count) for count in self.counts],
        }


def status(path: str | Path, *, trust: bool = False) -> Status:
    """How far the run in a folder is.

    Parameters
    ----------
    trust : whether its study may say of other files that they may run code.

    Raises
    ------
    OutputError
        If there is none.
    SpecError
        If its study cannot be run here, or says what it may not.
    """
    folder = Path(path)
    driver = holder(folder)
    if driver is not None and not (folder / MANIFEST).exists():
        raise OutputError(f"{folder}: the images are still being looked at")
    manifest = read_manifest(folder)
    store = Store(folder, manifest["spec"])
    gallery = Gallery(digest=manifest.get("gallery", {}).get("digest", ""))
    with remembered(manifest["components"]):
        units = plan(
            _spec(folder, manifest, trust=trust),
            revived_images(manifest["images"]),
            gallery,
            Gallery.of(revived_images(manifest.get("public", {}).get("images", ()))),
            recorded_elsewhere(manifest),
        )
        counts = _counts(TaskStatus(store), units)
    return Status(folder, counts, driver, manifest["finished"])


def _spec(folder: Path, manifest: Mapping[str, Any], *, trust: bool) -> StudySpec:
    try:
        if not trust:
            refuse_trust(manifest["spec"])
        return StudySpec.of(**manifest["spec"])
    except (SpecError, ConfigError) as error:
        why = f"{folder}: the study in its {MANIFEST} cannot be run: {error}"
        raise SpecError([Mistake("", why)]) from error


def _counts(status: TaskStatus, units: Iterable[Unit]) -> list[Count]:
    """By measure and space, in the order of the plan."""
    tallies: dict[tuple[str, str], _Tally] = defaultdict(_Tally)
    for unit in units:
        tallies[unit.measure.title, unit.question.title].add(unit, status.state(unit))
    return [tally.count(status, *names) for names, tally in tallies.items()]


TIMED = 200
"""Finished units of a measure whose time is looked at."""


@dataclass
class _Tally:
    """The units of one measure in one space, and the last of those that are done."""

    states: Counter[State | None] = field(default_factory=Counter)
    done: deque[Unit] = field(default_factory=lambda: deque(maxlen=TIMED))

    def add(self, unit: Unit, state: State | None) -> None:
        self.states[state] += 1
        if state == "done":
            self.done.append(unit)

    def count(self, status: TaskStatus, measure: str, space: str) -> Count:
        done, failed, left = (self.states[state] for state in ("done", "failed", None))
        took = [part.seconds for _, part in status.outcomes(self.done)]
        seconds = sum(took) / len(took) * left if took else None
        return Count(measure, space, done, failed, left, seconds)
