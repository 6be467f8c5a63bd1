"""What schemes leak at equal cost, as the page has it: a figure and a table a cost."""

from base64 import b64encode
from collections.abc import Mapping
from io import BytesIO
from typing import Any

from ...study.store import Run
from ..figures import style, tradeoff
from ..tradeoff import COSTS, Tradeoff, measured
from ..tradeoff.text import to_csv, to_latex


def tradeoffs(named: Mapping[str, Run], by: str | None = None) -> list[dict[str, Any]]:
    """One for each cost that any run has, that of `by` first. Raises ComparisonError if none
    has that."""
    there = measured(run.summary for run in named.values())
    order = sorted(dict.fromkeys([*([by] if by else []), *there]), key=lambda one: one != by)
    found = [Tradeoff.of(named, one) for one in order]
    return [
        {
            "id": one.by,
            "cost": COSTS[one.by].title,
            "heads": one.heads(),
            "lines": [
                [
                    {"text": text, "null": null, "claims": at > 2 and one.claims(row, at - 3)}
                    for at, (text, null) in enumerate(line)
                ]
                for row, line in enumerate(one.lines())
            ],
            "notes": one.notes,
            "figure": _figure(one),
            "csv": to_csv(one),
            "tex": to_latex(one),
        }
        for one in found
        if one.adversaries
    ]


def _figure(found: Tradeoff) -> str:
    """The figure as a picture that stands in the page."""
    content = BytesIO()
    with style.print_style():
        metadata = {"Title": found.title, "Date": None, "Creator": None}
        drawn = tradeoff.drawing(found).figure
        drawn.savefig(content, format="svg", metadata=metadata)
    return f"data:image/svg+xml;base64,{b64encode(content.getvalue()).decode()}"
