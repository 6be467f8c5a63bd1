"""Groups: the images that may not be split between training and test.

A patient, a video, a burst. Images of one group are alike beyond what they show, so an
adversary that was trained on some of them is not tested on the others.

>>> group_names(["p1/a.png", "p1/b.png", "p2/a.png"], parse_group_by("folder"))
['p1', 'p1', 'p2']
>>> group_names(["p1-a.png", "p1-b.png", "c.png"], parse_group_by("regex:^p[0-9]+"))
['p1', 'p1', 'c.png']
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path, PurePosixPath

from ..files import open_regular, printable
from ..interfaces import ImleakError

_WHAT_WORKS = "write folder, csv:FILE or regex:PATTERN"
_IMAGE_COLUMNS = ("image", "name", "file")
_DELIMITERS = ",;\t"


class GroupError(ImleakError):
    """Groups that cannot be understood or do not fit the images."""


@dataclass(frozen=True)
class GroupBy:
    """A rule that gives every image its group; by its folder if nothing else is given.

    Parameters
    ----------
    text : as it was written.
    pattern : what is searched in an image's path.
    rows : (image, group) of a table.
    """

    text: str
    pattern: re.Pattern[str] | None = None
    rows: tuple[tuple[str, str], ...] | None = None


def check_group_by(text: str) -> None:
    """Check how a rule is written; no file is opened.

    Raises
    ------
    GroupError
        If it is none of those of :func:`parse_group_by`.
    """
    kind, colon, argument = text.partition(":")
    if text == "folder":
        return
    if kind not in ("csv", "regex") or not colon:
        kind = "csv" if text.lower().endswith((".csv", ".tsv")) else "regex"
        raise GroupError(f"group by {printable(text)!r}: {_WHAT_WORKS}, here {kind}:{text}")
    if not argument:
        what = "the path of a table" if kind == "csv" else "a pattern, such as regex:patient[0-9]+"
        raise GroupError(f"group by {text!r}: needs {what}")
    if kind == "regex":
        _compiled(text)


def parse_group_by(text: str) -> GroupBy:
    """The rule that a text stands for.

    Parameters
    ----------
    text : one of

        - ``folder``: the folder that an image is in;
        - ``regex:PATTERN``: what the first parenthesis of a regular expression matches in an
          image's path, or the whole match if it has none. An image without a match is a group
          of its own;
        - ``csv:FILE``: the column `group` of a table with a header and one row an image, named
          in the column `image`, `name` or `file` by its path or by the end of it (a file
          name), if no other image ends like it.

    Raises
    ------
    GroupError
        If it is none of these, the pattern is no regular expression or the table cannot be
        read.
    """
    check_group_by(text)
    kind, _, argument = text.partition(":")
    if kind == "csv":
        return GroupBy(text, rows=tuple(_rows(text, Path(argument).expanduser())))
    return GroupBy(text, pattern=_compiled(text) if kind == "regex" else None)


def group_names(names: Sequence[str], by: GroupBy) -> list[str]:
    """The name of every image's group.

    Parameters
    ----------
    names : paths of the images, relative to their source (:attr:`Source.path`), each once.

    Raises
    ------
    GroupError
        If all images are in one group, so that none is left to test on; or if a table has no
        row for an image, several groups for one, or a name that several images have.
    """
    found = [printable(group or name) for name, group in _groups(names, by)]
    if len(found) > 1 and len(set(found)) == 1:
        raise GroupError(
            f"group by {printable(by.text)}: all {len(found):,} images are in one group, "
            f"{found[0]!r}, and none is left to test on; group them by something else"
        )
    return found


def group_warnings(names: Sequence[str], by: GroupBy) -> list[str]:
    """What a user must know of the groups of these images, a line each."""
    alone = [name for name, group in _groups(names, by) if group is None]
    lines = []
    if alone:
        lines.append(
            f"{len(alone):,} of {len(names):,} images do not match {printable(by.text)} and are "
            f"groups of their own; the first is {printable(alone[0])}."
        )
    if by.rows:
        places = _Places(names)
        unknown = [image for image, _ in by.rows if not places.of(image)]
        if unknown:
            lines.append(
                f"{len(unknown):,} of {len(by.rows):,} rows of {printable(by.text)} name no "
                f"image; the first is {printable(unknown[0])}."
            )
    return lines


def _groups(names: Sequence[str], by: GroupBy) -> list[tuple[str, str | None]]:
    """Every image with its group, None for one without."""
    if by.rows is not None:
        return list(zip(names, _of_table(names, by.text, by.rows), strict=True))
    if by.pattern is None:
        return [(name, PurePosixPath(name).parent.as_posix()) for name in names]
    matches = [(name, by.pattern.search(name)) for name in names]
    which = min(by.pattern.groups, 1)
    return [(name, (match[which] or None) if match else None) for name, match in matches]


def _compiled(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text.partition(":")[2])
    except (re.error, OverflowError) as error:
        raise GroupError(
            f"group by {printable(text)!r}: not a regular expression ({error}); "
            "write one such as regex:patient[0-9]+"
        ) from error


class _Places:
    """Finds images by the ends of their paths."""

    def __init__(self, names: Sequence[str]) -> None:
        self._paths = {PurePosixPath(name).as_posix(): at for at, name in enumerate(names)}
        self._by_end: dict[str, list[int]] = defaultdict(list)
        for path, at in self._paths.items():
            for end in _ends(path):
                self._by_end[end].append(at)

    def of(self, image: str) -> list[int]:
        """The image of this path; or those whose path ends like it; or the one whose path it
        ends with."""
        path = PurePosixPath(image.replace("\\", "/")).as_posix()
        if path in self._paths:
            return [self._paths[path]]
        if path in self._by_end:
            return self._by_end[path]
        return next(([self._paths[end]] for end in _ends(path) if end in self._paths), [])


def _ends(path: str) -> Iterator[str]:
    """A path without its first folders, the longest first."""
    parts = path.split("/")
    yield from ("/".join(parts[at:]) for at in range(len(parts)))


def _of_table(names: Sequence[str], text: str, rows: Sequence[tuple[str, str]]) -> list[str]:
    places, groups = _Places(names), [set[str]() for _ in names]
    for image, group in rows:
        found = places.of(image)
        if len(found) > 1:
            both = " and ".join(printable(names[at]) for at in found[:2])
            raise GroupError(
                f"{printable(text)}: {printable(image)} is the name of {len(found):,} images, "
                f"{both}{' among them' if len(found) > 2 else ''}; write their paths"
            )
        for at in found:
            groups[at].add(group)
    for what, wrong in (
        ("have no row", [at for at, found in enumerate(groups) if not found]),
        ("have several groups", [at for at, found in enumerate(groups) if len(found) > 1]),
    ):
        if wrong:
            raise GroupError(
                f"{printable(text)}: {len(wrong):,} of {len(names):,} images {what}; the first "
                f"is {printable(names[wrong[0]])}; give every image one group"
            )
    return [found.pop() for found in groups]


def _rows(text: str, path: Path) -> Iterator[tuple[str, str]]:
    """(image, group) of the rows of a table."""
    shown = printable(text)
    try:
        with open_regular(path) as file:
            content = file.read().decode("utf-8-sig")
        first = content.partition("\n")[0]
        delimiter = max(_DELIMITERS, key=first.count)
        reader = csv.DictReader(StringIO(content, newline=""), delimiter=delimiter)
        header = {str(name).strip().lower(): name for name in reader.fieldnames or ()}
        image = next((header[name] for name in _IMAGE_COLUMNS if name in header), None)
        if image is None or "group" not in header:
            raise GroupError(
                f"{shown}: needs a header with the columns image and group; "
                f"it has {printable(', '.join(header)) or 'none'}"
            )
        lines = [(reader.line_num, row[image], row[header["group"]]) for row in reader]
    except OSError as error:
        raise GroupError(f"{shown}: cannot be opened ({error.strerror})") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise GroupError(f"{shown}: not a table in UTF-8 ({error}); save it as CSV") from error
    for line, name, group in lines:
        if not (name or "").strip() or not (group or "").strip():
            raise GroupError(f"{shown}: line {line} has no image or no group; complete it")
        yield name.strip(), group.strip()
