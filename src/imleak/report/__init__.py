"""A run as a page, a table or a document, all made of what its folder holds."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from ..interfaces import ImleakError
from ..spelling import did_you_mean

if TYPE_CHECKING:
    from ..study.store import Run

_MAKERS = {
    "html": (".page", "to_html"),
    "md": (".text", "to_markdown"),
    "tex": (".text", "to_latex"),
    "pdf": (".document", "to_pdf"),
    "csv": (".text", "to_csv"),
    "json": (".data", "to_json"),
}
"""Where each format is made of a run and an acceptable leak; loaded when it is asked for."""
FORMATS = tuple(_MAKERS)
COMPARISONS = ("html", "md", "tex", "csv", "pdf", "png")
"""Forms of a comparison: a page; a table; a figure."""
CITATIONS = ("text", "bibtex")
METHODS = ("text", "latex")
"""Forms of what to cite, and of what was done."""


_OF_RUNS = {"manifest.json", "results.parquet", "summary.csv", "growth.csv", "linkage.csv"}
"""Files of a run that it is read from."""


class FormatError(ImleakError):
    """A format no report has."""


def write_report(
    run: Run, format: str = "html", *, output: Path | None = None, acceptable: float | None = None
) -> Path:
    """Write a run as one file.

    Parameters
    ----------
    format : one of :data:`FORMATS`.
    output : the file; ``report.FORMAT`` in the folder of the run if None.
    acceptable : bits an image that may leak, to recommend a level for; those asked for when it
        ran if None.

    Raises
    ------
    FormatError
        If there is no such format.
    OutputError
        If it cannot be written.
    """
    from ..study.store import write_whole

    _check(format, FORMATS)
    path = output or run.path / f"report.{format}"
    check_output(path, [run])
    module, maker = _MAKERS[format]
    content = getattr(import_module(module, __package__), maker)(run, acceptable)
    # Names of files need not be text: surrogates stand for their undecodable bytes.
    write_whole(path, content if isinstance(content, bytes) else content.encode(errors="replace"))
    return path


def write_comparison(
    runs: Sequence[Run], output: Path | None = None, format: str = "html", by: str | None = None
) -> Path:
    """Write several runs as one page; or what their schemes leak at equal cost as a table or a
    figure.

    Parameters
    ----------
    output : the file; ``compare.FORMAT`` in this folder if None.
    format : one of :data:`COMPARISONS`.
    by : what is equal, see :data:`imleak.report.tradeoff.COSTS`; else the first that is there.

    Raises
    ------
    ComparisonError
        If there are fewer than two runs, one stands there twice, or none has such a cost.
    FormatError
        If there is no such format.
    OutputError
        If it cannot be written.
    """
    from ..study.store import write_whole
    from .tradeoff.costs import cost_of

    _check(format, COMPARISONS)
    if by is not None:
        cost_of(by)
    path = output or Path(f"compare.{format}")
    check_output(path, runs)
    if format == "html":
        from .page import to_comparison

        content = to_comparison(runs, by).encode(errors="replace")
    else:
        from .comparison import Comparison

        content = Comparison(runs).at_equal_cost(by, format)
    write_whole(path, content)
    return path


def check_output(path: Path, runs: Sequence[Run]) -> None:
    """Refuse a file that cannot be written, or that a run is read from. Raises OutputError."""
    from ..study.store import OutputError, check_writable

    check_writable(path)
    for run in runs:
        if path.resolve().parent == run.path.resolve() and path.name in _OF_RUNS:
            raise OutputError(
                f"cannot write {path}: the run itself stands there; give another file"
            )


def citations_as(run: Run, format: str = "text") -> str:
    """What to cite for a run, in one of :data:`CITATIONS`. Raises FormatError if there is no such
    format."""
    from .citations import citations

    _check(format, CITATIONS)
    found = citations(run.manifest, run.summary)
    return found.text() if format == "text" else found.bibtex()


def methods_as(run: Run, format: str = "text") -> str:
    """What was done in a run, a paragraph a method, in one of :data:`METHODS`: LaTeX cites the
    keys of :func:`citations_as`. Raises FormatError if there is no such format."""
    from .methods import methods
    from .text import to_latex_text

    _check(format, METHODS)
    given = (run.manifest, run.summary)
    if format == "text":
        return "\n\n".join(methods(*given)) + "\n"
    said = methods(*given, lambda keys: f"~\\cite{{{','.join(keys)}}}", to_latex_text)
    return "\n\n".join(said) + "\n"


def _check(format: str, formats: Sequence[str]) -> None:
    if format not in formats:
        near = did_you_mean(format, formats)
        raise FormatError(f"no format {format!r}{near or ';'} there is {', '.join(formats)}")
