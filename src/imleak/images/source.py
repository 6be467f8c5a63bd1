"""Where an image comes from, before anything of it is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ..interfaces import ImleakError
from .generated import DeadLeaves


class SourceError(ImleakError):
    """A source that holds no image, or that cannot be understood."""


@dataclass(frozen=True)
class Source:
    """An image that can be read when it is needed.

    Parameters
    ----------
    name : the file's name, led by as many of its folders as make it unique; or the
        generator's size and index.
    origin : the file, or the generated image.
    path : of the file, below the folder that holds everything that was given, with slashes;
        or the generated image's name.
    """

    name: str
    origin: Path | DeadLeaves
    path: str = field(default="", compare=False)
