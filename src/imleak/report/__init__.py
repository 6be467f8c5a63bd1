"""A run as a page, a table or a document, all made of what its folder holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..interfaces import ImleakError

if TYPE_CHECKING:
    from ..study.store import Run

FORMATS = ("html", "md", "tex", "pdf", "csv")


class FormatError(ImleakError):
    """A format no report has."""


def write_report(
    run: Run,
    format: str = "html",
    *,
    output: Path | None = None,
    acceptable: float | None = None,
) -> Path:
    """Write a run as one file.

    Parameters
    ----------
    format : one of :data:`FORMATS`.
    output : the file; ``report.FORMAT`` in the folder of the run if None.
    acceptable : bits an image that may leak, to recommend a level for.

    Raises
    ------
    FormatError
        If there is no such format.
    OutputError
        If it cannot be written.
    """
    from ..study.store import write_whole

    if format not in FORMATS:
        raise FormatError(f"no report as {format!r}; there is {', '.join(FORMATS)}")
    path = output or run.path / f"report.{format}"
    write_whole(path, _MAKERS[format](run, acceptable))
    return path


def write_comparison(runs: Sequence[Run], output: Path) -> Path:
    """Write several runs as one page.

    Raises
    ------
    ComparisonError
        If there are fewer than two, or one stands there twice.
    OutputError
        If it cannot be written.
    """
    from ..study.store import write_whole
    from .page import to_comparison

    write_whole(output, to_comparison(runs).encode(errors="replace"))
    return output


def _html(run: Run, acceptable: float | None) -> bytes:
    from .page import to_html

    # Names of files need not be text: surrogates stand for their undecodable bytes.
    return to_html(run, acceptable).encode(errors="replace")


def _markdown(run: Run, acceptable: float | None) -> bytes:
    from .text import to_markdown

    return to_markdown(run, acceptable).encode(errors="replace")


def _latex(run: Run, _acceptable: float | None) -> bytes:
    from .text import to_latex

    return to_latex(run.summary, run.manifest).encode(errors="replace")


def _csv(run: Run, _acceptable: float | None) -> bytes:
    from .text import to_csv

    return to_csv(run.summary, run.manifest).encode(errors="replace")


def _pdf(run: Run, acceptable: float | None) -> bytes:
    from .document import to_pdf

    return to_pdf(run, acceptable)


_MAKERS: dict[str, Callable[[Run, float | None], bytes]] = {
    "html": _html,
    "md": _markdown,
    "tex": _latex,
    "pdf": _pdf,
    "csv": _csv,
}
