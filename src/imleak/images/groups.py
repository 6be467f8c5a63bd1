"""Groups: the images that may not be split between training and test.

A patient, a video, a burst. Images of one group are alike beyond what they show, so an
adversary that was trained on some of them is not tested on the others.

>>> group_names(find("dead-leaves:3x64x64"), parse_group_by("regex:-000([01])$"))
['0', '1', 'dead-leaves-64x64-0002']
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path, PurePosixPath

from ..files import open_regular, printable
from ..interfaces import ImleakError
from . import dicom
from .source import Source, match_names

_WHAT_WORKS = "write folder, patient, study, csv:FILE or regex:PATTERN"
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
    of_dicom : whether it is one of :data:`imleak.images.dicom.GROUP_TAGS`.
    """

    text: str
    pattern: re.Pattern[str] | None = None
    rows: tuple[tuple[str, str], ...] | None = None
    of_dicom: bool = False


def check_group_by(text: str) -> None:
    """Check how a rule is written; no file is opened. Raises GroupError if it is none of those of
    :func:`parse_group_by`, and NotInstalledError if what reads DICOM is missing."""
    kind, colon, argument = text.partition(":")
    if text == "folder":
        return
    if text in dicom.GROUP_TAGS:
        dicom.check_installed(f"group by {text!r} reads DICOM")
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
        - ``patient`` or ``study``: PatientID, with its issuer, or StudyInstanceUID of a DICOM
          file. Groups are numbered in the order of the images, and neither is kept;
        - ``regex:PATTERN``: what the first parenthesis of a regular expression matches in
          :attr:`Source.path`, or the whole match if it has none. An image without a match is a
          group of its own;
        - ``csv:FILE``: the column `group` of a table with a header and one row an image, which
          is named in the column `image`, `name` or `file` by its path, or as much of the end of
          it as tells it from the others.

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
    if text in dicom.GROUP_TAGS:
        return GroupBy(text, of_dicom=True)
    return GroupBy(text, pattern=_compiled(text) if kind == "regex" else None)


def group_names(sources: Sequence[Source], by: GroupBy) -> list[str]:
    """The name of every image's group.

    Raises
    ------
    GroupError
        If all images are in one group, so that none is left to test on; if a table has no
        row for an image, several groups for one, or a name that several images have; or if an
        image does not say its patient or study.
    """
    groups = [
        printable(source.path if group is None else group)
        for source, group in zip(sources, _groups(sources, by), strict=True)
    ]
    if len(groups) > 1 and len(set(groups)) == 1:
        raise GroupError(
            f"group by {printable(by.text)}: all {len(groups):,} images are in one group, "
            f"{groups[0]!r}, and none is left to test on; group them by something else"
        )
    return groups


def group_warnings(sources: Sequence[Source], by: GroupBy) -> list[str]:
    """What a user must know of the groups of these images, a line each."""
    groups, shown, lines = _groups(sources, by), printable(by.text), []
    alone = [one.path for one, group in zip(sources, groups, strict=True) if group is None]
    if alone:
        lines.append(
            f"{len(alone):,} of {len(sources):,} images do not match {shown} and are groups of "
            f"their own; the first is {printable(alone[0])}."
        )
    rows = [image for image, _ in by.rows or ()]
    used = set(match_names(sources, set(rows)).values())
    if unknown := [image for image in rows if image not in used]:
        lines.append(
            f"{len(unknown):,} of {len(rows):,} rows of {shown} name no image; the first is "
            f"{printable(unknown[0])}."
        )
    return lines


def _groups(sources: Sequence[Source], by: GroupBy) -> Sequence[str | None]:
    """The group of every image, None for one without."""
    if by.rows is not None:
        return _of_table(sources, by.text, by.rows)
    if by.of_dicom:
        return _of_dicom(sources, by.text)
    if by.pattern is None:
        return [PurePosixPath(source.path).parent.as_posix() for source in sources]
    matches = [by.pattern.search(source.path) for source in sources]
    which = min(by.pattern.groups, 1)
    return [(match[which] or None) if match else None for match in matches]


def _compiled(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text.partition(":")[2])
    except (re.error, OverflowError) as error:
        raise GroupError(
            f"group by {printable(text)!r}: not a regular expression ({error}); "
            "write one such as regex:patient[0-9]+"
        ) from error


def _of_dicom(sources: Sequence[Source], by: str) -> list[str]:
    """ "patient 1", "patient 2": numbers say nothing of a person, as digests of a number of few
    digits would."""
    files = dict.fromkeys(source.origin for source in sources)
    said = {file: dicom.group_of(file, by) if isinstance(file, Path) else None for file in files}
    if silent := [source for source in sources if said[source.origin] is None]:
        tag = dicom.GROUP_TAGS[by][-1]
        raise GroupError(
            f"group by {by}: {len(silent):,} of {len(sources):,} images are no DICOM files or have "
            f"no {tag}; the first is {silent[0].name}; group them by folder, csv:FILE or "
            "regex:PATTERN"
        )
    numbers: dict[object, int] = {}
    return [
        f"{by} {numbers.setdefault(said[source.origin], len(numbers) + 1)}" for source in sources
    ]


def _of_table(sources: Sequence[Source], text: str, rows: Sequence[tuple[str, str]]) -> list[str]:
    table: dict[str, set[str]] = defaultdict(set)
    for image, group in rows:
        table[image].add(group)
    name_of = match_names(sources, table)
    users: dict[str, list[Source]] = defaultdict(list)
    for source, name in name_of.items():
        users[name].append(source)
    shown = printable(text)
    for name, (first, *others) in users.items():
        if any(one.origin != first.origin for one in others):
            raise GroupError(
                f"{shown}: {printable(name)} is the name of {1 + len(others):,} images, the first "
                f"of them {first.name} and {others[0].name}; write their paths"
            )
    for what, wrong in (
        ("have no row", [one for one in sources if one not in name_of]),
        ("have several groups", [one for one, name in name_of.items() if len(table[name]) > 1]),
    ):
        if wrong:
            raise GroupError(
                f"{shown}: {len(wrong):,} of {len(sources):,} images {what}; the first is "
                f"{wrong[0].name}; give every image one group"
            )
    return [next(iter(table[name_of[source]])) for source in sources]


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
        image_path = PurePosixPath(name.strip().replace("\\", "/")).as_posix()
        yield image_path.lstrip("/"), group.strip()
