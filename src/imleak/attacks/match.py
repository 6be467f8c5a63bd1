"""Which of these images is this the clear part of?"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Measurement, WholeImages
from . import _ranks
from ._halves import FEWEST, check_groups, halves
from ._linkage import linkage
from ._ranks import Array, Counts
from ._scores import Scores

MOST_SPACES = 4
"""Spaces of which every combination is tried; of more, each alone and all together."""
SHARPNESS = np.array([0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0])
"""Inverse temperatures of InfoNCE; with 0 the adversary guesses."""
AT_ONCE = 1 << 22
"""Scores that are held."""
FIRSTS = (1, 5)
Combination = tuple[int, ...]


class Match:
    r"""Finds the plain image of a clear part among all of them, by what encoders that others
    trained, or nobody, see of both.

    In the space of an encoder the features of all plain images, and of all clear parts of a
    level, are taken less their mean; a clear part c scores a plain image x by their cosine,
    in units of the standard deviation of all cosines. Scores of several spaces are added.
    Ties are broken at random: where nothing is left in the clear, every rank is as likely as
    any other. From the rank r of the true one among N follow

    - ``rank-1``, ``rank-5``: the share of images with :math:`r \le 1` and :math:`r \le 5`;
    - ``reciprocal rank``: the mean of :math:`1/r`;
    - ``bits (Fano)``: :math:`I \ge d(p\,\|\,1/N)` for a share p of right answers;
    - ``bits (InfoNCE)``: :math:`I \ge E\Big[\log \frac{e^{\beta T(x_i, c_i)}}
      {\frac1N \sum_j e^{\beta T(x_j, c_i)}}\Big]`.

    Nothing is trained. What is chosen, the spaces and :math:`\beta`, is chosen by the InfoNCE
    of the clear parts of one half of the images and tested on those of the other, and the
    other way round; and again for every null, whose pairs are broken.

    With a gallery, images that are not measured compete too: the shares are also given as
    they fall with its size. Bits are not, because images of another origin may be told apart
    by that.

    References
    ----------
    Cover, Thomas, "Elements of information theory", 2nd ed., section 2.10. van den Oord, Li,
    Vinyals, "Representation learning with contrastive predictive coding", 2018.
    """

    references = ("cover2006", "oord2018")
    name = "match"
    version = "1"
    nulls = _ranks.NULLS
    takes_gallery = True
    fewest_images = FEWEST
    sees_rebuilt = True
    added_encoders = ("layout", "tones")

    def judge(self, spaces: Mapping[str, WholeImages], *, seed: int = 0) -> Sequence[Measurement]:
        """Five quantities a level; see the class. Raises ImleakError if there are fewer than four
        images, or one group holds more than half of them."""
        titles, every = tuple(spaces), tuple(spaces.values())
        groups = every[0].groups
        check_groups(groups, self.name)
        half = halves(groups, seed)
        partners = _ranks.derangements(groups, _ranks.NULLS, seed).T
        found: list[Measurement] = []
        for at, level in enumerate(every[0].levels):
            scores = tuple(Scores.of(space, at) for space in every)
            found += _Level(level, titles, scores, groups, half, partners, seed).measurements()
        return found


@dataclass(frozen=True, eq=False)
class _Answers:
    """What came out: the candidates that beat the true one, those that equal it, and the
    nats of InfoNCE. (n,) of true pairs, (n, k) of broken ones; nats (T, ...) at every inverse
    temperature before one is chosen."""

    higher: Counts
    same: Counts
    nats: Array

    @property
    def bits(self) -> Array:
        return self.nats / math.log(2)


@dataclass(frozen=True, eq=False)
class _Level:
    """All that is measured at one level; `partners` (n, k) are of broken pairs."""

    level: int
    titles: tuple[str, ...]
    scores: tuple[Scores, ...]
    groups: NDArray[np.int64]
    half: NDArray[np.int64]
    partners: NDArray[np.int64]
    seed: int

    def measurements(self) -> Iterator[Measurement]:
        """All quantities."""
        tried = {one: self._answers(one) for one in self._combinations()}
        true, chosen = self._tested({one: answers for one, (answers, _) in tried.items()})
        broken = self._tested_nulls({one: answers for one, (_, answers) in tried.items()})
        yield from self._shares(true, broken, chosen)
        yield from self._bits(true, broken, self._title(chosen))

    def _shares(
        self, true: _Answers, broken: _Answers, chosen: Sequence[Combination]
    ) -> Iterator[Measurement]:
        count, title = self._candidates, self._title(chosen)
        spaces = [
            (np.flatnonzero(self.half == half), [self.scores[at] for at in combination])
            for half, combination in enumerate(chosen)
        ]
        trials = len(np.unique(self.groups))
        curves = linkage(true.higher, true.same, count, spaces, FIRSTS, trials)
        for first in FIRSTS:
            yield _ranks.share(
                self.level,
                f"rank-{first}",
                _ranks.within(true.higher, true.same, first),
                _ranks.within(broken.higher, broken.same, first),
                self.groups,
                chance=min(1.0, first / count),
                seed=self.seed,
                chosen=title,
                linkage=curves[first],
            )
        yield _ranks.share(
            self.level,
            "reciprocal rank",
            _ranks.reciprocal_rank(true.higher, true.same),
            _ranks.reciprocal_rank(broken.higher, broken.same),
            self.groups,
            chance=float(np.mean(1 / np.arange(1, count + 1))),
            seed=self.seed,
            counted=False,
            chosen=title,
        )

    def _bits(self, true: _Answers, broken: _Answers, title: str) -> Iterator[Measurement]:
        count = self._candidates
        right = _ranks.within(true.higher, true.same, 1)
        yield _ranks.fano(
            self.level,
            right,
            _ranks.within(broken.higher, broken.same, 1),
            self.groups,
            self.half,
            count,
            title,
        )
        yield _ranks.information(
            self.level,
            "bits (InfoNCE)",
            float(true.bits.mean()),
            _ranks.bootstrap(true.bits, self.groups, self.seed),
            broken.bits.mean(0),
            count,
            np.array([true.bits[self.half == half].mean() for half in (0, 1)]),
            len(right),
            title,
        )

    @property
    def _candidates(self) -> int:
        """Candidates of every clear part at least: all images but the others of its group."""
        _, sizes = np.unique(self.groups, return_counts=True)
        return len(self.groups) - int(sizes.max()) + 1

    def _combinations(self) -> Iterator[Combination]:
        count = len(self.scores)
        for size in range(1, count + 1):
            if count <= MOST_SPACES or size in (1, count):
                yield from combinations(range(count), size)

    def _answers(self, combination: Combination) -> tuple[_Answers, _Answers]:
        """Answers of true pairs and of broken ones, nats at every inverse temperature; a part of
        the scores is held at a time."""
        n = len(self.groups)
        step = max(1, AT_ONCE // n)
        parts = [
            self._answers_of(combination, slice(start, min(start + step, n)))
            for start in range(0, n, step)
        ]
        true, broken = (
            _Answers(
                np.concatenate([one.higher for one in of]),
                np.concatenate([one.same for one in of]),
                np.concatenate([one.nats for one in of], axis=1),
            )
            for of in zip(*parts, strict=True)
        )
        return true, broken

    def _answers_of(self, combination: Combination, rows: slice) -> tuple[_Answers, _Answers]:
        scores = np.sum([self.scores[space].among(rows) for space in combination], axis=0)
        own = np.diagonal(scores, offset=rows.start)[:, np.newaxis].copy()
        broken = np.take_along_axis(scores, self.partners[rows], axis=1)
        scores[self.groups[rows, np.newaxis] == self.groups] = -np.inf
        others = np.stack([_log_sum(scores, sharp) for sharp in SHARPNESS])[..., np.newaxis]
        higher, same = _ranks.beaten_by(scores, own)
        sharpened = np.multiply.outer(SHARPNESS, own)
        true = math.log(self._candidates) + sharpened - np.logaddexp(sharpened, others)
        broken_higher, broken_same = _ranks.beaten_by(scores, broken)
        # A wrong partner is among the others, and the true one is not.
        false = math.log(self._candidates - 1) + np.multiply.outer(SHARPNESS, broken) - others
        return (
            _Answers(higher[:, 0], same[:, 0], true[..., 0]),
            _Answers(broken_higher, np.maximum(broken_same - 1, 0), false),
        )

    def _tested(
        self, tried: Mapping[Combination, _Answers]
    ) -> tuple[_Answers, tuple[Combination, Combination]]:
        """The answers for each half by what is best on the other, and what that is."""
        nats = np.stack([answers.nats for answers in tried.values()])
        names = tuple(tried)
        made = _Answers(*(np.empty(len(self.half), kind) for kind in (np.int64, np.int64, float)))
        chosen = []
        for half in (0, 1):
            means = nats[:, :, self.half != half].mean(2)
            best, sharp = np.unravel_index(int(means.argmax()), means.shape)
            combination, rows = names[int(best)], self.half == half
            made.higher[rows] = tried[combination].higher[rows]
            made.same[rows] = tried[combination].same[rows]
            made.nats[rows] = nats[best, sharp, rows]
            chosen.append(combination)
        return made, (chosen[0], chosen[1])

    def _tested_nulls(self, tried: Mapping[Combination, _Answers]) -> _Answers:
        """The same of every way to break pairs, chosen anew."""
        nulls = [
            self._tested(
                {
                    one: _Answers(of.higher[:, at], of.same[:, at], of.nats[..., at])
                    for one, of in tried.items()
                }
            )[0]
            for at in range(self.partners.shape[1])
        ]
        return _Answers(
            np.stack([one.higher for one in nulls], axis=1),
            np.stack([one.same for one in nulls], axis=1),
            np.stack([one.nats for one in nulls], axis=1),
        )

    def _title(self, chosen: Sequence[Combination]) -> str:
        """The spaces that were chosen: ``layout + clip``; for each half where they differ."""
        names = (" + ".join(self.titles[at] for at in combination) for combination in chosen)
        return " or ".join(dict.fromkeys(names))


def _log_sum(scores: Array, sharp: float) -> Array:
    """(n,) log of the summed exponentials of scores (n, m); -inf is no score at all."""
    from scipy.special import logsumexp

    with np.errstate(invalid="ignore"):
        return np.asarray(logsumexp(np.where(np.isneginf(scores), scores, sharp * scores), axis=1))
