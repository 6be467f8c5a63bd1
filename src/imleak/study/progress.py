"""How a run tells what it is doing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from ..files import printable

MOST_NAMES = 3
"""Of images or folders that a sentence names."""


class Progress(Protocol):
    """Listens to a run; the terminal shows it as a bar."""

    def say(self, message: str) -> None:
        """Something the user should know, once."""
        ...

    def update(self, done: float, total: float, doing: str) -> None:
        """`done` of `total`, in units of expected work, and what is being done."""
        ...


class Silent:
    """A run nobody listens to."""

    def say(self, message: str) -> None: ...

    def update(self, done: float, total: float, doing: str) -> None: ...


class Meter:
    """Adds up pieces of work of different length.

    Parameters
    ----------
    progress : who is told.
    total : expected seconds of everything.
    """

    def __init__(self, progress: Progress, total: float) -> None:
        self._progress = progress
        self._total = total
        self._done = 0.0

    def within(self, seconds: float, share: float, doing: str) -> None:
        """A share, 0..1, is done of a piece of `seconds`."""
        self._progress.update(self._done + share * seconds, self._total, doing)

    def advance(self, seconds: float, doing: str) -> None:
        """A piece of `seconds` is done."""
        self._done += seconds
        self._progress.update(min(self._done, self._total), self._total, doing)


def some_of(names: Iterable[str], most: int = MOST_NAMES) -> str:
    """The first of some names, and how many more there are.

    >>> some_of("abcde")
    'a, b, c and 2 more'
    """
    every = list(names)
    shown = ", ".join(map(printable, every[:most]))
    return shown if len(every) <= most else f"{shown} and {len(every) - most:,} more"
