"""The largest pictures by resolution."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from ..interfaces import ImageError
from .header import Size, resolution
from .source import Source, SourceError


def rank(
    sources: Iterable[Source], largest: int, sizes: Mapping[str, Size] | None = None
) -> list[Source]:
    """The `largest` pictures with the most pixels, the largest first, ties by name.

    Parameters
    ----------
    sources : from :func:`find`.
    largest : how many to keep.
    sizes : file name -> (height, width), from :func:`coco_sizes`; the header is read
        where a name is missing.

    Returns
    -------
    The ranked sources, then those whose header cannot be read, so that their error is
    met, and reported, when they are read.
    """
    if largest < 1:
        raise SourceError(f"cannot keep the {largest} largest images; give a number of 1 or more")
    known = sizes or {}
    pixels: dict[Source, int] = {}
    unreadable = []
    for source in sources:
        try:
            height, width = known.get(_file_name(source)) or resolution(source)
        except ImageError:
            unreadable.append(source)
        else:
            pixels[source] = height * width
    ranked = sorted(pixels, key=lambda source: (-pixels[source], source.name))
    return ranked[:largest] + unreadable


def _file_name(source: Source) -> str:
    return source.origin.name


def coco_sizes(annotations: str | Path) -> dict[str, Size]:
    """File name -> (height, width), from a COCO ``instances_*.json``.

    Raises
    ------
    SourceError
        If the file cannot be read or is of another kind.

    References
    ----------
    Lin et al., "Microsoft COCO: common objects in context", ECCV 2014;
    https://cocodataset.org/#format-data
    """
    try:
        with Path(annotations).open(encoding="utf-8") as file:
            images = json.load(file)["images"]
        return {
            PurePosixPath(image["file_name"]).name: (int(image["height"]), int(image["width"]))
            for image in images
        }
    except OSError as error:
        raise SourceError(f"{annotations}: cannot be opened ({error.strerror})") from error
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(
            f"{annotations}: not a COCO instances_*.json; needs a list 'images' of objects with "
            "file_name, height and width"
        ) from error
