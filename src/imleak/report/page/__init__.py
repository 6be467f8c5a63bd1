"""One page that holds a whole run, or several beside each other: it asks nothing of the
network, and runs no script but its own."""

from collections.abc import Sequence

from ...study.store import Run
from .. import attributes, overview, reviewers
from ..answer import answer
from ..citations import citations
from ..data import left_out
from ..findings import turning_level
from ..levels import Levels
from ..measures import blocks, measures, ranks, tabulated
from ..methods import methods
from ..notes import notes
from ..rebuilt import RebuiltImages
from ..runs import cautions, labels
from ..text import to_csv, to_latex
from .payload import level_data, overlay, page_data
from .sheet import render
from .tradeoffs import tradeoffs

MOST_ROWS = 200
"""Images and omissions the page lists by name; the manifest has all of them."""


def to_html(run: Run, acceptable: float | None = None) -> str:
    """The page of a run: answer, images, charts, tables, what was run and what was not.

    Parameters
    ----------
    acceptable : bits an image that may leak, to recommend a level for; those asked for when it
        ran if None.
    """
    shown, levels = measures(run.summary, run.manifest), Levels.of(run.manifest)
    bits = max((int(image["bits"]) for image in run.manifest["images"]), default=8)
    found = answer(run.summary, run.manifest, acceptable)
    rebuilt = RebuiltImages.of(run.summary, run.manifest)
    decides = overview.overview(run.summary, run.manifest)
    return render(
        "report.html.j2",
        levels,
        ranks(shown),
        run=run.manifest,
        answer=found,
        data=page_data(run, levels, found.findings),
        opening=turning_level(found.findings),
        overview=decides,
        bold=overview.BOLD,
        overview_lines=overview.lines(decides, levels),
        left_out=left_out(run.manifest),
        rise=overview.rise(decides, levels),
        attributes=attributes.tables(run.summary, run.manifest),
        rebuilt=rebuilt,
        blocks=blocks(tabulated(shown)),
        notes=notes(run.summary, levels),
        reviewers=reviewers.rows(run.summary, bits),
        reviewers_warning=reviewers.WARNING,
        methods=methods(run.manifest, run.summary),
        works=[one.work.text() for one in citations(run.manifest, run.summary).works],
        csv=to_csv(run),
        tex=to_latex(run, acceptable),
        most=MOST_ROWS,
    )


def to_comparison(runs: Sequence[Run], by: str | None = None) -> str:
    """The page of several runs: what each says, what keeps them from being compared, what they
    leak at equal cost, and their curves in one chart.

    Parameters
    ----------
    by : the cost that stands first; else the first of :data:`COSTS` that any run has.

    Raises
    ------
    ComparisonError
        If there are fewer than two runs, or none has the cost.
    """
    named = labels(runs)
    shown = {name: tabulated(measures(run.summary, run.manifest)) for name, run in named.items()}
    of_runs = {name: Levels.of(run.manifest) for name, run in named.items()}
    levels = Levels.shared(list(of_runs.values()))
    every = sorted({rank for of_run in shown.values() for rank in ranks(of_run)})
    compared = [
        {
            "label": name,
            "path": str(run.path),
            "manifest": run.manifest,
            "answer": answer(run.summary, run.manifest),
            "levels": of_runs[name],
            "ranks": ranks(shown[name]),
            "blocks": blocks(tabulated(shown[name])),
            "notes": notes(run.summary, of_runs[name]),
        }
        for name, run in named.items()
    ]
    data = {
        **level_data(levels, every),
        "series": list(overlay(shown, of_runs)),
        "training": [],
        "growth": [],
        "previews": [],
    }
    given = {
        "runs": compared,
        "cautions": cautions(named),
        "tradeoffs": tradeoffs(named, by),
        "data": data,
    }
    return render("compare.html.j2", levels, every, **given)
