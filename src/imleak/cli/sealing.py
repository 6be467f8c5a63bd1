"""What `encrypt` and `decrypt` do with one file, or with many."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ..atomic import made_folder
from ..interfaces import ImleakError
from .signals import cleaned_up

if TYPE_CHECKING:
    from ..images import Source


def is_one_file(sources: list[str], output: Path) -> bool:
    """Whether one file is made of one, and not many in a folder. Raises ImleakError if many are to
    become one."""
    names_a_file = bool(output.suffix) and not output.is_dir()
    if len(sources) == 1 and not Path(sources[0]).is_dir() and names_a_file:
        return True
    from ..images import SUFFIXES

    if names_a_file and output.suffix.lower() in SUFFIXES:
        raise ImleakError(f"{output} is to hold several images: give a folder, such as -o out")
    if output.exists() and not output.is_dir():
        raise ImleakError(f"{output} is a file, and not a folder for several images")
    return False


def found_in(sources: list[str], output: Path) -> Sequence[Source]:
    """The files that are named, without those in the folder to write to. Raises ImleakError if
    there are none."""
    from ..images import search

    inside = output.resolve()
    found = search(sources, leave_out=lambda path: inside in path.resolve().parents).sources
    if not found:
        raise ImleakError(f"{output} is where the images are; give another folder to write to")
    return found


def scheme_of(text: str | None) -> tuple[str, dict[str, Any]]:
    """Name and options of a scheme: ``jpeg-signs``, ``etc:block=8``."""
    if text is None or not (":" in text or "=" in text):
        return text or "bitplanes", {}
    from ..study import StudySpec

    made = StudySpec.of(sources=["none"], measures=["psnr"], scheme=text).scheme_component()
    return made.name, json.loads(made.options)


@contextmanager
def key_of(given: Path | None, output: Path) -> Iterator[tuple[Path, bytes]]:
    """A key file and its key; a new one, if there is none, goes again if nothing was encrypted."""
    from ..keystream import new_key, read_key_file, write_key_file
    from .terminal import say

    path = given or Path(f"{output}.key")
    is_new = not path.exists()
    with nullcontext() if given else made_folder(path.parent):
        if is_new:
            write_key_file(path, new_key())
        try:
            with cleaned_up():
                yield path, read_key_file(path)
        except (ImleakError, _NothingDone):
            if is_new:  # nothing was encrypted with it
                path.unlink()
            raise
        finally:
            if is_new and path.exists():
                say(f"New key in {path}; without it nobody can decrypt {output}.")


def key_beside(given: Path | None, sources: list[str]) -> tuple[Path, bytes]:
    """The key file of ciphers, beside the first or beside its folder, and its key."""
    from ..keystream import read_key_file

    if given is None:
        first = Path(sources[0])
        folder = first.parent if first.parent.name else first.absolute().parent
        beside = [Path(f"{one}.key") for one in (first, folder)][: 1 if first.is_dir() else 2]
        given = next((path for path in beside if path.exists()), None)
        if given is None:
            names = " or ".join(map(str, beside))
            raise ImleakError(f"no key: there is no {names}; give the file with --key-file FILE")
    return given, read_key_file(given)


class _NothingDone(typer.Exit):
    """Not one file was written."""


def run_all(sources: Sequence[Source], output: Path, make: Any, verb: str) -> None:
    """Do what is to be done with many files, show what became of them, and end with 1 if any
    failed.

    Parameters
    ----------
    make : (images) -> rows, one after the other.
    """
    from ..sealed import write_table
    from .terminal import bar, say, tell_rows

    rows = []
    with bar() as progress:
        for row in make(sources):
            rows.append(row)
            progress.update(len(rows), len(sources), row.image)
    done = [row for row in rows if row.state != "failed"]
    tell_rows(rows, verb)
    if done:
        say(f"In {output}: {write_table(output, rows).name} has all sizes.")
    if not done:
        raise _NothingDone(1)
    if len(done) < len(rows):
        raise typer.Exit(1)


def tell_same_nonces(sources: Sequence[Source]) -> None:
    """Say which files were encrypted under the nonce of one of these, in their folders."""
    from ..sealed import same_nonce
    from .terminal import say

    own = [one.origin for one in sources if isinstance(one.origin, Path)]
    folders = {one.parent for one in own}
    beside = sorted(path for folder in folders for path in folder.iterdir() if path.is_file())
    told: set[frozenset[Path]] = set()
    for path in own:
        for other in same_nonce(path, [one for one in beside if one != path]):
            if frozenset((path, other)) in told:
                continue
            told.add(frozenset((path, other)))
            say(
                f"{path} and {other} were encrypted under the same nonce: if under the same key, "
                "their XOR shows both pictures; encrypt one of them again.",
                error=True,
            )
