"""A folder that has one writer."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ..atomic import OutputError, lock, make_folder, sync_folder
from ..files import open_regular

LOCK = ".lock"

NO_LOCKS = (
    "{folder} is on a file system without locks: nothing keeps a second imleak from writing to "
    "it at the same time, so start none."
)
NO_SYNC = (
    "{folder} is on a file system that cannot sync a folder: a kill loses nothing, but a loss of "
    "power may lose what was written last."
)


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
            if lock(file.fileno(), exclusive=False) == "another's":
                return _holder(file.read())
    except OSError:
        pass
    return None


def _acquire(folder: Path, path: Path) -> tuple[int, list[str]]:
    """The open and locked file of a lock, and what the file system does not guarantee."""
    while True:
        try:
            make_folder(folder)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            held = lock(descriptor)
            can_sync = sync_folder(folder)
        except OSError as error:
            raise OutputError(f"cannot write to {folder}: {error.strerror}") from error
        if held == "another's":
            holder = _holder(os.read(descriptor, 4096))
            os.close(descriptor)
            raise OutputError(
                f"{folder} is being written to by process {holder.get('pid', '?')} on "
                f"{holder.get('host', 'another machine')}; wait for it or give another folder"
            )
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                lacking = {NO_LOCKS: held == "none", NO_SYNC: not can_sync}
                return descriptor, [line for line, lacks in lacking.items() if lacks]
        # Its last holder removed it between our opening and our locking.
        os.close(descriptor)


def _holder(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
