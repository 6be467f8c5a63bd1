"""A run as text: Markdown, LaTeX and CSV."""

import re
from collections.abc import Iterator, Sequence

import pandas as pd

from ..study.store import Run
from . import reviewers
from .answer import answer
from .attributes import Told
from .attributes import tables as attribute_tables
from .citations import citations
from .learners import Learners
from .levels import Levels
from .measures import Measure, blocks, measures, ranks, tabulated
from .methods import methods
from .notes import notes
from .overview import lines, overview, rise
from .rebuilt import RebuiltImages

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|!])")
_LATEX = str.maketrans(
    {sign: f"\\{sign}" for sign in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "|": r"\textbar{}"}
    | {"<": r"\textless{}", ">": r"\textgreater{}", "\n": " "}
    | {"≥": r"$\geq$", "≤": r"$\leq$", "~": r"$\sim$", "∞": r"$\infty$"}
)


def to_markdown(run: Run, acceptable: float | None = None) -> str:
    """Answer, recommendation, warnings, who looked, what is not covered, and the table."""
    found = answer(run.summary, run.manifest, acceptable)
    levels = Levels.of(run.manifest)
    reported = [
        f"**{escape(one.head)}**{escape(one.rest)}" if one.head else escape(one.rest)
        for one in found.sentences
    ]
    parts = ["# What the clear part gives away", " ".join(reported)]
    if found.recommendation is not None:
        parts.append(f"**{escape(found.recommendation.words)}**")
    parts += [escape(note) for note in found.notes]
    parts += [f"> {escape(warning)}" for warning in found.warnings]
    for title, items in (("Who looked", found.looked), ("What this does not cover", found.limits)):
        if items:
            parts.append(f"## {title}\n\n" + "\n".join(f"- {escape(item)}" for item in items))
    rebuilt = RebuiltImages.of(run.summary, run.manifest)
    if rebuilt.levels:
        parts += [f"## {rebuilt.caption}", markdown_table(_rebuilt(rebuilt, levels))]
    parts += _by_attribute(run, levels)
    if shown := tabulated(_ordered(run.summary)):
        parts += ["## Level by measure", markdown_table(table(shown, levels))]
    parts += map(escape, notes(run.summary, levels))
    parts.append(escape(rise(overview(run.summary, run.manifest), levels)))
    parts += ["## Methods", *map(escape, methods(run.manifest, run.summary))]
    works = citations(run.manifest, run.summary).works
    parts += ["## References", "\n".join(f"- {escape(one.work.text())}" for one in works)]
    return "\n\n".join(filter(None, parts)) + "\n"


def _by_attribute(run: Run, levels: Levels) -> Iterator[str]:
    """Heading, table and note of what leaks by attribute, a view after the other."""
    for told in attribute_tables(run.summary, run.manifest):
        yield f"## {escape(told.title)}"
        yield markdown_table(_attributes(told, levels, loud="**{}**"))
        yield escape(told.note)


def to_latex(run: Run, acceptable: float | None = None) -> str:
    """Recommendation, what is found, a table for each encoder, rebuilt images, attributes, the
    table for reviewers, the estimates with fewer training images, and every figure, for the
    packages `booktabs` and `graphicx`; the notes stand below as comments."""
    levels = Levels.of(run.manifest)
    shown = [
        ("What is found", _overview(run, levels)),
        *(
            (f"{encoder}, {scheme}", table(block, levels, with_encoder=False))
            for (scheme, encoder), block in blocks(tabulated(measures(run.summary)))
        ),
        ("Rebuilt images", _rebuilt(RebuiltImages.of(run.summary, run.manifest), levels)),
        *(
            (told.title, _attributes(told, levels))
            for told in attribute_tables(run.summary, run.manifest)
        ),
        ("Measures of the cipher", _reviewers(run, levels)),
        ("Estimates with fewer training images", _growth(run, levels)),
    ]
    tables = [latex_table(*one) for one in shown if len(one[1])]
    below = "".join(f"% {' '.join(note.split())}\n" for note in notes(run.summary, levels))
    needs = "% needs \\usepackage{booktabs,graphicx}\n"
    advice = answer(run.summary, run.manifest, acceptable).recommendation
    first = [f"\\textbf{{{to_latex_text(advice.words)}}}\n"] if advice else []
    return needs + "\n".join([*first, *tables, *_latex_figures(run)]) + below


def _overview(run: Run, levels: Levels) -> pd.DataFrame:
    columns = overview(run.summary, run.manifest)
    heads = [f"{column.title}, {column.words}" for column in columns]
    rows = [[head, *(one.text for one in entries)] for head, entries in lines(columns, levels)]
    return pd.DataFrame(rows, columns=[levels.symbol or levels.axis, *heads], dtype=str)


def _reviewers(run: Run, levels: Levels) -> pd.DataFrame:
    bits = max((int(image["bits"]) for image in run.manifest["images"]), default=8)
    rows = reviewers.rows(run.summary, bits)
    every = sorted({rank for row in rows for rank in row.values})
    cells = [
        [f"{row.measure} ({row.unit})" if row.unit else row.measure, row.ideal]
        + [row.values.get(rank, "") for rank in every]
        for row in rows
    ]
    return pd.DataFrame(cells, columns=["measure", "ideal", *map(levels.tick, every)], dtype=str)


