"""Where a picture comes from, before anything of it is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..interfaces import ImleakError
from .generated import DeadLeaves


class SourceError(ImleakError):
    """A source that holds no picture, or that cannot be understood."""


@dataclass(frozen=True)
class Source:
    """A picture that can be read when it is needed.

    Parameters
    ----------
    name : the file's name, led by as many of its folders as make it unique; or the
        generator's size and index.
    origin : the file, or the generated picture.
    """

    name: str
    origin: Path | DeadLeaves
