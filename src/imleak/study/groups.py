"""Which images may not be split between training and test: those of one group of the user's,
and those that are nearly the same."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ..images import (
    duplicates_in_words,
    group_names,
    group_warnings,
    join_groups,
    near_duplicates,
    parse_group_by,
)
from .plan import ImageInfo


def grouped(
    images: Sequence[ImageInfo], hashes: Sequence[str], by: str | None
) -> tuple[list[ImageInfo], list[str]]:
    """Images with their groups, and what a user must know of these.

    Parameters
    ----------
    hashes : of the looks of each image.
    by : the rule of the user's groups, see :func:`imleak.images.parse_group_by`.

    Raises
    ------
    ImleakError
        If the rule does not fit the images.
    """
    names, warnings = [image.name for image in images], []
    files = [image.source.file for image in images]
    groups = files
    if any(image.source.frame is not None for image in images):
        warnings.append(
            f"{len(images):,} images are of {len(set(files)):,} files; frames of one file are "
            "kept on one side of every split."
        )
    if by is not None and images:
        rule, sources = parse_group_by(by), [image.source for image in images]
        groups = group_names(sources, rule)
        warnings += group_warnings(sources, rule)
        warnings.append(f"{len(images):,} images are in {len(set(groups)):,} groups ({by}).")
    duplicates = near_duplicates(hashes)
    of_files = [alike for alike in duplicates if len({files[at] for at in alike}) > 1]
    warnings.append(duplicates_in_words(names, of_files))
    groups = join_groups(groups, duplicates)
    counts = Counter(groups)
    found = [
        replace(image, group=group if counts[group] > 1 else "")
        for image, group in zip(images, groups, strict=True)
    ]
    return found, list(filter(None, warnings))
