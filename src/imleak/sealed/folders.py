"""Many image files, each encrypted or decrypted into a folder.

What is there already, whole and as it would be made, is not made again, so that a command
that was interrupted goes on where it was. A file that fails is a row with its error.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..atomic import OutputError, made_folder, write_whole
from ..files import printable
from ..images import Source
from ..interfaces import ImageError, ImleakError
from . import files
from .envelope import Header
from .refusals import OTHERWISE
from .reuse import header_of

State = Literal["done", "there already", "failed"]
TABLE = "sizes.csv"
COLUMNS = (
    "image",
    "file",
    "plain bytes",
    "cipher bytes",
    "cipher against plain (%)",
    "plain in the format of the cipher (bytes)",
    "cipher against that (%)",
    "state",
    "error",
)


@dataclass(frozen=True)
class Row:
    """What became of one file.

    Parameters
    ----------
    image : its name.
    file : what was written.
    plain, cipher : bytes of the image file, and of the encrypted one; None of what failed.
    alike : bytes of the plain image in the format of the encrypted one: of a JPEG file that is
        encrypted into a PNG, of the PNG of what it decodes to. Of what was made before, as the
        table says; None where it is not known.
    state : whether it was made now, before, or not.
    notes : what there is to say of it.
    error : why it failed.
    """

    image: str
    file: Path
    plain: int | None = None
    cipher: int | None = None
    alike: int | None = None
    state: State = "failed"
    notes: tuple[str, ...] = ()
    error: str = ""

    @property
    def change(self) -> float | None:
        """How much longer the encrypted file is than the plain one, in percent."""
        return longer(self.cipher, self.plain)

    @property
    def growth(self) -> float | None:
        """How much of that is the encryption's: against the same image in the same format."""
        return longer(self.cipher, self.alike)


def longer(size: int | None, other: int | None) -> float | None:
    """By how many percent a file is longer than another; None where either is not known."""
    return None if size is None or not other else 100 * (size / other - 1)


@dataclass(frozen=True)
class Made:
    """What there is to say of a file that was made, and bytes of the plain image in the format of
    its cipher; None where they are not known."""

    notes: tuple[str, ...] = ()
    alike: int | None = None


Make = Callable[[Path, Path], Made]
"""Makes a file of a file."""
IsDone = Callable[[Path, Path], bool]
"""Whether one has been made. Raises ImleakError if something else is in its place."""
Sizes = Mapping[tuple[str, int, int], int]
"""Bytes of plain images in the format of their ciphers, by the name of the image and the bytes of
both files."""


def rows_of(
    targets: Mapping[Source, Path], make: Make, is_done: IsDone, known: Sizes | None = None
) -> Iterator[Row]:
    """Make every file that is not there, and a row of each.

    Parameters
    ----------
    targets : what is made of what, see :func:`targets_of`.
    known : of files that were made before, where the files that are made are the ciphers.
    """
    for source, target in targets.items():
        try:
            yield _row(source, target, make, is_done, known)
        except ImleakError as error:
            words = " ".join(str(error).split())
            for name in (source.name, str(source.origin), str(target)):
                words = words.removeprefix(f"{printable(name)}: ")
            yield Row(source.name, target, error=words)


def _row(source: Source, target: Path, make: Make, is_done: IsDone, known: Sizes | None) -> Row:
    if not isinstance(source.origin, Path):
        raise ImageError("is no file, and cannot be encrypted into one; save it first")
    done = is_done(source.origin, target)
    made = Made()
    if not done:
        with made_folder(target.parent):
            made = make(source.origin, target)
    plain, cipher = (path.stat().st_size for path in (source.origin, target))
    state: State = "there already" if done else "done"
    if known is None:  # decrypted, into the format of the cipher
        plain, cipher = cipher, plain
        return Row(source.name, target, plain, cipher, plain, state, made.notes)
    alike = known.get((printable(source.name), plain, cipher)) if done else made.alike
    return Row(source.name, target, plain, cipher, alike, state, made.notes)


def targets_of(
    sources: Iterable[Source], out: Path, suffix: Callable[[Source], str]
) -> dict[Source, Path]:
    """The files that are made of some, in folders as theirs. Where several would have one name,
    those whose suffix changes keep it in their name."""
    given = list(sources)
    wanted = {one: Path(one.path).with_suffix(suffix(one)) for one in given}
    often = Counter(str(path).casefold() for path in wanted.values())
    return {
        one: out / (Path(one.path + suffix(one)) if _is_taken(one, path, often) else path)
        for one, path in wanted.items()
    }


def _is_taken(source: Source, path: Path, often: Mapping[str, int]) -> bool:
    """Whether a name is that of another file, which does not change its own for it."""
    return often[str(path).casefold()] > 1 and path != Path(source.path)


def suffix_of_cipher(source: Source, *, needs_jpeg: bool) -> str:
    """Of the file that an image is encrypted into."""
    own = Path(source.path).suffix
    if needs_jpeg:
        return own if own.lower() in files.JPEG else ".jpg"
    return ".png"


def is_encrypted(
    image: Path, target: Path, wanted: Header, verify: Callable[[Path], Header]
) -> bool:
    """Whether an image has been encrypted as it is to be.

    Parameters
    ----------
    wanted : how, whatever its nonce and depth.
    verify : checks a file under the key.

    Raises
    ------
    ImleakError
        If another file is in its place, was encrypted otherwise or by another key, or before
        the image was changed.
    """
    found = header_of(target) if target.is_file() else None
    if found is None:
        return False
    if not is_alike(found, wanted):
        raise OutputError(
            f"{target}: is there, encrypted by {found.scheme} at level {found.level}; {OTHERWISE}"
        )
    _check_age(image, target)
    verify(target)
    return True


def is_decrypted(cipher: Path, target: Path) -> bool:
    """Whether there is a file in the place of one that is to be decrypted. Raises OutputError if it
    is older."""
    if not target.is_file():
        return False
    _check_age(cipher, target)
    return True


def is_alike(found: Header, wanted: Header) -> bool:
    """Whether an image was encrypted as another is to be, whatever nonce and depth."""
    return _how(found) == _how(wanted)


def _how(header: Header) -> tuple[Any, ...]:
    return header.scheme, header.scheme_version, header.level, dict(header.options)


def _check_age(source: Path, target: Path) -> None:
    if target.stat().st_mtime_ns < source.stat().st_mtime_ns:
        raise OutputError(f"{target}: is there, and older than what it is made of; {OTHERWISE}")


def write_table(folder: Path, rows: Sequence[Row]) -> Path:
    """The sizes of all files as a table. Raises OutputError if it cannot be written."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        change, growth = (None if one is None else f"{one:.3f}" for one in (row.change, row.growth))
        sizes = row.plain, row.cipher, change, row.alike, growth
        cells = (row.image, row.file, *sizes, row.state, row.error)
        writer.writerow([printable("" if cell is None else str(cell)) for cell in cells])
    path = folder / TABLE
    write_whole(path, text.getvalue().encode())
    return path


def read_table(folder: Path) -> Sizes:
    """What the table of an earlier command says; nothing where it is missing or not as written."""
    path, found = folder / TABLE, {}
    if not path.is_file():
        return {}
    with suppress(OSError, ValueError, csv.Error), path.open(encoding="utf-8", newline="") as lines:
        for row in csv.reader(lines):
            image, _, plain, cipher, _, alike, *_ = row
            if alike.isdecimal():
                found[image, int(plain), int(cipher)] = int(alike)
    return found
