"""Docstrings as Markdown, for the pages of the Python API: sections, roles and formulas."""

import re
from typing import Any

import griffe

_PARAMETERS = re.compile(r"(?:\*{0,2}\w+)(?:, \*{0,2}\w+)* : ")
_INLINE = re.compile(r":math:`([^`]+)`")
_ROLE = re.compile(r":(?:func|class|mod|meth|attr|data|exc):`([^`]+)`")
_MATH = re.compile(
    r"^\.\. math::(?P<first>[^\n]*)\n(?P<rest>(?:[ ]+[^\n]*\n|\n(?=[ ]))*)", re.MULTILINE
)
_SECTION = re.compile(r"(Parameters|Attributes|Returns|Yields|Raises|References|Notes|Examples)")


class Plain(griffe.Extension):
    """Rewrites every docstring before it is parsed."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:  # noqa: ARG002
        if obj.docstring is not None:
            returned = getattr(obj, "returns", None)
            obj.docstring.value = _as_markdown(obj.docstring.value, str(returned or ""))


def _as_markdown(text: str, returned: str) -> str:
    """A docstring whose sections say what they are in the form that griffe reads."""
    text = _INLINE.sub(lambda found: f"${found[1]}$", text)
    text = _ROLE.sub(lambda found: f"`{found[1]}`", text.replace("``", "`"))
    text = _MATH.sub(_display, text + "\n")
    head, *sections = _sections(text)
    return "\n\n".join([head, *(_section(name, body, returned) for name, body in sections)])


def _display(found: re.Match[str]) -> str:
    lines = [found["first"], *found["rest"].splitlines()]
    return f"$$\n{' '.join(line.strip() for line in lines).strip()}\n$$\n"


def _sections(text: str) -> list[Any]:
    """What stands before the first section, then name and body of each."""
    parts = re.split(rf"^{_SECTION.pattern}\n-+\n", text, flags=re.MULTILINE)
    return [parts[0].strip(), *zip(parts[1::2], parts[2::2], strict=True)]


def _section(name: str, body: str, returned: str) -> str:
    heading = f"{name}\n{'-' * len(name)}\n"
    if name in ("Returns", "Yields"):
        said = " ".join(body.split("\n\n")[0].split())
        return f"{heading}{returned or 'Any'}\n    {said}"
    if name not in ("Parameters", "Attributes"):
        return heading + body.strip()
    paragraphs = body.strip().split("\n\n")
    listed = [one for one in paragraphs if _PARAMETERS.match(one) or one.startswith(" ")]
    rest = [one for one in paragraphs if one not in listed]
    lines = "\n\n".join(listed).splitlines()
    said = "\n".join(map(_parameter, lines))
    return f"{heading}{said}" + ("\n\nNotes\n-----\n" + "\n\n".join(rest) if rest else "")


def _parameter(line: str) -> str:
    """``name : what it is`` on two lines; the type is that of the signature."""
    if not _PARAMETERS.match(line):
        return line
    names, _, said = line.partition(" : ")
    return f"{names}\n    {said}"
