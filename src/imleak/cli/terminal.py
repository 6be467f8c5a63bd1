"""What a run says in the terminal: a bar while it lasts, tables at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from ..files import printable
from ..progress_bar import Kinds, Log
from .streams import SafeConsole, are_one

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from ..benchmark.calibration import Calibration
    from ..encoder_check import Check
    from ..interfaces import Encoder
    from ..paper import Reproduction
    from ..sealed import Row
    from ..study import Run
    from ..study.status import Status

MOST_ROWS = 40
"""Files whose sizes are shown one by one; the table in the folder has all of them."""
MOST_LINES = 10
"""Failures that are shown; the results have all of them."""


def say(message: str, *, error: bool = False) -> None:
    """A line as it is, whatever its length and brackets."""
    _print(SafeConsole(stderr=error), message)


def show(table: Table) -> None:
    SafeConsole().print(table)


def tell(run: Run, told: Collection[str] = ()) -> None:
    """What failed, the table of levels, the answer in words, and where the files are.

    Parameters
    ----------
    told : lines that stand on standard error, which are not repeated where that is seen too.
    """
    from ..report.answer import answer
    from ..report.data import summary_line
    from ..report.tables import (
        attribute_tables,
        level_tables,
        overview_table,
        shows_strongest_only,
    )

    decides = overview_table(run.summary, run.manifest)
    if decides.row_count:
        show(decides)
    if len(run.summary) and (not decides.row_count or shows_strongest_only(run.summary)):
        for table in level_tables(run.summary, run.manifest, SafeConsole().width):
            show(table)
    for table in attribute_tables(run.summary, run.manifest):
        show(table)
    seen = told if are_one() else ()
    for warning in run.manifest.get("warnings", ()):
        if warning not in seen:
            say(warning)
    _some(line for line in _failures(run.failures) if line not in seen)
    found = answer(run.summary, run.manifest)
    console = SafeConsole()
    for sentence in found.sentences:
        console.print(Text.assemble((sentence.head, "bold"), sentence.after), soft_wrap=True)
    for line in found.notes:
        console.print(Text(line, style="dim"), soft_wrap=True)
    if found.recommendation:
        console.print(Text(found.recommendation.words, style="bold"), soft_wrap=True)
    say(summary_line(run))
    say(f"In {run.path}: {_files(run.path)}")
    say(f"Open {run.path / 'report.html'}")


def tell_comparison(runs: Sequence[Run], by: str | None) -> None:
    """What keeps runs from being compared, and what their schemes leak at equal cost."""
    from ..report.comparison import Comparison
    from ..report.tradeoff.text import terminal_tables

    found = Comparison(runs)
    for caution in found.cautions:
        say(caution)
    if by or found.costs:
        tradeoff = found.tradeoff(by)
        for table in terminal_tables(tradeoff, SafeConsole().width):
            show(table)
        for note in tradeoff.notes:
            say(note)


def tell_rows(rows: Sequence[Row], verb: str) -> None:
    """The sizes of files before and after, what there is to say of them, and what failed."""
    done = [row for row in rows if row.state != "failed"]
    if done:
        show(_sizes(done))
        if _are_apart(done):
            say(
                "Bytes. Only what a cipher is longer than the plain image in the same format comes "
                "of its encryption; the rest comes of the format, or of how it is compressed."
            )
    for note, count in Counter(note for row in done for note in row.notes).most_common(MOST_LINES):
        say(f"{count:,} of {len(rows):,}: {note}")
    _some(
        f"Not {verb}: {names[0]}{_others(len(names) - 1)}: {error}"
        for error, names in _by_error(rows).items()
    )
    before = sum(row.state == "there already" for row in done)
    if before:
        say(f"{before:,} of {len(rows):,} were there already.")


def _are_apart(done: Sequence[Row]) -> bool:
    """Whether a plain file is not as long as the plain image in the format of its cipher."""
    return any(row.alike not in (row.plain, None) for row in done)


def _sizes(done: Sequence[Row]) -> Table:
    """How long files are, each of few and all together; where plain files are not of the format
    of their ciphers, or compressed otherwise, also what they are in it."""
    each = [(row.image, row.plain, row.alike, row.cipher) for row in done]
    count = "1 file" if len(done) == 1 else f"{len(done):,} files"
    _, *sizes = zip(*each, strict=True)
    lines = [*(each if len(done) <= MOST_ROWS else ()), (count, *map(_sum, sizes))]
    if not _are_apart(done):
        table = Table("image", "plain (bytes)", "cipher (bytes)", "cipher against plain")
        for image, plain, _, cipher in lines:
            table.add_row(_cell(image), *_bytes(plain, cipher), _against(cipher, plain))
    else:
        kinds = {row.file.suffix.removeprefix(".").upper() for row in done}
        one = kinds.pop() if len(kinds) == 1 else ""
        head = (f"as {one}", f"against {one}") if one else ("in same format", "against that")
        table = Table("image", "plain file", head[0], "cipher", "against file", head[1])
        for image, plain, alike, cipher in lines:
            changes = _against(cipher, plain), _against(cipher, alike)
            table.add_row(_cell(image), *_bytes(plain, alike, cipher), *changes)
    table.box, table.pad_edge = None, False
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def _sum(sizes: Sequence[int | None]) -> int | None:
    """Of all; None where one is not known."""
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


def _bytes(*sizes: int | None) -> Iterator[str]:
    return ("" if size is None else f"{size:,}" for size in sizes)


def _against(size: int | None, other: int | None) -> str:
    """By how much files are longer than others."""
    from ..sealed import longer

    percent = longer(size, other)
    return "" if percent is None else f"{percent:+.1f} %"


def tell_calibration(found: Calibration) -> None:
    """Truth and estimates, what became of them, and where the files are."""
    from ..benchmark.tables import consistency_lines, estimator_table, task_tables

    for table in task_tables(found.frame, SafeConsole().width):
        show(table)
    show(estimator_table(found.summary))
    for line in consistency_lines(found.consistency):
        say(line)
    failed = found.frame[found.frame["error"].notna() & found.frame["suited"]]
    _some(f"No {row.estimator} on {row.title}: {row.error}" for row in failed.itertuples())
    say(f"In {found.path}: {_files(found.path)}")


def tell_check(title: str, encoder: Encoder, found: Check) -> None:
    """What an encoder is, what was found, and what to beware of."""
    facts = getattr(encoder, "facts", {})
    lines = {
        "input": "whole images"
        if encoder.input_size == "image"
        else f"{encoder.input_size}x{encoder.input_size}",
        "features": f"{encoder.dimension}, {found.alive:.0%} of them alive, "
        f"in {found.effective:.1f} effective directions",
        "length of a vector": f"{found.norm:.3g} ± {found.spread:.2g}",
        "found again, cropped and compressed": f"{found.found:.0%} of {found.patches} patches "
        f"of {found.photographs} photographs (chance {found.chance:.1%})",
        "cosine of two photographs": f"{found.photographs_cosine:.2f}",
        "cosine of two pictures of noise": f"{found.noise_cosine:.2f}",
        "speed": f"{found.rate:.1f} patches/s",
        **facts,
        "digest": encoder.digest,
    }
    table = Table(title=_cell(title), title_justify="left", box=None, show_header=False)
    for name, value in lines.items():
        table.add_row(Text(name), _cell(value))
    show(table)
    for warning in found.warnings:
        say(warning)


def tell_status(found: Status) -> None:
    """Whether it is finished, at work or interrupted; what is left, and what has failed."""
    from ..study.progress import in_words

    say(f"{found.path}: {_state(found)}")
    shown = Table(box=None, pad_edge=False)
    for column in ("measure", "on", "done", "failed", "left"):
        shown.add_column(column, justify="left" if column in ("measure", "on") else "right")
    for count in found.counts:
        numbers = (count.done, count.failed, count.left)
        shown.add_row(_cell(count.measure), _cell(count.space), *map(str, numbers))
    show(shown)
    if found.left:
        if found.seconds is None:
            say("How long that takes is not known before some of it is done.")
        else:
            say(f"That takes {in_words(found.seconds)}, and the time of the encoders.")
    if found.failed:
        say("Failed measurements are tried again by the same command with --retry-failed.")


def _state(found: Status) -> str:
    """What a run is doing, as a person says it."""
    every = found.done + found.failed + found.left
    counts = f"{found.done:,} of {every:,} measurements are done"
    counts += f", {found.failed:,} failed" if found.failed else ""
    if found.state == "finished":
        return f"finished {found.finished}. {counts}."
    left = f"{counts}, {found.left:,} are left"
    if found.driver:
        return f"at work, process {found.driver.get('pid')} on {found.driver.get('host')}. {left}."
    return f"interrupted. {left}; the command that began it goes on from here."


def tell_reproduction(found: Reproduction) -> None:
    """What became of every claim, and where the files are."""
    table = Table("claim", "on", "protocol", "verdict")
    for claim in found.claims:
        on = ", ".join(filter(None, (claim.measure, claim.encoder, claim.images)))
        table.add_row(claim.statement.number, _cell(on), claim.evaluation, claim.verdict)
    show(table)
    for statement in dict.fromkeys(claim.statement for claim in found.claims):
        say(f"{statement.number}. {statement.says}")
    say(f"In {found.path}: {_files(found.path)}")
    say(f"Read {found.path / 'paper.md'}")


def _others(count: int) -> str:
    return f" and {count:,} more" if count else ""


def _by_error(rows: Sequence[Row]) -> dict[str, list[str]]:
    """Names of the images that failed, by what is wrong with them."""
    found: dict[str, list[str]] = {}
    for row in rows:
        if row.error:
            found.setdefault(row.error, []).append(row.image)
    return found


def _some(failures: Iterable[str]) -> None:
    """Say the first of them, each once."""
    shown = list(dict.fromkeys(failures))
    for failure in shown[:MOST_LINES]:
        say(failure)
    if len(shown) > MOST_LINES:
        say(f"... and {len(shown) - MOST_LINES} more: column error of the results")


def _files(folder: Path) -> str:
    shown = [path for path in folder.iterdir() if not path.name.startswith(".")]
    return ", ".join(sorted(path.name + "/" * path.is_dir() for path in shown))


def _failures(results: pd.DataFrame) -> Iterator[str]:
    """A line for everything without a number: estimators, images, metrics of an image."""
    failed = results.fillna({"protocol": ""})
    for row in failed[failed["image"].isna()].itertuples():
        title = f"{row.protocol} {row.measure}".strip()
        yield f"No {title} on {row.encoder}: {row.error}"
    for row in failed[failed["measure"].isna()].itertuples():
        yield f"Left out: {row.image}: {row.error}"
    for row in failed[failed["image"].notna() & failed["measure"].notna()].itertuples():
        yield f"Left out of {row.measure}: {row.image}: {row.error}"


class Bar:
    """Listens to a run and draws how far it is; where it is not seen, it says so now and then.

    Attributes
    ----------
    told : every line that was said.
    """

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self.told: set[str] = set()
        self._progress = progress
        self._task = task
        self._kinds = Kinds()
        self._log = Log()

    def say(self, message: str) -> None:
        self.told.add(message)
        _print(self._progress.console, message)

    def update(self, done: float, total: float, doing: str) -> None:
        if self._progress.disable:
            if line := self._log.line(done, total, doing):
                _print(self._progress.console, line)
            return
        if self._kinds.begins(done, total):
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
    console = SafeConsole(stderr=True)
    seen = console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=not seen) as progress:
        yield Bar(progress, progress.add_task("", total=None))


def _cell(text: str) -> Text:
    """A line of a table, whatever somebody has named something."""
    return Text(printable(text))


def _print(console: Console, message: str) -> None:
    console.print(printable(message), markup=False, highlight=False, soft_wrap=True)
