"""Files that hold several images, such as videos, scans and stacks: some of their frames, each an
image, and all of one group.

>>> evenly_spaced(10, 3)
[1, 5, 8]
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ..interfaces import ImageError
from .header import frames_in
from .source import Source


def with_frames(sources: Iterable[Source], most: int) -> list[Source]:
    """Sources with files of several images replaced by frames of these.

    Parameters
    ----------
    sources : from :func:`imleak.images.find`.
    most : frames of a file; of one that holds more they are evenly spaced.

    Returns
    -------
    The sources in their order. A frame is called like its file, with its number from 1:
    ``clip.gif#07``. A file that cannot be read stays, so that its error is met when it is.
    """
    return [frame for source in sources for frame in _frames(source, most)]


def evenly_spaced(there: int, wanted: int) -> list[int]:
    """The middle of each of `wanted` equal parts of 0 .. there - 1; all of fewer."""
    if there <= wanted:
        return list(range(there))
    return [(2 * at + 1) * there // (2 * wanted) for at in range(wanted)]


def _frames(source: Source, most: int) -> Iterator[Source]:
    try:
        there = frames_in(source)
    except ImageError:
        there = 1
    if there == 1:
        yield source
        return
    digits = len(str(there))
    for frame in evenly_spaced(there, most):
        yield replace(source, name=f"{source.name}#{frame + 1:0{digits}}", frame=frame)
