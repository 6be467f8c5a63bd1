"""The largest images by resolution."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..files import open_regular
from ..interfaces import ImageError
from .header import resolution
from .raster import Size
from .source import Source, SourceError, match_names


def rank(
    sources: Iterable[Source], largest: int, sizes: Mapping[str, Size] | None = None
) -> list[Source]:
    """The `largest` images with the most pixels, the largest first, ties by name.

    Parameters
    ----------
    sources : from :func:`find`.
    largest : how many to keep.
    sizes : file name -> (height, width), from :func:`coco_sizes`. A name with folders is
        that of the file whose path ends with it. The header is read where a name is
        missing, or is that of several sources.

    Returns
    -------
    The ranked sources, then those whose header cannot be read, so that their error is
    met, and reported, when they are read.
    """
    if largest < 1:
        raise SourceError(f"cannot keep the {largest} largest images; give a number of 1 or more")
    sources = list(sources)
    sizes = sizes or {}
    names = match_names(sources, sizes)
    uses = Counter(names.values())
    known = {source: sizes[name] for source, name in names.items() if uses[name] == 1}
    pixels: dict[Source, int] = {}
    unreadable = []
    for source in sources:
        try:
            height, width = known.get(source) or resolution(source)
        except ImageError:
            unreadable.append(source)
        else:
            pixels[source] = height * width
    ranked = sorted(pixels, key=lambda source: (-pixels[source], source.name))
    return ranked[:largest] + unreadable


def coco_sizes(annotations: str | Path) -> dict[str, Size]:
    """File name, with its folders if it has any, -> (height, width), from a COCO
    ``instances_*.json``; without names that it gives several sizes.

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
        with open_regular(annotations) as file:
            images = json.loads(file.read().decode("utf-8-sig"))["images"]
        sizes: dict[str, set[Size]] = {}
        for image in images:
            size = int(image["height"]), int(image["width"])
            sizes.setdefault(str(image["file_name"]), set()).add(size)
    except OSError as error:
        raise SourceError(f"{annotations}: cannot be opened ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise SourceError(
            f"{annotations}: not a COCO instances_*.json; needs a list 'images' of objects with "
            "file_name, height and width"
        ) from error
    return {name: found.pop() for name, found in sizes.items() if len(found) == 1}
