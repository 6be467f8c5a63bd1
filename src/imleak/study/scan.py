"""The first look at the images: which there are, what they are, which cannot be read."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..cache import Cache
from ..files import printable
from ..images import MAX_PIXELS, Source, coco_sizes, from_samples, luma, rank, read, with_frames
from ..images.similar import perceptual_hash
from ..interfaces import Image, ImageError, ImleakError, Scheme
from ..sealed import header_of
from .cipher_files import CipherFolders, Given
from .ciphers import CipherFile, Ciphers, recorded, simulated
from .cluster import Executor, Lost
from .components import Component, offers
from .defaults import RECORDED
from .groups import grouped
from .plan import ImageInfo, Omission
from .progress import Progress, some_of
from .rebuilt import RebuiltStore
from .reuse import Traces, trace
from .sources import Found, find_images
from .spec import StudySpec


@dataclass(frozen=True)
class Scan:
    """What was found.

    Parameters
    ----------
    images : the readable images, each once.
    left_out : the others, and why.
    warnings : what is wrong with them all the same, a line each.
    hashes : of the looks of each image, see :mod:`imleak.images.similar`.
    """

    images: tuple[ImageInfo, ...]
    left_out: tuple[Omission, ...]
    warnings: tuple[str, ...] = ()
    hashes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reader:
    """Reads images the way a study wants them.

    Parameters
    ----------
    colour, bits, max_pixels, jpeg_quality : see :class:`imleak.study.spec.StudySpec`.
    """

    colour: bool
    bits: int | None
    max_pixels: int
    jpeg_quality: int | None = None

    def read(self, source: Source) -> Image:
        return self._read(source, colour=self.colour)

    def _read(self, source: Source, *, colour: bool) -> Image:
        return read(
            source,
            colour=colour,
            bits=self.bits,
            max_pixels=self.max_pixels,
            jpeg_quality=self.jpeg_quality,
        )

    def scan(self, source: Source) -> tuple[Image, bytes | None]:
        """An image, and what tells a cipher made elsewhere: of samples as they stand in the
        file, before grey is made of them."""
        whole = self._read(source, colour=True)
        leading = trace(whole)
        if self.colour or len(whole.samples) == 1:
            return whole, leading
        if self.jpeg_quality is not None:  # luma is compressed, and not the colours
            return self.read(source), leading
        return from_samples(source.name, luma(whole.samples), whole.bits, whole.notes), leading

    def again(self, info: ImageInfo) -> Image:
        """The image that was scanned. Raises ImageError if it cannot be read any more, or is not
        the same."""
        image = self.read(info.source)
        if image.digest != info.digest:
            raise ImageError(f"{info.name}: has changed since the run began; start it again")
        return image


def reader(spec: StudySpec) -> Reader:
    return Reader(spec.colour, spec.bits, spec.max_pixels or MAX_PIXELS, spec.jpeg_quality)


def scan(spec: StudySpec, progress: Progress, executor: Executor) -> Scan:
    """Find, rank and read the images of a study, keeping none of their samples.

    A file that cannot be read does not count towards `limit` and `largest`.

    Parameters
    ----------
    progress : who is told how many of how many files have been looked at.
    executor : who reads them.

    Raises
    ------
    ImleakError
        If a source holds no image, or the annotations cannot be read.
    """
    there, folders = _find(spec)
    sources = list(there.sources)
    if spec.largest is not None:
        sizes = coco_sizes(spec.annotations) if spec.annotations else None
        sources = rank(sources, spec.largest, sizes)
    found = _Found()
    at, look = 0, partial(_scan_one, reader(spec), spec.scheme_component())
    while at < len(sources) and (spec.limit is None or len(found.images) < spec.limit):
        wanted = len(sources) if spec.limit is None else spec.limit - len(found.images)
        batch = range(at, min(at + wanted, len(sources)))
        items = [(one, sources[one], folders and folders.given(sources[one])) for one in batch]
        seen: dict[int, Scanned] = {}
        for (place, source, _), scanned in executor.carry(look, items):
            seen[place] = (
                Scanned(_omitted(source, scanned.why)) if isinstance(scanned, Lost) else scanned
            )
            progress.update(at + len(seen), len(sources), "looking at the images")
        for place in batch:
            found.add(place, seen[place])
        at = batch.stop
    images, similar = grouped(list(found.images.values()), found.hashes, spec.group_by)
    noticed = found.traces.warnings({image.name for image in images})
    unmatched = folders.warnings() if folders else ()
    equal = _equal_ciphers(images, spec.cipher_levels)
    warnings = (*there.warnings, *_read_as(images), *unmatched, *equal, *similar, *noticed)
    if folders and not images:
        raise folders.refusal(found.omissions)
    return Scan(tuple(images), tuple(found.omissions), warnings, tuple(found.hashes))


def _find(spec: StudySpec) -> tuple[Found, CipherFolders | None]:
    """The images of a study, and its ciphers if somebody else made them."""
    found = find_images(spec.sources, tuple(spec.ciphers.values()))
    if spec.frames is not None:
        found = replace(found, sources=with_frames(found.sources, spec.frames))
    if not spec.ciphers:
        return found, None
    return found, CipherFolders.of(spec.cipher_levels, found.sources, spec.sources)


@dataclass(frozen=True)
class Scanned:
    """What one file turned out to be.

    Parameters
    ----------
    found : an image, or why there is none.
    leading : the leading bits of an image that looks encrypted.
    hash : of its looks, see :mod:`imleak.images.similar`.
    """

    found: ImageInfo | Omission | Sealed
    leading: bytes | None = None
    hash: str = ""


@dataclass
class _Found:
    """Collects what was found, each image once."""

    images: dict[str, ImageInfo] = field(default_factory=dict)
    hashes: list[str] = field(default_factory=list)
    left_out: list[Omission | Sealed] = field(default_factory=list)
    traces: Traces = field(default_factory=Traces)

    def add(self, place: int, scanned: Scanned) -> None:
        one = scanned.found
        if isinstance(one, Omission | Sealed):
            self.left_out.append(one)
        elif one.digest in self.images:
            # Twice the same image would stand on both sides of a split by image.
            twin = self.images[one.digest].name
            self.left_out.append(Omission(one.name, f"is the same image as {twin}"))
        else:
            self.images[one.digest] = one
            self.hashes.append(scanned.hash)
            if scanned.leading is not None:
                self.traces.add(place, one.name, scanned.leading)

    @property
    def omissions(self) -> list[Omission]:
        return [
            one.omission(self.left_out) if isinstance(one, Sealed) else one for one in self.left_out
        ]


def read_again(spec: StudySpec, measured: Sequence[Mapping[str, Any]]) -> Iterator[Ciphers]:
    """Images of a finished run with their ciphers, one after the other; without those that are
    no longer there.

    Parameters
    ----------
    measured : what the manifest says of the images.
    """
    if not measured:
        return
    found, folders = _find(spec)
    by_name = {source.name: source for source in found.sources}
    reads, scheme = reader(spec), spec.scheme_component()
    for entry in measured:
        try:
            source = by_name[entry["name"]]
            image = reads.read(source)
        except (ImleakError, KeyError):
            continue
        if image.digest != entry["digest"]:
            continue
        if folders is None:
            yield _stored(simulated(image, scheme, spec.seed), image.digest, scheme)
            continue
        files = tuple(
            CipherFile(level, cipher, entry["ciphers"].get(str(level), ""))
            for level, cipher in folders.given(source).items()
            if not isinstance(cipher, str)
        )
        if len(files) == len(spec.ciphers):
            key = ":".join([image.digest, *(file.digest for file in files)])
            yield _stored(recorded(image, scheme, spec.seed, files, reads.read), key, scheme)


def _stored(ciphers: Ciphers, key: str, scheme: Component) -> Ciphers:
    """Ciphers whose rebuilt images are those of the run."""
    ciphers.store = RebuiltStore(Cache(), key, scheme)
    return ciphers


def scan_gallery(spec: StudySpec, progress: Progress, executor: Executor) -> Scan:
    """The first look at the gallery."""
    if not spec.gallery:
        return Scan((), ())
    return scan_others(spec, spec.gallery, "images of the gallery", progress, executor)


def scan_others(
    spec: StudySpec, sources: tuple[str, ...], what: str, progress: Progress, executor: Executor
) -> Scan:
    """The first look at images that are not measured. What of them cannot be read is counted, in
    a warning.

    Parameters
    ----------
    what : they are called.
    """
    chosen: dict[str, object] = {
        "sources": sources,
        "largest": None,
        "limit": None,
        "ciphers": {},
        "group_by": None,
    }
    found = scan(spec.model_copy(update=chosen), progress, executor)
    if not found.left_out:
        return replace(found, warnings=())
    first = found.left_out[0]
    warning = f"Left out, {what}: {len(found.left_out):,}; the first, {first.image}, {first.why}."
    return replace(found, left_out=(), warnings=(warning,))


@dataclass(frozen=True)
class Sealed:
    """A file that ``imleak encrypt`` wrote, here or elsewhere: no plain image to measure.

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
                "too, the XOR of the ciphers shows both images"
            )
        return Omission(self.image, why)


