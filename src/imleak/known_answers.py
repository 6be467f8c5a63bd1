"""Estimators on problems whose answer is known, each result kept as soon as it is known.

>>> from imleak.known_answers import calibrate
>>> found = calibrate("calibration", tasks=["independent-*"], seeds=40)  # doctest: +SKIP
>>> found.summary["false_leaks"]  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import product
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from . import calibration
from .calibration import Task
from .calibration.consistency import COLUMNS as CONSISTENCY_COLUMNS
from .calibration.runner import COLUMNS
from .interfaces import ImleakError
from .machine import reuse_memory
from .report.calibration import draw_calibration, draw_consistency
from .study.components import Component, accepted, canonical, component
from .study.frame import tidy
from .study.manifest import now, versions
from .study.options import spelled
from .study.progress import Progress, Silent
from .study.recorded import FORMAT
from .study.store import Part, Store

ESTIMATORS = ("best", "infonce", "cca-infonce", "mine", "ksg")


@dataclass(frozen=True)
class Effort:
    """How much is tried where nothing else is asked for.

    Parameters
    ----------
    tasks : names and globs.
    n : rows of a sample; None for each task's own.
    options : handed to every estimator that has them.
    pictures, side, keep : dead-leaves pictures of the self-consistency tests, and the rows
        of them that are not masked.
    """

    tasks: tuple[str, ...]
    n: int | None
    options: dict[str, Any] = field(default_factory=dict)
    pictures: int = 8000
    side: int = 16
    keep: tuple[int, ...] | None = None


FULL = Effort(tasks=("*",), n=None)
QUICK = Effort(
    tasks=(
        "1v1-normal-0.75",
        "multinormal-sparse-5-5-2-2.0",
        "student-identity-2-2-2",
        "discrete-table-12-7",
        "independent-5",
        "independent-128",
    ),
    n=1000,
    options={"folds": 2, "seeds": 1},
    pictures=4000,
    side=8,
    keep=(4, 8),
)


@dataclass(frozen=True)
class Calibration:
    """What came out.

    Parameters
    ----------
    path : folder of ``calibration.csv``, ``summary.csv``, ``consistency.csv`` and figures.
    frame : a row per task, estimator and seed; see :func:`imleak.calibration.calibrate`.
    summary : a row per estimator; see :func:`imleak.calibration.summarise`.
    consistency : see :func:`imleak.calibration.self_consistency`.
    """

    path: Path
    frame: pd.DataFrame
    summary: pd.DataFrame
    consistency: pd.DataFrame


@dataclass(frozen=True)
class _Trial:
    """An estimator on one sample of a task."""

    task: Task
    estimator: Component
    n: int | None
    seed: int

    @property
    def identity(self) -> dict[str, Any]:
        return {
            "task": self.task.name,
            "truth": self.task.mi_bits,
            "n": self.n or self.task.rows,
            "seed": self.seed,
            "estimator": self.estimator.identity,
        }

    @property
    def title(self) -> str:
        return f"{self.estimator.name} on {self.task.title}"

    def run(self) -> pd.DataFrame:
        name, built = self.estimator.name, self.estimator.build()
        return calibration.calibrate({name: built}, [self.task], n=self.n, seeds=(self.seed,))


@dataclass(frozen=True)
class _Consistency:
    """An estimator on masked pictures."""

    estimator: Component
    effort: Effort

    @property
    def identity(self) -> dict[str, Any]:
        effort = self.effort
        return {
            "pictures": effort.pictures,
            "side": effort.side,
            "keep": effort.keep and list(effort.keep),
            "estimator": self.estimator.identity,
        }

    @property
    def title(self) -> str:
        return f"self-consistency of {self.estimator.name}"

    def run(self) -> pd.DataFrame:
        rng = np.random.default_rng(0)
        pictures = calibration.dead_leaves(self.effort.pictures, self.effort.side, rng)
        built = self.estimator.build()
        return calibration.self_consistency(built, pictures, keep=self.effort.keep)


def calibrate(
    out: str | Path,
    *,
    estimators: Sequence[str] = ESTIMATORS,
    tasks: Sequence[str] = (),
    n: int | None = None,
    seeds: int = 1,
    quick: bool = False,
    progress: Progress | None = None,
    command: Sequence[str] | None = None,
) -> Calibration:
    """Run estimators, held out, on tasks whose mutual information is known.

    The first of the estimators is also tried for self-consistency on pictures.

    Parameters
    ----------
    out : folder; new, empty, or of the same calibration, which is then continued.
    estimators : names, with options where wanted: ``"best:seeds=1"``.
    tasks : names and globs of tasks; all of them if none is given.
    n : rows of a sample; None for each task's own.
    seeds : samples of every task.
    quick : few small tasks and one repetition of few folds, for a first look.
    progress : who is told how it goes.
    command : command line, for the manifest.

    Raises
    ------
    ImleakError
        If an estimator or a task is unknown, `seeds` or `n` are too small, or the folder
        holds something else or is being written to.
    """
    if seeds < 1:
        raise ImleakError(f"seeds is {seeds}; ask for at least 1 sample of every task")
    reuse_memory()
    effort = QUICK if quick else FULL
    chosen = [_held_out(name, effort.options) for name in dict.fromkeys(estimators)]
    found = calibration.select(tasks or effort.tasks)
    rows = effort.n if n is None else n
    each = product(found, range(seeds), chosen)
    trials = [_Trial(task, estimator, rows, seed) for task, seed, estimator in each]
    consistency = _Consistency(chosen[0], effort)

    spec = {
        "estimators": [estimator.identity for estimator in chosen],
        "tasks": [task.name for task in found],
        "n": rows,
        "seeds": seeds,
        "consistency": consistency.identity,
    }
    store = Store(Path(out), spec)
    record = {"format": FORMAT, "spec": spec, "command": command, "versions": versions()}
    record |= {"started": now(), "finished": None}
    told = progress or Silent()
    with store.locked(started=record["started"]) as lacking:
        for line in lacking:
            told.say(line)
        store.write_manifest(record)
        work = _Work(store, told, len(trials) + 1)
        frame = tidy([row for trial in trials for row in work.rows(trial)], COLUMNS)
        tested = pd.DataFrame(work.rows(consistency), columns=list(CONSISTENCY_COLUMNS))
        finished = _write(store, frame, tested.astype({"holds": "boolean"}))
        store.write_manifest(record | {"finished": now()})
    return finished


def _held_out(text: str, options: Mapping[str, Any]) -> Component:
    """An estimator, with its own options before those that it has of the shared ones, and
    held out where it has a choice."""
    try:
        choice = spelled(text, lambda _: "estimator")
    except ValueError as error:
        raise ImleakError(str(error)) from error
    name, own = choice["name"], choice.get("options", {})
    takes = accepted("estimator", name)
    shared = {**options, "protocol": "held-out"}
    return component("estimator", name, {key: shared[key] for key in shared if key in takes} | own)


class _Work:
    """Does what is not done, a piece after the other.

    Parameters
    ----------
    store : where parts go; what has one without an error is not done again.
    told : who is told.
    total : pieces in all.
    """

    def __init__(self, store: Store, told: Progress, total: int) -> None:
        self.store = store
        self.told = told
        self.total = total
        self.done = 0

    def rows(self, piece: _Trial | _Consistency) -> list[Mapping[str, Any]]:
        """What a piece says, from disk if it is there."""
        self.told.update(self.done, self.total, piece.title)
        key = sha256(canonical(piece.identity).encode()).hexdigest()
        part = self.store.read(key)
        if part is None or part.error is not None:
            part = _part(key, piece)
            self.store.write(part)
        self.done += 1
        return list(part.readings)


def _part(key: str, piece: _Trial | _Consistency) -> Part:
    start = perf_counter()
    found = piece.run()
    failed = found["error"].notna() & found.get("suited", True)
    known = found.astype(object).where(found.notna(), None)
    rows = [{str(name): value for name, value in row.items()} for row in known.to_dict("records")]
    error = str(found.loc[failed, "error"].iloc[0]) if failed.any() else None
    return Part(key, piece.identity, rows, error, perf_counter() - start)


def _write(store: Store, frame: pd.DataFrame, consistency: pd.DataFrame) -> Calibration:
    summary = calibration.summarise(frame)
    store.write_csv("calibration.csv", frame)
    store.write_csv("summary.csv", summary)
    store.write_csv("consistency.csv", consistency)
    draw_calibration(frame, store.path / "figures" / "calibration")
    draw_consistency(consistency, store.path / "figures" / "consistency")
    return Calibration(store.path, frame, summary, consistency)