def _growth(run: Run, levels: Levels) -> pd.DataFrame:
    """A row a level and estimate, a column a number of training images."""
    cells: dict[tuple[str, str], dict[str, str]] = {}
    learners = Learners.of(run.manifest)
    for row in run.growth.sort_values("train_groups").to_dict("records"):
        estimate = (f"{row['measure']} on {row['encoder']}", levels.tick(int(row["level"])))
        value = f"{row['value']:.2f} [{row['low']:.2f}, {row['high']:.2f}]"
        cells.setdefault(estimate, {})[learners.counted(int(row["train_groups"]))] = value
    heads = list(dict.fromkeys(head for row in cells.values() for head in row))
    rows = [[*names, *(row.get(head, "") for head in heads)] for names, row in cells.items()]
    level = levels.symbol or levels.axis
    return pd.DataFrame(rows, columns=["estimate", level, *heads], dtype=str)


def latex_table(caption: str, cells: pd.DataFrame) -> str:
    """A table of texts under a caption."""
    style = cells.map(to_latex_text).rename(columns=to_latex_text).style.hide(axis="index")
    return style.to_latex(
        hrules=True,
        caption=to_latex_text(caption),
        position_float="centering",
        column_format="r" * cells.shape[1],
    )


def _latex_figures(run: Run) -> Iterator[str]:
    """The figures of the folder of the run, relative to it."""
    for path in sorted((run.path / "figures").glob("*.pdf")):
        caption = to_latex_text(path.stem.replace("-", " "))
        yield (
            "\\begin{figure}\n\\centering\n"
            f"\\includegraphics{{figures/{path.stem}}}\n\\caption{{{caption}}}\n\\end{{figure}}\n"
        )


def to_csv(run: Run, _acceptable: float | None = None) -> str:
    """A row a level, and for each measure its value, interval, bound and verdict, in full
    precision. A missing value is an empty field."""
    levels, shown = Levels.of(run.manifest), _ordered(run.summary)
    every = ranks(shown)
    fields: dict[str, list[object]] = {
        "level": list(every),
        "label": [levels[rank].label for rank in every],
    }
    for column in shown:
        name = " ".join((column.scheme, column.encoder, *column.headings))
        unit = f" ({column.unit})" if column.unit else ""
        found = [column.results.get(rank) for rank in every]
        for head, end in (("", "value"), (" low", "low"), (" high", "high")):
            fields[f"{name}{head}{unit}"] = [getattr(cell, end, None) for cell in found]
        fields[f"{name} bound"] = [cell.bound if cell else "" for cell in found]
        if column.has_verdict:
            fields[f"{name} verdict"] = [cell.verdict if cell else "" for cell in found]
    return pd.DataFrame(fields).to_csv(index=False, lineterminator="\n")


def table(shown: Sequence[Measure], levels: Levels, *, with_encoder: bool = True) -> pd.DataFrame:
    """A row a level and a column a measure, as text; the level stands first."""
    heads = [
        " ".join([*column.headings, *(("on", column.encoder) if with_encoder else ())])
        + (f" ({column.unit})" if column.unit else "")
        for column in shown
    ]
    rows = [
        [levels.tick(rank), *(" ".join(column.lines(rank)) for column in shown)]
        for rank in ranks(shown)
    ]
    return pd.DataFrame(rows, columns=[levels.symbol or levels.axis, *heads], dtype=str)


def _rebuilt(images: RebuiltImages, levels: Levels) -> pd.DataFrame:
    """The small table of rebuilt images, as text."""
    heads = [f"{column.title}, {column.words}" for column in images.columns()]
    rows = [[head, *entries] for head, entries in images.lines(levels)]
    return pd.DataFrame(rows, columns=[levels.symbol or levels.axis, *heads], dtype=str)


def _attributes(told: Told, levels: Levels, loud: str = "{}") -> pd.DataFrame:
    """What one view tells of attributes, a row each; leaks as `loud` has them."""
    heads = [told.heading, *(levels[rank].short for rank in told.ranks)]
    rows = [
        [
            row.name,
            *(
                loud.format(row.words(rank)) if row.claims(rank) else row.words(rank)
                for rank in told.ranks
            ),
        ]
        for row in told.rows
    ]
    return pd.DataFrame(rows, columns=heads, dtype=str)


def _ordered(summary: pd.DataFrame) -> list[Measure]:
    """Everything that was measured, that of one encoder side by side."""
    return [one for _, block in blocks(measures(summary)) for one in block]


def escape(text: str) -> str:
    """Text that Markdown shows as it is, on one line.

    >>> escape("a_b [0, 1]")
    'a\\\\_b \\\\[0, 1\\\\]'
    """
    return _MARKUP.sub(r"\\\1", re.sub(r"\s+", " ", text))


def markdown_table(cells: pd.DataFrame) -> str:
    """A table in GitHub's Markdown; names in its head and of levels are shown as they are."""
    rows = [
        list(map(escape, cells.columns)),
        ["--:"] * cells.shape[1],
        *([escape(level), *numbers] for level, *numbers in cells.to_numpy().tolist()),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def to_latex_text(text: str) -> str:
    """Text that LaTeX shows as it is; an exact number needs no mark.

    >>> to_latex_text("≥ 1.06 of a_b, 5 %")
    '$\\\\geq$ 1.06 of a\\\\_b, 5 \\\\%'
    """
    return text.removeprefix("= ").translate(_LATEX)
