"""Files that are there whole or not at all, whatever interrupts their writing.

A file is written under a temporary name that nobody else can read, and renamed when it is
whole. What a kill leaves behind is such a temporary file, which :func:`sweep` removes.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import time

from .interfaces import ImleakError

TEMPORARY = ".imleak-*.tmp"
"""Names of files that are being written, or whose writer was killed."""

ABANDONED = 3600.0
"""Seconds without a change after which a writer is taken for dead, where the file system
has no locks to tell."""

NOT_OFFERED = {errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL}
"""What a file system answers that cannot sync a folder (CIFS, vboxsf)."""

_UMASK = threading.Lock()
_FLAGS = os.O_RDWR | sum(getattr(os, f"O_{name}", 0) for name in ("NOFOLLOW", "NONBLOCK", "BINARY"))


class OutputError(ImleakError):
    """A file or folder that cannot be written."""


def write_whole(path: Path, content: bytes, *, sync: bool = True) -> None:
    """Write a file that is there whole or not at all.

    Parameters
    ----------
    sync : see :func:`whole`.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    with whole(path, sync=sync) as temporary:
        temporary.write_bytes(content)


@contextmanager
def whole(path: Path, *, sync: bool = True) -> Iterator[Path]:
    """A temporary file beside `path` to write; it takes the name of `path` when it is whole.

    Until then nobody but its owner can read it; then it gets the mode of the file that it
    replaces, or that of any new file.

    Parameters
    ----------
    sync : whether file and name must outlast a loss of power.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    try:
        with _temporary(path.parent) as temporary:
            yield temporary
            if sync:
                with temporary.open("r+b") as file:
                    os.fsync(file.fileno())
            mode = _mode(path)
            temporary.replace(path)
            with suppress(OSError):  # a file system without modes
                path.chmod(mode)
        if sync:
            sync_folder(path.parent)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error


def sync_folder(folder: Path) -> None:
    """Make renames and new names in a folder last, where the file system can."""
    if os.name == "posix":  # Windows neither opens folders nor needs it
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in NOT_OFFERED:
                raise
        finally:
            os.close(descriptor)


def sweep(folder: Path, *, below: bool = False) -> None:
    """Remove the temporary files of writers that are dead.

    Parameters
    ----------
    below : in all folders below, too.
    """
    for path in (folder.rglob if below else folder.glob)(TEMPORARY):
        with suppress(OSError):  # finished or removed meanwhile, or not ours
            _remove_abandoned(path)


@contextmanager
def _temporary(folder: Path) -> Iterator[Path]:
    """A new file of mode 0600, locked as long as it is written, and removed if it is left."""
    path, descriptor = _begin(folder)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
        if descriptor is not None:
            os.close(descriptor)


def _begin(folder: Path) -> tuple[Path, int | None]:
    while True:
        path = folder / TEMPORARY.replace("*", secrets.token_hex(8))
        descriptor = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
        if os.name != "posix":  # an open file could not be renamed
            os.close(descriptor)
            return path, None
        with suppress(OSError):  # a file system without locks
            _lock(descriptor, wait=True)
        if os.fstat(descriptor).st_nlink:
            return path, descriptor
        os.close(descriptor)  # swept between its making and its locking


def _remove_abandoned(path: Path) -> None:
    if not stat.S_ISREG(path.lstat().st_mode):
        return
    descriptor = os.open(path, _FLAGS)
    try:
        if _is_abandoned(descriptor):
            path.unlink()
    finally:
        os.close(descriptor)


def _is_abandoned(descriptor: int) -> bool:
    """Whether its writer has ended, and its lock with it; without locks, whether it is old."""
    try:
        _lock(descriptor, wait=False)
    except BlockingIOError:
        return False
    except OSError:
        return time() - os.fstat(descriptor).st_mtime > ABANDONED
    return True


def _lock(descriptor: int, *, wait: bool) -> None:
    """Lock an open file; the lock ends with its process.

    Raises
    ------
    BlockingIOError
        If another process has it and this one does not wait.
    OSError
        If the file system has no locks.
    """
    import fcntl

    fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


def _mode(path: Path) -> int:
    """Mode of the file that is replaced, else of a new one."""
    with suppress(OSError):
        return stat.S_IMODE(path.stat().st_mode)
    with _UMASK:  # it can only be read by setting it
        mask = os.umask(0o077)
        os.umask(mask)
    return 0o666 & ~mask
