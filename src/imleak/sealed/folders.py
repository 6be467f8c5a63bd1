"""Many image files, each encrypted or decrypted into a folder.

What is there already, whole and as it would be made, is not made again, so that a command
that was interrupted goes on where it was. A file that fails is a row with its error.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..atomic import OutputError, write_whole
from ..files import printable
from ..images import Source
from ..interfaces import ImageError, ImleakError
from . import files
from .envelope import Header
from .reuse import header_of

State = Literal["done", "there already", "failed"]
TABLE = "sizes.csv"
COLUMNS = (
    "image",
    "file",
    "plain bytes",
    "cipher bytes",
    "cipher against plain (%)",
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
    state : whether it was made now, before, or not.
    notes : what there is to say of it.
    error : why it failed.
    """

    image: str
    file: Path
    plain: int | None = None
    cipher: int | None = None
    state: State = "failed"
    notes: tuple[str, ...] = ()
    error: str = ""

    @property
    def change(self) -> float | None:
        """How much longer the encrypted file is than the plain one, in percent."""
        if not self.plain or self.cipher is None:
            return None
        return 100 * (self.cipher / self.plain - 1)


Make = Callable[[Path, Path], tuple[str, ...]]
"""Makes a file of a file; what there is to say of it."""
IsDone = Callable[[Path, Path], bool]
"""Whether one has been made. Raises ImleakError if something else is in its place."""


def rows_of(
    targets: Mapping[Source, Path], make: Make, is_done: IsDone, *, encrypts: bool
) -> Iterator[Row]:
    """Make every file that is not there, and a row of each.

    Parameters
    ----------
    targets : what is made of what, see :func:`targets_of`.
    encrypts : whether the files that are made are the ciphers.
    """
    for source, target in targets.items():
        try:
            yield _row(source, target, make, is_done, encrypts=encrypts)
        except ImleakError as error:
            prefixes = (f"{printable(source.name)}: ", f"{printable(str(source.origin))}: ")
            words = " ".join(str(error).split())
            for prefix in prefixes:
                words = words.removeprefix(prefix)
            yield Row(source.name, target, error=words)


def _row(source: Source, target: Path, make: Make, is_done: IsDone, *, encrypts: bool) -> Row:
    if not isinstance(source.origin, Path):
        raise ImageError("is no file, and cannot be encrypted into one; save it first")
    done = is_done(source.origin, target)
    notes: tuple[str, ...] = ()
    if not done:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot write {target}: {error.strerror}") from error
        notes = make(source.origin, target)
    sizes = [path.stat().st_size for path in (source.origin, target)]
    plain, cipher = sizes if encrypts else reversed(sizes)
    state: State = "there already" if done else "done"
    return Row(source.name, target, plain, cipher, state, notes)


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
    if _how(found) != _how(wanted):
        raise OutputError(
            f"{target} is there, encrypted by {found.scheme} at level {found.level}; "
            "use another folder, or allow overwriting"
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


def _how(header: Header) -> tuple[Any, ...]:
    return header.scheme, header.scheme_version, header.level, dict(header.options)


def _check_age(source: Path, target: Path) -> None:
    if target.stat().st_mtime_ns < source.stat().st_mtime_ns:
        raise OutputError(
            f"{target} is there, and older than {source}; use another folder, or allow overwriting"
        )


def write_table(folder: Path, rows: Sequence[Row]) -> Path:
    """The sizes of all files as a table. Raises OutputError if it cannot be written."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        change = None if row.change is None else f"{row.change:.3f}"
        cells = (row.image, row.file, row.plain, row.cipher, change, row.state, row.error)
        writer.writerow([printable("" if cell is None else str(cell)) for cell in cells])
    path = folder / TABLE
    write_whole(path, text.getvalue().encode())
    return path
