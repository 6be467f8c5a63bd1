"""Estimators on problems whose answer is known, each result kept as soon as it is known.

>>> from imleak.benchmark.calibration import calibrate
>>> found = calibrate("calibration", tasks=["independent-*"], seeds=40)  # doctest: +SKIP
>>> found.summary["false_leaks"]  # doctest: +SKIP
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import product
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from ..interfaces import ImleakError
from ..machine import reuse_memory
from ..study.components import Component, accepted, canonical, component
from ..study.frame import tidy
from ..study.manifest import now, versions
from ..study.mistakes import Mistake, SpecError
from ..study.options import spelled
from ..study.progress import Progress, Silent
from ..study.recorded import FORMAT
from ..study.store import Part, Store
from . import consistency, evaluation
from .catalogue import select
from .figures import write_figures
from .problems.dead_leaves import dead_leaves
from .task import Task

ESTIMATORS = ("best", "infonce", "cca-infonce", "mine", "ksg")


@dataclass(frozen=True)
class Effort:
    """How much is tried where nothing else is asked for.

    Parameters
    ----------
    tasks : names and globs; None for all that are not run on request alone.
    n : rows of a sample; None for each task's own.
    options : handed to every estimator that has them.
    images, side, keep : dead-leaves images of the self-consistency tests, and the rows of
        them that are not masked.
    """

    tasks: tuple[str, ...] | None = None
    n: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    images: int = 8000
    side: int = 16
    keep: tuple[int, ...] | None = None


FULL = Effort()
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
    images=4000,
    side=8,
    keep=(4, 8),
)


@dataclass(frozen=True)
class Calibration:
    """What came out.

    Parameters
    ----------
    path : folder of ``calibration.csv``, ``summary.csv``, ``consistency.csv`` and figures.
    frame : a row per task, estimator and seed; see :func:`imleak.benchmark.evaluate`.
    summary : a row per estimator; see :func:`imleak.benchmark.summarise`.
    consistency : see :func:`imleak.benchmark.self_consistency`.
    """

    path: Path
    frame: pd.DataFrame
    summary: pd.DataFrame
    consistency: pd.DataFrame


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

    The first of the estimators is also tried for self-consistency on images.

    Parameters
    ----------
    out : folder; new, empty, or of the same calibration, which is then continued.
    estimators : names, with options where wanted: ``"best:seeds=1"``.
    tasks : names and globs of tasks; if none is given, all that are not run on request alone.
    n : rows of a sample; None for each task's own.
    seeds : samples of every task.
    quick : few small tasks and one repetition of few folds, for a first look.
    progress : listens to how it goes.
    command : command line, for the manifest.

    Raises
    ------
    ImleakError
        If an estimator or a task is unknown, an estimator stands there twice, `seeds` or `n` are
        too small, or the folder holds something else or is being written to.
    """
    if seeds < 1:
        raise ImleakError(f"seeds is {seeds}; ask for at least 1 sample of every task")
    reuse_memory()
    effort = QUICK if quick else FULL
    chosen = [_held_out(name, effort.options) for name in estimators]
    _refuse_twice([one.name for one in chosen])
    found = select(tasks or effort.tasks)
    rows = effort.n if n is None else n
    pieces = [_trial(*each, rows) for each in product(found, range(seeds), chosen)]
    masked = _consistency(chosen[0], effort)

    spec = {
        "estimators": [estimator.identity for estimator in chosen],
        "tasks": [task.name for task in found],
        "n": rows,
        "seeds": seeds,
        "consistency": masked.identity,
    }
    store = Store(Path(out), spec)
    record = {"format": FORMAT, "spec": spec, "command": command, "versions": versions()}
    record |= {"started": now(), "finished": None}
    listener = progress or Silent()
    with store.locked(started=record["started"]) as lacking:
        for line in lacking:
            listener.say(line)
        store.write_manifest(record)
        done: list[Sequence[Mapping[str, Any]]] = []
        for piece in (*pieces, masked):
            listener.update(len(done), len(pieces) + 1, piece.title)
            done.append(_rows(store, piece))
        *trials, tests = done
        frame = tidy([row for trial in trials for row in trial], evaluation.COLUMNS)
        finished = _write(store, frame, tidy(tests, consistency.COLUMNS))
        store.write_manifest(record | {"finished": now()})
    return finished


def _refuse_twice(names: Sequence[str]) -> None:
    """Refuse estimators whose rows could not be told apart."""
    if twice := sorted({repr(name) for name in names if names.count(name) > 1}):
        what = f"{', '.join(twice)} stands there twice, and its rows would look alike"
        raise SpecError([Mistake("estimators", f"{what}; calibrate each into its own folder")])


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


@dataclass(frozen=True)
class _Piece:
    """What is run and kept as a whole."""

    title: str
    identity: Mapping[str, Any]
    run: Callable[[], pd.DataFrame]


def _trial(task: Task, seed: int, estimator: Component, n: int | None) -> _Piece:
    """An estimator on one sample of a task."""
    identity = {
        "task": task.name,
        "truth": task.problem.bits,
        "n": n or task.rows,
        "seed": seed,
        "estimator": estimator.identity,
    }

    def run() -> pd.DataFrame:
        built = {estimator.name: estimator.build()}
        return evaluation.evaluate(built, [task], n=n, seeds=(seed,))

    return _Piece(f"{estimator.name} on {task.title}", identity, run)


def _consistency(estimator: Component, effort: Effort) -> _Piece:
    """An estimator on masked images."""
    identity = {
        "images": effort.images,
        "side": effort.side,
        "keep": effort.keep and list(effort.keep),
        "estimator": estimator.identity,
    }

    def run() -> pd.DataFrame:
        images = dead_leaves(effort.images, effort.side, np.random.default_rng(0))
        built = estimator.build()
        return consistency.self_consistency(built, images, keep=effort.keep)

    return _Piece(f"self-consistency of {estimator.name}", identity, run)


def _rows(store: Store, piece: _Piece) -> Sequence[Mapping[str, Any]]:
    """The rows of a piece; from the store if it has them without an error."""
    key = sha256(canonical(piece.identity).encode()).hexdigest()
    part = store.read(key)
    if part is None or part.error is not None:
        part = _part(key, piece)
        store.write(part)
    return part.readings


def _part(key: str, piece: _Piece) -> Part:
    start = perf_counter()
    found = piece.run()
    failed = found["error"].notna() & found.get("suited", True)
    known = found.astype(object).where(found.notna(), None)
    rows = [{str(name): value for name, value in row.items()} for row in known.to_dict("records")]
    error = str(found.loc[failed, "error"].iloc[0]) if failed.any() else None
    return Part(key, piece.identity, rows, error, perf_counter() - start)


def _write(store: Store, frame: pd.DataFrame, tests: pd.DataFrame) -> Calibration:
    summary = evaluation.summarise(frame)
    store.write_csv("calibration.csv", frame)
    store.write_csv("summary.csv", summary)
    store.write_csv("consistency.csv", tests)
    write_figures(frame, tests, store.path / "figures")
    return Calibration(store.path, frame, summary, tests)
