"""Where an image comes from, before anything of it is read."""

from collections.abc import Container, Iterable
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
    frame : which of the images in the file, from 0; None for the first, of a file that is taken
        for one image.
    """

    name: str
    origin: Path | DeadLeaves
    path: str = field(default="", compare=False)
    frame: int | None = None

    @property
    def file(self) -> str:
        """What all images of one file have in common."""
        return self.name if self.frame is None else self.name.rpartition("#")[0]


def match_names(sources: Iterable[Source], names: Container[str]) -> dict[Source, str]:
    """The name that a table has for a source: the longest end of its absolute path that is
    among `names`. Without sources that have none; a file name may be that of several."""
    found = {}
    for source in sources:
        origin = source.origin
        parts = origin.absolute().parts[1:] if isinstance(origin, Path) else (origin.name,)
        ends = ("/".join(parts[at:]) for at in range(len(parts)))
        if (name := next((end for end in ends if end in names), None)) is not None:
            found[source] = name
    return found
