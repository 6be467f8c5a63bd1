"""A run as text: Markdown, LaTeX and CSV."""

import re
from collections.abc import Sequence

import pandas as pd

from ..study.store import Run
from .answer import answer
from .levels import Levels
from .measures import Measure, blocks, measures, ranks
from .notes import notes
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
        f"**{escape(head)}**{escape(rest)}" if head else escape(rest)
        for head, rest in found.sentences
    ]
    parts = ["# What the clear part gives away", " ".join(reported)]
    if found.recommendation is not None:
        parts.append(f"**{escape(found.recommendation.words)}**")
    parts += [escape(note) for note in found.notes]
    parts += [f"> {escape(warning)}" for warning in found.warnings]
    for title, lines in (("Who looked", found.looked), ("What this does not cover", found.limits)):
        if lines:
            parts.append(f"## {title}\n\n" + "\n".join(f"- {escape(line)}" for line in lines))
    rebuilt = RebuiltImages.of(run.summary, run.manifest)
    if rebuilt.levels:
        parts += [f"## {rebuilt.caption}", markdown_table(_rebuilt(rebuilt, levels))]
    parts += ["## Level by measure", markdown_table(table(_ordered(run.summary), levels))]
    parts += map(escape, notes(run.summary, levels))
    return "\n\n".join(filter(None, parts)) + "\n"


def to_latex(run: Run, _acceptable: float | None = None) -> str:
    """A table for each encoder, for the package `booktabs`; the notes stand below as
    comments."""
    levels, tables = Levels.of(run.manifest), []
    for (scheme, encoder), block in blocks(measures(run.summary)):
        cells = table(block, levels, with_encoder=False).map(to_latex_text)
        style = cells.rename(columns=to_latex_text).style.hide(axis="index")
        tables.append(
            style.to_latex(
                hrules=True,
                caption=to_latex_text(f"{encoder}, {scheme}"),
                position_float="centering",
                column_format="r" * cells.shape[1],
            )
        )
    below = "".join(f"% {' '.join(note.split())}\n" for note in notes(run.summary, levels))
    return "% needs \\usepackage{booktabs}\n" + "\n".join(tables) + below


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
