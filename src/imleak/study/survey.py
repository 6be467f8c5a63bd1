"""The first look at the pictures: which there are, what they are, which cannot be read."""

from __future__ import annotations

from dataclasses import dataclass

from ..images import MAX_PIXELS, Source, coco_sizes, find, rank, read
from ..interfaces import Image, ImageError, ImleakError
from .plan import ImageInfo, Omission
from .progress import Progress
from .spec import StudySpec


@dataclass(frozen=True)
class Survey:
    """What was found.

    Parameters
    ----------
    images : the readable pictures, each once.
    left_out : the others, and why.
    """

    images: tuple[ImageInfo, ...]
    left_out: tuple[Omission, ...]


@dataclass(frozen=True)
class Reader:
    """Reads pictures the way a study wants them.

    Parameters
    ----------
    colour, bits, max_pixels : see :class:`imleak.study.spec.StudySpec`.
    """

    colour: bool
    bits: int | None
    max_pixels: int

    def read(self, source: Source) -> Image:
        return read(source, colour=self.colour, bits=self.bits, max_pixels=self.max_pixels)

    def again(self, info: ImageInfo) -> Image:
        """The picture that was surveyed.

        Raises
        ------
        ImageError
            If it cannot be read any more, or is not the same.
        """
        image = self.read(info.source)
        if image.digest != info.digest:
            raise ImageError(f"{info.name}: has changed since the run began; start it again")
        return image


def reader(spec: StudySpec) -> Reader:
    return Reader(spec.colour, spec.bits, spec.max_pixels or MAX_PIXELS)


def survey(spec: StudySpec, told: Progress) -> Survey:
    """Find, rank and read the pictures of a study, keeping none of their samples.

    A file that cannot be read does not count towards `limit` and `largest`.

    Parameters
    ----------
    told : who is told how many of how many files have been looked at.

    Raises
    ------
    ImleakError
        If a source holds no picture, or the annotations cannot be read.
    """
    sources = find(spec.sources)
    if spec.largest is not None:
        sizes = coco_sizes(spec.annotations) if spec.annotations else None
        sources = rank(sources, spec.largest, sizes)
    reads = reader(spec)
    images: dict[str, ImageInfo] = {}
    left_out = []
    for done, source in enumerate(sources):
        told.update(done, len(sources), "looking at the images")
        if spec.limit is not None and len(images) == spec.limit:
            break
        try:
            info = _describe(reads.read(source), source)
        except ImleakError as error:
            left_out.append(Omission(source.name, str(error).removeprefix(f"{source.name}: ")))
            continue
        if info.digest in images:
            # Twice the same picture would stand on both sides of a split by picture.
            twin = images[info.digest].name
            left_out.append(Omission(source.name, f"is the same picture as {twin}"))
        else:
            images[info.digest] = info
    return Survey(tuple(images.values()), tuple(left_out))


def _describe(image: Image, source: Source) -> ImageInfo:
    channels, height, width = image.samples.shape
    return ImageInfo(
        source.name, source, image.digest, channels, height, width, image.bits, image.notes
    )
