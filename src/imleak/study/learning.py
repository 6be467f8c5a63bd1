"""What an adversary learns from images that are not measured, and its card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ..adversary import AdversaryError
from ..adversary.file import Arrays
from ..adversary.train import Found, learn
from ..cache import digest_of
from ..files import printable
from ..images import Source, search
from ..interfaces import Image
from .adversaries import NONE, scheme_identity
from .cluster import Where, executor_of
from .components import Component, offers
from .execute import Workplace, requests_of
from .manifest import now
from .plan import ImageInfo, Unit, plan
from .progress import Progress
from .samples import pool_features
from .scan import Scan, reader, scan
from .spec import StudySpec

UNKNOWN_TERMS = "not stated"
HALF = np.float16
"""Type of directions in a file: their errors are far below those of so few images."""


@dataclass(frozen=True)
class TrainingSet:
    """What is learned, and from which images.

    Parameters
    ----------
    spec : of images, scheme, levels, encoders and patches.
    found : the images.
    units : one for each encoder, which says what is needed of them.
    """

    spec: StudySpec
    found: Scan
    units: tuple[Unit, ...]

    @property
    def images(self) -> tuple[ImageInfo, ...]:
        """Those that anything is learned from: of small ones perhaps by some encoders alone."""
        each = {image.digest: image for unit in self.units for image in unit.images}
        return tuple(each.values())

    def read(self, info: ImageInfo) -> Image:
        """An image again, in colour."""
        return reader(self.spec.model_copy(update={"colour": True})).read(info.source)


def prepare(
    sources: Sequence[str],
    progress: Progress,
    *,
    encoders: Sequence[str] = (),
    levels: str | None = None,
    patches: int = 4,
    seed: int = 0,
) -> TrainingSet:
    """The first look at the images. Nothing is computed of them yet.

    Raises
    ------
    ImleakError
        If there are none, or they cannot be learned from as asked.
    """
    asked: dict[str, Any] = {"encoders": tuple(encoders)} if encoders else {}
    spec = StudySpec.of(
        sources=tuple(sources),
        measures=("cca-infonce",),
        patches=patches,
        seed=seed,
        adversary=NONE,
        **asked,
        **({"levels": levels} if levels else {}),
    )
    for encoder in spec.encoder_components():
        if encoder.build().input_size in (None, "image") or offers(encoder, "watch"):
            raise AdversaryError(
                f"{encoder.title} gives no vectors of patches that directions could be learned of; "
                "take an encoder of patches, such as efficientnet-lite0"
            )
    with executor_of(Where()) as executor:
        found = scan(spec, progress, executor)
    planned = plan(spec, found.images)
    left = tuple(one.rank for one in planned.scope.labelled if not one.leaves_nothing)
    if not left:
        raise AdversaryError(
            f"level {levels} leaves nothing in the clear that anything could be learned of; give "
            "a lower one"
        )
    units = plan(spec.model_copy(update={"levels": left}), found.images).estimators
    units = tuple(unit for unit in units if unit.patches)
    if not units:
        raise AdversaryError("none of the images is as large as a patch; give larger ones")
    return TrainingSet(spec, found, units)


def learn_directions(
    given: TrainingSet,
    progress: Progress,
    *,
    title: str = "",
    terms: Mapping[str, str] | None = None,
) -> tuple[dict[str, Any], Arrays]:
    """Fields of the card, and arrays, of an adversary that learned from all images.

    Parameters
    ----------
    title : of the images; by default their number and the names of their folders.
    terms : of a folder, by its name, under which its images may be used.

    Raises
    ------
    ImleakError
        If there are too few, or a folder is named that is none of these.
    """
    folders = [Path(one).name or one for one in given.spec.sources]
    unknown = set(terms or {}) - set(folders)
    if unknown:
        raise AdversaryError(
            f"terms of {printable(min(unknown))}, which is none of the folders: "
            f"{printable(', '.join(folders))}"
        )
    place = collections_of(given.found.images, given.spec.sources)
    title = title or f"{len(given.images):,} images of {' and '.join(folders)}"
    arrays: Arrays = {}
    learned = []
    for at, unit in enumerate(given.units):
        of_image = np.array([place[image.digest] for image in unit.images])
        found, made = _learn(given, unit, np.repeat(of_image, unit.rows), title, progress)
        encoder = unit.question.target
        learned.append(_described(encoder, found, made, unit.levels, folders))
        arrays |= {f"directions/{at}/{name}": one for name, one in made.items()}
    images, hashes = given.images, dict(_hashes(given.found))
    counts = np.bincount([place[image.digest] for image in images], minlength=len(folders))
    card = {
        "title": title,
        "version": version("imleak"),
        "made": now(),
        "scheme": scheme_identity(given.spec.scheme_component()),
        "bits": images[0].bits,
        "levels": list(given.units[0].levels),
        "patches": given.spec.patches,
        "seed": given.spec.seed,
        "colour": given.spec.colour,
        "collections": [
            {"name": name, "terms": (terms or {}).get(name, UNKNOWN_TERMS), "images": int(count)}
            for name, count in zip(folders, counts, strict=True)
        ],
        "digests": [image.digest for image in images],
        "hashes": [hashes[image.digest] for image in images],
        "learned": learned,
    }
    return card, arrays


def _learn(
    given: TrainingSet, unit: Unit, folders: Any, title: str, progress: Progress
) -> tuple[list[Found], Arrays]:
    """Figures, and arrays by name, of one encoder."""
    place = Workplace(reader(given.spec))
    encoder, count = unit.question.target.title, len(unit.images)
    done = 0

    def vectors(info: ImageInfo) -> Any:
        nonlocal done
        done += 1
        progress.update(done, count, f"{info.name} through {encoder}")
        return place.features(requests_of(unit, info))

    (samples,) = pool_features(unit, vectors, _no_trained_view)
    directions, found = learn(
        samples,
        folders,
        title=title,
        seed=unit.seed,
        progress=lambda share: progress.update(share, 1, f"directions of {encoder}"),
    )
    arrays: Arrays = {
        "x": directions.x_axes.astype(HALF),
        "y": directions.y_axes.astype(HALF),
        "correlations": directions.correlations,
    }
    return found, arrays


def _no_trained_view(view: Component) -> Any:
    raise TypeError(f"{view.title} is trained")


def _described(
    encoder: Component,
    found: Sequence[Found],
    arrays: Arrays,
    levels: Sequence[int],
    folders: Sequence[str],
) -> dict[str, Any]:
    """What the card says of one encoder."""
    return {
        "title": encoder.title,
        "contents": encoder.contents,
        "dimension": arrays["x"].shape[1],
        "directions": arrays["x"].shape[2],
        "digest": digest_of(arrays),
        "figures": [
            {
                "collection": folders[one.collection],
                "level": levels[one.level],
                "bits": round(one.bits, 4),
                "ceiling": round(one.ceiling, 4),
            }
            for one in found
        ],
    }


def _hashes(found: Scan) -> Any:
    return ((image.digest, one) for image, one in zip(found.images, found.hashes, strict=True))


def collections_of(images: Sequence[ImageInfo], sources: Sequence[str]) -> dict[str, int]:
    """Which of the sources, the first that holds it, every image is from, by its digest."""
    first: dict[object, int] = {}
    for at, one in enumerate(sources):
        for source in search([one]).sources:
            first.setdefault(_place(source), at)
    return {image.digest: first.get(_place(image.source), 0) for image in images}


def _place(source: Source) -> object:
    """The file of an image, or the image that is generated."""
    return source.origin.absolute() if isinstance(source.origin, Path) else source.origin
