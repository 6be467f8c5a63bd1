"""Level x measure as a LaTeX table."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from .cells import Column, columns, levels, notes, pairs

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "\n": " ",
}
_MARKS = {"lower": r"\geq", "upper": r"\leq", "exact": "", "none": r"\sim"}


def to_latex(summary: pd.DataFrame) -> str:
    """A table for each scheme and encoder, for the package `booktabs`; the notes stand
    below as comments."""
    shown = columns(summary)
    blocks = [
        _block([column for column in shown if (column.scheme, column.encoder) == pair])
        for pair in pairs(summary)
    ]
    said = "".join(f"% {' '.join(note.split())}\n" for note in notes(summary))
    return "% needs \\usepackage{booktabs}\n" + "\n".join(blocks) + said


def escape(text: str) -> str:
    """Text that LaTeX shows as it is.

    >>> escape("100 % of a_b")
    '100 \\\\% of a\\\\_b'
    """
    return "".join(_SPECIAL.get(sign, sign) for sign in text)


def _block(shown: Sequence[Column]) -> str:
    heads = [escape(" ".join(column.headings)) for column in shown]
    units = [f"({escape(column.unit)})" if column.unit else "" for column in shown]
    lines = [
        r"\begin{table}",
        r"  \centering",
        f"  \\caption{{{escape(f'{shown[0].encoder}, {shown[0].scheme}')}}}",
        f"  \\begin{{tabular}}{{r{'r' * len(shown)}}}",
        r"    \toprule",
        f"    $s$ & {' & '.join(heads)} \\\\",
        f"    & {' & '.join(units)} \\\\",
        r"    \midrule",
        *(_row(shown, level) for level in levels(shown)),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _row(shown: Sequence[Column], level: int) -> str:
    cells = " & ".join(_cell(column, level) for column in shown)
    return f"    {level} & {cells} \\\\"


def _cell(column: Column, level: int) -> str:
    """``$\\geq 1.06$ [0.98, 1.14]``, with the verdict where there is one."""
    cell = column.cells.get(level)
    if cell is None or math.isnan(cell.value):
        return column.value(level)
    number = column.number(cell.value).replace("∞", r"\infty")
    mark = _MARKS.get(cell.bound, "")
    value = f"${mark} {number}$" if mark else f"${number}$"
    return " ".join(filter(None, (value, column.interval(level), cell.verdict)))
