"""Truth and estimates of a calibration, as the terminal shows them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from rich.table import Table

from imleak.benchmark import summarise, tables
from imleak.benchmark.evaluation import COLUMNS
from imleak.study.frame import tidy


def row(value: float, low: float, high: float, **more: Any) -> dict[str, Any]:
    truth = more.get("truth", 0.5)
    given = {
        "task": "normal",
        "title": "Normal 1×1",
        "estimator": "mine",
        "seed": 0,
        "n": 100,
        "truth": truth,
        "value": value,
        "low": low,
        "high": high,
        "inside": low <= truth <= high,
        "defect": low > truth,
        "verdict": "leak",
        "bound": "lower",
        "suited": True,
        "seconds": 1.0,
    }
    return given | more


def frame(*rows: dict[str, Any]) -> pd.DataFrame:
    return tidy(rows, COLUMNS)


def shown(*shown: Table, width: int = 200) -> str:
    console = Console(width=width, file=io.StringIO(), record=True)
    for table in shown:
        console.print(table)
    return " ".join(console.export_text().split())


def task_table(*rows: dict[str, Any]) -> str:
    return shown(*tables.task_tables(frame(*rows), 200)).partition(" inside, below, above:")[0]


@pytest.mark.parametrize(
    ("interval", "cells"),
    [
        ((0.4, 0.6), "0.50 0.50 inside [0.40, 0.60]"),
        ((0.1, 0.4), "0.50 0.25 below [0.10, 0.40]"),
        ((0.6, 0.8), "0.50 0.70 above [0.60, 0.80] defect"),
    ],
)
def test_an_interval_has_a_place_and_a_bound_above_is_a_defect(
    interval: tuple[float, float], cells: str
) -> None:
    assert task_table(row(np.mean(interval), *interval)).endswith(f"Normal 1×1 {cells}")


def test_a_leak_claimed_of_nothing_is_false() -> None:
    text = task_table(row(0.01, -0.1, 0.1, truth=0.0))
    assert text.endswith("0.00 0.01 inside [-0.10, 0.10] false leak")
    quiet = task_table(row(0.01, -0.1, 0.1, truth=0.0, verdict="no leak found"))
    assert "false leak" not in quiet


def test_samples_are_averaged_and_what_is_wrong_is_counted() -> None:
    rows = [row(0.25, 0.25, 0.25, seed=0), row(0.75, 0.75, 0.75, seed=1)]
    text = task_table(*rows, row(0.5, 0.5, 0.5, seed=2))
    assert text.endswith("0.50 0.50 1/3 inside [0.50, 0.50] 1/3 defects")
    alike = task_table(*(row(0.25, 0.2, 0.3, seed=seed) for seed in range(3)))
    assert alike.endswith("0.50 0.25 below [0.20, 0.30]")


def test_unsuited_and_failed_runs_differ() -> None:
    unsuited = row(np.nan, np.nan, np.nan, suited=False, inside=None, error="not run: why")
    assert task_table(unsuited).endswith("0.50 not suited")
    failed = row(np.nan, np.nan, np.nan, inside=None, error="diverged")
    assert task_table(failed).endswith("0.50 failed")


@pytest.mark.parametrize(("width", "count"), [(60, 5), (80, 3), (100, 2), (200, 1)])
def test_tables_fit_the_terminal_and_lose_no_estimator(width: int, count: int) -> None:
    names = ["best", "infonce", "cca-infonce", "mine", "ksg"]
    rows = frame(*(row(-0.51, -10.4, -10.6, estimator=name) for name in names))
    found = tables.task_tables(rows, width)
    assert len(found) == count
    text = shown(*found, width=width)
    assert "…" not in text
    assert all(name in text for name in names)
    assert text.count("inside, below, above:") == 1


def test_what_estimators_did_is_counted() -> None:
    rows = frame(
        row(0.4, 0.3, 0.5),
        row(0.8, 0.6, 0.9, seed=1),
        row(0.1, -0.1, 0.2, truth=0.0, task="nothing"),
        row(np.nan, np.nan, np.nan, inside=None, defect=None, verdict=None, error="no", seed=2),
    )
    text = shown(tables.estimator_table(summarise(rows)))
    # Bias (-.1 + .3 + .1) / 3 and error: the root of (.01 + .09 + .01) / 3.
    assert "mine 3/4 0.10 0.19 2/3 1/3 1/1 2/2 4 s" in text


def test_nothing_to_count_is_no_share() -> None:
    unsuited = row(np.nan, np.nan, np.nan, suited=False, inside=None, defect=None, verdict=None)
    assert "mine 0/0 - - - - - - 0 s" in shown(tables.estimator_table(summarise(frame(unsuited))))


def test_properties_that_hold_are_counted() -> None:
    tests = pd.DataFrame(
        {
            "estimator": "best",
            "test": ["independence", "additivity", "additivity", "redundancy"],
            "holds": pd.array([True, False, True, None], dtype="boolean"),
        }
    )
    assert list(tables.consistency_lines(tests)) == [
        "Self-consistency of best holds: independence 1 of 1, additivity 1 of 2"
    ]
    unjudged = tests.assign(holds=pd.array([None] * 4, dtype="boolean"))
    assert list(tables.consistency_lines(unjudged)) == [
        "Self-consistency of best holds: nothing to judge"
    ]
