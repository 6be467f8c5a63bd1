"""What became of every unit: a small file each, many of them packed into one.

A part is a line of JSON that begins with the SHA-256 of the rest of the line, so that a
torn or altered part is seen. It is written as a file of its own, in a folder named by the
first two digits of its key. When there are many, they are packed: their lines make one
file, and are removed once that file is on disk. Whatever is interrupted when, every part
is in at least one of the two places.

A file takes the disk longer than a short unit takes to do. Parts that come fast are held
for a second, and packed at once.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..atomic import sync_folder, write_whole

PACK = 10_000
"""Parts of their own file that are packed into one."""
HELD_SECONDS, HELD_PARTS = 1.0, 1000
"""Since the last were written, or of work, that parts are held, and most of them: what a kill
can cost."""

ENOUGH = 20
"""Parts written together that are packed, and are not a file each."""
ROOM = 1_000_000
"""Bytes up to which the last pack is written again with more lines: there is not one a second."""
State = Literal["done", "failed"]
_HEAD = re.compile(rb'\{"sha256":"([0-9a-f]{64})",("key":"([^"\\]*)","error":(null|"))')
_REST = len('{"sha256":"",') + 64


@dataclass(frozen=True)
class Part:
    """What became of one unit.

    Parameters
    ----------
    key : of the unit.
    unit : its identity, for whoever opens the file.
    readings : what was measured, a :class:`imleak.interfaces.Measurement` each, without the
        fields that say nothing.
    error : why there are none.
    seconds : of wall time.
    """

    key: str
    unit: Mapping[str, Any]
    readings: Sequence[Mapping[str, Any]] = ()
    error: str | None = None
    seconds: float = 0.0

    @property
    def state(self) -> State:
        return "done" if self.error is None else "failed"


def to_line(part: Part) -> bytes:
    """A part as one line of strict JSON behind the digest of it."""
    first = {"key": part.key, "error": part.error}
    whole = json.dumps(plain(first | vars(part)), allow_nan=False, separators=(",", ":"))
    rest = whole.removeprefix("{").encode()
    return b'{"sha256":"%s",%s\n' % (sha256(rest).hexdigest().encode(), rest)


def from_line(line: bytes) -> Part | None:
    """The part of a line; None if it is torn or altered."""
    if _head(line) is None:
        return None
    try:
        fields = json.loads(line)
        del fields["sha256"]
        return Part(**_revive(fields))
    except (ValueError, TypeError):  # of another version of imleak
        return None


def _head(line: bytes) -> tuple[str, State] | None:
    """Key and state of a whole line."""
    found = _HEAD.match(line)
    if found is None or not line.endswith(b"\n"):
        return None
    if sha256(line[_REST:-1]).hexdigest().encode() != found[1]:
        return None
    return found[3].decode(), "done" if found[4] == b"null" else "failed"


class Parts:
    """The parts in a folder. It must have one writer, which flushes when it is done; readers
    may come at any time.

    Memory grows by some twenty bytes a packed part, and with :data:`PACK`.

    Parameters
    ----------
    folder : made when the first part is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._loose = {path.stem for path in folder.glob("??/*.json")}
        self._packed = _Index(sorted(folder.glob("[0-9]*.jsonl")))
        self._held: dict[str, bytes] = {}
        self._seconds, self._written = 0.0, -math.inf

    def __len__(self) -> int:
        """Number of parts that are written."""
        return len(self._loose) + len(self._packed)

    def __iter__(self) -> Iterator[Part]:
        """Every written part that is whole, a part that was packed and redone only once."""
        for key in sorted(self._loose):
            if part := self.read(key):
                yield part
        for line in self._packed.lines():
            part = from_line(line)
            if part and part.key not in self._loose:
                yield part

    def state(self, key: str) -> State | None:
        """What became of a unit; None if that is not known."""
        if key in self._held or key in self._loose:
            head = _head(self._line(key))
            if head is not None and head[0] == key:
                return head[1]
        return self._packed.state(key)

    def read(self, key: str) -> Part | None:
        """The part of a unit; None if there is none, or it is not whole."""
        for line in (self._line(key), self._packed.line(key)):
            part = from_line(line)
            if part is not None and part.key == key:
                return part
        return None

    def write(self, part: Part) -> None:
        """Keep a part, in place of an earlier one of the same unit. Raises OutputError if it cannot
        be written."""
        self._held[part.key] = to_line(part)
        self._seconds += part.seconds
        longest = max(self._seconds, monotonic() - self._written)
        if part.error or longest >= HELD_SECONDS or len(self._held) >= HELD_PARTS:
            self.flush()

    def flush(self) -> None:
        """Write what is held.

        Raises
        ------
        OutputError
            If it cannot be written; it is held on then.
        """
        if len(self._held) >= ENOUGH:
            self._write_together(self._held)
        else:
            for key, line in self._held.items():
                write_whole(self._path(key), line)
                self._loose.add(key)
        self._held, self._seconds, self._written = {}, 0.0, monotonic()
        if len(self._loose) >= PACK:
            self.pack()

    def pack(self) -> None:
        """Put all parts that have a file of their own into one.

        Raises
        ------
        OutputError
            If it cannot be written; nothing is lost then.
        """
        self._write_together({key: self._line(key) for key in self._loose})

    def _write_together(self, lines: Mapping[str, bytes]) -> None:
        """Pack lines; files of their own that there were of them go."""
        whole = [line for key, line in sorted(lines.items()) if (_head(line) or ("",))[0] == key]
        if whole:
            pack, before = self._last_pack()
            write_whole(pack, before + b"".join(whole))
            self._packed.add([(pack, len(before))])
        loose = self._loose & lines.keys()
        for key in loose:
            self._path(key).unlink(missing_ok=True)
        for shard in {self._path(key).parent for key in loose}:
            sync_folder(shard)
        self._loose -= loose

    def _last_pack(self) -> tuple[Path, bytes]:
        """Where more lines go, and what is there: the last pack while it is small, or the
        next. Lines stay where they are, for readers who know their places."""
        last = self._packed.packs[-1] if self._packed.packs else self.folder / f"{0:06}.jsonl"
        if last.is_file() and last.stat().st_size < ROOM:
            before = last.read_bytes()
            if before.endswith(b"\n"):
                return last, before
        return self.folder / f"{int(last.stem) + 1:06}.jsonl", b""

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"

    def _line(self, key: str) -> bytes:
        """The newest line of a unit that is not packed; empty if there is none."""
        if key in self._held or key not in self._loose:
            return self._held.get(key, b"")
        try:
            return self._path(key).read_bytes()
        except OSError:
            return b""


