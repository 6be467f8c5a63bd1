"""A Markdown extension: lines that stand for more.

``::: parts metric`` stands for the classes of all metrics, as directives of mkdocstrings;
``::: notebook NAME`` for the cells of ``docs/notebooks/NAME.ipynb``.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from markdown import Extension, Markdown
from markdown.preprocessors import Preprocessor

from imleak.plugins import BUILT_IN

NOTEBOOKS = Path(__file__).parent / "notebooks"


def parts(kind: str) -> Iterator[str]:
    """A directive of mkdocstrings for every class of a kind."""
    for path in dict.fromkeys(BUILT_IN[kind].values()):
        yield f"::: {path.replace(':', '.')}\n"


def notebook(name: str) -> Iterator[str]:
    """The cells of a notebook as Markdown, and the file itself below its title."""
    file = NOTEBOOKS / f"{name}.ipynb"
    for place, cell in enumerate(json.loads(file.read_text(encoding="utf-8"))["cells"]):
        text = "".join(cell["source"])
        yield f"{text}\n" if cell["cell_type"] == "markdown" else f"```python\n{text}\n```\n"
        if place == 0:
            yield f"[The notebook]({file.name}), to be run.\n"


_DIRECTIVES: dict[str, Callable[[str], Iterator[str]]] = {"parts": parts, "notebook": notebook}
_LINE = re.compile(rf"::: ({'|'.join(_DIRECTIVES)}) (\S+)")


class Directives(Preprocessor):
    """Replaces directives by what they stand for."""

    def run(self, lines: list[str]) -> list[str]:
        return [new for line in lines for new in _written(line)]


def _written(line: str) -> list[str]:
    found = _LINE.fullmatch(line)
    if found is None:
        return [line]
    return "\n".join(_DIRECTIVES[found[1]](found[2])).split("\n")


class DirectivesExtension(Extension):
    """Runs before anything else is read."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        md.preprocessors.register(Directives(md), "directives", 100)


def makeExtension(**options: object) -> DirectivesExtension:  # noqa: N802
    """The extension, under the name that Markdown looks for."""
    return DirectivesExtension(**options)
