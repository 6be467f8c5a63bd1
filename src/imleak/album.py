"""The images a report shows: some of a run, encrypted once more as they were."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from pathlib import Path

from .encoders.layout import Layout
from .interfaces import Image, ImleakError
from .report.figures import StripImages
from .report.figures.strip import CROP, middle
from .report.pictures import FOLDER, Subject, chosen, write_pictures
from .study import Run, StudySpec
from .study.ciphers import simulated
from .study.scan import reader
from .study.sources import find_images

MAP = 40
"""Parts along the longer side of the map of an image's layout."""


def keep_pictures(spec: StudySpec, run: Run) -> None:
    """Write some of the measured images at every level into the folder of a run, in place of
    those of an earlier run of other images.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    levels, wanted = (
        tuple(level["rank"] for level in run.manifest["levels"]),
        chosen(_measured(run)),
    )

    def subjects() -> Iterator[Subject]:
        for image in _read(spec, wanted):
            seen = simulated(image, spec.scheme_component(), spec.seed).observed(levels)
            yield Subject(
                image.name,
                image.digest,
                image.bits,
                image.samples,
                seen.cipher,
                seen.clear,
                seen.table,
                partial(Layout().map, shape=_map_of(image)),
            )

    kept = write_pictures(run.path, subjects(), levels)
    _remove_others(run.path, {sheet.file for picture in kept for sheet in picture.sheets})


def _remove_others(out: Path, kept: Collection[str]) -> None:
    """Who has deleted an image keeps no preview of it, and no strip, which is drawn anew of
    the first image that is there."""
    for path in (out / FOLDER).glob("[0-9][0-9]-*.*"):
        if path.name not in kept:
            path.unlink(missing_ok=True)
    for path in (out / "figures").glob("strip.*"):
        path.unlink(missing_ok=True)


def strip_of(spec: StudySpec, run: Run) -> StripImages | None:
    """The first image that was measured, and its middle at all levels."""
    levels = tuple(level["rank"] for level in run.manifest["levels"])
    image = next(_read(spec, _measured(run)), None)
    if image is None:
        return None
    observed = simulated(image, spec.scheme_component(), spec.seed).observed(levels)
    window = (slice(None), *middle(image.height, image.width, CROP, CROP))
    return StripImages(
        image.name,
        image.bits,
        image.samples,
        cipher={level: observed.cipher(level)[window].copy() for level in levels},
        clear={level: observed.clear(level)[window].copy() for level in levels},
    )


def _map_of(image: Image) -> tuple[int, int]:
    longer = max(image.height, image.width)
    rows, columns = (max(1, round(MAP * side / longer)) for side in (image.height, image.width))
    return rows, columns


def _measured(run: Run) -> list[dict[str, str]]:
    """What the manifest says of the images that were measured."""
    without = {left["name"] for left in run.manifest["left_out"] if left["measure"] is None}
    return [image for image in run.manifest["images"] if image["name"] not in without]


def _read(spec: StudySpec, wanted: Sequence[dict[str, str]]) -> Iterator[Image]:
    """These images, one after the other; without those that are no longer there."""
    found = find_images(spec.sources).sources if wanted else ()
    sources = {source.name: source for source in found}
    reads = reader(spec)
    for entry in wanted:
        try:
            image = reads.read(sources[entry["name"]])
        except (ImleakError, KeyError):
            continue
        if image.digest == entry["digest"]:
            yield image
