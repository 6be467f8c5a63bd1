"""How a run tells what it is doing."""

from __future__ import annotations

from typing import Protocol


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
