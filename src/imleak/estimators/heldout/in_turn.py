"""Where images are few, every one outside the test set is asked once which candidate is best."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from .evidence import Learner, Score, SplitSamples
from .split import Split, derange

FEWEST_TO_CHOOSE = 8
"""Validation images that can choose. Fewer are lucky for one of many candidates."""


def few_validate(split: Split, given: SplitSamples, fewest: int = FEWEST_TO_CHOOSE) -> bool:
    """Whether the validation images of a split are fewer than can choose."""
    return len(np.unique(given.groups[split.validation])) < fewest


def asked_in_turn(
    learned: Sequence[tuple[Score, Score]],
    learner: Learner,
    name: str,
    given: SplitSamples,
    fewest: int = 0,
) -> list[tuple[Score, Score]]:
    """Scores of a bound that is chosen by all images outside the test set, where few validate.

    The learner learns again of these images, of which some in turn are tested and others validate,
    so that what is said of an image was neither fitted nor chosen with it.

    Parameters
    ----------
    learned : scores of its validation and test images, by split. The last stay.
    learner : learns again.
    name : of the bound.
    fewest : validation images without which it says nothing on the test images; its scores then
        stay.
    """
    turns = [
        list(_turns(split, given))
        if few_validate(split, given) and not few_validate(split, given, fewest)
        else []
        for split in given.splits
    ]
    if not any(turns):
        return list(learned)
    again = iter(learner.learn(replace(given, splits=[one for of in turns for one in of]))[name])
    return [
        (_together([next(again)[1] for _ in of]) if of else validation, test)
        for (validation, test), of in zip(learned, turns, strict=True)
    ]


def _turns(split: Split, given: SplitSamples) -> Iterator[Split]:
    """Splits of the images outside the test set, each of which is tested in one; none of fewer
    than six images."""
    groups, both = given.groups, np.concatenate([split.own, split.validation])
    rng = np.random.default_rng([given.seed, split.seed, split.fold, 0x7475726E])
    names = rng.permutation(np.unique(groups[both]))
    size = len(np.unique(groups[split.validation]))
    if len(names) < 6:
        return
    parts = [
        np.sort(both[np.isin(groups[both], part)])
        for part in np.array_split(names, max(3, len(names) // size))
    ]
    for at, tested in enumerate(parts):
        check = parts[at - 1]
        train = np.setdiff1d(both, np.concatenate([tested, check]))
        broken = split.broken.copy()
        for part in (train, check, tested):
            broken[part] = part[derange(groups[part], rng)]
        learning = np.concatenate([train, split.public])
        yield replace(split, train=learning, validation=check, test=tested, broken=broken)


def _together(scores: Sequence[Score]) -> Score:
    """One score of the images of all, which are different ones."""
    return replace(
        scores[0],
        blocks=np.concatenate([one.blocks for one in scores]),
        sums=np.concatenate([one.sums for one in scores], axis=2),
        images=sum(one.images for one in scores),
        rows=sum(one.rows for one in scores),
    )