def _scan_one(
    reads: Reader, scheme: Component, item: tuple[int, Source, Given | None], _: object = None
) -> Scanned:
    _, source, given = item
    try:
        image, leading = reads.scan(source)
        header = header_of(source.origin) if isinstance(source.origin, Path) else None
        if header is not None:
            about = (header.scheme, header.level, header.nonce)
            return Scanned(Sealed(source.name, *about, image.digest))
        _check_kind(reads, scheme, source)
        files = () if given is None else tuple(_cipher_files(reads, scheme, image, given))
    except ImleakError as error:
        return Scanned(_omitted(source, str(error)))
    hash = perceptual_hash(image.samples, image.bits)
    return Scanned(_describe(image, source, files), leading, hash)


def _check_kind(reads: Reader, scheme: Component, source: Source) -> None:
    """Refuse an image without the coefficients that a scheme works on."""
    if offers(scheme, "needs_jpeg"):
        _ = reads.read(source).jpeg


def _cipher_files(
    reads: Reader, scheme: Component, image: Image, given: Given
) -> Iterator[CipherFile]:
    """The ciphers of an image, which have its form. Raises ImageError if one is missing, cannot be
    read, or is of another size, depth or number of channels."""
    for level, source in given.items():
        if isinstance(source, str):
            raise ImageError(source)
        try:
            cipher = reads.read(source)
        except ImageError as error:
            why = _omitted(source, str(error)).why
            raise ImageError(f"its cipher {printable(source.name)}: {why}") from error
        why = _unlike(cipher, image) or _other_scheme(scheme, level, cipher, image)
        if why:
            raise ImageError(f"its cipher {printable(source.name)} {why}")
        yield CipherFile(level, _absolute(source), cipher.digest)


