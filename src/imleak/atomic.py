"""Files that are there whole or not at all, whatever interrupts their writing.

A file is written under a temporary name and renamed when it is whole. What a kill leaves
behind is such a temporary file, which :func:`sweep` removes.

Some file systems have no locks, or cannot sync a folder (Lustre without ``-o flock``, CIFS,
vboxsf). They are written to all the same: :func:`sync_folder` and :func:`lock` say what they
cannot do.
"""

import errno
import os
import secrets
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import time
from typing import Literal

from .interfaces import ImleakError

TEMPORARY = ".imleak-*.tmp"
"""Names of files that are being written, or whose writer was killed."""
ABANDONED = 3600.0
"""Seconds without a change after which a writer is taken for dead, where the file system
has no locks to tell."""

NOT_OFFERED = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL}
"""What a file system without locks, or that cannot sync a file or a folder, answers."""
_UMASK = threading.Lock()
_FLAGS = os.O_RDWR | sum(getattr(os, f"O_{name}", 0) for name in ("NOFOLLOW", "NONBLOCK", "BINARY"))


class OutputError(ImleakError):
    """A file or folder that cannot be written, or not for what it is to hold."""


def write_whole(path: Path, content: bytes, *, sync: bool = True, private: bool = False) -> None:
    """Write a file that is there whole or not at all.

    Parameters
    ----------
    sync, private : see :func:`whole`.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    with whole(path, sync=sync, private=private) as temporary:
        temporary.write_bytes(content)


@contextmanager
def whole(path: Path, *, sync: bool = True, private: bool = False) -> Iterator[Path]:
    """A temporary file beside `path` to write; it takes the name of `path` when it is whole.
    The folder is made if it is missing.

    Parameters
    ----------
    sync : whether file and name must outlast a loss of power, where the file system can
        promise it.
    private : whether nobody but its owner can read it until it is whole; then it gets the
        mode of the file that it replaces, or that of any new file.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        make_folder(path.parent)
        with _temporary(path.parent, 0o600 if private else 0o666) as temporary:
            yield temporary
            if sync:
                with temporary.open("r+b") as file:
                    sync_file(file.fileno())
            mode = _mode(path) if private else None
            temporary.replace(path)
            if mode is not None:
                with suppress(OSError):  # a file system without modes
                    path.chmod(mode)
        if sync:
            sync_folder(path.parent)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error


def check_writable(path: Path) -> None:
    """Refuse a file that :func:`whole` could not write, before the work that it is to hold. Nothing
    is made.

    Raises
    ------
    OutputError
        If it is a folder, or the folder it is to stand in is none, or cannot be written to or
        made.
    """
    if path.is_dir():
        raise OutputError(f"cannot write {path}: it is a folder; give a file in it")
    above = next(one for one in path.absolute().parents if os.path.lexists(one))
    if not above.is_dir():
        raise OutputError(f"cannot write {path}: {above} is no folder")
    if not os.access(above, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write {path}: nothing can be written to {above}")


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, each to stay."""
    missing = []
    while not folder.is_dir():
        if os.path.lexists(folder):
            raise NotADirectoryError(errno.ENOTDIR, f"{folder} is no folder")
        missing.append(folder)
        folder = folder.parent
    for new in reversed(missing):
        new.mkdir(exist_ok=True)
        sync_folder(new.parent)


@contextmanager
def made_folder(folder: Path) -> Iterator[None]:
    """A folder and those above it, made if they are missing; what is then left empty goes again.

    Raises
    ------
    OutputError
        If it cannot be made.
    """
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        make_folder(folder)
    except OSError as error:
        raise OutputError(f"cannot make folder {folder}: {error.strerror}") from error
    try:
        yield
    finally:
        for one in missing:
            with suppress(OSError):  # it holds something
                one.rmdir()


def sync_file(descriptor: int) -> bool:
    """Make what was written to an open file last; whether the file system can."""
    return _offered(os.fsync, descriptor)


def sync_folder(folder: Path) -> bool:
    """Make renames and new names in a folder last. Windows neither opens folders nor
    needs it.

    Returns
    -------
    Whether the file system can.
    """
    if os.name != "posix":
        return True
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        return sync_file(descriptor)
    finally:
        os.close(descriptor)


def lock(
    descriptor: int, *, exclusive: bool = True, wait: bool = False
) -> Literal["ours", "another's", "none"]:
    """Lock an open file; the lock ends with its process. "none" where there are no locks:
    the file system has none, or this is Windows, which has others."""
    if os.name != "posix":
        return "none"
    import fcntl

    kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
    try:
        offered = _offered(fcntl.flock, descriptor, kind | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return "another's"
    return "ours" if offered else "none"


def sweep(folder: Path, *, below: bool = False) -> None:
    """Remove the temporary files of writers that are dead.

    Parameters
    ----------
    below : in all folders below, too.
    """
    for path in (folder.rglob if below else folder.glob)(TEMPORARY):
        with suppress(OSError):  # finished or removed meanwhile, or not ours
            _remove_abandoned(path)


def _offered(call: Callable[..., object], *arguments: object) -> bool:
    """Call what a file system may not offer; whether it does."""
    try:
        call(*arguments)
    except OSError as error:
        if error.errno in NOT_OFFERED:
            return False
        raise
    return True


@contextmanager
def _temporary(folder: Path, mode: int) -> Iterator[Path]:
    """A new file, locked as long as it is written, and removed if it is left."""
    path, descriptor = _begin(folder, mode)
    try:
        yield path
    finally:
        try:
            path.unlink(missing_ok=True)
        finally:
            if descriptor is not None:
                os.close(descriptor)


def _begin(folder: Path, mode: int) -> tuple[Path, int | None]:
    while True:
        path = folder / TEMPORARY.replace("*", secrets.token_hex(8))
        descriptor = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, mode)
        if os.name != "posix":  # an open file could not be renamed
            os.close(descriptor)
            return path, None
        lock(descriptor, wait=True)
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
    held = lock(descriptor)
    is_old = time() - os.fstat(descriptor).st_mtime > ABANDONED
    return held == "ours" or (held == "none" and is_old)


def _mode(path: Path) -> int:
    """Mode of the file that is replaced, else of a new one."""
    with suppress(OSError):
        return stat.S_IMODE(path.stat().st_mode)
    with _UMASK:  # it can only be read by setting it
        mask = os.umask(0o077)
        os.umask(mask)
    return 0o666 & ~mask
