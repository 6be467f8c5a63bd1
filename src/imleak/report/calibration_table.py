"""A calibration in the terminal: truth and estimates, and how often each was wrong."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
from rich import box
from rich.table import Table
from rich.text import Text

from .adversaries import CLAIMS

_TITLE, _CELL = 30, 17
"""Characters of a task's columns and of an estimator's."""


def task_tables(frame: pd.DataFrame, width: int) -> list[Table]:
    """A row a task: its truth, and of every estimator the mean over seeds, where its
    interval lies to the truth, and the mean interval; as many tables as `width` characters
    ask for.

    Parameters
    ----------
    frame : of :func:`imleak.calibration.calibrate`.
    """
    estimators = list(dict.fromkeys(frame["estimator"]))
    count = max(1, (width - _TITLE) // _CELL)
    blocks = [estimators[at : at + count] for at in range(0, len(estimators), count)]
    return [_task_table(frame, block, last=block is blocks[-1]) for block in blocks]


def estimator_table(summary: pd.DataFrame) -> Table:
    """A row an estimator, from a frame of :func:`imleak.calibration.summarise`."""
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
    :func:`imleak.calibration.self_consistency`."""
    for estimator, rows in frame.groupby("estimator", sort=False):
        told = [
            f"{test} {int(holds.sum())} of {len(holds)}"
            for test, holds in rows.dropna(subset="holds").groupby("test", sort=False)["holds"]
        ]
        yield f"Self-consistency of {estimator} holds: {', '.join(told) or 'nothing to judge'}"


def _task_table(frame: pd.DataFrame, estimators: Sequence[str], last: bool) -> Table:
    words = (
        "inside, below, above: where the 95 % interval lies to the truth\n"
        "defect: a lower bound above it; false leak: one claimed of independent data"
    )
    table = _empty("Known mutual information, in bits", caption=words if last else None)
    table.add_column(Text("task"))
    table.add_column(Text("truth"), justify="right", no_wrap=True)
    for estimator in estimators:
        table.add_column(Text(estimator), justify="right", no_wrap=True)
    for _, rows in frame.groupby("task", sort=False):
        cells = [_cell(rows[rows["estimator"] == estimator]) for estimator in estimators]
        first = rows.iloc[0]
        table.add_row(Text(str(first["title"])), Text(_number(first["truth"])), *cells)
    return table


def _cell(rows: pd.DataFrame) -> Text:
    """An estimator on all samples of a task."""
    if not rows["suited"].any():
        return Text("not suited", style="dim")
    said = rows[rows["value"].notna()]
    if said.empty:
        return Text("failed", style="red")
    text = Text(" ".join(filter(None, (_number(said["value"].mean()), _place(said)))))
    low, high = said["low"].mean(), said["high"].mean()
    if not math.isnan(low):
        text.append(f"\n[{_number(low)}, {_number(high)}]", style="dim")
    for wrong in _wrong(said):
        text.append(f"\n{wrong}", style="bold red")
    return text


def _place(said: pd.DataFrame) -> str:
    """Where the intervals lie to the truth; where samples differ, how many hold it."""
    judged = said[said["inside"].notna()]
    above = judged["low"] > judged["truth"]
    places = above.map({True: "above", False: "below"}).mask(judged["inside"], "inside")
    if len(set(places)) <= 1:
        return "".join(set(places))
    return f"{int(judged['inside'].sum())}/{len(judged)} inside"


def _wrong(said: pd.DataFrame) -> Iterator[str]:
    defects = int(said["defect"].fillna(value=False).sum())
    leaks = int(((said["truth"] == 0) & said["verdict"].isin(CLAIMS)).sum())
    for count, word in ((defects, "defect"), (leaks, "false leak")):
        if count:
            yield word if len(said) == 1 else f"{count}/{len(said)} {word}s"


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