_NOTES = {
    r"signed samples, \d+ added": "signed samples, moved up to begin at 0",
    "MONOCHROME1 inverted": "MONOCHROME1, inverted so that white is bright",
    "rescale .*": "rescale slope and intercept left alone: samples are those of the file",
    "first of .* frames": "the first of several in its file; --frames 3 takes three of each",
}
"""Notes of reading, and what is said of all images that have one."""


def _read_as(images: Sequence[ImageInfo]) -> Iterator[str]:
    """What a user must know of the way images were read, a line each."""
    for pattern, words in _NOTES.items():
        count = sum(any(re.fullmatch(pattern, one) for one in image.notes) for image in images)
        if count:
            yield f"{count:,} of {len(images):,} images: {words}."


def _equal_ciphers(images: Sequence[ImageInfo], folders: Mapping[int, str]) -> Iterator[str]:
    """Which images have a cipher that is another's too, a line a level: such ciphers hold
    nothing of their images, or are not theirs."""
    for level, where in folders.items():
        of: dict[str, list[str]] = defaultdict(list)
        for image in images:
            for cipher in image.ciphers:
                if cipher.level == level:
                    of[cipher.digest].append(image.name)
        if alike := [name for names in of.values() if len(names) > 1 for name in names]:
            yield (
                f"{len(alike):,} of {len(images):,} images have the same cipher as another in "
                f"{where}: {some_of(alike)}. Is each the cipher of its image?"
            )


def _other_scheme(scheme: Component, level: int, cipher: Image, image: Image) -> str:
    """Why a cipher is none of a scheme that is known: it does not leave in the clear what that
    leaves of the image. Empty if it may be one."""
    if scheme.name == RECORDED:
        return ""
    made: Scheme = scheme.build()
    left, wanted = (made.expose(one, level).rendered for one in (cipher, image))
    if np.array_equal(left, wanted):
        return ""
    return (
        f"is none of {scheme.name} at level {level}, which would leave other samples in the clear; "
        "give its level, or leave out the scheme"
    )


def _unlike(cipher: Image, image: Image) -> str:
    """How a cipher differs in form from its image; empty if it does not."""
    forms = [(one.width, one.height, len(one.samples), one.bits) for one in (cipher, image)]
    if forms[0] == forms[1]:
        return ""
    (width, height, channels, bits), (of_width, of_height, of_channels, of_bits) = forms
    if (width, height) != (of_width, of_height):
        return f"is {width}x{height} and the image {of_width}x{of_height}; give ciphers of its size"
    if channels != of_channels:
        kind, of_kind = ("grey" if count == 1 else "colour" for count in (channels, of_channels))
        return f"is {kind} and the image {of_kind}; give both in grey or both in colour"
    return f"has {bits} bits a sample and the image {of_bits}; give ciphers of its depth"


def _omitted(source: Source, why: str) -> Omission:
    return Omission(source.name, why.removeprefix(f"{printable(source.name)}: "))


def _describe(image: Image, source: Source, files: tuple[CipherFile, ...]) -> ImageInfo:
    channels, height, width = image.samples.shape
    return ImageInfo(
        source.name,
        _absolute(source),
        image.digest,
        channels,
        height,
        width,
        image.bits,
        image.notes,
        ciphers=files,
    )


def _absolute(source: Source) -> Source:
    """Who reads it again may work in another folder."""
    if isinstance(source.origin, Path):
        return replace(source, origin=source.origin.absolute())
    return source
