"""Signals that end a command only after it has cleaned up."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_FATAL = [
    number
    for name in ("SIGTERM", "SIGHUP")
    if (number := getattr(signal, name, None)) is not None
    and signal.getsignal(number) is not signal.SIG_IGN  # under nohup
]


class _Ended(BaseException):
    def __init__(self, number: int) -> None:
        self.number = number


@contextmanager
def cleaned_up() -> Iterator[None]:
    """Unwind on SIGTERM and SIGHUP, as on Ctrl-C, so that temporary files are removed; then
    end by that signal. Only for the main thread."""
    before = {number: signal.signal(number, _unwind) for number in _FATAL}
    try:
        yield
    except _Ended as ended:
        signal.signal(ended.number, signal.SIG_DFL)
        os.kill(os.getpid(), ended.number)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _unwind(number: int, _: FrameType | None) -> None:
    for one in _FATAL:  # a second one must not interrupt the cleaning up
        signal.signal(one, signal.SIG_IGN)
    raise _Ended(number)
