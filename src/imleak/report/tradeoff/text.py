"""The table of schemes at equal cost: CSV, LaTeX, Markdown, and the terminal."""

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from ..tables import CLAIM_STYLE, width_of
from ..text import escape, latex_table, markdown_table
from .rows import Tradeoff

_WIDTHS = (20, 24, 10)
"""Most characters of what says what a row is of: scheme, level, cost."""
_FIRST = len(_WIDTHS)


def to_csv(found: Tradeoff) -> str:
    """A row a scheme and level, in full precision. A missing value is an empty field."""
    return found.frame().to_csv(index=False, lineterminator="\n")


def to_latex(found: Tradeoff) -> str:
    """The table for the package `booktabs`; the notes stand below as comments."""
    below = "".join(f"% {' '.join(note.split())}\n" for note in found.notes)
    return "% needs \\usepackage{booktabs}\n" + latex_table(found.title, found.table()) + below


def to_markdown(found: Tradeoff) -> str:
    """The table and the notes."""
    return "\n\n".join([markdown_table(found.table()), *map(escape, found.notes)]) + "\n"


def terminal_tables(found: Tradeoff, width: int) -> list[Table]:
    """The table, bold where a leak is claimed; in as many as it takes for `width` characters."""
    fitting: list[list[int]] = []
    for adversary in range(len(found.adversaries)):
        if fitting and width_of(_table(found, [*fitting[-1], adversary])) <= width:
            fitting[-1].append(adversary)
        else:
            fitting.append([adversary])
    return [_table(found, some) for some in fitting]


def _table(found: Tradeoff, some: Sequence[int]) -> Table:
    table = Table(
        title=Text(found.title, style="bold"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    heads = found.heads()
    for at, (head, below) in enumerate([*heads[:_FIRST], *(heads[_FIRST + one] for one in some)]):
        left = at < _FIRST - 1
        table.add_column(
            Text(f"{head}\n{below}" if below else head),
            justify="left" if left else "right",
            max_width=_WIDTHS[at] if at < _FIRST else 17,
        )
    for number, line in enumerate(found.lines()):
        cells = [Text(text) for text, _ in line[:_FIRST]]
        for one in some:
            text, null = line[_FIRST + one]
            cell = Text(text, style=CLAIM_STYLE[found.claims(number, one)])
            cells.append(cell.append(f"\n{null}", style="dim not bold") if null else cell)
        table.add_row(*cells)
    return table
