"""Who looked, and what each of them found: the part of a summary that has verdicts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

CLAIMS = ("leak", "saturated")
"""Verdicts that claim a leak."""

PIXELS, LAYOUT = "pixels", "layout"
"""Encoders whose rows are single samples and whole images; those of all others are patches."""

CODE_LENGTH, HISTOGRAM = "codelength", "histogram"
"""Measures whose ceiling is the logarithm of the values a clear sample can take."""

RECOGNISE, MATCH, CONFIRM = "recognise", "match", "confirm"
"""Measures that learned from none of the images, the gravest finding first."""

_KEY = ["scheme", "encoder", "measure", "protocol", "quantity"]


@dataclass(frozen=True)
class Result:
    """What one adversary found at one level.

    Parameters
    ----------
    value, low, high : in the unit of the adversary; `low` and `high` NaN where exact.
    null_mean, null_p95 : what the same adversary says of pairs broken across images.
    ceiling : the most that the test could have shown.
    rising : whether more training images would find more; None if that was not asked.
    chosen : the space or estimator that was chosen among several.
    images : the images it was tested on.
    """

    value: float
    low: float
    high: float
    verdict: str
    null_mean: float = math.nan
    null_p95: float = math.nan
    ceiling: float = math.inf
    rising: bool | None = None
    chosen: str = ""
    images: int = 0

    @property
    def claims(self) -> bool:
        """Whether the verdict claims a leak, and the interval clears the null."""
        return self.verdict in CLAIMS and not self.low <= self.null_p95


@dataclass(frozen=True)
class Adversary:
    """A measure that has verdicts, and one quantity of those it gives.

    Parameters
    ----------
    quantity : empty for an estimator, which gives bits.
    bound : what its numbers are to mutual information.
    detectable : the smallest planted leak it finds, in bits; infinite if it finds none,
        NaN if it was not asked.
    train, test : images it learned from and was tested on; None where it learned from none.
    encoder : what target and view are features of, in words.
    results : by level.
    """

    scheme: str
    encoder: str
    measure: str
    bound: str
    detectable: float
    train: int | None
    test: int | None
    results: Mapping[int, Result] = field(repr=False)
    quantity: str = ""
    unit: str = "bit"
    protocol: str = ""

    @property
    def title(self) -> str:
        return f"{self.measure} on {self.encoder}" if self.encoder != PIXELS else self.measure

    @property
    def is_zero_shot(self) -> bool:
        """Whether it learned from none of the images."""
        return self.protocol == "zero-shot" or self.measure in (RECOGNISE, MATCH, CONFIRM)

    @property
    def row(self) -> str:
        """What a number of bits is given for."""
        if self.unit.endswith("/image") or self.encoder == LAYOUT:
            return "image"
        return "pixel" if self.encoder == PIXELS else "patch"

    @property
    def sees_plain(self) -> bool | None:
        """Whether it finds anything where nothing is encrypted; None if that is not known."""
        result = self.results.get(0)
        return None if result is None or result.verdict == "unreliable" else result.claims

    @property
    def bounds_content(self) -> bool:
        """Whether its numbers are bits about what an image shows, held against a threshold."""
        if not self.unit.startswith("bit") or self.measure == CONFIRM:
            return False
        return self.is_zero_shot or self.encoder != PIXELS


def adversaries(summary: pd.DataFrame) -> list[Adversary]:
    """Every adversary of a run and each of its quantities, in the order of the summary."""
    judged = summary[summary["verdict"].notna() & summary["level"].notna()]
    found = []
    for key, rows in judged.groupby(_KEY, sort=False, dropna=False):
        words = ["" if one != one else str(one) for one in key]  # what is missing is NaN
        scheme, encoder, measure, protocol, quantity = words
        found.append(
            Adversary(
                scheme=scheme,
                encoder=encoder,
                measure=measure,
                quantity=quantity,
                protocol=protocol,
                unit=str(rows["unit"].iloc[0]),
                bound=str(rows["bound"].iloc[0]),
                detectable=float(rows["detectable"].max()),
                train=_count(rows["train_groups"]),
                test=_count(rows["test_groups"]),
                results={int(row["level"]): _result(row) for row in rows.to_dict("records")},
            )
        )
    return found


def empty_levels(summary: pd.DataFrame) -> list[int]:
    """Levels whose clear samples can take only one value, so that nothing is left."""
    counted = summary["measure"].isin((HISTOGRAM, CODE_LENGTH))
    return sorted(
        {int(level) for level in summary.loc[counted & (summary["ceiling"] == 0), "level"]}
    )


def _result(row: Mapping[Any, Any]) -> Result:
    numbers = ("mean", "low", "high", "null_mean", "null_p95", "ceiling")
    value, low, high, mean, p95, ceiling = (float(row[name]) for name in numbers)
    return Result(
        value,
        low,
        high,
        str(row["verdict"]),
        mean,
        p95,
        ceiling=math.inf if math.isnan(ceiling) else ceiling,
        rising=None if pd.isna(row["rising"]) else bool(row["rising"]),
        chosen="" if pd.isna(row["chosen"]) else str(row["chosen"]),
        images=0 if pd.isna(row["n"]) else int(row["n"]),
    )


def _count(column: pd.Series[Any]) -> int | None:
    known = column.dropna()
    return None if known.empty else int(known.max())
