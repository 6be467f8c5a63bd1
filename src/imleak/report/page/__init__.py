"""One page that holds a whole run, or several beside each other: it asks nothing of the
network, and runs no script but its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...study.store import Run
from .. import cells, overview, reviewers, tables
from ..answer import answer
from ..findings import turning_level
from ..latex import to_latex
from ..runs import cautions, labels
from . import charts
from .payload import overlay, page_data
from .sheet import blocks, render

MOST_ROWS = 200
"""Images and omissions the page lists by name; the manifest has all of them."""

_MISSING: Mapping[str, Any] = {
    "images": (),
    "left_out": (),
    "command": (),
    "components": (),
    "spec": None,
    "versions": {},
    "started": None,
    "keys": None,
}


def to_html(run: Run, acceptable: float | None = None) -> str:
    """The page of a run: answer, images, charts, tables, what was run and what was not.

    Parameters
    ----------
    acceptable : bits an image that may leak, to recommend a level for.
    """
    columns = cells.columns(run.summary)
    manifest = {**_MISSING, **run.manifest}
    bits = max((int(image["bits"]) for image in manifest["images"]), default=8)
    found = answer(run.summary, manifest, acceptable)
    decides = overview.overview(run.summary)
    return render(
        "report.html.j2",
        cells.levels(columns),
        run=manifest,
        answer=found,
        data=page_data(run, found.findings),
        opening=turning_level(found.findings),
        overview=decides,
        overview_levels=overview.levels(decides),
        blocks=blocks(columns),
        notes=cells.notes(run.summary),
        reviewers=reviewers.rows(run.summary, bits),
        reviewers_warning=reviewers.WARNING,
        csv=tables.to_csv(run.summary),
        tex=to_latex(run.summary),
        most=MOST_ROWS,
    )


def to_comparison(runs: Sequence[Run]) -> str:
    """The page of several runs: what each says, what keeps them from being compared, and
    their curves in one chart.

    Raises
    ------
    ComparisonError
        If there are fewer than two.
    """
    named = labels(runs)
    shown = {name: cells.columns(run.summary) for name, run in named.items()}
    levels = sorted({level for columns in shown.values() for level in cells.levels(columns)})
    told = [
        {
            "label": name,
            "path": str(run.path),
            "manifest": {**_MISSING, **run.manifest},
            "answer": answer(run.summary, run.manifest),
            "blocks": blocks(shown[name]),
            "notes": cells.notes(run.summary),
        }
        for name, run in named.items()
    ]
    data = {
        "specs": charts.specs(),
        "series": list(overlay(shown)),
        "training": [],
        "growth": [],
        "pictures": [],
    }
    return render("compare.html.j2", levels, runs=told, cautions=cautions(named), data=data)
