"""The images of a study: those of its sources, but for what runs have written themselves.

A run keeps previews and figures in its folder. If that folder lies among the images, the
next run would measure them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from ..files import open_regular
from ..images import Source, SourceError, search, unseen_in_words
from .progress import some_of
from .recorded import MANIFEST
from .store import has_results

_MANIFEST_BEGINS = re.compile(rb'\s*\{\s*"format":\s*\d+,\s*"spec":')
_REPRODUCTION = ("paper.md", "claims.csv", "runs")
"""Contents by which the folder of a reproduction is known, which has figures of its own."""


@dataclass(frozen=True)
class Found:
    """Images to be measured.

    Parameters
    ----------
    sources : of the images.
    unseen : suffix -> files that were not looked at because of it.
    runs : folders of runs that were left out, as they were come upon.
    """

    sources: Sequence[Source]
    unseen: Mapping[str, int]
    runs: Sequence[Path]

    @property
    def warnings(self) -> list[str]:
        """What a user must know, a line each."""
        lines = [unseen_in_words(self.unseen)]
        if self.runs:
            what = "the folder of a run" if len(self.runs) == 1 else "the folders of runs"
            lines.append(
                f"Not measured: what imleak wrote into {what}, {some_of(map(str, self.runs))}."
            )
        return list(filter(None, lines))


def find_images(sources: Sequence[str], others: Sequence[str] = ()) -> Found:
    """The images of some sources, without those in folders of runs, whatever such a folder
    is called and however it is reached.

    Parameters
    ----------
    others : folders of something else, such as ciphers. Where they lie in a source, or a source
        in them, a file belongs to the nearest folder above it.

    Raises
    ------
    SourceError
        See :func:`imleak.images.search`; or if there is nothing but runs and `others`.
    """
    runs, is_of_others = _Runs(), _nearer(others, sources)
    found = search(sources, leave_out=lambda path: is_of_others(path.parent) or runs.hold(path))
    if not found.sources:
        written = f"what runs have written: {some_of(map(str, runs.found))}"
        raise SourceError(
            f"no images but {written if runs.found else f'those in {some_of(others)}'}; "
            "give the images themselves"
        )
    return Found(found.sources, found.unseen, list(runs.found))


def _nearer(folders: Sequence[str], than: Sequence[str]) -> Callable[[Path], bool]:
    """Whether the nearest of the folders above, or the same, is one of the first."""
    own = {Path(os.path.realpath(Path(one).expanduser())) for one in than}
    others = {Path(os.path.realpath(Path(one).expanduser())) for one in folders} - own

    @cache
    def is_nearer(folder: Path) -> bool:
        above = (folder.resolve(), *folder.resolve().parents)
        return next((one for one in above if one in own | others), None) in others

    return is_nearer


@dataclass
class _Runs:
    """Remembers the runs that files were in, and what every folder is."""

    found: dict[Path, None] = field(default_factory=dict)
    _of: dict[Path, Path | None] = field(default_factory=dict)
    _real: dict[Path, Path] = field(default_factory=dict)

    def hold(self, path: Path) -> bool:
        """Whether a file is in the folder of a run."""
        folder = path.resolve().parent if path.is_symlink() else self._resolved(path.parent)
        run = self._run_of(folder)
        if run is not None:
            self.found[run] = None
        return run is not None

    def _resolved(self, folder: Path) -> Path:
        if folder not in self._real:
            self._real[folder] = folder.resolve()
        return self._real[folder]

    def _run_of(self, folder: Path) -> Path | None:
        """The folder of a run that a folder is, or is in."""
        if folder not in self._of:
            above = None if folder == folder.parent else self._run_of(folder.parent)
            self._of[folder] = above or (folder if is_of_a_run(folder) else None)
        return self._of[folder]


def is_of_a_run(folder: Path) -> bool:
    """Whether imleak has written a folder: a run, or a reproduction made of several."""
    try:
        with open_regular(folder / MANIFEST) as file:
            if _MANIFEST_BEGINS.match(file.read(1000)):
                return True
    except OSError:
        pass
    return has_results(folder) or all((folder / name).exists() for name in _REPRODUCTION)
