"""Who looked, and what each of them found: the part of a summary that has verdicts."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from .levels import Levels

CLAIMS = ("leak", "saturated")
"""Verdicts that claim a leak."""

PIXELS, LAYOUT = "pixels", "layout"
"""Names of the encoder of single samples and of the one that goes by flat areas."""

CODE_LENGTH, HISTOGRAM = "codelength", "histogram"
"""Measures whose ceiling is the logarithm of the values a clear sample can take."""

RECOGNISE, MATCH, CONFIRM = "recognise", "match", "confirm"
"""Measures that learned from none of the images, the gravest finding first."""

ON_CIPHERS = ("keystream-reuse", "repeating-tile", "known-plaintext", "plane-entropy")
"""Measures of how ciphers were made; what they find stands in the manifest as sentences."""

_BETWEEN = r", | \+ | or "
"""What stands between the titles of several encoders, or of the spaces an attack chose."""

_KEY = ["encoder", "target", "view", "measure", "protocol", "quantity"]


@dataclass(frozen=True)
class Result:
    """What one adversary found at one level.

    Parameters
    ----------
    value, low, high : in the unit of the adversary; `low` and `high` NaN where exact.
    null_mean, null_p95 : what the same adversary finds in pairs broken across images.
    ceiling : the most that the test could have shown.
    rising : whether more training images would find more; None if that was not asked.
    chosen : the space or estimator that was chosen among several.
    images : the images it was tested on.
    uses_layout : whether what was chosen goes by flat, bright and busy areas.
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
    uses_layout: bool = False

    @property
    def claims(self) -> bool:
        """Whether the verdict claims a leak, and the interval clears the null."""
        return self.verdict in CLAIMS and not self.low <= self.null_p95


@dataclass(frozen=True)
class Adversary:
    """A measure that has verdicts, and one quantity of those it gives.

    Parameters
    ----------
    encoder : what target and view are features of, in words.
    row : what a number of bits is given for: image, patch or pixel.
    bound : what its numbers are to mutual information.
    detectable : the smallest planted leak it finds, in bits; infinite if it finds none,
        NaN if it was not asked.
    train, test : images it learned from and was tested on; None where it learned from none.
    results : by level.
    quantity : empty for an estimator, which gives bits.
    """

    encoder: str
    measure: str
    row: str
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
        return self.measure if self.row == "pixel" else f"{self.measure} on {self.encoder}"

    @property
    def is_zero_shot(self) -> bool:
        """Whether it learned from none of the images."""
        return self.protocol == "zero-shot"

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
        return self.is_zero_shot or self.row != "pixel"


def adversaries(summary: pd.DataFrame, manifest: Mapping[str, Any]) -> list[Adversary]:
    """Every adversary of a run and each of its quantities, in the order of the summary."""
    encoders = [one for one in manifest.get("components", ()) if one["kind"] == "encoder"]
    whole = {_title(one) for one in encoders if one.get("input_size") == "image"}
    layouts = {_title(one) for one in encoders if one["name"] == LAYOUT}
    judged = summary[summary["verdict"].notna() & summary["level"].notna()]
    found = []
    for key, rows in judged.groupby(_KEY, sort=False, dropna=False):
        words = ["" if one != one else str(one) for one in key]  # what is missing is NaN
        encoder, target, view, measure, protocol, quantity = words
        unit = str(rows["unit"].iloc[0])
        results = {
            int(row["level"]): _result(row, layouts, view) for row in rows.to_dict("records")
        }
        sees_whole = any(_among(title, sides) for title in whole for sides in (target, view))
        is_of_image = sees_whole or unit.endswith("/image")
        found.append(
            Adversary(
                encoder=encoder,
                measure=measure,
                row="image" if is_of_image else "pixel" if target == PIXELS else "patch",
                bound=str(rows["bound"].iloc[0]),
                detectable=float(rows["detectable"].max()),
                train=_count(rows["train_groups"]),
                test=_count(rows["test_groups"]),
                results=results,
                quantity=quantity,
                unit=unit,
                protocol=protocol,
            )
        )
    return found


def empty_levels(summary: pd.DataFrame, levels: Levels) -> list[int]:
    """Levels of a run at which nothing is left in the clear, of any image or of these."""
    counted = summary["measure"].isin((HISTOGRAM, CODE_LENGTH)) & (summary["ceiling"] == 0)
    measured = set(summary["level"].dropna().map(int))
    return sorted(
        {level for level in measured if levels[level].leaves_nothing}
        | {int(level) for level in summary.loc[counted, "level"].dropna()}
    )


def _result(row: Mapping[Any, Any], layouts: set[str], view: str) -> Result:
    numbers = ("mean", "low", "high", "null_mean", "null_p95", "ceiling")
    value, low, high, mean, p95, ceiling = (float(row[name]) for name in numbers)
    chosen = "" if pd.isna(row["chosen"]) else str(row["chosen"])
    return Result(
        value,
        low,
        high,
        str(row["verdict"]),
        mean,
        p95,
        ceiling=math.inf if math.isnan(ceiling) else ceiling,
        rising=None if pd.isna(row["rising"]) else bool(row["rising"]),
        chosen=chosen,
        images=0 if pd.isna(row["n"]) else int(row["n"]),
        uses_layout=any(_among(title, chosen or view) for title in layouts),
    )


def _among(title: str, joined: str) -> bool:
    """Whether a title is one of several that stand in one text, whole."""
    return re.search(rf"(^|{_BETWEEN}){re.escape(title)}($|{_BETWEEN})", joined) is not None


def _title(component: Mapping[str, Any]) -> str:
    return str(component.get("title", component["name"]))


def _count(column: pd.Series[Any]) -> int | None:
    known = column.dropna()
    return None if known.empty else int(known.max())
