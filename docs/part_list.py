"""A Markdown extension: ``::: parts metric`` stands for the classes of all metrics."""

import re

from markdown import Extension, Markdown
from markdown.preprocessors import Preprocessor

from imleak.plugins import BUILT_IN


class PartList(Preprocessor):
    """Writes a directive of mkdocstrings for every part of a kind."""

    def run(self, lines: list[str]) -> list[str]:
        return [new for line in lines for new in _directives(line)]


def _directives(line: str) -> list[str]:
    found = re.fullmatch(r"::: parts (\w+)", line)
    if found is None:
        return [line]
    paths = dict.fromkeys(BUILT_IN[found[1]].values())
    return [text for path in paths for text in (f"::: {path.replace(':', '.')}", "")]


class PartListExtension(Extension):
    """Runs before directives are read."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        md.preprocessors.register(PartList(md), "part_list", 100)


def makeExtension(**options: object) -> PartListExtension:  # noqa: N802
    """The extension, under the name that Markdown looks for."""
    return PartListExtension(**options)
