"""The first look at the pictures: which there are, what they are, which cannot be read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ..files import printable
from ..images import MAX_PIXELS, Source, coco_sizes, from_samples, luma, rank, read
from ..interfaces import Image, ImageError, ImleakError
from ..sealed import header_of
from .cluster import Crew, Lost
from .plan import ImageInfo, Omission
from .progress import Progress
from .reuse import Traces, trace
from .sources import find_images
from .spec import StudySpec


@dataclass(frozen=True)
class Survey:
    """What was found.

    Parameters
    ----------
    images : the readable pictures, each once.
    left_out : the others, and why.
    warnings : what is wrong with them all the same, a line each.
    """

    images: tuple[ImageInfo, ...]
    left_out: tuple[Omission, ...]
    warnings: tuple[str, ...] = ()


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

    def look(self, source: Source) -> tuple[Image, bytes | None]:
        """A picture, and what tells a cipher made elsewhere: of samples as they stand in the
        file, before grey is made of them."""
        whole = read(source, colour=True, bits=self.bits, max_pixels=self.max_pixels)
        leading = trace(whole)
        if self.colour or len(whole.samples) == 1:
            return whole, leading
        return from_samples(source.name, luma(whole.samples), whole.bits, whole.notes), leading

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


def survey(spec: StudySpec, told: Progress, crew: Crew) -> Survey:
    """Find, rank and read the pictures of a study, keeping none of their samples.

    A file that cannot be read does not count towards `limit` and `largest`.

    Parameters
    ----------
    told : who is told how many of how many files have been looked at.
    crew : who reads them.

    Raises
    ------
    ImleakError
        If a source holds no picture, or the annotations cannot be read.
    """
    there = find_images(spec.sources)
    sources = list(there.sources)
    if spec.largest is not None:
        sizes = coco_sizes(spec.annotations) if spec.annotations else None
        sources = rank(sources, spec.largest, sizes)
    images: dict[str, ImageInfo] = {}
    left_out: list[Omission | Sealed] = []
    traces = Traces()
    at, look = 0, partial(_look, reader(spec))
    while at < len(sources) and (spec.limit is None or len(images) < spec.limit):
        wanted = len(sources) if spec.limit is None else spec.limit - len(images)
        batch = range(at, min(at + wanted, len(sources)))
        seen: dict[int, Found] = {}
        for (place, source), found in crew.carry(look, [(one, sources[one]) for one in batch]):
            if isinstance(found, Lost):
                found = _omitted(source, found.why), None
            seen[place], leading = found
            if leading is not None:
                traces.add(place, source.name, leading)
            told.update(at + len(seen), len(sources), "looking at the images")
        for place in batch:
            _sort_in(seen[place], images, left_out)
        at = batch.stop
    omitted = [one.omission(left_out) if isinstance(one, Sealed) else one for one in left_out]
    noticed = traces.warnings({image.name for image in images.values()})
    return Survey(tuple(images.values()), tuple(omitted), (*there.warnings, *noticed))


def survey_gallery(spec: StudySpec, told: Progress, crew: Crew) -> Survey:
    """The first look at the gallery. What of it cannot be read is counted, in a warning."""
    if not spec.gallery:
        return Survey((), ())
    chosen = {"sources": spec.gallery, "largest": None, "limit": None}
    found = survey(spec.model_copy(update=chosen), told, crew)
    if not found.left_out:
        return replace(found, warnings=())
    first = found.left_out[0]
    warning = (
        f"{len(found.left_out):,} images of the gallery were left out; the first, "
        f"{first.image}, {first.why}."
    )
    return Survey(found.images, (), (warning,))


@dataclass(frozen=True)
class Sealed:
    """A file that ``imleak encrypt`` wrote, here or elsewhere: no plain picture to measure.

    Parameters
    ----------
    image : its name.
    scheme, level, nonce, digest : how it says it was encrypted, and of what it says.
    """

    image: str
    scheme: str
    level: int
    nonce: bytes
    digest: str

    def omission(self, others: Iterable[Omission | Sealed]) -> Omission:
        """Why it is left out, and which of the others have its keystream."""
        why = f"is encrypted already ({self.scheme}, level {self.level}); decrypt it first"
        reused = [
            other.image
            for other in others
            if isinstance(other, Sealed)
            and other.nonce == self.nonce
            and other.digest != self.digest
        ]
        if reused:
            why += (
                f"; NONCE REUSED: {', '.join(reused)} has the same, and if the key is the same "
                "too, the XOR of the ciphers shows both pictures"
            )
        return Omission(self.image, why)


Found = ImageInfo | Omission | Sealed


def _sort_in(
    found: Found,
    images: dict[str, ImageInfo],
    left_out: list[Omission | Sealed],
) -> None:
    if isinstance(found, Omission | Sealed):
        left_out.append(found)
    elif found.digest in images:
        # Twice the same picture would stand on both sides of a split by picture.
        twin = images[found.digest].name
        left_out.append(Omission(found.name, f"is the same picture as {twin}"))
    else:
        images[found.digest] = found


def _look(reads: Reader, place: tuple[int, Source], _: object = None) -> tuple[Found, bytes | None]:
    source = place[1]
    try:
        image, leading = reads.look(source)
        header = header_of(source.origin) if isinstance(source.origin, Path) else None
        if header is not None:
            about = (header.scheme, header.level, header.nonce)
            return Sealed(source.name, *about, image.digest), None
        return _describe(image, source), leading
    except ImleakError as error:
        return _omitted(source, str(error)), None


def _omitted(source: Source, why: str) -> Omission:
    return Omission(source.name, why.removeprefix(f"{printable(source.name)}: "))


def _describe(image: Image, source: Source) -> ImageInfo:
    channels, height, width = image.samples.shape
    if isinstance(source.origin, Path):  # who reads it again may work in another folder
        source = replace(source, origin=source.origin.absolute())
    return ImageInfo(
        source.name, source, image.digest, channels, height, width, image.bits, image.notes
    )
