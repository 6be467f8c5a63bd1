"""The reviewers' table and its ideal values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from imleak.report import reviewers

Make = Callable[..., pd.DataFrame]


def test_ideal_values_are_the_published_ones() -> None:
    """Wu, Noonan and Agaian, 2011, table 1, for 8 bits; and 1 bit by hand."""
    assert reviewers.npcr(8) == pytest.approx(99.6094, abs=5e-5)
    assert reviewers.uaci(8) == pytest.approx(33.4635, abs=5e-5)
    assert (reviewers.npcr(1), reviewers.uaci(1)) == (50, 50)


@pytest.mark.parametrize("bits", [2, 5])
def test_ideal_values_are_those_of_all_pairs(bits: int) -> None:
    one, other = np.meshgrid(np.arange(2**bits), np.arange(2**bits))
    assert reviewers.npcr(bits) == pytest.approx(100 * np.mean(one != other))
    assert reviewers.uaci(bits) == pytest.approx(100 * np.mean(abs(one - other)) / (2**bits - 1))


def test_rows_are_of_the_cipher_in_the_order_of_the_table(make_rows: Make) -> None:
    summary = pd.concat(
        [
            make_rows("uaci", [0.0, 33.4], part="cipher", unit="%"),
            make_rows("psnr", [np.inf, 8.3], part="cipher", unit="dB"),
            make_rows("psnr", [np.inf, 7.3], part="clear", unit="dB"),
            make_rows("histogram", [7.0, 0.0]),
        ]
    )
    first, second = reviewers.rows(summary, 8)
    assert (first.measure, first.unit, dict(first.values)) == ("psnr", "dB", {0: "∞", 1: "8.30"})
    assert (second.measure, second.ideal) == ("uaci", "33.4635")


def test_every_measure_of_the_table_can_be_run() -> None:
    from imleak import plugins

    assert set(reviewers.ROWS) == set(plugins.GROUPS["reviewers"])
    assert set(reviewers.ideals(8)) <= set(reviewers.ROWS)
