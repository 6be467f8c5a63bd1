"""A Markdown extension: formulas become MathML, which browsers draw without a script or a font."""

import html
import re

from latex2mathml.converter import convert
from markdown import Extension, Markdown
from markdown.postprocessors import Postprocessor

_FORMULA = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">\\[(\[](?P<latex>.*?)\\[)\]]</(?P=tag)>', re.DOTALL
)
"""A formula as pymdownx.arithmatex marks it."""


class MathML(Postprocessor):
    """Replaces LaTeX by MathML."""

    def run(self, text: str) -> str:
        return _FORMULA.sub(_mathml, text)


def _mathml(found: re.Match[str]) -> str:
    display = "block" if found["tag"] == "div" else "inline"
    return convert(html.unescape(found["latex"]).strip(), display=display)


class MathMLExtension(Extension):
    """Runs after the formulas are marked and back in the text."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        md.postprocessors.register(MathML(md), "mathml", 0)


def makeExtension(**options: object) -> MathMLExtension:  # noqa: N802
    """The extension, under the name that Markdown looks for."""
    return MathMLExtension(**options)
