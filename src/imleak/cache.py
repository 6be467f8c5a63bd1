"""Arrays kept on disk between runs: a file a key, and what is read is what was written.

Any number of processes may share a folder. A file appears whole or not at all, two that
make the same one write the same, and one that is torn, altered, gone or stands under
another's name is made again: a file holds its own key and the digest of its arrays. Of
arrays that were made together all count, or none. A link that leads elsewhere is neither
followed nor written through.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from .atomic import OutputError, sweep, write_whole
from .interfaces import ImleakError

Arrays = Mapping[str, NDArray[Any]]

MOST_BYTES = 20 * 10**9
"""Kept after a run; what was not used for longest goes first."""
SUFFIX, BEGUN = ".safetensors", ".begun"
HOURS = {"h": 1, "d": 24, "w": 24 * 7}
BYTES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


class CacheError(ImleakError):
    """A cache that cannot be written, or an age or a size that cannot be read."""


@dataclass(frozen=True)
class Usage:
    """What a cache holds, or what was removed of it.

    Parameters
    ----------
    files, bytes : of all its files.
    by_maker : bytes by what made them: the name of an encoder.
    oldest : seconds since the least recently used one was used; None without files.
    """

    files: int
    bytes: int
    by_maker: Mapping[str, int]
    oldest: float | None


@dataclass(frozen=True)
class _Kept:
    path: Path
    bytes: int
    used: float


class Cache:
    """Arrays by key in a folder, as safetensors files that hold their key and their digest.

    Parameters
    ----------
    folder : where; by default shared by all runs of a user, see :func:`default_folder`.

    Examples
    --------
    >>> import tempfile
    >>> cache = Cache(Path(tempfile.mkdtemp()))
    >>> cache.put("0f" * 32, {"vectors": np.eye(2)}, maker="corners")
    >>> cache.get("0f" * 32)["vectors"].tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or default_folder()

    def get(self, key: str) -> dict[str, NDArray[Any]] | None:
        """The arrays of a key; None if they are not there, not as they were written, or
        those of another key under this name."""
        path = self._path(key)
        if not self.has(key):
            return None
        try:
            content = path.read_bytes()
            found: dict[str, NDArray[Any]] = load_tensors(content)
            header = _header(content)
            if (header.get("key"), header.get("digest")) != (key, digest_of(found)):
                return None
            os.utime(path)  # recently used
        except (OSError, SafetensorError, ValueError):
            return None
        return found

    def put(self, key: str, arrays: Arrays, *, maker: str) -> None:
        """Keep arrays under a key.

        Parameters
        ----------
        maker : what made them, for :meth:`info`.

        Raises
        ------
        CacheError
            If the folder cannot be written.
        """
        written = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        about = {"key": key, "digest": digest_of(written), "maker": maker}
        self._write(self._path(key), save_tensors(written, about))

    def put_together(self, group: str, made: Mapping[str, Arrays], *, maker: str) -> None:
        """Keep arrays that were made together, by key: all of them, or :meth:`begun` tells.

        What a network makes of an image may differ in its last bits with the images
        beside it. A few that outlived an interruption must not be completed by others that
        were made without them.

        Parameters
        ----------
        group : a key of what they were made of, whichever of it they are.

        Raises
        ------
        CacheError
            If the folder cannot be written.
        """
        note = self._note(group)
        for key in self.begun(group) - made.keys():  # of an interruption of other arrays
            self._path(key).unlink(missing_ok=True)
        self._write(note, json.dumps(sorted(made)).encode())
        for key, arrays in made.items():
            self.put(key, arrays, maker=maker)
        note.unlink(missing_ok=True)

    def begun(self, group: str) -> frozenset[str]:
        """Keys of arrays that were to be kept together, and of which some may be missing."""
        try:
            return frozenset(map(str, json.loads(self._note(group).read_bytes())))
        except (OSError, ValueError, TypeError):
            return frozenset()

    def has(self, key: str) -> bool:
        """Whether there is a file; whether it is whole shows when it is read."""
        path = self._path(key)
        return path.is_file() and not path.is_symlink() and not path.parent.is_symlink()

    def info(self) -> Usage:
        """What is there."""
        return _usage(list(self._kept()))

    def prune(self, older_than: float | None = None, most_bytes: int | None = None) -> Usage:
        """Remove what was not used for `older_than` seconds, then what was not used for
        longest until at most `most_bytes` are left; and what killed processes left behind.

        Returns
        -------
        What was removed.
        """
        kept = sorted(self._kept(), key=lambda one: one.used)
        left, now = sum(one.bytes for one in kept), time()
        removed = []
        for one in kept:
            too_old = older_than is not None and now - one.used > older_than
            if too_old or (most_bytes is not None and left > most_bytes):
                left -= one.bytes
                removed.append(one)
        usage = _usage(removed)
        for one in removed:
            one.path.unlink(missing_ok=True)
        sweep(self.folder, below=True)
        return usage

    def _kept(self) -> Iterator[_Kept]:
        for path in self.folder.rglob(f"*{SUFFIX}"):
            with suppress(FileNotFoundError):  # another process prunes too
                found = path.stat()
                yield _Kept(path, found.st_size, found.st_mtime)

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}{SUFFIX}"

    def _note(self, group: str) -> Path:
        return self._path(group).with_suffix(BEGUN)

    def _write(self, path: Path, content: bytes) -> None:
        """Not synced: a file that a power failure tears is told by its digest."""
        if path.parent.is_symlink():
            raise CacheError(f"{path.parent} is a link to elsewhere; remove it")
        try:
            write_whole(path, content, sync=False)
        except OutputError as error:
            raise CacheError(str(error)) from error


