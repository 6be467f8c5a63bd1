"""The strongest of the lower bounds, chosen on validation images."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..interfaces import Estimate, PairedSamples
from .canonical import Canonical, Variates, fit_variates, is_few
from .contrastive import Contrastive
from .crossfit import CrossFitted, Progress
from .evidence import Array, Functional, Learned, Learner, Score, mean_of_rows
from .fixed_cosine import FixedCosine
from .split import Indices, Split
from .training import Schedule
from .variational import Variational

CANDIDATES = ("cca-infonce", "infonce", "nwj", "retrieval", "cosine-infonce")
PICTURES_A_RATIO = 10
"""NWJ stands only where e^I is at most one in so many of the validation images: above, its
mean hangs on pairs too rare to have been seen."""


class Best(CrossFitted):
    """Of `cca-infonce`, `infonce`, `nwj`, `retrieval` and `cosine-infonce` the one that
    validation prefers.

    In every fold and at every level each candidate is trained on the training images, one
    is chosen by its value on the validation images, and only that one is read on the test
    images; the null goes through the same choice. `cosine-infonce`, which is fitted to no
    image, is a candidate where target and view have as many dimensions. A lower bound,
    because each of them is.
    (`mine` is not among them: on validation images it is the same number as `nwj`, on test
    images it is the one of the two whose bias is upward.) In a study also over the views of one
    target: the strongest adversary that was tried.

    Parameters
    ----------
    options : folds, seeds, growth, sensitivity, precision, device; see :class:`CrossFitted`.

    References
    ----------
    Poole et al., "On variational bounds of mutual information", ICML 2019.
    """

    name = "best"
    version = "3"
    read = "best"

    def learner(self) -> Learner:
        return _All(
            Canonical(),
            FixedCosine(),
            Contrastive(precision=self.product_type, device=self.device),
            Variational(
                canonical=True,
                schedule=Schedule(steps=600, batch=500, decay=0.01),
                precision=self.product_type,
                device=self.device,
            ),
        )

    def choose(
        self,
        views: Mapping[str, PairedSamples],
        *,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> list[Estimate]:
        """One held-out estimate a level; validation prefers one candidate on one view.

        Parameters
        ----------
        views : by name, of one target: they differ in `y` alone.

        Raises
        ------
        TooFewImagesError
            If a fold would have fewer than two pictures to train, validate or test on.
        """
        return self._held_out(views, seed, progress)

    def scores(self, learned: Mapping[str, Learned]) -> tuple[list[Score], list[list[str]]]:
        named = [(candidate, view) for view in learned for candidate in CANDIDATES]
        titles = [f"{one} through {view}" if len(learned) > 1 else one for one, view in named]
        splits = zip(*(learned[view][one] for one, view in named), strict=True)
        picked = [_pick(pairs, titles) for pairs in splits]
        return [score for score, _ in picked], [names for _, names in picked]


@dataclass(frozen=True)
class _All:
    """The learners of all candidates on the same splits, sharing the canonical variates."""

    canonical: Canonical
    cosine: FixedCosine
    contrastive: Contrastive
    variational: Variational

    def learn(
        self,
        samples: PairedSamples,
        splits: Sequence[Split],
        blocks: Indices,
        pairings: int,
        seed: int,
    ) -> Learned:
        found = [fit_variates(samples, split, pairings, radial=False) for split in splits]
        bent = found
        if is_few(samples):
            bent = [fit_variates(samples, split, pairings, radial=True) for split in splits]
        return {
            **self.canonical.read(bent, samples, splits, blocks),
            **self.variational.refine(
                found, samples, splits, blocks, seed, _within_reach(found, splits, samples.groups)
            ),
            **self.contrastive.learn(samples, splits, blocks, pairings, seed),
            **self.cosine.learn(samples, splits, blocks, pairings, seed),
        }


def _most_of_a_ratio(pictures: int) -> float:
    """Nats above which NWJ is not believed on so many validation pictures."""
    return math.log(pictures / PICTURES_A_RATIO)


def _within_reach(
    found: Sequence[list[list[Variates]]], splits: Sequence[Split], groups: Indices
) -> Indices:
    """Levels at which NWJ may stand: the canonical critic has not said more already."""
    said = np.array([[pairs[0].said for pairs in levels] for levels in found])
    most = [_most_of_a_ratio(len(np.unique(groups[split.validation]))) for split in splits]
    return np.flatnonzero((said < np.array(most)[:, None]).any(0))


@dataclass(frozen=True, eq=False)
class _Chosen:
    """Functional of sums (..., L, P, 2) whose candidate differs from level to level.

    Parameters
    ----------
    choice : (L, P) index of the candidate.
    functionals : of the candidates; all read two sums.
    """

    choice: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    functionals: tuple[Functional, ...]

    def __call__(self, sums: Array) -> Array:
        said = mean_of_rows(sums)
        for at, functional in enumerate(self.functionals):
            if functional is not mean_of_rows:
                said = np.where(self.choice == at, functional(sums), said)
        return said


def _pick(
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
        nwj = candidates[at][0]
        validation[at][nwj.value() > _most_of_a_ratio(nwj.pictures)] = -np.inf
    choice = np.nan_to_num(validation, nan=-np.inf).argmax(0)
    tests = [test for _, test in candidates]
    first = tests[0]
    # A fold weighs by its images, whichever speaks for it: retrieval has one row of each.
    sums = np.stack([test.sums * (test.pictures / test.rows) for test in tests])
    picked = np.take_along_axis(sums, choice[None, ..., None, None], 0)[0]
    functional = _Chosen(choice, tuple(test.functional for test in tests))
    score = Score(
        first.seed, first.fold, first.blocks, picked, functional, first.pictures, first.rows
    )
    return score, [titles[at] for at in choice[:, 0]]
