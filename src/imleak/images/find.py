"""Find pictures: files, folders, globs and generated series."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from glob import glob, has_magic
from pathlib import Path

from .formats import SUFFIXES, is_known
from .generated import DeadLeaves
from .source import Source, SourceError

_GENERATED = re.compile(r"dead-leaves:(\d{1,6})x(\d{1,6})x(\d{1,6})(?::(\d{1,9}))?")

_WHAT_WORKS = "files, folders, globs or dead-leaves:COUNTxHEIGHTxWIDTH"
_LOOKED_FOR = f"looked for {', '.join(SUFFIXES)}"


def find(
    sources: str | Path | Iterable[str | Path],
    *,
    leave_out: Callable[[Path], bool] = lambda _: False,
) -> list[Source]:
    """Every picture of the sources, in their order, each once.

    Nothing is read yet: a file that holds no picture is found like any other.

    Parameters
    ----------
    sources : one or several of

        - a file, whatever its suffix;
        - a folder: its files with a suffix of :data:`SUFFIXES`, in subfolders too,
          sorted by name, without hidden ones and without following links to folders;
        - a glob (``**`` for any depth), for files with such a suffix;
        - ``dead-leaves:COUNTxHEIGHTxWIDTH`` with an optional ``:SEED``, see
          :class:`DeadLeaves`.
    leave_out : whether a file is none of the images.

    Returns
    -------
    Sources with unique names. The same file reached twice is one source, because the
    same picture must not stand on both sides of a split.

    Raises
    ------
    SourceError
        If a source does not exist, cannot be listed or holds no picture.
    """
    given = [sources] if isinstance(sources, str | Path) else list(sources)
    if not given:
        raise SourceError(f"no images given; name {_WHAT_WORKS}")
    distinct: dict[Hashable, Path | DeadLeaves] = {}
    for source in given:
        for origin in _origins(source):
            if isinstance(origin, Path) and leave_out(origin):
                continue
            distinct.setdefault(_identity(origin), origin)
    origins = list(distinct.values())
    names = _unique_names([origin for origin in origins if isinstance(origin, Path)])
    return [
        Source(names[origin] if isinstance(origin, Path) else origin.name, origin)
        for origin in origins
    ]


def _origins(source: str | Path) -> Iterable[Path | DeadLeaves]:
    text = str(source)
    try:
        path = Path(source).expanduser()
        if path.is_file():
            return [path]
        if path.is_dir():
            return _in_folder(path)
        if text.startswith("dead-leaves:"):
            return _series(text)
        if has_magic(text):
            return _matches(str(path))
    except (OSError, RuntimeError) as error:  # no right to look; no such user's home
        raise SourceError(f"{text}: cannot be searched ({error}); name {_WHAT_WORKS}") from error
    raise SourceError(f"{text}: no such file or folder; name {_WHAT_WORKS}")


def _in_folder(folder: Path) -> list[Path]:
    found = sorted(_walk(folder), key=lambda path: path.relative_to(folder).as_posix())
    if not found:
        raise SourceError(f"no image in {folder} or its subfolders; {_LOOKED_FOR}")
    return found


def _walk(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (
            Path(parent, name) for name in files if not name.startswith(".") and is_known(name)
        )


def _refuse(error: OSError) -> None:
    raise SourceError(f"{error.filename}: cannot be listed ({error.strerror})") from error


def _matches(pattern: str) -> list[Path]:
    matches = sorted(glob(pattern, recursive=True))  # noqa: PTH207 (Path.glob needs a root)
    found = [Path(match) for match in matches if is_known(match) and not Path(match).is_dir()]
    if not found:
        raise SourceError(f"no image matches {pattern}; {_LOOKED_FOR}")
    return found


def _series(text: str) -> list[DeadLeaves]:
    parts = _GENERATED.fullmatch(text)
    count, height, width, seed = (int(part or 0) for part in parts.groups()) if parts else [0] * 4
    if not (count and height and width):
        raise SourceError(
            f"{text}: not a generated series; write count, height and width like "
            "dead-leaves:200x256x256, and a seed other than 0 like dead-leaves:200x256x256:7"
        )
    return [DeadLeaves(height, width, index, seed) for index in range(count)]


def _identity(origin: Path | DeadLeaves) -> Hashable:
    """Equal for two names of one file."""
    if isinstance(origin, DeadLeaves):
        return origin
    try:
        status = origin.stat()
    except OSError:  # a broken link: found, and an error when it is read
        return origin.absolute()
    return status.st_dev, status.st_ino


def _unique_names(paths: list[Path]) -> dict[Path, str]:
    """Names of files, led by as few folders as tell them apart."""
    parts = {path: path.absolute().parts for path in paths}
    depth = dict.fromkeys(paths, 1)
    while True:
        names = {path: "/".join(parts[path][-depth[path] :]) for path in paths}
        uses = Counter(names.values())
        shared = [path for path in paths if uses[names[path]] > 1]
        if not shared:
            return names
        for path in shared:
            depth[path] += 1
