"""The images a report shows: some of a run, encrypted once more as they were."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from .encoders.layout import Layout
from .interfaces import Image, ImleakError, Samples
from .report.figures import StripImages
from .report.figures.strip import CROP
from .report.previews import FOLDER, Subject, chosen, write_previews
from .study import Run, StudySpec
from .study.ciphers import Ciphers
from .study.components import Component, first_that_rebuilds
from .study.plan import spread
from .study.scan import read_again

MAP = 40
"""Parts along the longer side of the map of an image's layout."""


def keep_previews(spec: StudySpec, run: Run) -> None:
    """Write some of the measured images at every level into the folder of a run, in place of
    those of an earlier run of other images.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    wanted = chosen(_measured(run))
    written = write_previews(run.path, _subjects(spec, run, wanted), _ranks(run))
    _remove_others(run.path, {sheet.file for preview in written for sheet in preview.sheets})


def strip_of(spec: StudySpec, run: Run) -> StripImages | None:
    """The first image that could be measured, and a part of it at all levels."""
    for subject in _subjects(spec, run, _measured(run)) if _ranks(run) else ():
        with suppress(ImleakError):  # of the scheme, on this image: its rows say why
            return _strip(subject, _ranks(run))
    return None


def _strip(subject: Subject, ranks: Sequence[int]) -> StripImages:
    image = subject.image
    window = subject.window(ranks, CROP)
    part = (slice(None), *window)
    return StripImages(
        image.name,
        image.bits,
        image.samples,
        cipher={rank: subject.cipher(rank)[part].copy() for rank in ranks},
        clear={rank: subject.clear(rank)[part].copy() for rank in ranks},
        window=window,
    )


def _remove_others(out: Path, kept: Collection[str]) -> None:
    """Who has deleted an image keeps no preview of it, and no strip, which is drawn anew of
    the first image that is there."""
    for path in (out / FOLDER).glob("[0-9][0-9]-*.*"):
        if path.name not in kept:
            path.unlink(missing_ok=True)
    for path in (out / "figures").glob("strip.*"):
        path.unlink(missing_ok=True)


def _ranks(run: Run) -> tuple[int, ...]:
    return tuple(level["rank"] for level in run.manifest["levels"])


def _measured(run: Run) -> list[dict[str, Any]]:
    """What the manifest says of the images that were measured."""
    without = {left["name"] for left in run.manifest["left_out"] if left["measure"] is None}
    return [image for image in run.manifest["images"] if image["name"] not in without]


def _subjects(spec: StudySpec, run: Run, wanted: Sequence[dict[str, Any]]) -> Iterator[Subject]:
    """These images and their ciphers, one after the other; without those that are no longer
    there."""
    ranks, rebuilt = _ranks(run), _rebuilt_images(spec, run)
    for ciphers in read_again(spec, wanted):
        draw = partial(Layout().map, shape=_map_of(ciphers.image))
        made = _rebuilt(spec, ciphers, ranks) if ciphers.image.digest in rebuilt else {}
        yield Subject(ciphers.image, ciphers.observed(ranks), draw, made)


def _rebuilt_images(spec: StudySpec, run: Run) -> set[str]:
    """Digests of the images that the run has rebuilt."""
    if not spec.rebuilds:
        return set()
    measured = _measured(run)
    is_all = spec.view_rebuilt or spec.rebuild_images == "all"
    most = len(measured) if is_all else int(spec.rebuild_images)
    return {image["digest"] for image in spread(measured, most)}


def _rebuilt(
    spec: StudySpec, ciphers: Ciphers, ranks: Sequence[int]
) -> dict[int, Callable[[], Samples | None]]:
    """What makes the rebuilt image, by level."""
    scheme, bits = spec.scheme_component(), ciphers.image.bits

    def make(level: int, rebuilder: Component) -> Samples | None:
        made = ciphers.rebuilt(level, rebuilder)
        return None if made is None else made.samples

    chosen = {r: first_that_rebuilds(spec.rebuilder_components(), scheme, r, bits) for r in ranks}
    return {rank: partial(make, rank, one) for rank, one in chosen.items() if one is not None}


def _map_of(image: Image) -> tuple[int, int]:
    longer = max(image.height, image.width)
    rows, columns = (max(1, round(MAP * side / longer)) for side in (image.height, image.width))
    return rows, columns