class _Index:
    """Where in packs the parts are: 29 bytes a part; the last pack that has a unit counts."""

    def __init__(self, packs: Iterable[Path]) -> None:
        self.packs: list[Path] = []
        self._keys, self._places = np.empty(0, np.uint64), np.empty(0, _PLACE)
        self.add((pack, 0) for pack in packs)

    def add(self, packs: Iterable[tuple[Path, int]]) -> None:
        """Lines of the last pack or of later ones, from an offset; no others are read again."""
        found = [(self._keys, self._places)]
        for pack, offset in packs:
            if not self.packs or self.packs[-1] != pack:
                self.packs.append(pack)
            found.append(_entries(pack, offset, len(self.packs) - 1))
        keys, places = (np.concatenate(columns) for columns in zip(*found, strict=True))
        order = np.argsort(keys, kind="stable")  # of equal keys the newest is the last
        self._keys, self._places = keys[order], places[order]

    def __len__(self) -> int:
        return len(np.unique(self._keys))

    def state(self, key: str) -> State | None:
        place = self._newest(key)
        if place is None:
            return None
        return "failed" if place["failed"] else "done"

    def line(self, key: str) -> bytes:
        """The line of a unit; empty if it is not packed."""
        place = self._newest(key)
        return b"" if place is None else self._at(place)

    def lines(self) -> Iterator[bytes]:
        """The newest line of every unit."""
        newest = np.append(np.diff(self._keys) != 0, True)[: len(self._keys)]
        yield from (self._at(place) for place in self._places[newest])

    def _newest(self, key: str) -> Any | None:
        wanted, check = _short(key)
        at = int(np.searchsorted(self._keys, wanted, side="right")) - 1
        if at < 0 or (self._keys[at], self._places[at]["check"]) != (wanted, check):
            return None
        return self._places[at]

    def _at(self, place: Any) -> bytes:
        with self.packs[place["pack"]].open("rb") as file:
            file.seek(int(place["offset"]))
            line: bytes = file.readline()
        return line


_PLACE = np.dtype([("check", "u8"), ("offset", "u8"), ("pack", "u4"), ("failed", "?")])


def _short(key: str) -> tuple[np.uint64, np.uint64]:
    """128 bits of a key: the first half is searched for, the other compared. Of two units
    that agree in the first half, once in forty million runs of a million units, one is not
    found and done again."""
    first, second = np.frombuffer(sha256(key.encode()).digest()[:16], "u8")
    return first, second


def _entries(pack: Path, offset: int, number: int) -> tuple[NDArray[np.uint64], NDArray[Any]]:
    """Short keys of a pack from an offset on, and where their lines are."""
    keys, places = [], []
    with pack.open("rb") as file:
        file.seek(offset)
        for line in file:
            head = _head(line)
            if head is not None:
                key, check = _short(head[0])
                keys.append(key)
                places.append((check, offset, number, head[1] == "failed"))
            offset += len(line)
    return np.array(keys, np.uint64), np.array(places, _PLACE)


_NOT_FINITE = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}


def plain(value: Any) -> Any:
    """For strict JSON: infinities as {"float": "inf"}, numbers of numpy as Python's."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _revive(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"float"}:
            return _NOT_FINITE[value["float"]]
        return {key: _revive(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_revive(item) for item in value]
    return value
