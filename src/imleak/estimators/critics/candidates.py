"""All lower bounds that `best` chooses among, and the choice."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch

from ..heldout.evidence import Array, Functional, Learned, Score, SplitSamples, mean_of_rows
from ..heldout.split import Indices
from .calibrated import Calibrated
from .canonical import Canonical, Found, fit_variates, is_few
from .contrastive import Contrastive
from .fixed_cosine import FixedCosine
from .training import Schedule
from .variational import Variational

CANDIDATES = ("cca-infonce", "infonce", "nwj", "retrieval", "cosine-infonce", "calibrated")
FEWEST_EFFECTIVE = 10
"""NWJ stands only where its weights on validation images are worth so many images that weigh
alike: with fewer, its mean hangs on pairs too rare to have been seen."""
FEWEST_TO_CHOOSE = 8
"""Validation images that can choose. Fewer are lucky for one of many candidates, and what was
learned elsewhere and is only calibrated here is taken without a choice, where there is any."""


@dataclass(frozen=True)
class Candidates:
    """The learners of all candidates on the same splits, sharing the canonical variates."""

    canonical: Canonical
    cosine: FixedCosine
    contrastive: Contrastive
    variational: Variational

    @classmethod
    def of(cls, precision: torch.dtype, device: str) -> Self:
        """At their defaults, the network trained for fewer steps: it starts near its end."""
        schedule = Schedule(steps=600, batch=500, decay=0.01)
        return cls(
            Canonical(),
            FixedCosine(),
            Contrastive(precision=precision, device=device),
            Variational(canonical=True, schedule=schedule, precision=precision, device=device),
        )

    def learn(self, given: SplitSamples) -> Learned:
        """Train all; NWJ only at levels where it may stand."""
        found = bent = fit_variates(given, radial=False)
        if is_few(given.samples):
            bent = fit_variates(given, radial=True)
        return {
            **self.canonical.read(bent, given),
            **self.variational.refine(found, given, _within_reach(found, given)),
            **self.contrastive.learn(given),
            **self.cosine.learn(given),
            **Calibrated().learn(given),
        }


def _within_reach(found: Found, given: SplitSamples) -> Indices:
    """Levels at which NWJ may stand: the canonical critic has not found more already than the
    most that weights so spread can say, see :func:`.share_of_weights`."""
    values = np.array([[pairs[0].value for pairs in levels] for levels in found])
    images = [len(np.unique(given.groups[split.validation])) for split in given.splits]
    most = np.array([math.log(count / FEWEST_EFFECTIVE) for count in images])
    return np.flatnonzero((values < most[:, None]).any(0))


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
    validation = np.stack([one.cautious_value() for one, _ in candidates])
    for at in range(CANDIDATES.index("nwj"), len(candidates), len(CANDIDATES)):
        effective = candidates[at][0].effective
        if effective is not None:
            validation[at][~(effective >= FEWEST_EFFECTIVE)] = -np.inf
    if candidates[0][0].images < FEWEST_TO_CHOOSE:
        learned = np.arange(len(candidates)) % len(CANDIDATES) == CANDIDATES.index("calibrated")
        validation[np.isfinite(validation[learned]).any(0) & ~learned[:, None, None]] = -np.inf
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
