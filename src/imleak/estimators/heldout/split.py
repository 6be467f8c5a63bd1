"""Who is trained on, who chooses and who is tested: splits and broken pairs by image."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...interfaces import ImleakError

Indices = NDArray[np.int64]
NO_ROWS: Indices = np.empty(0, np.int64)
VALIDATION = 0.2
"""Share of the images outside the test set that choose the checkpoint."""
FEWEST = 6
"""Images that give two to training, validation and test."""
FEWEST_TO_CALIBRATE = 4
"""Images that can calibrate what was learned elsewhere: two or three agree too often by chance."""


@dataclass(frozen=True, eq=False)
class Split:
    """Rows of one fold of one seed; no image stands in two of the three.

    `broken` gives every row a partner row of another image of the same part, for the
    null: pairs (x[broken[i]], y[i]).

    `public` are the last rows of `train`, where there are public images that only train.
    """

    seed: int
    fold: int
    train: Indices
    validation: Indices
    test: Indices
    broken: Indices
    public: Indices = field(default_factory=lambda: NO_ROWS)

    @property
    def own(self) -> Indices:
        """The rows of `train` that are of images like those tested."""
        return self.train[: len(self.train) - len(self.public)]


class TooFewImagesError(ImleakError):
    """Held-out evaluation needs more images than there are."""


def cross_fit(
    groups: Indices, folds: int, seeds: int, seed: int, validation: float = VALIDATION
) -> list[Split]:
    """Splits of every seed and fold: each image is tested once a seed.

    Parameters
    ----------
    groups : (n,) image of every row.
    folds : K; one K-th of the images is the test set. Fewer where that would leave a
        test set of one image.
    seeds : repetitions, each with its own folds.
    seed : of all randomness.
    validation : share of the others that choose; 0 of a learner that trains on all of them.

    Raises
    ------
    TooFewImagesError
        With fewer than six images, or fewer than eight and two folds.
    """
    names, rows = np.unique(groups, return_inverse=True)
    count = len(names)
    folds = min(folds, count // 2)
    left = count - -(-count // max(folds, 1))
    checked = max(2, round(left * validation)) if validation else 0
    if count < FEWEST or left - checked < (2 if validation else FEWEST_TO_CALIBRATE):
        takes = (
            "training, validation and test take at least two each"
            if validation
            else f"calibration takes at least {FEWEST_TO_CALIBRATE} and test two"
        )
        raise TooFewImagesError(
            f"{count} images are too few, a group counted once: {takes}; use {FEWEST} or more and "
            f"3 folds{', or mine:protocol=in-sample' if validation else ''}"
        )
    splits = []
    for repetition in range(seeds):
        rng = np.random.default_rng([seed, repetition])
        order = rng.permutation(count)
        for fold, tested in enumerate(np.array_split(order, folds)):
            others = rng.permutation(np.setdiff1d(order, tested))
            size = max(2, round(len(others) * validation)) if validation else 0
            parts = [others[size:], others[:size], tested]
            train, check, test = (np.flatnonzero(np.isin(rows, part)) for part in parts)
            broken = np.arange(len(rows), dtype=np.int64)
            for part in filter(len, (train, check, test)):
                broken[part] = part[derange(rows[part], rng)]
            splits.append(Split(repetition, fold, train, check, test, broken))
    return splits


def derange(groups: Indices, rng: np.random.Generator) -> Indices:
    """A partner row for every row, always of another image.

    Images are arranged in a random cycle and each takes its partners from the next, so
    that rows of one image stay together: what is broken is the pair, and not the
    likeness of the rows of one image, which a null must keep.

    Parameters
    ----------
    groups : (n,) image of every row; at least two different ones.

    Returns
    -------
    (n,) positions into `groups`.
    """
    names, inverse = np.unique(groups, return_inverse=True)
    if len(names) < 2:
        raise TooFewImagesError("pairs can only be broken across two images or more")
    order, cycle = np.argsort(inverse, kind="stable"), rng.permutation(len(names))
    partner = np.empty(len(groups), dtype=np.int64)
    if len(names) == len(groups):  # a row each, of which there is one order
        partner[order[cycle]] = order[np.roll(cycle, -1)]
        return partner
    members = np.split(order, np.cumsum(np.bincount(inverse))[:-1])
    for here, there in zip(cycle, np.roll(cycle, -1), strict=True):
        source = rng.permutation(members[there])
        partner[members[here]] = np.resize(source, len(members[here]))
    return partner


def subset(groups: Indices, rows: Indices, share: float, rng: np.random.Generator) -> Indices:
    """Rows of a share of the images, two at least; under the same numbers, within those of any
    larger share.

    Parameters
    ----------
    groups : (n,) image of every row.
    rows : positions of the rows to choose from.
    """
    names = rng.permutation(np.unique(groups[rows]))
    return rows[np.isin(groups[rows], names[: count_of_share(names, share)])]


def count_of_share(groups: Indices, share: float) -> int:
    """How many images a share of those of (n,) groups are, two at least."""
    return max(2, round(len(np.unique(groups)) * share))
