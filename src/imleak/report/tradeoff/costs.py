"""What a level of a scheme costs, by which levels of different schemes can be compared."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from ..runs import ComparisonError

NONE = "-"
"""What stands where there is no number."""


@dataclass(frozen=True)
class Cost:
    """What a level costs.

    Parameters
    ----------
    measure : whose number it is, of the cipher.
    title : as the title of an axis.
    unit : of the number.
    falls : whether a smaller number is a higher cost.
    """

    measure: str
    title: str
    unit: str
    falls: bool = False

    def text(self, value: float) -> str:
        if math.isnan(value):
            return NONE
        decimals = 2 if 0 < abs(value) < 1 else 1
        return "∞" if math.isinf(value) else f"{value:z.{decimals}f}"


COSTS: Mapping[str, Cost] = {
    "psnr": Cost("psnr", "PSNR of the cipher", "dB", falls=True),
    "bits": Cost("encrypted-share", "bits encrypted", "%"),
    "size": Cost("size-change", "growth of the file", "%"),
}
"""Costs that levels are compared at, by name; the first that there is stands for the others."""


def cost_of(by: str) -> Cost:
    """The cost of a name. Raises ComparisonError if there is none."""
    if by not in COSTS:
        raise ComparisonError(f"no cost {by!r}; compare by {', '.join(COSTS)}")
    return COSTS[by]


def costs_by_level(summary: pd.DataFrame) -> dict[str, dict[int, float]]:
    """By cost and level, the mean over the images of a run."""
    rows = summary[(summary["part"] == "cipher") & summary["level"].notna()]
    return {
        by: {
            int(row["level"]): float(row["mean"])
            for row in rows[rows["measure"] == cost.measure].to_dict("records")
            if not pd.isna(row["mean"])
        }
        for by, cost in COSTS.items()
    }


def measured(summaries: Iterable[pd.DataFrame]) -> list[str]:
    """The costs that any of some runs has."""
    every = [costs_by_level(summary) for summary in summaries]
    return [by for by in COSTS if any(of_run[by] for of_run in every)]
