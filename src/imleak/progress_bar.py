"""Progress for whoever calls from Python: a bar in a notebook, a line in a terminal, and some
lines in a file."""

import sys
from html import escape
from time import monotonic
from typing import Any, TextIO

from .files import printable

PAUSE = 0.2
"""Seconds between two drawings."""
WIDTH = 30
"""Characters of a bar in a terminal."""
TENTHS, LOG_PAUSE = 10, 60.0
"""Parts of the work, and seconds, after both of which a file has a new line."""


class Kinds:
    """Notices where one kind of work ends, and another begins, at another speed."""

    def __init__(self) -> None:
        self._done = self._total = 0.0

    def begins(self, done: float, total: float) -> bool:
        """Whether another kind of work begins: its total is another, or less of it is done. Pieces
        side by side tell their shares in turn, which may be less by less than one."""
        fell = done < self._done and (self._done >= self._total or self._done - done >= 1)
        begins = fell or total != self._total
        self._done, self._total = done, total
        return begins


class Log:
    """Where nothing can be drawn over, such as in the file of a batch job, says now and then how
    far the work is; nothing of what takes less than a minute."""

    def __init__(self) -> None:
        self._kinds = Kinds()
        self._start = 0.0
        self._tenths = 0
        self._told: float | None = None

    def line(self, done: float, total: float, doing: str) -> str | None:
        """``40 % · best on layout · 1:05:00 left``, if that is due: a tenth and a minute after
        the last."""
        now = monotonic()
        if self._told is None:
            self._told = now
        if self._kinds.begins(done, total):
            self._start, self._tenths = now, 0
        share = min(done / total, 1.0) if total > 0 else 1.0
        tenths = int(TENTHS * share + 1e-9)
        if tenths <= self._tenths or share >= 1 or now - self._told < LOG_PAUSE:
            return None
        self._tenths, self._told = tenths, now
        left = (now - self._start) * (1 - share) / share
        return f"{100 * share:.0f} % · {doing} · {_clock(left)} left"


class ProgressBar:
    """A bar with the time left; an :class:`imleak.study.progress.Progress`."""

    def __init__(self) -> None:
        self._kinds = Kinds()
        self._start = self._drawn = 0.0

    def say(self, message: str) -> None:
        """Something the user should know, once."""
        self._say(message)

    def update(self, done: float, total: float, doing: str) -> None:
        """`done` of `total`, in units of expected work, and what is being done."""
        now = monotonic()
        if self._kinds.begins(done, total):
            self._start, self._drawn = now, 0.0
        share = min(done / total, 1.0) if total > 0 else 1.0
        if now - self._drawn < PAUSE and share < 1:
            return
        self._drawn = now
        left = (now - self._start) * (1 - share) / share if share else None
        self._draw(share, f"{doing} · {_clock(left)} left" if left else doing)

    def _say(self, message: str) -> None:
        raise NotImplementedError

    def _draw(self, share: float, words: str) -> None:
        raise NotImplementedError


class NotebookBar(ProgressBar):
    """Draws itself in the output of a cell.

    Parameters
    ----------
    display : ``IPython.display``.
    """

    def __init__(self, display: Any) -> None:
        super().__init__()
        self._display = display
        self._handle: Any = None

    def _say(self, message: str) -> None:
        self._display.display(self._display.HTML(f"<p>{escape(message)}</p>"))

    def _draw(self, share: float, words: str) -> None:
        shown = self._display.HTML(
            f'<label><progress value="{share:.4f}" max="1"></progress> '
            f"{share:.0%} {escape(words)}</label>"
        )
        if self._handle is None:
            self._handle = self._display.display(shown, display_id=True)
        else:
            self._handle.update(shown)


class LineBar(ProgressBar):
    """Draws itself over the last line of a terminal; elsewhere it says what is new, and how far
    it is as :class:`Log` does.

    Parameters
    ----------
    stream : where to; standard error if None.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__()
        self._stream = sys.stderr if stream is None else stream
        self._log = Log()

    def update(self, done: float, total: float, doing: str) -> None:
        if self._stream.isatty():
            super().update(done, total, doing)
        elif line := self._log.line(done, total, doing):
            print(printable(line), file=self._stream, flush=True)

    def _say(self, message: str) -> None:
        print(printable(message), file=self._stream)

    def _draw(self, share: float, words: str) -> None:
        bar = "█" * round(share * WIDTH)
        end = "\n" if share >= 1 else ""
        line = f"\r\x1b[K{bar:░<{WIDTH}} {share:4.0%} {printable(words)}"
        print(line, end=end, file=self._stream, flush=True)


def progress_bar() -> ProgressBar:
    """The bar that suits where this runs."""
    shell = sys.modules.get("IPython")
    if shell is not None and getattr(shell.get_ipython(), "kernel", None) is not None:
        from importlib import import_module

        return NotebookBar(import_module("IPython.display"))
    return LineBar()


def _clock(seconds: float) -> str:
    """``1:05``, ``2:00:00``"""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
