"""How a run tells what it is doing."""

from collections.abc import Iterable
from typing import Protocol

from ..files import printable

MOST_NAMES = 3
"""Images or folders that a sentence names."""


class Progress(Protocol):
    """Listens to a run; the terminal shows it as a bar."""

    def say(self, message: str) -> None:
        """Something the user should know, once."""

    def update(self, done: float, total: float, doing: str) -> None:
        """`done` of `total` pieces of work of one kind, and what is being done."""


class Silent:
    """A run nobody listens to."""

    def say(self, message: str) -> None: ...

    def update(self, done: float, total: float, doing: str) -> None: ...


def in_words(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 10:
        return "a few seconds"
    if seconds < 90:
        return f"about {round(seconds, -1):.0f} seconds"
    if seconds < 5400:
        return f"about {seconds / 60:.0f} minutes"
    return f"about {seconds / 3600:.1f} hours"


def some_of(names: Iterable[str], most: int = MOST_NAMES) -> str:
    """The first of some names, and how many more there are.

    >>> some_of("abcde")
    'a, b, c and 2 more'
    """
    every = list(names)
    shown = ", ".join(map(printable, every[:most]))
    return shown if len(every) <= most else f"{shown} and {len(every) - most:,} more"
