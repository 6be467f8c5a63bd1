"""Which images may not be split between training and test: those of one group of the user's,
and those that are nearly the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..images.groups import group_names, group_warnings, parse_group_by
from ..images.similar import near_duplicates
from .plan import ImageInfo
from .progress import some_of


def grouped(
    images: Sequence[ImageInfo], hashes: Sequence[str], by: str | None
) -> tuple[list[ImageInfo], list[str]]:
    """Images with their groups, and what a user must know of these.

    Parameters
    ----------
    hashes : of the looks of each image.
    by : the rule of the user's groups, see :func:`imleak.images.groups.parse_group_by`.

    Raises
    ------
    ImleakError
        If the rule does not fit the images.
    """
    groups, warnings = [""] * len(images), []
    if by is not None and images:
        rule, sources = parse_group_by(by), [image.source for image in images]
        groups = group_names(sources, rule)
        warnings += group_warnings(sources, rule)
        warnings.append(f"{len(images):,} images are in {len(set(groups)):,} groups ({by}).")
    alike = near_duplicates(hashes)
    for places in alike:
        together = {groups[at] for at in places if groups[at]}
        name = min(together, default=f"like {images[places[0]].name}")
        groups = [name if group in together else group for group in groups]
        for at in places:
            groups[at] = name
    if alike:
        first = some_of(images[at].name for at in alike[0])
        count = sum(map(len, alike))
        warnings.append(
            f"{count:,} images are nearly the same as others, such as {first}: they are copies "
            "of one image, share a group, and are never both trained and tested on."
        )
    return [replace(image, group=group) for image, group in zip(images, groups, strict=True)], (
        warnings
    )
