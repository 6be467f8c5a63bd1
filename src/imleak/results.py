"""A finished run that shows and reports itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from . import study

if TYPE_CHECKING:
    from .report.answer import Answer


class Run(study.Run):
    """A finished run in its folder, as :func:`imleak.audit` returns it.

    In a notebook it shows its answer and its table.

    Parameters
    ----------
    path : the folder.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(Path(path))

    def answer(self, acceptable: float | None = None) -> Answer:
        """What the run says, in words.

        Parameters
        ----------
        acceptable : bits an image that may leak, to recommend a level for.
        """
        from .report.answer import answer

        return answer(self.summary, self.manifest, acceptable)

    def report(
        self, format: str = "html", *, output: Path | None = None, acceptable: float | None = None
    ) -> Path:
        """Write the run as one file, and return its path.

        Parameters
        ----------
        format : ``html``, ``md``, ``tex``, ``pdf``, ``csv`` or ``json``.
        output : the file; ``report.FORMAT`` in the folder of the run if None.
        acceptable : bits an image that may leak, to recommend a level for.

        Raises
        ------
        ImleakError
            If there is no such format, or the file cannot be written.
        """
        from .report import write_report

        return write_report(self, format, output=output, acceptable=acceptable)

    def cite(self, format: str = "text") -> str:
        """What to cite for the scheme, the encoders and the measures of the run, as ``text`` or
        ``bibtex``. Raises FormatError if there is no such format."""
        from .report import citations_as

        return citations_as(self, format)

    def methods(self, format: str = "text") -> str:
        """What was done, for the section on methods of a paper, as ``text`` or ``latex``. Raises
        FormatError if there is no such format."""
        from .report import methods_as

        return methods_as(self, format)

    def _repr_html_(self) -> str:
        from .report.notebook import fragment

        return fragment(self.summary, self.manifest)
