"""Where images are few, every one outside the test set chooses once."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from .evidence import Learner, Score, SplitSamples
from .split import Split, derange

FEWEST_TO_CHOOSE = 8
"""Validation images that can choose. Fewer are lucky for one of many candidates."""


def validated_in_turn(
    learned: Sequence[tuple[Score, Score]], learner: Learner, name: str, given: SplitSamples
) -> list[tuple[Score, Score]]:
    """Scores of a bound with all images outside the test set for validation, where those that
    validate are fewer than :data:`FEWEST_TO_CHOOSE`.

    The others are learned from once more with other images left out, until each was left out once:
    what is said of it was then fitted without it.

    Parameters
    ----------
    learned : scores of its validation and test images, by split.
    learner : learns once more.
    name : of the bound.
    """
    turns = [list(_turns(split, given)) for split in given.splits]
    again = iter(learner.learn(replace(given, splits=[one for of in turns for one in of]))[name])
    return [
        (_together([validation, *(next(again)[0] for _ in of)]), test)
        for (validation, test), of in zip(learned, turns, strict=True)
    ]


def _turns(split: Split, given: SplitSamples) -> Iterator[Split]:
    """The split with other images in place of those that validate, until each was one of them."""
    groups = given.groups
    first = np.unique(groups[split.validation])
    if len(first) >= FEWEST_TO_CHOOSE:
        return
    rng = given.random(0x7475726E + split.fold)
    others = rng.permutation(np.unique(groups[split.own]))
    both = np.concatenate([split.own, split.validation])
    for checked in np.array_split(others, max(1, len(others) // len(first))):
        checks = np.isin(groups[both], checked)
        train, check = np.sort(both[~checks]), np.sort(both[checks])
        broken = split.broken.copy()
        for part in (train, check):
            broken[part] = part[derange(groups[part], rng)]
        yield replace(
            split,
            train=np.concatenate([train, split.public]),
            validation=check,
            broken=broken,
        )


def _together(scores: Sequence[Score]) -> Score:
    """One score of the images of all, which are different ones."""
    return replace(
        scores[0],
        blocks=np.concatenate([one.blocks for one in scores]),
        sums=np.concatenate([one.sums for one in scores], axis=2),
        images=sum(one.images for one in scores),
        rows=sum(one.rows for one in scores),
    )
