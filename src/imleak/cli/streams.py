"""What is shown: names as data, and characters that the stream can hold."""

import codecs
import io
import os
import sys
from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from ..files import printable

_PLAIN = {
    "≥": ">=",
    "≤": "<=",
    "∞": "inf",
    "±": "+-",
    "×": "x",
    "·": "-",
    "–": "-",
    "—": "-",
    "−": "-",
    "…": "...",
    "\u00a0": " ",
    "─": "-",
    "━": "-",
}


class SafeConsole(Console):
    """A terminal in which no text moves the cursor, sets a colour or forges a line: whatever
    is shown, control characters and invisible marks are escaped."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            text = segment.text
            if segment.control or text == "\n" or text.isprintable():
                yield segment
            else:
                yield Segment(printable_lines(text), segment.style)


def printable_lines(text: str) -> str:
    """The same with nothing but line feeds that does anything where it is shown."""
    return "\n".join(printable(line) for line in text.split("\n"))


def never_fail() -> None:
    """Let standard output and error show whatever is written to them: a character that
    their encoding lacks (cp1252, ASCII) is spelled out, or escaped."""
    codecs.register_error("imleak-plain", _spelled)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="imleak-plain")


def are_one() -> bool:
    """Whether what is written to standard output and error is read in one place."""
    try:
        return os.path.sameopenfile(sys.stdout.fileno(), sys.stderr.fileno())
    except (OSError, ValueError):  # no file, or closed
        return False


def _spelled(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    characters = error.object[error.start : error.end]
    spelled = (_PLAIN.get(one) or ascii(one)[1:-1] for one in characters)
    return "".join(spelled), error.end
