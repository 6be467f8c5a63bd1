from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from imleak.study import frame
from imleak.study.frame import SUMMARY_COLUMNS
from imleak.study.summary import bootstrap_means, summarise


def row(image: str | None, value: float, **others: Any) -> dict[str, Any]:
    common = {
        "scheme": "bitplanes",
        "level": 3,
        "encoder": "pixels",
        "measure": "brightness",
        "part": "clear",
        "protocol": "per-image",
        "unit": "bit",
        "bound": "none",
    }
    return common | {"image": image, "value": value} | others


def summary(*rows: dict[str, Any]) -> pd.DataFrame:
    return summarise([frame.tidy(rows)], seed=0)


def test_a_metric_is_averaged_over_images() -> None:
    found = summary(row("a", 1.0, ceiling=2.0), row("b", 4.0, ceiling=8.0)).iloc[0]
    assert (found["mean"], found["n"], found["ceiling"]) == (2.5, 2, 5.0)
    assert (found["low"], found["high"]) == (1.0, 4.0)
    assert found["errors"] == 0


def test_an_average_needs_every_image() -> None:
    found = summary(row("a", 1.0, ceiling=2.0), row("b", 4.0)).iloc[0]
    assert np.isnan(found["ceiling"])


def test_the_interval_of_a_mean_is_that_of_the_normal_law() -> None:
    values = np.random.default_rng(1).normal(5, 2, 400)
    low, high = bootstrap_means([values], seed=0)[0]
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    intervals = [bootstrap_means([rng.exponential(1, 100)], seed=s)[0] for s in range(200)]
    covered = np.mean([low <= 1 <= high for low, high in intervals])
    assert 0.88 <= covered <= 0.98


@pytest.mark.parametrize("values", [[1.0], [np.inf, np.inf], [1.0, np.inf], [np.nan, 1.0]])
def test_no_interval_where_there_is_none(values: list[float]) -> None:
    assert np.isnan(bootstrap_means([np.array(values)], seed=0)[0]).all()


def test_equal_values_have_an_interval_of_one_point() -> None:
    low, high = bootstrap_means([np.full(7, 0.1)], seed=0)[0]
    assert low <= np.full(7, 0.1).mean() <= high
    assert high - low < 1e-15


def test_an_infinite_mean_stays_infinite() -> None:
    assert summary(row("a", np.inf), row("b", 1.0)).iloc[0]["mean"] == np.inf


def test_failures_are_counted_and_do_not_enter_the_mean() -> None:
    failed = row("c", np.nan, level=None, error="no")
    found = summary(row("a", 1.0), row("b", 3.0), failed)
    assert found[["mean", "n", "errors"]].to_numpy().tolist() == [[2.0, 2, 1]]


def test_failures_are_counted_for_the_protocol_that_failed() -> None:
    both = [row(None, 1.0, protocol=protocol) for protocol in ("held-out", "in-sample")]
    failed = row("c", np.nan, level=None, error="no", protocol="held-out")
    assert summary(*both, failed)["errors"].tolist() == [1, 0]


def test_failures_of_a_measure_with_one_protocol_are_its_own() -> None:
    failed = row("c", np.nan, level=None, error="no", protocol=None)
    found = summary(failed, row(None, 1.0, protocol="held-out"))
    assert found[["protocol", "mean", "errors"]].to_numpy().tolist() == [["held-out", 1.0, 1]]


def test_a_measure_that_always_fails_keeps_its_row() -> None:
    found = summary(row("a", np.nan, level=None, error="no", unit=None, bound=None)).iloc[0]
    assert (found["measure"], found["errors"]) == ("brightness", 1)
    assert pd.isna(found["level"])
    assert np.isnan(found["mean"])


def test_estimators_bring_their_interval_and_histories_stay_out() -> None:
    estimate = row(
        None,
        2.0,
        measure="mine",
        protocol="held-out",
        low=1.5,
        high=2.5,
        null_mean=-0.1,
        null_p95=0.1,
        verdict="leak",
        rising=True,
        n=40,
    )
    history = row(None, 9.0, measure="mine", protocol="held-out", epoch=1)
    found = summary(estimate, history)
    assert len(found) == 1
    names = ["mean", "low", "high", "null_p95", "verdict", "rising", "n"]
    assert found.iloc[0][names].tolist() == [2.0, 1.5, 2.5, 0.1, "leak", True, 40]


def test_images_nobody_could_read_are_no_row_of_the_summary() -> None:
    unread = {"image": "a", "error": "is empty"}
    assert summary(unread, row("b", 1.0))["measure"].tolist() == ["brightness"]


def test_rows_keep_their_order_and_parts_stand_apart() -> None:
    rows = [row("a", 1.0, level=s, part=p) for s in (1, 0) for p in ("clear", "cipher")]
    found = summary(*rows)
    assert found[["level", "part"]].to_numpy().tolist() == [
        [1, "clear"],
        [1, "cipher"],
        [0, "clear"],
        [0, "cipher"],
    ]


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_a_table_in_pieces_has_the_same_summary(size: int) -> None:
    rng = np.random.default_rng(0)
    rows = [
        row(f"{at}", rng.normal(), level=level, part=part, exact=rng.normal())
        for at in range(20)
        for level in (0, 4)
        for part in ("clear", "cipher")
    ]
    rows.insert(5, row("x", np.nan, level=None, error="no"))
    rows += [row(None, 1.0, measure="mine", protocol=p, n=3) for p in ("held-out", "in-sample")]
    rows.append(row("y", np.nan, level=None, error="no", measure="mine", protocol=None))
    whole = frame.tidy(rows)
    pieces = (whole.iloc[start : start + size] for start in range(0, len(whole), size))
    found = summarise(pieces, seed=0)
    pd.testing.assert_frame_equal(found, summarise([whole], seed=0), check_exact=True)
    assert found["errors"].tolist() == [1] * 4 + [1, 0]
    brightness = whole[(whole["measure"] == "brightness") & (whole["level"] == 4)]
    clear = brightness[brightness["part"] == "clear"]["value"].to_numpy(float)
    assert found["mean"].tolist()[2] == np.mean(clear)
    assert (found["low"][2], found["high"][2]) == pytest.approx(bootstrap_means([clear], seed=0)[0])


def test_nothing_has_a_summary_too() -> None:
    assert summary().columns.tolist() == list(SUMMARY_COLUMNS)
