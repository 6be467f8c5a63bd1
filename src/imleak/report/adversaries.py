"""Who looked, and what each of them found: the part of a summary that has verdicts."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

CLAIMS = ("leak", "saturated")
"""Verdicts that claim a leak."""

PIXELS = "pixels"
"""The encoder whose rows are single samples; those of all others are patches."""

CODE_LENGTH, HISTOGRAM = "codelength", "histogram"
"""Measures whose ceiling is the logarithm of the values a clear sample can take."""


@dataclass(frozen=True)
class Look:
    """What one adversary found at one level; `rising` is None where growth was not asked
    for, `ceiling` is the most that the test could have shown."""

    value: float
    low: float
    high: float
    verdict: str
    rising: bool | None = None
    ceiling: float = math.inf

    @property
    def claims(self) -> bool:
        return self.verdict in CLAIMS


@dataclass(frozen=True)
class Adversary:
    """An estimator of what a view tells of a target, tested on images it never saw.

    Parameters
    ----------
    bound : what its numbers are to mutual information.
    detectable : the smallest planted leak it finds, in bits; infinite if it finds none,
        NaN if it was not asked.
    train, test : images it learned from and was tested on.
    encoder : what both are features of, in words.
    untrained : whether an encoder of either side has random weights.
    looks : by level.
    """

    scheme: str
    encoder: str
    measure: str
    bound: str
    detectable: float
    train: int | None
    test: int | None
    untrained: bool
    looks: Mapping[int, Look] = field(repr=False)

    @property
    def title(self) -> str:
        return f"{self.measure} on {self.encoder}"

    @property
    def row(self) -> str:
        """What a number of bits is given for."""
        return "pixel" if self.encoder == PIXELS else "patch"

    @property
    def sees_plain(self) -> bool | None:
        """Whether it finds anything where nothing is encrypted; None if that is not known."""
        look = self.looks.get(0)
        return None if look is None or look.verdict == "unreliable" else look.claims


def adversaries(summary: pd.DataFrame, manifest: Mapping[str, Any]) -> list[Adversary]:
    """Every adversary of a run, in the order of its summary."""
    judged = summary[summary["verdict"].notna() & summary["level"].notna()]
    untrained = tuple(untrained_encoders(manifest))
    found = []
    for key, rows in judged.groupby(["scheme", "encoder", "measure", "protocol"], sort=False):
        scheme, encoder, measure = map(str, key[:3])
        sides = (encoder, str(rows["target"].iloc[0]), *str(rows["view"].iloc[0]).split(", "))
        found.append(
            Adversary(
                scheme=scheme,
                encoder=encoder,
                measure=measure,
                bound=str(rows["bound"].iloc[0]),
                detectable=float(rows["detectable"].max()),
                train=_count(rows["train_groups"]),
                test=_count(rows["test_groups"]),
                untrained=any(side.startswith(untrained) for side in sides),
                looks={int(row["level"]): _look(row) for row in rows.to_dict("records")},
            )
        )
    return found


def untrained_encoders(manifest: Mapping[str, Any]) -> Iterator[str]:
    """What the names of encoders with random weights begin with in the results of a run."""
    for component in manifest.get("components", ()):
        options = json.loads(component.get("options") or "{}")
        weights = str(options.get("weights"))
        if component.get("kind") == "encoder" and weights.startswith("random"):
            yield f"{component['name']}={weights}"


def strongest(at: int, among: Iterable[Adversary]) -> Adversary | None:
    """Who claims most at a level: by the lower end of the interval, bounds before others,
    and known sizes before those that are merely larger than the test could show."""

    def rank(adversary: Adversary) -> tuple[bool, float]:
        return adversary.bound == "lower", adversary.looks[at].low

    claiming = [one for one in among if at in one.looks and one.looks[at].claims]
    return max(claiming, key=rank, default=None)


def smallest_seen(among: Iterable[Adversary]) -> float:
    """The smallest planted leak that any of them finds, in bits; infinite if none finds
    any, NaN if none was asked."""
    asked = [one.detectable for one in among if not math.isnan(one.detectable)]
    return min(asked, default=math.nan)


def empty_levels(summary: pd.DataFrame) -> list[int]:
    """Levels whose clear samples can take only one value, so that nothing is left."""
    counted = summary["measure"].isin((HISTOGRAM, CODE_LENGTH))
    return sorted(
        {int(level) for level in summary.loc[counted & (summary["ceiling"] == 0), "level"]}
    )


def _look(row: Mapping[Any, Any]) -> Look:
    rising = None if pd.isna(row["rising"]) else bool(row["rising"])
    value, low, high = (float(row[name]) for name in ("mean", "low", "high"))
    ceiling = row.get("ceiling")
    most = math.inf if ceiling is None or math.isnan(ceiling) else float(ceiling)
    return Look(value, low, high, str(row["verdict"]), rising, most)


def _count(column: pd.Series[Any]) -> int | None:
    known = column.dropna()
    return None if known.empty else int(known.max())
