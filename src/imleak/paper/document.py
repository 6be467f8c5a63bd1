"""A reproduction as Markdown: the claims, the figures, the ablation."""

from collections.abc import Iterable, Iterator, Sequence

import pandas as pd

from ..report.text import escape
from .claims import STATEMENTS, Claim
from .figures import Panel

CAPTION = (
    "Verdicts are of the criterion beside the claim, with 95 % intervals in brackets where there "
    "are any; the paper's protocol has none for an estimate. Held out: on images that nothing was "
    "fitted to."
)


def document(
    title: str,
    warnings: Sequence[str],
    claims: Sequence[Claim],
    panels: Iterable[Panel],
    ablation: pd.DataFrame | None,
) -> str:
    """Everything, to be read beside the paper.

    Parameters
    ----------
    title : of which images.
    warnings : what is not as in the paper.
    claims : of all sets of images.
    panels : the figures, in ``figures/`` beside the document.
    ablation : a row a variant, or None.
    """
    parts = [f"# {escape(title)}", *(f"> {escape(warning)}" for warning in warnings)]
    parts += ["## Claims", CAPTION, claim_tables(claims), "## Figures"]
    parts += map(_figure, panels)
    if ablation is not None:
        parts += ["## Ablation", *ablation_tables(ablation)]
    return "\n\n".join(parts) + "\n"


def _figure(panel: Panel) -> str:
    stem, caption = f"figures/{panel.drawing.stem}", escape(panel.caption)
    numbers = "" if panel.table is None else f" ([numbers]({stem}.csv))"
    return f"**Figure {escape(panel.number)}.** {caption}{numbers}\n\n![{caption}]({stem}.png)"


def claim_tables(claims: Sequence[Claim]) -> str:
    """A table a statement; a row an encoder and measure, a column an evaluation."""
    columns = list(dict.fromkeys((claim.evaluation, claim.images) for claim in claims))
    columns.sort(key=lambda column: column[0] == "held-out")
    tables = []
    for statement in STATEMENTS:
        of = [claim for claim in claims if claim.statement == statement]
        there = [column for column in columns if any(_column(claim) == column for claim in of)]
        heads = [f"{_WORDS[evaluation]}, {escape(images)}" for evaluation, images in there]
        rows = [
            [_subject(subject), *(_cell(of, subject, column) for column in there)]
            for subject in dict.fromkeys((claim.measure, claim.encoder) for claim in of)
        ]
        head = (
            f"**{statement.number}. {escape(statement.says)}** Criterion: {statement.criterion}. "
            f"Figures: {', '.join(statement.figures)}."
        )
        tables.append(f"{head}\n\n{_table(['on', *heads], rows)}")
    return "\n\n".join(tables)


def ablation_tables(ablation: pd.DataFrame) -> Iterator[str]:
    """A table a protocol, of the columns that it has."""
    for protocol, rows in ablation.groupby("protocol", sort=False):
        table = rows.drop(columns="protocol").dropna(axis=1, how="all")
        yield f"**{_PROTOCOLS.get(str(protocol), protocol)}.**\n\n{markdown(table)}"


def markdown(table: pd.DataFrame) -> str:
    """A table as Markdown."""
    rows = [[_text(value) for value in row] for row in table.itertuples(index=False)]
    return _table([str(name).replace("_", " ") for name in table.columns], rows)


_PROTOCOLS = {
    "in-sample": "MINE in-sample",
    "held-out": "MINE held out, on features",
    "per-image": "Measures of one image",
}
_WORDS = {"paper": "paper's protocol", "held-out": "held out"}


def _column(claim: Claim) -> tuple[str, str]:
    return claim.evaluation, claim.images


def _subject(subject: tuple[str, str]) -> str:
    measure, encoder = subject
    return escape(f"{measure} on {encoder}") if measure else "nothing"


def _cell(claims: Sequence[Claim], subject: tuple[str, str], column: tuple[str, str]) -> str:
    for claim in claims:
        if (claim.measure, claim.encoder) == subject and _column(claim) == column:
            parts = [f"**{claim.verdict}**", "; ".join(_figures(claim)), claim.note]
            return "<br>".join(filter(None, parts))
    return ""


def _figures(claim: Claim) -> Iterator[str]:
    """The figures that there are, by their name in words."""
    for name, value in claim.figures.items():
        if isinstance(value, str) or value.value == value.value:
            words = name.replace("_", " ").replace("R2", "R²")
            yield f"{words} {escape(value) if isinstance(value, str) else value}"


def _text(value: object) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.3g}"
    return str(value)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [list(head), ["---"] * len(head), *map(list, rows)]
    return "\n".join("| " + " | ".join(cell or " " for cell in line) + " |" for line in lines)
