"""Files that are there whole or not at all, and a folder that has one writer.

Some file systems have no locks, or cannot sync a folder (Lustre without ``-o flock``, CIFS,
vboxsf). They are written to all the same, and :func:`locked` says what is not guaranteed.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

from ..files import open_regular
from ..interfaces import ImleakError

LOCK = ".lock"
TEMPORARY = ".*.tmp"

NOT_OFFERED = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL}
"""What a file system without locks, or that cannot sync a folder, answers."""

NO_LOCKS = (
    "{folder} is on a file system without locks: nothing keeps a second imleak from writing to "
    "it at the same time, so start none."
)
NO_SYNC = (
    "{folder} is on a file system that cannot sync a folder: a kill loses nothing, but a loss of "
    "power may lose what was written last."
)


class OutputError(ImleakError):
    """A folder that cannot be used for this study, or not written to."""


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, whatever is interrupted when.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    with whole(path) as temporary:
        temporary.write_bytes(content)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary name to write a file under; then it is synced and renamed, and the folder
    is synced, so that the rename outlasts a loss of power. What a kill leaves is a
    temporary file, which :func:`sweep` removes.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        make_folder(path.parent)
        try:
            yield temporary
            with temporary.open("rb") as file:
                _offered(os.fsync, file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, each to stay."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for new in reversed(missing):
        new.mkdir(exist_ok=True)
        sync_folder(new.parent)


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
        return _offered(os.fsync, descriptor)
    finally:
        os.close(descriptor)


def _offered(call: Callable[..., object], *arguments: object) -> bool:
    """Call what a file system may not offer; whether it does."""
    try:
        call(*arguments)
    except OSError as error:
        if error.errno in NOT_OFFERED:
            return False
        raise
    return True


def sweep(folder: Path) -> None:
    """Remove what interrupted writes have left, in all folders below too. Only for who
    holds the lock."""
    for left in folder.rglob(TEMPORARY):
        with suppress(OSError):
            left.unlink()


@contextmanager
def locked(folder: Path, says: dict[str, Any]) -> Iterator[list[str]]:
    """Be the only writer of a folder, which is made, and removed again if it stays empty.

    The lock belongs to this process and ends with it, however it ends: there is no stale
    lock. Over NFS it holds where the server has locks, which is the default.

    Parameters
    ----------
    folder : to be written to.
    says : what others are told of the holder, besides its process and machine.

    Yields
    ------
    What the file system does not guarantee, a line each.

    Raises
    ------
    OutputError
        If another process holds it, or the folder cannot be written to.
    """
    descriptor, lacking = _acquire(folder, folder / LOCK)
    try:
        text = json.dumps({"pid": os.getpid(), "host": socket.gethostname()} | says)
        with suppress(OSError):  # a full disk; the lock is held all the same
            os.truncate(descriptor, 0)
            os.write(descriptor, text.encode())
        yield [line.format(folder=folder) for line in lacking]
    finally:
        with suppress(OSError):
            if [path.name for path in folder.iterdir()] == [LOCK]:
                (folder / LOCK).unlink()
                folder.rmdir()
        os.close(descriptor)


def holder(folder: Path) -> dict[str, Any] | None:
    """What the process that is writing to a folder says of itself; None if there is none, or
    the file system has no locks to tell."""
    try:
        with open_regular(folder / LOCK) as file:
            if _lock(file.fileno(), exclusive=False) == "another's":
                return _told(file.read())
    except OSError:
        pass
    return None


def _lock(descriptor: int, *, exclusive: bool = True) -> Literal["ours", "another's", "none"]:
    """Lock an open file without waiting; "none" if there are no locks. Windows has others."""
    if os.name != "posix":
        return "ours"
    import fcntl

    kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
    try:
        return "ours" if _offered(fcntl.flock, descriptor, kind | fcntl.LOCK_NB) else "none"
    except BlockingIOError:
        return "another's"


def _acquire(folder: Path, path: Path) -> tuple[int, list[str]]:
    """The open and locked file of a lock, and what the file system does not guarantee."""
    while True:
        try:
            make_folder(folder)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            held = _lock(descriptor)
            can_sync = sync_folder(folder)
        except OSError as error:
            raise OutputError(f"cannot write to {folder}: {error.strerror}") from error
        if held == "another's":
            told = _told(os.read(descriptor, 4096))
            os.close(descriptor)
            raise OutputError(
                f"{folder} is being written to by process {told.get('pid', '?')} on "
                f"{told.get('host', 'another machine')}; wait for it or give another folder"
            )
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                lacking = {NO_LOCKS: held == "none", NO_SYNC: not can_sync}
                return descriptor, [line for line, lacks in lacking.items() if lacks]
        # Its last holder removed it between our opening and our locking.
        os.close(descriptor)


def _told(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