def default_folder() -> Path:
    """``$IMLEAK_CACHE``, else ``imleak/features`` in the user's folder of caches."""
    if given := os.environ.get("IMLEAK_CACHE"):
        return Path(given)
    user = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(user) / "imleak" / "features"


def digest_of(arrays: Arrays) -> str:
    """SHA-256 (hex) of names, types, shapes and values."""
    total = sha256()
    for name in sorted(arrays):
        array = arrays[name]
        total.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        total.update(np.ascontiguousarray(array).view(np.uint8).data if array.size else b"")
    return total.hexdigest()


def parse_age(text: str) -> float:
    """Seconds of ``12h``, ``30d`` or ``8w``.

    Raises
    ------
    CacheError
        If it is none of these.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([hdw])", text.strip().lower())
    if match is None:
        raise CacheError(f"{text!r} is not an age; write 12h, 30d or 8w")
    return float(match[1]) * HOURS[match[2]] * 3600


def parse_size(text: str) -> int:
    """Bytes of ``500MB``, ``20GB`` or a number of bytes; a kilobyte has 1,000.

    Raises
    ------
    CacheError
        If it is none of these.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)b?", text.strip().lower())
    if match is None:
        raise CacheError(f"{text!r} is not a size; write 500MB or 20GB")
    return int(float(match[1]) * BYTES[match[2]])


def in_bytes(count: int) -> str:
    """Bytes as a person says them.

    >>> in_bytes(20_400_000_000)
    '20.4 GB'
    """
    size, unit = float(count), "bytes"
    for larger in ("kB", "MB", "GB"):
        if size >= 1000:
            size, unit = size / 1000, larger
    return f"{count} bytes" if unit == "bytes" else f"{size:.1f} {unit}"


def _usage(kept: list[_Kept]) -> Usage:
    by_maker: Counter[str] = Counter()
    for one in kept:
        by_maker[_maker(one.path)] += one.bytes
    oldest = time() - min(one.used for one in kept) if kept else None
    return Usage(len(kept), by_maker.total(), dict(by_maker.most_common()), oldest)


def _maker(path: Path) -> str:
    try:
        with path.open("rb") as file:
            start = file.read(8)
            content = start + file.read(int.from_bytes(start, "little"))
        return _header(content).get("maker", "unknown")
    except (OSError, ValueError, OverflowError, MemoryError):
        return "unknown"


def _header(content: bytes) -> dict[str, str]:
    """What a safetensors file says of itself: a length in 8 bytes, then JSON."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    metadata: dict[str, str] = header.get("__metadata__", {})
    return metadata
