"""The strongest of the lower bounds, chosen on validation images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..interfaces import PairedSamples
from .canonical import Canonical, fit_variates, is_few
from .contrastive import Contrastive
from .crossfit import CrossFitted
from .evidence import Array, Functional, Learned, Learner, Score, mean_of_rows
from .split import Indices, Split
from .variational import Variational

CANDIDATES = ("cca-infonce", "infonce", "nwj", "retrieval")
PICTURES_A_RATIO = 10
"""NWJ stands only where e^I is at most one in so many of the validation images: above, its
mean hangs on pairs too rare to have been seen."""


class Best(CrossFitted):
    """Of `cca-infonce`, `infonce`, `nwj` and `retrieval` the one that validation prefers.

    In every fold and at every level each candidate is trained on the training images, one
    is chosen by its value on the validation images, and only that one is read on the test
    images; the null goes through the same choice. A lower bound, because each of them is.
    (`mine` is not among them: on validation images it is the same number as `nwj`, on test
    images it is the one of the two whose bias is upward.)

    Parameters
    ----------
    options : folds, seeds, growth, sensitivity, device; see :class:`CrossFitted`.

    References
    ----------
    Poole et al., "On variational bounds of mutual information", ICML 2019.
    """

    name = "best"
    read = "best"

    def learner(self) -> Learner:
        return _All(
            Canonical(),
            Contrastive(device=self.device),
            Variational(canonical=True, device=self.device),
        )

    def scores(self, learned: Learned) -> tuple[list[Score], list[list[str]]]:
        splits = zip(*(learned[name] for name in CANDIDATES), strict=True)
        picked = [_pick(pairs) for pairs in splits]
        return [score for score, _ in picked], [names for _, names in picked]


@dataclass(frozen=True)
class _All:
    """The learners of all candidates on the same splits, sharing the canonical variates."""

    canonical: Canonical
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
            **self.variational.refine(found, samples, splits, blocks, seed),
            **self.contrastive.learn(samples, splits, blocks, pairings, seed),
        }


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


def _pick(candidates: Sequence[tuple[Score, Score]]) -> tuple[Score, list[str]]:
    """The test score of the candidate each level and pairing prefers on validation."""
    validation = np.stack([one.cautious_value() for one, _ in candidates])
    nwj = candidates[CANDIDATES.index("nwj")][0]
    most = np.log(nwj.pictures / PICTURES_A_RATIO)
    validation[CANDIDATES.index("nwj")][nwj.value() > most] = -np.inf
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
    return score, [CANDIDATES[at] for at in choice[:, 0]]
