"""Find images: files, folders, globs and generated series."""

import os
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path

from ..files import open_regular, printable
from .formats import SUFFIXES, is_known, looks_like_an_image
from .generated import DeadLeaves
from .raster import LONGEST_BEGINNING
from .source import Source, SourceError

_GENERATED = re.compile(r"dead-leaves:(\d{1,6})x(\d{1,6})x(\d{1,6})(?::(\d{1,9}))?")
_WHAT_WORKS = "files, folders, globs or dead-leaves:COUNTxHEIGHTxWIDTH"
_LOOKED_FOR = f"looked for {', '.join(SUFFIXES)}"
_MOST_SUFFIXES, _LONGEST_SUFFIX = 12, 20
_NUMBER = re.compile(r"(\.\d+)?")
"""A suffix that is none: of DICOM files, whose names are numbers with dots."""


@dataclass(frozen=True)
class Search:
    """What a search came upon.

    Parameters
    ----------
    sources : the images, with unique names.
    unseen : suffix, in small letters -> how many files in folders and globs were not
        looked at because of it; the most frequent first.
    """

    sources: tuple[Source, ...]
    unseen: Mapping[str, int]


def find(sources: str | Path | Iterable[str | Path]) -> list[Source]:
    """Every image of the sources, in their order, each once: those of :func:`search`."""
    return list(search(sources).sources)


def search(
    sources: str | Path | Iterable[str | Path],
    *,
    leave_out: Callable[[Path], bool] = lambda _: False,
) -> Search:
    """Every image of the sources, in their order, each once, and what was passed over.

    Of a file with a known suffix nothing is read yet: one that holds no image is found
    like any other.

    Parameters
    ----------
    sources : one or several of

        - a file, whatever its suffix;
        - a folder: its files with a suffix of :data:`SUFFIXES`, and those without a suffix,
          or with a number for one, that begin like an image, in subfolders too, sorted by name,
          without hidden ones and without following links to folders;
        - a glob (``**`` for any depth), for the same files;
        - ``dead-leaves:COUNTxHEIGHTxWIDTH`` with an optional ``:SEED``, see
          :class:`DeadLeaves`.
    leave_out : whether a file is none of the images.

    Returns
    -------
    The sources. The same file reached twice is one source, because the same image must not
    stand on both sides of a split.

    Raises
    ------
    SourceError
        If a source does not exist, cannot be listed or holds no image.
    """
    given = [sources] if isinstance(sources, str | Path) else list(sources)
    if not given:
        raise SourceError(f"no images given; name {_WHAT_WORKS}")
    distinct: dict[Hashable, Path | DeadLeaves] = {}
    passed: dict[Hashable, Path] = {}
    folders: set[Path] = set()
    for source in given:
        origins, others = _origins(source)
        path = Path(source).expanduser()
        files = [origin for origin in origins if isinstance(origin, Path)]
        folders |= {path} if path.is_dir() else {file.parent for file in files}
        for origin in origins:
            if isinstance(origin, Path) and leave_out(origin):
                continue
            distinct.setdefault(_identity(origin), origin)
        passed |= {_identity(path): path for path in others if not leave_out(path)}
    origins = list(distinct.values())
    names = _unique_names([origin for origin in origins if isinstance(origin, Path)])
    root = os.path.commonpath([*map(os.path.abspath, folders)]) if folders else ""
    return Search(
        tuple(
            Source(names[origin], origin, Path(os.path.relpath(origin, root)).as_posix())
            if isinstance(origin, Path)
            else Source(origin.name, origin, origin.name)
            for origin in origins
        ),
        _suffixes(path for identity, path in passed.items() if identity not in distinct),
    )


def unseen_in_words(unseen: Mapping[str, int]) -> str:
    """ "3 files were not looked at: 2 .svg, 1 .mp4", or nothing."""
    total = sum(unseen.values())
    if not total:
        return ""
    kinds = [
        f"{count} {printable(suffix)[:_LONGEST_SUFFIX]}"
        for suffix, count in list(unseen.items())[:_MOST_SUFFIXES]
    ]
    if len(unseen) > _MOST_SUFFIXES:
        kinds.append(f"{total - sum(list(unseen.values())[:_MOST_SUFFIXES])} of other suffixes")
    files = "1 file was" if total == 1 else f"{total} files were"
    return f"{files} not looked at: {', '.join(kinds)}"


_Origins = tuple[list[Path | DeadLeaves], list[Path]]
"""What is taken for images, and which files were passed over for their suffix."""


def _origins(source: str | Path) -> _Origins:
    text = str(source)
    try:
        path = Path(source).expanduser()
        if path.is_file():
            return [path], []
        if path.is_dir():
            return _sorted_out(_walk(path), f"in {path} or its subfolders")
        if text.startswith("dead-leaves:"):
            return _series(text), []
        if path.exists():  # a named pipe, which is refused when it is read
            return [path], []
        if has_magic(text):
            found = sorted(glob(str(path), recursive=True))  # noqa: PTH207 (Path.glob needs a root)
            return _sorted_out(map(Path, found), f"matches {path}")
    except (OSError, RuntimeError) as error:  # no right to look; no such user's home
        raise SourceError(f"{text}: cannot be searched ({error}); name {_WHAT_WORKS}") from error
    raise SourceError(f"{text}: no such file or folder; name {_WHAT_WORKS}")


def _walk(folder: Path) -> list[Path]:
    found: list[Path] = []
    for parent, folders, files in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += (Path(parent, name) for name in files if not name.startswith("."))
    return sorted(found, key=lambda file: file.relative_to(folder).as_posix())


def _refuse(error: OSError) -> None:
    raise SourceError(f"{error.filename}: cannot be listed ({error.strerror})") from error


def _sorted_out(files: Iterable[Path], where: str) -> _Origins:
    found: list[Path | DeadLeaves] = []
    passed: list[Path] = []
    for file in files:
        if file.is_dir():
            continue
        if is_known(file.name) or (_NUMBER.fullmatch(file.suffix) and _begins_like_an_image(file)):
            found.append(file)
        elif file.suffix:
            passed.append(file)
    if not found:
        words = filter(None, (_LOOKED_FOR, unseen_in_words(_suffixes(passed))))
        raise SourceError(f"no image {where}; {'; '.join(words)}")
    return found, passed


def _begins_like_an_image(file: Path) -> bool:
    try:
        with open_regular(file) as content:
            return looks_like_an_image(content.read(LONGEST_BEGINNING))
    except OSError:
        return False


def _suffixes(files: Iterable[Path]) -> dict[str, int]:
    return dict(Counter(file.suffix.lower() for file in files).most_common())


def _series(text: str) -> list[Path | DeadLeaves]:
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
    """Names of files as they are shown, led by as few folders as tell them apart."""
    parts = {path: path.absolute().parts for path in paths}
    depth = dict.fromkeys(paths, 1)
    while True:
        names = {path: "/".join(parts[path][-depth[path] :]) for path in paths}
        uses = Counter(names.values())
        shared = [path for path in paths if uses[names[path]] > 1]
        if not shared:
            return _shown(names)
        for path in shared:
            depth[path] += 1


def _shown(names: dict[Path, str]) -> dict[Path, str]:
    """Names that can be printed; numbered where an escape looks like the spelling of it."""
    alike: dict[str, list[Path]] = {}
    for path, name in names.items():
        alike.setdefault(printable(name), []).append(path)
    return {
        path: name if len(paths) == 1 else f"{name} [{at}]"
        for name, paths in alike.items()
        for at, path in enumerate(paths, 1)
    }
