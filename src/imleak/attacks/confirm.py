"""Is this the clear part of an image that I hold?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..interfaces import Measurement, Null, Verdict, WholeImages
from . import _ranks
from ._halves import FEWEST, check_groups, halves
from ._ranks import Array, Counts
from ._scores import Scores

RE_ENCODED = {"jpeg-90": "JPEG 90", "jpeg-75": "JPEG 75", "jpeg-50": "JPEG 50", "half": "half size"}
CROPPED = {"crop": "cropped"}

AT_ONCE = 1 << 22
"""Scores that are held."""


class Confirm:
    r"""Whoever holds an image, or a copy of it, compares its clear part with those they see.

    - ``bits (exact)``: of the image itself. Among N images a clear part tells which one it is
      of, but for those that have the same:
      :math:`\log_2 N - \sum_k \frac{n_k}{N} \log_2 n_k` over classes of :math:`n_k` images with
      equal clear parts. Nothing is estimated.
    - ``rank-1, JPEG 90`` and so on: of a copy that was compressed, reduced or cropped. The
      share of clear parts whose own copy has the nearest clear part among the copies of all N
      images, by the cosine of vectors less their mean. The space, or the sum of the scores of
      all, is the one that is best for the clear parts of one half of the images and is tested
      on those of the other, and the other way round; and again for every null, whose pairs
      are broken.

    Copies whose samples lie where they did are compared area by area, by values (``phasors``)
    and by where they are flat or busy (``layout``); crops by the set of their small windows
    (``shingles``), wherever these are. How often values occur (``tones``) is left where samples
    or blocks of them only change places.
    """

    name = "confirm"
    version = "2"
    nulls = _ranks.NULLS
    fewest_images = FEWEST
    encoders = ("identity", "phasors", "layout", "tones", "shingles")
    clear_copies: Mapping[str, Sequence[str]] = {
        "phasors": tuple(RE_ENCODED),
        "layout": tuple(RE_ENCODED),
        "tones": (*RE_ENCODED, *CROPPED),
        "shingles": tuple(CROPPED),
    }

    def judge(self, spaces: Mapping[str, WholeImages], *, seed: int = 0) -> Sequence[Measurement]:
        """Six quantities a level, less those of copies that no space has; see the class.

        Parameters
        ----------
        spaces : the first says which clear parts are equal; of the others each takes part in
            the copies it has vectors of.

        Raises
        ------
        ImleakError
            If there are fewer than four images, or one group holds more than half of them.
        """
        first = next(iter(spaces.values()))
        check_groups(first.groups, self.name)
        trial = _Trial.of(first.groups, seed)
        found: list[Measurement] = []
        for at, level in enumerate(first.levels):
            found.append(exact(level, first.clear[at]))
            for copy, words in (RE_ENCODED | CROPPED).items():
                scores = {
                    title: Scores.of(replace(space, plain=space.clear_copies[copy][at]), at)
                    for title, space in spaces.items()
                    if copy in space.clear_copies
                }
                if scores:
                    found.append(trial.of_copies(level, f"rank-1, {words}", scores))
        return found


def exact(level: int, clear: Array) -> Measurement:
    """What equality of clear parts tells of which image it is.

    Parameters
    ----------
    clear : (n, d) vectors that are equal where clear parts are.
    """
    count = len(clear)
    _, sizes = np.unique(clear, axis=0, return_counts=True)
    ceiling = math.log2(count)
    bits = max(0.0, ceiling - float(sizes @ np.log2(sizes)) / count)
    verdict: Verdict = "no leak found"
    if bits > 0:
        verdict = "saturated" if len(sizes) == count else "leak"
    return Measurement(
        level=level,
        quantity="bits (exact)",
        value=bits,
        unit="bit/image",
        bound="exact",
        interval=(bits, bits),
        null=Null(0.0, 0.0),
        ceiling=ceiling,
        verdict=verdict,
        n=count,
        details={"distinct": len(sizes)},
    )


@dataclass(frozen=True, eq=False)
class _Trial:
    """What is the same at all levels and for all copies; `partners` (n, k) are of broken pairs."""

    groups: Counts
    half: Counts
    partners: Counts
    seed: int

    @classmethod
    def of(cls, groups: Counts, seed: int) -> _Trial:
        partners = _ranks.derangements(groups, _ranks.NULLS, seed).T
        return cls(groups, halves(groups, seed), partners, seed)

    @property
    def chance(self) -> float:
        """Of a right answer: of a clear part all images but the others of its group are asked."""
        _, group, sizes = np.unique(self.groups, return_inverse=True, return_counts=True)
        return float(np.mean(1 / (len(self.groups) - sizes[group] + 1)))

    def of_copies(self, level: int, quantity: str, scores: Mapping[str, Scores]) -> Measurement:
        """The share of clear parts whose own copy is nearest, by scores in every space."""
        right, broken, chosen = _Answers.of(scores, self.groups, self.partners).tested(self.half)
        return _ranks.share(
            level,
            quantity,
            right,
            broken,
            self.groups,
            chance=self.chance,
            seed=self.seed,
            chosen=chosen,
        )


@dataclass(frozen=True, eq=False)
class _Answers:
    """Whether the right copy comes first by each of c ways to compare, ties broken at random, and
    its reciprocal rank, by which a way is chosen: (c, n), of broken pairs (c, n, k)."""

    ways: tuple[str, ...]
    right: Array
    rank: Array
    broken: Array
    broken_rank: Array

    @classmethod
    def of(cls, scores: Mapping[str, Scores], groups: Counts, partners: Counts) -> _Answers:
        """Answers by scores in every space, alone and added."""
        ways = {title: [one] for title, one in scores.items()}
        if len(scores) > 1:
            ways[" + ".join(scores)] = list(scores.values())
        found = [_ranks_of(added, groups, partners) for added in ways.values()]
        right, rank, broken, broken_rank = (np.stack(of) for of in zip(*found, strict=True))
        return cls(tuple(ways), right, rank, broken, broken_rank)

    def tested(self, half: Counts) -> tuple[Array, Array, str]:
        """(n,) and (n, k) answers by the way that is best on the other half, and its name."""
        right, broken = np.empty_like(self.right[0]), np.empty_like(self.broken[0])
        names = []
        for one in (0, 1):
            tested, others = half == one, half != one
            best = int(self.rank[:, others].mean(1).argmax())
            right[tested] = self.right[best, tested]
            by_null = self.broken_rank[:, others].mean(1).argmax(0)
            nulls = np.arange(broken.shape[1])
            broken[tested] = self.broken[by_null, :, nulls].T[tested]
            names.append(self.ways[best])
        return right, broken, " or ".join(dict.fromkeys(names))


def _ranks_of(
    scores: Sequence[Scores], groups: Counts, partners: Counts
) -> tuple[Array, Array, Array, Array]:
    """First places and reciprocal ranks of true pairs (n,) and of broken ones (n, k); a part
    of the scores is held at a time."""
    n = len(groups)
    step = max(1, AT_ONCE // n)
    parts = list(_parts(scores, groups, partners, step))
    higher, same, broken_higher, broken_same = (
        np.concatenate(of) for of in zip(*parts, strict=True)
    )
    return (
        _ranks.within(higher, same, 1),
        _ranks.reciprocal_rank(higher, same),
        _ranks.within(broken_higher, broken_same, 1),
        _ranks.reciprocal_rank(broken_higher, broken_same),
    )


def _parts(
    scores: Sequence[Scores], groups: Counts, partners: Counts, step: int
) -> Iterator[tuple[Counts, Counts, Counts, Counts]]:
    for start in range(0, len(groups), step):
        rows = slice(start, min(start + step, len(groups)))
        added = np.sum([one.among(rows) for one in scores], axis=0)
        own = np.diagonal(added, offset=start)[:, np.newaxis].copy()
        broken = np.take_along_axis(added, partners[rows], axis=1)
        added[groups[rows, np.newaxis] == groups] = -np.inf
        higher, same = _ranks.beaten_by(added, own)
        broken_higher, broken_same = _ranks.beaten_by(added, broken)
        # A wrong partner is among the others, and the true one is not.
        yield higher[:, 0], same[:, 0], broken_higher, np.maximum(broken_same - 1, 0)
