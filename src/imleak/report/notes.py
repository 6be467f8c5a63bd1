"""What the reader of a table of levels and measures must know."""

import math
from collections.abc import Iterator

import pandas as pd

from ..interfaces import LARGEST_PLANTED
from .adversaries import CODE_LENGTHS, FANO, INFONCE, MATCH
from .levels import Levels
from .measures import titles

_MEANING = {
    "lower": "≥ lower bound",
    "upper": "≤ upper bound",
    "exact": "= exact",
    "none": "~ no bound",
}


def notes(summary: pd.DataFrame, levels: Levels) -> list[str]:
    """What the reader of the table must know: the marks, how far to trust that nothing
    was found, and what failed."""
    bounds = set(summary.loc[summary["level"].notna(), "bound"])
    meanings = [meaning for bound, meaning in _MEANING.items() if bound in bounds]
    found = [" · ".join(meanings), "[low, high]: 95 % interval"] if meanings else []
    quantities = set(summary.loc[summary["measure"] == MATCH, "quantity"])
    if {FANO, INFONCE} <= quantities:
        found.append(
            f"{MATCH} {FANO} and {INFONCE} bound the same information; the answer quotes the one "
            "whose interval begins higher, and of an image that is always picked Fano's, because "
            "the other then has no interval"
        )
    for measure in CODE_LENGTHS:
        found += _whole_code(summary, measure, levels)
    for title, rows in summary.groupby(titles(summary), sort=False):
        found += _reach(str(title), rows, levels)
        failed = rows["errors"].fillna(0).max()
        if failed > 0:
            found.append(f"{title}: {int(failed)} failed; see column error of the results")
    return found


def _whole_code(summary: pd.DataFrame, measure: str, levels: Levels) -> Iterator[str]:
    """At which levels a code length is that of the whole plain image."""
    rows = summary[(summary["measure"] == measure) & summary["level"].notna()]
    lengths = {
        int(level): float(mean) for level, mean in zip(rows["level"], rows["mean"], strict=True)
    }
    same = [level for level, mean in lengths.items() if level and mean == lengths.get(0)]
    if same and lengths[0]:
        why = (
            "which a cipher cannot tell more than"
            if levels.as_they_are
            else "because no shorter code of the clear part was found"
        )
        yield f"{measure} {levels.at(same)} is that of the plain image, {why}"


def _reach(title: str, rows: pd.DataFrame, levels: Levels) -> Iterator[str]:
    """What a larger adversary would find, and the smallest leak this one would have."""
    rising = rows[rows["rising"].fillna(value=False)]
    if not rising.empty:
        images = int(rising["train_groups"].max())
        yield (
            f"{title} still rises at {images} training images, "
            f"{levels.at(map(int, rising['level']))}: a larger adversary would find more"
        )
    planted = rows[rows["protocol"] != "zero-shot"]
    smallest = float(planted["detectable"].max())
    if math.isfinite(smallest):
        yield f"{title}: the smallest planted leak that is found has {smallest:.2g} bits"
    elif math.isinf(smallest):
        yield f"{title}: no planted leak is found, up to {LARGEST_PLANTED:g} bits"
