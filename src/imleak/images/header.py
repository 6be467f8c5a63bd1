"""Open a file as far as its header."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from ..files import open_regular
from ..interfaces import ImageError
from .errors import named
from .formats import format_of
from .pillow import contained
from .raster import LONGEST_BEGINNING, Opened, Several, Size
from .source import Source


@contextmanager
def opened(
    path: Path, max_pixels: int | None = None, frame: int | None = None
) -> Iterator[tuple[Opened, list[str]]]:
    """An image file whose header has been read, and the warnings of its decoder, which are complete
    once it is closed; turned to one of its frames. Raises ImageError if the file is no image, its
    header says nothing, it has more than `max_pixels` or no such frame, and OSError if it cannot be
    opened, or is no regular file."""
    with open_regular(path) as file, contained(max_pixels) as complaints:
        format_ = format_of(file.read(LONGEST_BEGINNING))
        file.seek(0)
        image = format_.open(file)
        if frame is not None and frame >= image.frames:
            raise ImageError(f"has {image.frames} frames, and no frame {frame + 1}")
        if frame:
            cast(Several, image).select(frame)
        height, width = image.size
        if height < 1 or width < 1:
            raise ImageError(f"its header says {height} x {width} pixels; save it again")
        if max_pixels is not None:
            refuse_large(image.size, max_pixels)
        yield image, complaints


def refuse_large(size: Size, max_pixels: int) -> None:
    """Refuse an image before memory is taken for it. Raises ImageError if it has more pixels than
    the limit."""
    height, width = size
    if height * width > max_pixels:
        raise ImageError(
            f"{height} x {width} is {height * width} pixels, above the limit of {max_pixels}; "
            f"to read it, set max_pixels to {height * width}"
        )


def resolution(source: Source) -> Size:
    """Height and width of an image, without decoding it, as its file stores it: before the turn
    that EXIF may ask for. Raises ImageError if the file cannot be opened, is no image or ends
    within its header."""
    if not isinstance(source.origin, Path):
        return source.origin.height, source.origin.width
    with named(source.name), opened(source.origin, frame=source.frame) as (image, _):
        return image.size


def frames_in(source: Source) -> int:
    """How many images a file holds, without decoding them. Raises as :func:`resolution`."""
    if not isinstance(source.origin, Path):
        return 1
    with named(source.name), opened(source.origin) as (image, _):
        return image.frames
