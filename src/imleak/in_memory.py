"""Images that are not in files yet: arrays, PIL images, tensors, images that were read.

A study reads its images when it needs them, by several processes and again when it goes on, so
they are written, sample by sample, as PNG files.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .atomic import write_whole
from .interfaces import Image, ImleakError, Samples
from .sealed.png import encode

GROUPS = "groups.csv"
"""File of the groups of images, beside them."""
_MOST = 100_000
_EXACT = 1e-3
"""How far from a whole number 255 times a float may be."""


class SamplesError(ImleakError):
    """Something that is no image."""


def write_images(
    sources: Any, folder: Path, bits: int | None = None, *, grouped: bool = False
) -> tuple[list[str | Path], Path | None]:
    """Sources with every image that is in memory written as a PNG file into a folder; what other
    images an earlier call left there is removed.

    Parameters
    ----------
    sources : one or several; paths are left as they are.

        - arrays of uint8 or uint16, (H, W), (H, W, 1 or 3) or (1 or 3, H, W);
        - a batch of such, (N, H, W, 3) or (N, 3, H, W), as an array or a tensor;
        - tensors of these, or of floats 0..1 that are whole numbers of 1/255, as torchvision
          makes them;
        - PIL images; :class:`imleak.Image`.
    folder : where they are written.
    bits : that their samples will be taken to use; None for all those of a file.
    grouped : whether other groups are asked for than those the images have.

    Returns
    -------
    The sources, and a table of the groups of images, for ``csv:FILE``; None where none has a
    group, or others are asked for.

    Raises
    ------
    SamplesError
        If one is no image, or cannot be written without loss; or if images with groups stand
        beside folders, whose images have none.
    OutputError
        If the files cannot be written.
    """
    found: list[str | Path] = []
    written: set[Path] = set()
    groups: dict[Path, str] = {}
    for place, one in enumerate(_each(sources)):
        if isinstance(one, str | Path):
            found.append(one)
            continue
        if place >= _MOST:
            raise SamplesError(f"more than {_MOST:,} images in memory; give files")
        if isinstance(one, Image) and one.bits not in (8, 16, bits):
            raise SamplesError(f"{one.name} uses {one.bits} bits: give bits={one.bits}")
        path = folder / f"{place:05d}{_stem(one)}.png"
        write_whole(path, _content(one, place), sync=False)
        written.add(path)
        found.append(path)
        if not grouped and (group := getattr(one, "group", "")):
            groups[path] = str(group)
    (folder / GROUPS).unlink(missing_ok=True)
    for path in folder.glob("[0-9]" * 5 + "*.png"):
        if path not in written:
            path.unlink()
    return found, _written_groups(found, groups, folder / GROUPS) if groups else None


def _written_groups(found: Sequence[str | Path], groups: Mapping[Path, str], table: Path) -> Path:
    """A table of the group of every image; one without is a group of its own."""
    if unknown := [one for one in found if not Path(one).is_file()]:
        raise SamplesError(
            f"some images have a group, and those of {unknown[0]} would have none: give files and "
            "images in memory alone, or group_by for all of them"
        )
    content = StringIO()
    rows = csv.writer(content)
    rows.writerow(("image", "group"))
    for one in map(Path, found):
        rows.writerow((one.absolute().as_posix(), groups.get(one, one.absolute().as_posix())))
    write_whole(table, content.getvalue().encode(), sync=False)
    return table


def _each(sources: Any) -> Iterator[Any]:
    """One after the other: an array of four dimensions, or of three with no channels, is
    several."""
    if isinstance(sources, str | Path | Image) or _is_pil(sources):
        yield sources
    elif hasattr(sources, "ndim"):
        yield from (sources if sources.ndim == 4 else [sources])
    elif isinstance(sources, Iterable):
        for one in sources:
            yield from _each(one) if getattr(one, "ndim", 0) == 4 else [one]
    else:
        raise SamplesError(f"{type(sources).__name__} is no image; {_WHAT_WORKS}")


_WHAT_WORKS = "give paths, arrays of uint8 or uint16, PIL images or tensors"


def _stem(image: Any) -> str:
    name = image.name if isinstance(image, Image) else ""
    safe = re.sub(r"[^\w.-]+", "_", Path(name).stem)[:60]
    return f"-{safe}" if safe else ""


def _content(image: Any, place: int) -> bytes:
    if _is_pil(image):
        return _of_pil(image, place)
    if isinstance(image, Image):
        return encode(image.samples, {})
    return encode(_samples(image, f"image {place}"), {})


def _is_pil(image: Any) -> bool:
    return hasattr(image, "getexif") and hasattr(image, "save")


def _of_pil(image: Any, place: int) -> bytes:
    content = BytesIO()
    try:
        image.save(content, format="png", exif=image.getexif())
    except (OSError, ValueError) as error:
        raise SamplesError(
            f"image {place}: PIL cannot write mode {image.mode} as PNG ({error}); convert it to "
            "RGB or L"
        ) from error
    return content.getvalue()


def _samples(given: Any, name: str) -> Samples:
    """(C, H, W) uint8 or uint16 of an array or a tensor."""
    array = np.asarray(given.detach().cpu().numpy() if hasattr(given, "detach") else given)
    planes = _planes(array, name)
    if np.issubdtype(planes.dtype, np.floating):
        return _of_floats(planes, name)
    if planes.dtype == np.bool_ or not np.issubdtype(planes.dtype, np.integer):
        raise SamplesError(f"{name} is of type {planes.dtype}; {_WHAT_WORKS}")
    low, high = int(planes.min()), int(planes.max())
    if low < 0 or high > 65535:
        raise SamplesError(f"{name} has samples of {low} to {high}; give 0 to 255, or to 65535")
    deep = high > 255 or planes.dtype == np.uint16
    samples: Samples = np.ascontiguousarray(planes, np.uint16 if deep else np.uint8)
    return samples


def _planes(array: NDArray[Any], name: str) -> NDArray[Any]:
    if array.ndim == 2 and array.size:
        return array[None]
    if array.ndim == 3 and array.size:
        if array.shape[2] in (1, 3):
            return np.moveaxis(array, 2, 0)
        if array.shape[0] in (1, 3):
            return array
    shape: Sequence[int] = array.shape
    raise SamplesError(
        f"{name} has shape {tuple(shape)}; give (H, W), (H, W, 3) or (3, H, W), and several as a "
        "list or as (N, H, W, 3)"
    )


def _of_floats(planes: NDArray[Any], name: str) -> Samples:
    scaled = 255 * planes.astype(np.float64)
    samples = np.rint(scaled)
    is_whole = np.abs(scaled - samples).max() < _EXACT  # False of what is not finite
    if not is_whole or samples.min() < 0 or samples.max() > 255:
        raise SamplesError(
            f"{name} has floats that are no whole numbers of 1/255 from 0 to 1, and its least "
            "significant bits would be made up; give the integers it was made of"
        )
    return samples.astype(np.uint8)
