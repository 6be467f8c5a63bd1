"""Files that somebody else made: what is opened, and how their names are shown.

>>> printable("holiday\\x1b[2J.png")
'holiday\\\\x1b[2J.png'
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO
from unicodedata import category

_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}

# A pipe without a writer must not block, and a terminal not become ours, if one takes the
# file's place between the check and the opening.
_FLAGS = os.O_RDONLY | sum(getattr(os, f"O_{name}", 0) for name in ("NONBLOCK", "NOCTTY", "BINARY"))


class NotRegularError(OSError):
    """A named pipe, socket or device, which may block for ever or never end.

    An ``OSError`` with a `strerror`, so that whoever reports files that cannot be opened
    reports these as well.
    """


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a regular file, or a link to one, for reading bytes. Never blocks.

    Raises
    ------
    NotRegularError
        If it is a named pipe, a socket or a device.
    OSError
        As ``open`` does.
    """
    check_regular(path)
    file = os.fdopen(os.open(path, _FLAGS | getattr(os, "O_CLOEXEC", 0)), "rb")
    try:
        _check(os.fstat(file.fileno()).st_mode, path)
    except OSError:
        file.close()
        raise
    return file


def check_regular(path: str | os.PathLike[str]) -> None:
    """Refuse what :func:`open_regular` refuses, for a library that opens the file itself.

    Raises
    ------
    OSError
        As :func:`open_regular` does.
    """
    _check(Path(path).stat().st_mode, path)


def _check(mode: int, path: str | os.PathLike[str]) -> None:
    kind = stat.S_IFMT(mode)
    if kind == stat.S_IFDIR:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if kind != stat.S_IFREG:
        what = _KINDS.get(kind, "of an unknown kind")
        raise NotRegularError(errno.EINVAL, f"{what}, not a regular file", os.fspath(path))


def printable(text: str) -> str:
    r"""A text of somebody else, such as a file's name, that cannot do anything where it is
    shown: control characters (ESC, CR, line feed, C1), line separators, invisible and
    bidirectional marks, and what is no Unicode text are written as Python escapes
    (``\x1b``, ``\n``, ``\u202e``, ``\udcff``). Letters, marks and spaces of any script
    stay as they are.
    """
    if text.isprintable():
        return text
    return "".join(char if _is_harmless(char) else ascii(char)[1:-1] for char in text)


def _is_harmless(char: str) -> bool:
    return char.isprintable() or category(char) == "Zs"
