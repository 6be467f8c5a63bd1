"""A table of density ratios as the critic of two scalars, read by InfoNCE and by NWJ."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..bounds import infonce, nguyen_wainwright_jordan_of_means
from ..heldout.evidence import Array, Learned, SplitSamples
from ..heldout.split import Indices, Split
from ..samples.columns import varying
from .gaussian import FEWEST, TEMPERS, cautious_mean
from .partition import density_ratio, halvings

BINS = 128
"""Bins of as many rows each, of a side of more values than :data:`VALUES`."""
VALUES = 256
"""Up to so many values each has a bin of its own: an image of eight bits has no more."""
CUTS = (0.0, 0.5, 0.5, 0.5)
"""Spread of the places of cuts, of one partition each; in the middle first."""
PLAN = tuple((turned, spread) for turned in (False, True) for spread in CUTS)
"""Whether turned, and the spread of cuts, of every table."""
INDEPENDENT = 0.99
"""Probability of independence, by the first partition, at which no other is asked."""
ROUNDING = 1e-12
LEAST_SHOWN = 0.5
FEWEST_EFFECTIVE = 10
"""Images that weigh alike, that the mean over broken pairs of NWJ must be worth."""
MOST_IMAGES = 1000
"""Images whose pairs are weighed against each other, to bound memory."""


@dataclass(frozen=True)
class Histogram:
    """The learner of two scalars: a table of their density ratio, averaged over partitions of the
    square of their ranks, upright and turned by an eighth. Validation images choose which of
    these take part, and at which strength; then the table is made once more, with them. Where a
    side has more than one dimension it has no score, which nobody chooses."""

    def learn(self, given: SplitSamples) -> Learned:
        """Fit on every split; scores on its validation and test images."""
        scores = []
        for split in given.splits:
            parts = np.sort(split.validation), np.sort(split.test)
            nats = self._nats(given, split, parts)
            validation, test = (
                given.score(split, rows, part) for rows, part in zip(parts, nats, strict=True)
            )
            scores.append((validation, test))
        return {"rank-histogram": scores}

    def _nats(
        self, given: SplitSamples, split: Split, parts: tuple[Indices, Indices]
    ) -> tuple[Array, Array]:
        """(L, P, m) nats of the rows of both parts."""
        samples, shape = given.samples, (len(given.samples.y), given.pairings)
        found = np.full((*shape, len(parts[0])), np.nan), np.full((*shape, len(parts[1])), np.nan)
        if not are_scalars(given):
            return found
        seeds = given.random(0x68697374).integers(2**31, size=shape)
        x = samples.x[:, varying(samples.x)][:, 0]
        levels = samples.y[..., varying(samples.y)][..., 0]
        for at, y in enumerate(levels):
            for p, partner in enumerate(given.partners(split)):
                rows = _Rows(x[partner], y, given.groups)
                for out, one in zip(found, rows.read(split, parts, seeds[at, p]), strict=True):
                    out[at, p] = one
        return found


def are_scalars(given: SplitSamples) -> bool:
    """Whether both sides have one dimension that varies."""
    samples = given.samples
    return all(int(varying(side).sum()) == 1 for side in (samples.x, samples.y))


@dataclass(frozen=True, eq=False)
class _Rows:
    """Rows of one level and pairing: x (n,) the partners of y (n,), and their images."""

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    groups: Indices

    def read(self, split: Split, parts: tuple[Indices, Indices], seed: int) -> tuple[Array, Array]:
        """Nats of the rows of both parts: by NWJ, and where its mean hangs on rare pairs of
        validation images by InfoNCE, which is at most the logarithm of the images."""
        check, test = parts
        nothing = np.zeros(len(check)), np.zeros(len(test))
        if len(np.unique(self.groups[check])) < FEWEST:
            return nothing
        tables = _Tables.of(self.x, self.y, split.own, seed)
        tried = [
            tables.critic(kinds, temper, check, self.groups)
            for kinds in tables.choices()
            for temper in TEMPERS
        ]
        values = [cautious_mean(one.infonce(), self.groups[check]) for one in tried]
        best = tried[int(np.argmax(values))]
        if max(values) <= 0:
            return nothing
        both = np.concatenate([split.own, split.validation])
        again = _Tables.of(self.x, self.y, both, seed, best.kinds)
        tested = again.critic(best.kinds, best.temper, test, self.groups)
        if best.effective() < FEWEST_EFFECTIVE:
            return best.infonce(), tested.infonce()
        return best.nwj(), tested.nwj()


Choice = tuple[int, ...]
"""Which tables take part."""


@dataclass(frozen=True, eq=False)
class _Tables:
    """Bins of all rows, the shares of those of x, and log-ratios (tables, nx, ny)."""

    x: Indices
    y: Indices
    of_x: Array
    logs: Array

    @classmethod
    def of(
        cls,
        x: NDArray[np.float32],
        y: NDArray[np.float32],
        rows: Indices,
        seed: int,
        kinds: Choice | None = None,
    ) -> "_Tables":
        """Fitted to some rows; of some tables alone, in whose place among all the others stand
        too, empty."""
        (xs, nx), (ys, ny) = (binned(side, rows) for side in (x, y))
        counts = np.zeros((nx, ny))
        np.add.at(counts, (xs[rows], ys[rows]), 1)
        logs: list[Array] = []
        for at, (turned, spread) in enumerate(PLAN):
            if kinds is not None and at not in kinds:
                logs.append(np.zeros((nx, ny)))
                continue
            rng = np.random.default_rng([seed, at])
            ratio, independent = (_turned if turned else _upright)(counts, spread, rng)
            logs.append(np.log(ratio))
            if kinds is None and at == 0 and (independent > INDEPENDENT or _is_whole(nx, ny)):
                break
        return cls(xs, ys, counts.sum(1) / counts.sum(), np.stack(logs))

    def choices(self) -> list[Choice]:
        """Sets of tables that are tried: the first, the upright ones, the turned ones, all."""
        every = tuple(range(len(self.logs)))
        upright, turned = every[: len(CUTS)], every[len(CUTS) :]
        return list(dict.fromkeys([every[:1], upright, turned or upright, every]))

    def critic(self, kinds: Choice, temper: float, rows: Indices, groups: Indices) -> "_Critic":
        """Of rows: their mean log-ratio in some tables, at a strength."""
        ratio = np.exp(temper * self.logs[list(kinds)].mean(0))
        ratio /= self.of_x @ ratio
        return _Critic(kinds, temper, ratio, self.x[rows], self.y[rows], groups[rows])


def _is_whole(nx: int, ny: int) -> bool:
    """Whether one table says it all: of a constant side, and of more values than ranks have bins,
    which are those of planes of bits, that the first table halves where the planes do."""
    return min(nx, ny) == 1 or max(nx, ny) > BINS


def binned(column: NDArray[np.float32], rows: Indices) -> tuple[Indices, int]:
    """The bin of every value, and how many bins there are: of one value each where some rows have
    few, of as many rows each otherwise."""
    known = column[rows]
    values = np.unique(known)
    if len(values) <= VALUES:
        edges = values[:-1] / 2 + values[1:] / 2
    else:
        edges = np.unique(np.sort(known)[np.arange(1, BINS) * len(known) // BINS])
    return np.searchsorted(edges, column, "right"), len(edges) + 1


def _upright(counts: Array, spread: float, rng: np.random.Generator) -> tuple[Array, float]:
    """The density ratio over rectangles, and the probability of independence."""
    cuts = [halvings(size, spread, rng) for size in counts.shape]
    return density_ratio(counts, _product(counts), *cuts)


def _turned(counts: Array, spread: float, rng: np.random.Generator) -> tuple[Array, float]:
    """The same over rectangles along the diagonals: of bands they need few."""
    i, j = np.indices(counts.shape)
    along, across = i + j, i - j + counts.shape[1] - 1
    size = sum(counts.shape) - 1
    sides = np.zeros((2, size, size))
    sides[:, along, across] = counts, _product(counts)
    cuts = [halvings(size, spread, rng)[:-1] for _ in range(2)]
    ratio, independent = density_ratio(*sides, *cuts)
    return ratio[along, across], independent


def _product(counts: Array) -> Array:
    """Shares of the cells under independence."""
    return np.asarray(np.outer(counts.sum(1), counts.sum(0)) / counts.sum() ** 2)


@dataclass(frozen=True, eq=False)
class _Critic:
    """The logarithm of a table (nx, ny) as the critic of rows in bins x and y (m,), whose images
    are `groups` (m,). Under the rows it was fitted to, the mean of every column is 1: NWJ weighs
    rows alike, and InfoNCE images."""

    kinds: Choice
    temper: float
    ratio: Array
    x: Indices
    y: Indices
    groups: Indices

    @cached_property
    def own(self) -> Indices:
        """(m,) which image a row is of."""
        return np.asarray(np.unique(self.groups, return_inverse=True)[1])

    @cached_property
    def rows(self) -> Indices:
        """(images,) how many rows each has."""
        return np.bincount(self.own)

    def _by_bin(self, bins: Indices, size: int, weights: Array) -> Array:
        """(images, size) weights (m,) of the rows of an image, summed by bin."""
        summed = np.zeros((len(self.rows), size))
        np.add.at(summed, (self.own, bins), weights)
        return summed

    @cached_property
    def shares(self) -> tuple[Array, Array]:
        """(images, nx) and (images, ny) shares of the rows of an image by bin."""
        weights, (nx, ny) = 1 / self.rows[self.own], self.ratio.shape
        return self._by_bin(self.x, nx, weights), self._by_bin(self.y, ny, weights)

    @cached_property
    def broken(self) -> Array:
        """(m,) mean over the other images of their mean ratio with the y of a row."""
        of_images = self.shares[0] @ self.ratio
        return self._of_others(of_images, self.y, np.full(len(self.y), len(self.rows) - 1))

    def _of_others(self, of_images: Array, bins: Indices, count: Indices) -> Array:
        """(m,) means over so many of other images, of sums (images, bins) over what is in each."""
        every, own = of_images.sum(0)[bins], of_images[self.own, bins]
        return np.asarray(np.maximum(every - own, ROUNDING * every) / count)

    def infonce(self) -> Array:
        """(m,) nats of :func:`infonce` against the other images."""
        positive, images = self.ratio[self.x, self.y], len(self.rows)
        candidates = np.log((images - 1) * self.broken + positive)
        return infonce(np.log(positive), candidates, np.log(images))

    def nwj(self) -> Array:
        """(m,) nats by NWJ. Broken partners are all rows of all other images: a row stands in the
        mean by its y and by its x, and moves it by both."""
        (nx, ny), alike = self.ratio.shape, np.ones(len(self.x))
        others = len(self.x) - self.rows[self.own]
        by_y = self._by_bin(self.x, nx, alike) @ self.ratio
        by_x = self._by_bin(self.y, ny, alike) @ self.ratio.T
        of_y, of_x = self._of_others(by_y, self.y, others), self._of_others(by_x, self.x, others)
        means = of_y + of_x - of_x.mean()
        joint = np.log(self.ratio[self.x, self.y])
        return nguyen_wainwright_jordan_of_means(joint, means)

    def effective(self) -> float:
        """How many images that weigh alike the mean over broken pairs is worth: as many as give
        so many pairs. 0 if the mean, 1 under the rows it was fitted to, is below half of that:
        then pairs on which it hangs are not among these."""
        of_x, of_y = self.shares
        some = slice(None, None, -(-len(of_x) // MOST_IMAGES))
        pairs = of_x[some] @ self.ratio @ of_y[some].T
        np.fill_diagonal(pairs, 0.0)
        if self.broken.mean() < LEAST_SHOWN:
            return 0.0
        alike = pairs.sum() ** 2 / np.square(pairs).sum()
        return float(np.sqrt(alike) * len(of_x) / len(pairs))
