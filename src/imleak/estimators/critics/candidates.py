"""All lower bounds that `best` chooses among, and the choice."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from ..heldout.evidence import (
    Array,
    Functional,
    Learned,
    Learner,
    Score,
    SplitSamples,
    mean_of_rows,
)
from ..heldout.in_turn import FEWEST_TO_CHOOSE, asked_in_turn, few_validate
from ..heldout.split import Indices, Split
from .calibrated import Calibrated
from .canonical import (
    Canonical,
    Columns,
    Found,
    are_seen,
    columns_of,
    fit_variates,
    periodic,
    preferred,
)
from .contrastive import Contrastive
from .fixed_cosine import FixedCosine
from .gaussian import FEWEST
from .histogram import Histogram, are_scalars
from .training import Schedule
from .variational import Variational

CANDIDATES = (
    "cca-infonce",
    "infonce",
    "nwj",
    "retrieval",
    "cosine-infonce",
    "calibrated",
    "rank-histogram",
)
FEWEST_EFFECTIVE = 10
"""NWJ stands only where its weights on validation images are worth so many images that weigh
alike, and e^I is at most one in so many of them: its mean hangs on pairs as rare as that."""
ALIKE = 0.9
"""Share of the images that the weights are worth, from which the pairs that matter are in every
image, however many e^I is: images of many rows of few values."""
SCHEDULE = Schedule(
    steps=600, batch=500, rate=3e-3, decay=0.01, patience=6, first=True, start=2, least=2e-3
)
"""Of NWJ, which starts near its end."""
ERRORS_OF_NWJ = 3
"""Standard errors that NWJ must add to the critic that it starts from: its checkpoint and its
constant were chosen on the images that it is judged by."""
ERRORS, ERRORS_OF_FEW = 1, 2
"""Standard errors that a candidate must add to what was learned elsewhere, and where few choose."""
FAST = Canonical(bent=True, coarse=True)
HIDDEN = (64, 64)
"""Of its network where canonical variates see all: in few dimensions it finds no less than one
of (100, 100), in half the time."""


@dataclass(frozen=True)
class Candidates:
    """The learners of all candidates on the same splits.

    Parameters
    ----------
    parts : learners that need nothing of each other, the longest first.
    """

    parts: tuple[Learner, ...]

    @classmethod
    def of(cls, precision: torch.dtype, device: str) -> Self:
        """At their defaults, the network trained for fewer steps."""
        refined = Variational(canonical=True, schedule=SCHEDULE, precision=precision, device=device)
        return cls(
            (
                OnFeatures(FixedCosine(), Contrastive(precision=precision, device=device)),
                OnVariates(Canonical(), refined),
            )
        )

    def learn(self, given: SplitSamples) -> Learned:
        """Train all but those that cannot win."""
        return {name: pairs for part in self.parts for name, pairs in part.learn(given).items()}


@dataclass(frozen=True)
class OnFeatures:
    """Those that look at features as they are."""

    cosine: FixedCosine
    contrastive: Contrastive

    def learn(self, given: SplitSamples) -> Learned:
        """Score them, where they see more than canonical variates do, and what was learned
        elsewhere."""
        return {
            **(
                dict.fromkeys(("infonce", "retrieval", "cosine-infonce"), _unasked(given))
                if are_seen(given)
                else self._of_features(given)
            ),
            **_in_turn(Calibrated().learn(given), Calibrated(), "calibrated", given),
        }

    def _of_features(self, given: SplitSamples) -> Learned:
        cosine = _in_turn(self.cosine.learn(given), self.cosine, "cosine-infonce", given)
        if all_few(given):
            return dict.fromkeys(("infonce", "retrieval"), _unasked(given)) | cosine
        return self.contrastive.learn(given) | cosine


@dataclass(frozen=True)
class OnVariates:
    """Those that share the canonical variates."""

    canonical: Canonical
    variational: Variational

    def learn(self, given: SplitSamples) -> Learned:
        """Fit the variates, and train on from them where that can win."""
        kinds = columns_of(given.samples)
        found = dict(zip(kinds, [fit_variates(given, kind) for kind in kinds], strict=True))
        most = preferred(list(found.values()))
        unasked = are_scalars(given) or all_few(given)
        return {
            **_in_turn(self.canonical.read(most, given), FAST, "cca-infonce", given, FEWEST),
            "nwj": _unasked(given) if unasked else self._refined(found, most, given),
            **Histogram().learn(given),
        }

    def _refined(
        self, found: Mapping[Columns, Found], most: Found, given: SplitSamples
    ) -> list[tuple[Score, Score]]:
        """NWJ in the first columns, and in periodic ones at levels at which more is seen in these
        before it is trained than in the first ones thereafter."""
        levels, first = _within_reach(most, given), next(iter(found))
        seen = are_seen(given)
        variational = replace(self.variational, hidden=HIDDEN) if seen else self.variational
        refined = [variational.refine(found[first], given, levels)["nwj"]]
        if periodic in found:
            better = _is_better(found) & _starts_higher(found[periodic], refined[0])
            waves = levels[better[levels]]
            if len(waves):
                refined.append(variational.refine(found[periodic], given, waves)["nwj"])
        return [_preferred(pairs) for pairs in zip(*refined, strict=True)]


def all_few(given: SplitSamples) -> bool:
    """Whether no split has images enough to choose between what was learned elsewhere and all that
    learns here: then those alone are asked that are fitted fast."""
    few = all(few_validate(split, given) for split in given.splits)
    return given.samples.directions is not None and few


def _in_turn(
    learned: Learned, learner: Learner, name: str, given: SplitSamples, fewest: int = 0
) -> Learned:
    """The same, one of the bounds on all images outside the test set where few validate and
    something was learned elsewhere."""
    if given.samples.directions is None:
        return learned
    return learned | {name: asked_in_turn(learned[name], learner, name, given, fewest)}


def _starts_higher(found: Found, refined: Sequence[tuple[Score, Score]]) -> NDArray[np.bool_]:
    """(L,) at which levels the canonical critic says more on the validation images of all splits
    together than what NWJ was trained to from another."""
    start = np.array([[pairs[0].value for pairs in levels] for levels in found])
    end = np.stack([_admitted(validation)[:, 0] for validation, _ in refined])
    return np.asarray(start.mean(0) > end.mean(0), dtype=np.bool_)


def _is_better(found: Mapping[Columns, Found]) -> NDArray[np.bool_]:
    """(L,) at which levels any variates say more in periodic columns than in others."""
    waves, *others = (
        np.array([[[one.value for one in pairs] for pairs in levels] for levels in found[kind]])
        for kind in (periodic, *(kind for kind in found if kind is not periodic))
    )
    gain = waves - np.maximum(*others)
    return np.asarray((gain > SCHEDULE.least).any((0, 2)), dtype=np.bool_)


def _unasked(given: SplitSamples) -> list[tuple[Score, Score]]:
    """No score, which nobody chooses."""
    shape = (len(given.samples.y), given.pairings)

    def nothing(split: Split, rows: Indices) -> Score:
        return given.score(split, np.sort(rows), np.full((*shape, len(rows)), np.nan))

    return [
        (nothing(split, split.validation), nothing(split, split.test)) for split in given.splits
    ]


def _preferred(pairs: Sequence[tuple[Score, Score]]) -> tuple[Score, Score]:
    """Of NWJ in several columns what validation prefers, at each level and pairing."""
    values = np.stack([_admitted(validation) for validation, _ in pairs])
    choice = np.nan_to_num(values, nan=-np.inf).argmax(0)[None]

    def chosen(scores: Sequence[Score]) -> Score:
        sums = np.stack([score.sums for score in scores])
        taken = np.take_along_axis(sums, choice[..., None, None], 0)[0]
        of = [score.effective for score in scores if score.effective is not None]
        effective = np.take_along_axis(np.stack(of), choice, 0)[0] if of else None
        return replace(scores[0], sums=taken, effective=effective, checks=None)

    validation, test = zip(*pairs, strict=True)
    return chosen(validation), chosen(test)


def _admitted(validation: Score) -> Array:
    """(L, P) cautious values; of a mean of weights where these are spread enough, and images
    enough to have shown the rare ones."""
    values = validation.cautious_value()
    if validation.effective is None:
        return values
    seen = validation.value() <= _most_within_reach(validation.images)
    seen |= validation.effective >= ALIKE * validation.images
    return np.where(seen & (validation.effective >= FEWEST_EFFECTIVE), values, -np.inf)


def _says_more(one: Score, other: Score, errors: int) -> NDArray[np.bool_]:
    """(L, P) where a candidate says more on the validation images than another one, by more than
    so many standard errors of what it adds; of a share of right answers, which has rows of its own,
    by more than its own."""
    if one.functional is not mean_of_rows:
        return np.asarray(one.cautious_value() > other.value())
    added = replace(one, sums=one.sums - other.sums * [0, 1])
    value = added.value()
    return np.asarray(value > errors * (value - added.cautious_value()))


def _most_within_reach(images: int) -> float:
    """Nats above which pairs that matter, one in e^I, are fewer than so many in these images."""
    return math.log(images / FEWEST_EFFECTIVE)


def _within_reach(found: Found, given: SplitSamples) -> Indices:
    """Levels at which NWJ may stand: the canonical critic has not found so much already that
    fewer images than that hold the pairs on which the mean hangs, one in e^I."""
    values = np.array([[pairs[0].value for pairs in levels] for levels in found])
    images = [len(np.unique(given.groups[split.validation])) for split in given.splits]
    most = np.array([_most_within_reach(count) for count in images])
    return np.flatnonzero((values < most[:, None]).any(0))


def _baselines(at: int, errors: int) -> Iterator[tuple[int, int, int]]:
    """Candidates of the view whose first is `at`, with another that they must add something to, and
    how many standard errors: NWJ to the critic it was trained from, and all to what was learned
    elsewhere, which few validation images can mistake less."""
    nwj, start, learned = (
        at + CANDIDATES.index(name) for name in ("nwj", "cca-infonce", "calibrated")
    )
    yield nwj, start, ERRORS_OF_NWJ
    yield from ((one, learned, errors) for one in range(at, at + len(CANDIDATES)) if one != learned)


@dataclass(frozen=True, eq=False)
class _Chosen:
    """Functional of sums (..., L, P, 2) of the candidate (L, P) that was chosen."""

    choice: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    functionals: tuple[Functional, ...]

    def __call__(self, sums: Array) -> Array:
        nats = mean_of_rows(sums)
        for at, functional in enumerate(self.functionals):
            if functional is not mean_of_rows:
                nats = np.where(self.choice == at, functional(sums), nats)
        return nats


def pick(
    candidates: Sequence[tuple[Score, Score]], titles: Sequence[str] = CANDIDATES
) -> tuple[Score, list[str]]:
    """The test score of the candidate each level and pairing prefers on validation, and
    its title at each level.

    Parameters
    ----------
    candidates : (validation, test) scores of all of :data:`CANDIDATES`, a view after the
        other.
    titles : of each.
    """
    validation = np.stack([_admitted(one) for one, _ in candidates])
    few = np.array([one.images < FEWEST_TO_CHOOSE for one, _ in candidates])
    errors = ERRORS_OF_FEW if few.any() else ERRORS
    for at in range(0, len(candidates), len(CANDIDATES)):
        for more, start, least in _baselines(at, errors):
            if few[more] == few[start]:
                better = _says_more(candidates[more][0], candidates[start][0], least)
                validation[more, ~better & np.isfinite(validation[start])] = -np.inf
    learned = np.arange(len(candidates)) % len(CANDIDATES) == CANDIDATES.index("calibrated")
    unfit = (few & ~learned)[:, None, None]
    validation[np.isfinite(validation[learned]).any(0) & unfit] = -np.inf
    choice = np.nan_to_num(validation, nan=-np.inf).argmax(0)
    tests = [test for _, test in candidates]
    first = tests[0]
    # A fold weighs by its images, whichever speaks for it: retrieval has one row of each.
    sums = np.stack([test.sums * (test.images / test.rows) for test in tests])
    picked = np.take_along_axis(sums, choice[None, ..., None, None], 0)[0]
    functional = _Chosen(choice, tuple(test.functional for test in tests))
    score = Score(
        first.seed, first.fold, first.blocks, picked, functional, first.images, first.rows
    )
    return score, [titles[at] for at in choice[:, 0]]
