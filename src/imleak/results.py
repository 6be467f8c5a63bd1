"""A finished run that shows and reports itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from . import study

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas.io.formats.style import Styler

    from .report.answer import Answer
    from .report.comparison import Comparison
    from .report.shown import RebuiltImage, ShownImage


class Run(study.Run):
    """A finished run in its folder, as :func:`imleak.audit` returns it.

    In a notebook it shows its answer and its table. :func:`imleak.load` opens it again.

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
        acceptable : bits an image that may leak, to recommend a level for; those asked for when it
            ran if None.
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
        acceptable : bits an image that may leak, to recommend a level for; those asked for when it
            ran if None.

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

    def plot(self, *names: str) -> dict[str, list[Axes]]:
        """Draw the figures of the run, those that stand in ``figures/``.

        Parameters
        ----------
        names : of figures, such as ``"findings"`` or ``"histogram-pixels"``; without, all.

        Returns
        -------
        The axes of every figure by its name, to be changed and saved:
        ``axes[0].figure.savefig("findings.pdf")``.

        Raises
        ------
        ImleakError
            If there is no figure of a name; the message lists those there are.
        """
        from .report.figures import axes_of

        return axes_of(self, names)

    def table(self, *measures: str) -> Styler:
        """The table of the run as a Styler of pandas: a row a level, a column a quantity, claimed
        leaks in bold, values of unknown size in grey. ``.data`` is the table itself, and
        ``to_html`` and ``to_excel`` write it; :meth:`report` has it as LaTeX.

        Parameters
        ----------
        measures : names of those to show; without, all.

        Raises
        ------
        ImleakError
            If a measure was not asked; the message lists those that were.
        """
        from .report.styled import styled

        return styled(self.summary, self.manifest, measures)

    def images(self, level: int) -> list[ShownImage]:
        """Images of the run at a level, as its page shows them: a native crop of some, with
        ``plain``, ``cipher`` and ``clear`` part. Raises ImleakError if the level was not
        measured."""
        from .report.shown import shown_images

        return shown_images(self.path, level)

    def rebuilt(self, level: int) -> list[RebuiltImage]:
        """Images of the run that an adversary has rebuilt at a level, of those that its page
        shows: a native crop of ``plain`` and ``rebuilt``, and ``figures`` of how near they are.
        Raises ImleakError if no image was rebuilt at the level; the message lists those at
        which there are."""
        from .report.shown import rebuilt_images

        return rebuilt_images(self.path, self.frame, level)

    def compare(self, *others: Run) -> Comparison:
        """This run beside others: in a notebook a table, and ``save(path)`` writes the page of
        ``imleak compare``. Raises ImleakError if there is no other, or one stands there twice."""
        from .report.comparison import Comparison

        return Comparison((self, *others))

    def _repr_html_(self) -> str:
        from .report.notebook import fragment

        return fragment(self.summary, self.manifest)
