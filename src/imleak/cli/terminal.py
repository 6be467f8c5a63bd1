"""What a run says in the terminal: a bar while it lasts, tables at its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

if TYPE_CHECKING:
    import pandas as pd

    from ..study import Run

MOST_LINES = 10
"""Of failures; the results have all of them."""


def say(message: str, *, error: bool = False) -> None:
    """A line as it is, whatever its length and brackets."""
    _print(Console(stderr=error), message)


def show(table: Table) -> None:
    Console().print(table)


def tell(run: Run) -> None:
    """Level x measure, what failed, and where the files are."""
    from ..report.tables import level_tables

    if not run.summary.empty:
        for table in level_tables(run.summary, Console().width):
            show(table)
    failures = list(dict.fromkeys(_failures(run.frame)))
    for failure in failures[:MOST_LINES]:
        say(failure)
    if len(failures) > MOST_LINES:
        say(f"... and {len(failures) - MOST_LINES} more: column error of results.parquet")
    files = sorted(path.name + "/" * path.is_dir() for path in run.path.iterdir())
    say(f"In {run.path}: {', '.join(files)}")
    say(f"Open {run.path / 'report.html'}")


def _failures(results: pd.DataFrame) -> Iterator[str]:
    """A line for everything without a number: estimators, images, metrics of an image."""
    failed = results[results["error"].notna()].fillna({"protocol": ""})
    for row in failed[failed["image"].isna()].itertuples():
        title = f"{row.protocol} {row.measure}".strip()
        yield f"No {title} on {row.encoder}: {row.error}"
    for row in failed[failed["measure"].isna()].itertuples():
        yield f"Left out: {row.image}: {row.error}"
    for row in failed[failed["image"].notna() & failed["measure"].notna()].itertuples():
        yield f"Left out of {row.measure}: {row.image}: {row.error}"


class Bar:
    """Listens to a run and draws how far it is."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task
        self._total = 0.0

    def say(self, message: str) -> None:
        _print(self._progress.console, message)

    def update(self, done: float, total: float, doing: str) -> None:
        if total != self._total:  # another kind of work, at another speed
            self._total = total
            self._progress.reset(self._task, total=total)
        self._progress.update(self._task, completed=done, description=doing)


@contextmanager
def bar() -> Iterator[Bar]:
    """A bar with the time left, on standard error."""
    columns = (
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
    )
    console = Console(stderr=True)
    seen = console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=not seen) as progress:
        yield Bar(progress, progress.add_task("", total=None))


def _print(console: Console, message: str) -> None:
    console.print(message, markup=False, highlight=False, soft_wrap=True)
