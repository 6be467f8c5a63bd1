"""A calibration in the terminal: truth and estimates, and how often each was wrong."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
from rich import box
from rich.table import Table
from rich.text import Text

from .evaluation import by_task

_TITLE, _CELL = 30, 17
"""Characters of a task's columns and of an estimator's."""

_WORDS = (
    "inside, below, above: where the 95 % interval lies to the truth\n"
    "defect: a lower bound above it; false leak: one claimed of independent data"
)


def task_tables(frame: pd.DataFrame, width: int) -> list[Table]:
    """A row a task: its truth, and of every estimator the mean over seeds, where its
    interval lies to the truth, and the mean interval; as many tables as `width` characters
    ask for.

    Parameters
    ----------
    frame : of :func:`imleak.benchmark.evaluate`.
    """
    points = by_task(frame)
    estimators = list(points["estimator"].unique())
    count = max(1, (width - _TITLE) // _CELL)
    blocks = [estimators[at : at + count] for at in range(0, len(estimators), count)]
    return [_task_table(points, block, last=block is blocks[-1]) for block in blocks]


def estimator_table(summary: pd.DataFrame) -> Table:
    """A row an estimator, from a frame of :func:`imleak.benchmark.summarise`."""
    table = _empty("All tasks", caption="bias, error: of the value, in bits")
    table.add_column(Text("estimator"), style="bold", no_wrap=True)
    heads = ("runs", "bias", "rms\nerror", "truth\ninside", "defects", "false\nleaks")
    for head in (*heads, "leaks\nfound", "CPU"):
        table.add_column(Text(head), justify="right", no_wrap=True)
    for row in summary.to_dict("records"):
        table.add_row(
            Text(str(row["estimator"])),
            Text(f"{row['rows'] - row['errors']}/{row['rows']}"),
            *(Text(_number(row[name])) for name in ("bias", "rmse")),
            _share(row["inside"], row["intervals"]),
            _share(row["defects"], row["bounds"], bad=True),
            _share(row["false_leaks"], row["independent"], bad=True),
            _share(row["leaks_found"], row["dependent"]),
            Text(f"{row['seconds']:.0f} s"),
        )
    return table


def consistency_lines(frame: pd.DataFrame) -> Iterator[str]:
    """``Self-consistency of best: independence 1 of 1, ...``, from a frame of
    :func:`imleak.benchmark.self_consistency`."""
    for estimator, rows in frame.groupby("estimator", sort=False):
        tests = rows.dropna(subset="holds").groupby("test", sort=False)["holds"]
        counts = [f"{test} {int(holds.sum())} of {len(holds)}" for test, holds in tests]
        yield f"Self-consistency of {estimator} holds: {', '.join(counts) or 'nothing to judge'}"


def _task_table(points: pd.DataFrame, estimators: Sequence[str], last: bool) -> Table:
    table = _empty("Known mutual information, in bits", caption=_WORDS if last else None)
    table.add_column(Text("task"))
    table.add_column(Text("truth"), justify="right", no_wrap=True)
    for estimator in estimators:
        table.add_column(Text(estimator), justify="right", no_wrap=True)
    for _, rows in points.groupby("task", sort=False):
        cells = {row["estimator"]: _cell(row) for row in rows.to_dict("records")}
        first = rows.iloc[0]
        shown = (cells[estimator] for estimator in estimators)
        table.add_row(Text(str(first["title"])), Text(_number(first["truth"])), *shown)
    return table


def _cell(row: Mapping[Any, Any]) -> Text:
    """An estimator on all samples of a task."""
    if not row["suited"]:
        return Text("not suited", style="dim")
    if not row["runs"]:
        return Text("failed", style="red")
    text = Text(f"{_number(row['value'])} {_place(row)}".strip())
    if not pd.isna(row["low"]):
        text.append(f"\n[{_number(row['low'])}, {_number(row['high'])}]", style="dim")
    for name, word in (("defects", "defect"), ("false_leaks", "false leak")):
        if count := row[name]:
            wrong = word if row["runs"] == 1 else f"{count}/{row['runs']} {word}s"
            text.append(f"\n{wrong}", style="bold red")
    return text


def _place(row: Mapping[Any, Any]) -> str:
    """Where the intervals lie to the truth; where samples differ, how many hold it."""
    counts = {place: row[place] for place in ("inside", "above", "below") if row[place]}
    if len(counts) <= 1:
        return "".join(counts)
    return f"{row['inside']}/{sum(counts.values())} inside"


def _share(share: Any, of: Any, bad: bool = False) -> Text:
    """``3/40``; red where there should be none."""
    if not of:
        return Text("-", style="dim")
    count = round(float(share) * int(of))
    return Text(f"{count}/{of}", style="red" if bad and count else "")


def _number(value: Any) -> str:
    return "-" if pd.isna(value) else f"{value:z.2f}"


def _empty(title: str, caption: str | None) -> Table:
    return Table(
        title=Text(title, style="bold"),
        title_justify="left",
        caption=Text(caption) if caption else None,
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
