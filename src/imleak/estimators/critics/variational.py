"""Training of a joint critic by a variational bound: what `mine`, `nwj` and `smile` read."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..bounds import (
    donsker_varadhan,
    donsker_varadhan_of_sums,
    log_mean_exp,
    nguyen_wainwright_jordan,
    smile,
)
from ..heldout.evidence import Array, Learned, Score, SplitSamples
from ..heldout.split import Indices, Split
from ..samples.columns import normal_scores
from .canonical import Found, Variates, fit_variates, halves_of
from .gaussian import STRONGEST
from .networks import JointCritic, QuadraticCritic
from .prepare import by_collection, cohort_of
from .training import Cohort, Schedule, equal_length, train

SHUFFLES = 8
"""Broken partners of every test row: each is scored with so many rows of other images."""
SHUFFLES_OF_A_CHECK = 2
"""The same when validation only chooses a checkpoint."""
RARE = 10
"""No pair weighs more than one in so many of the broken pairs of images that were seen."""
REFINED = 32
"""Canonical variates that are learned on."""


class MovingAverage:
    """Donsker-Varadhan with the gradient of the logarithm corrected by a moving average.

    A batch's own mean of exp in the denominator biases the gradient; a moving average over
    batches takes its place (Belghazi et al., ICML 2018, section 3.2).
    """

    def __init__(self, critic: JointCritic, rate: float = 0.01):
        self.critic = critic
        self.rate = rate

    def __call__(self, joint: Tensor, marginal: Tensor) -> Tensor:
        now = log_mean_exp(marginal)
        seen = now.detach()[..., None, None]
        before = torch.where(self.critic.log_mean.isnan(), seen, self.critic.log_mean)
        kept, new = np.log1p(-self.rate), np.log(self.rate)
        self.critic.log_mean = torch.logaddexp(before + kept, seen + new)
        return joint.mean(-1) - torch.exp(now - self.critic.log_mean[..., 0, 0])


@dataclass(frozen=True)
class Variational:
    """A statistics network T(x, y), trained to tell true pairs from broken ones.

    Its scores are read by Donsker-Varadhan (`mine`; `smile` where they are clipped) and by
    NWJ (`nwj`).

    Parameters
    ----------
    objective : of a critic, what its (joint, marginal) scores are trained to maximise.
    hidden : widths of the hidden layers.
    components : principal components kept of either side.
    canonical : learn on canonical variates, from their Gaussian log-ratio on.
    clip : of the marginal scores, in nats (SMILE); None for none.
    schedule, precision, device : of the training.
    own : makes a network of the user's in place of it, see :mod:`.own`.
    """

    objective: Callable[[JointCritic], Callable[[Tensor, Tensor], Tensor]] = MovingAverage
    hidden: tuple[int, ...] = (100, 100)
    components: int | None = 64
    canonical: bool = False
    clip: float | None = None
    schedule: Schedule = field(
        default_factory=lambda: Schedule(steps=1500, batch=500, decay=0.01, patience=16)
    )
    precision: torch.dtype = torch.float32
    device: str = "cpu"
    own: Callable[[int, int], torch.nn.Module] | None = None

    def learn(self, given: SplitSamples) -> Learned:
        """Train on every split; scores on its validation and test images by bound."""
        if self.canonical:
            return self.refine(fit_variates(given), given)
        cohort = cohort_of(given, self.components, self.components, self.device)
        rng, generator = self._random(given)
        return self._learned(self.network(cohort, generator), cohort, given, rng)

    def refine(self, found: Found, given: SplitSamples, levels: Indices | None = None) -> Learned:
        """The same on canonical variates that are fitted already, at some levels; the other
        levels stay at the Gaussian log-ratio."""
        rng, generator = self._random(given)
        cohort, critic = self._on_variates(found, given, generator)
        return self._learned(critic, cohort, given, rng, levels)

    def _random(self, given: SplitSamples) -> tuple[np.random.Generator, torch.Generator]:
        rng = given.random(0x6D696E65)
        return rng, torch.Generator(self.device).manual_seed(int(rng.integers(2**62)))

    def _learned(
        self,
        critic: JointCritic,
        cohort: Cohort,
        given: SplitSamples,
        rng: np.random.Generator,
        levels: Indices | None = None,
    ) -> Learned:
        checks = None
        if levels is None or len(levels):
            checks = self.fit(critic, cohort, rng, levels=levels).double().cpu().numpy()
        name = "mine" if self.clip is None else "smile"
        learned: Learned = {name: [], "nwj": []}
        for r in range(len(cohort.splits)):
            ratio, nwj = self._read(critic.only(r), cohort.only(r), given)
            for one, (validation, test) in ((name, ratio), ("nwj", nwj)):
                if checks is not None:
                    validation = replace(validation, checks=checks[:, r])
                learned[one].append((validation, test))
        return learned

    def network(self, cohort: Cohort, generator: torch.Generator) -> JointCritic:
        """A critic of a cohort, untrained."""
        dx, dy = cohort.x.shape[-1], cohort.y.shape[-1]
        if self.own is not None:
            from .own import OwnCritic

            return OwnCritic(cohort.members, dx, dy, self.own, generator)
        return JointCritic(cohort.members, dx, dy, self.hidden, generator, self.precision)

    def _on_variates(
        self, found: Found, given: SplitSamples, generator: torch.Generator
    ) -> tuple[Cohort, JointCritic]:
        """Rows in canonical variates, and a critic that starts at their Gaussian log-ratio."""
        width = min(REFINED, max(v.u.shape[1] for split in found for pairs in split for v in pairs))

        def stacked(pick: Callable[[Variates, Split], Array]) -> Tensor:
            members = [
                [[_padded(pick(one, split), width) for one in pairs] for pairs in levels]
                for levels, split in zip(found, given.splits, strict=True)
            ]
            return torch.from_numpy(np.stack(members)).to(self.device)

        cohort = Cohort(
            given.splits,
            stacked(lambda one, split: _by_rank(one.u[:, :width], split)),
            stacked(lambda one, split: _by_rank(one.v[:, :width], split)),
            given.groups,
            given.pairings,
        )
        cross = stacked(lambda one, _: _coefficients(one, width)[0])
        square = stacked(lambda one, _: _coefficients(one, width)[1])
        return cohort, QuadraticCritic(
            cohort.members, self.hidden, generator, cross, square, self.precision
        )

    def fit(
        self,
        critic: JointCritic,
        cohort: Cohort,
        rng: np.random.Generator,
        *,
        keep_best: bool = True,
        levels: Indices | None = None,
    ) -> Tensor:
        """Train all members; (checks, R, L, P) the bound in nats at every check, on the
        validation images (`keep_best`) or on the training ones."""
        objective = self.objective(critic)
        rows = equal_length([s.validation if keep_best else s.train for s in cohort.splits])
        rows = np.stack([row[np.argsort(cohort.groups[row], kind="stable")] for row in rows])
        shifts = spread_shifts(cohort.groups[rows], SHUFFLES_OF_A_CHECK if keep_best else 1)

        def loss(x: Tensor, y: Tensor, rows: NDArray[np.int64]) -> Tensor:
            halves = critic.halves(x, y)
            shift = int(rng.choice(derangements(cohort.groups[rows])))
            marginal = self._clipped(broken_score(critic, halves, shift))
            return -objective(critic.score(*halves), marginal)

        def check(cohort: Cohort) -> Tensor:
            return self.bound(*self.scores(critic, cohort, cohort.of(rows), shifts))

        return train(
            critic, cohort, loss, check, self.schedule, rng, keep_best=keep_best, levels=levels
        )

    def scores(
        self, critic: JointCritic, cohort: Cohort, rows: NDArray[np.int64], shifts: Indices
    ) -> tuple[Tensor, Tensor]:
        """Joint (R, L, P, m) and marginal (R, L, P, k, m) scores of rows (R, m)."""
        with torch.no_grad():
            halves = critic.halves(*cohort.take(rows))
            joint = critic.score(*halves)
            marginal = [broken_score(critic, halves, int(shift)) for shift in shifts]
        return joint, torch.stack(marginal, 3)

    def bound(self, joint: Tensor, marginal: Tensor) -> Tensor:
        """Nats of joint (..., m) and marginal (..., k, m) scores."""
        if self.clip is None:
            return donsker_varadhan(joint, marginal.flatten(-2))
        return smile(joint, marginal.flatten(-2), self.clip)

    def _clipped(self, scores: Tensor) -> Tensor:
        """Scores within the clip, if there is one."""
        return scores if self.clip is None else scores.clamp(-self.clip, self.clip)

    def _read(
        self, critic: JointCritic, cohort: Cohort, given: SplitSamples
    ) -> tuple[tuple[Score, Score], tuple[Score, Score]]:
        """Donsker-Varadhan and NWJ on the validation and the test images of one split. The
        constant of the critic, which Donsker-Varadhan does not feel and NWJ does, is set on the
        validation images; for a validation image on the other half of them, so that what it
        says there is said of images the constant has not seen. SMILE has no such constant: its
        clip is at zero. On canonical variates no pair of NWJ weighs more than a tenth of the broken
        pairs of validation images together: rarer ones are not seen there, and one of them would
        decide the mean of the weights of the test images."""
        split, whole = cohort.splits[0], None
        ratio, nwj, most = [], [], math.inf
        for part in (split.validation, split.test):
            rows = part[np.argsort(cohort.groups[part], kind="stable")]
            shifts = spread_shifts(cohort.groups[rows][None], SHUFFLES)
            joint, marginal = (
                scores[0].double() for scores in self.scores(critic, cohort, rows[None], shifts)
            )
            marginal = self._clipped(marginal)
            if whole is None:
                whole = log_mean_exp(marginal.flatten(-2))[..., None]
                constant = _of_other_half(marginal, halves_of(cohort.groups[rows]))
                effective = effective_images(marginal, cohort.groups[rows]).cpu().numpy()
                if self.canonical:
                    pairs = len(np.unique(cohort.groups[rows])) * len(shifts)
                    most = math.log(max(pairs / RARE, 1))
            else:
                constant = whole.expand_as(joint)
            # Donsker-Varadhan does not feel the constant, and its sums are finite with it.
            exact = (joint - whole, (marginal - whole[..., None]).exp().mean(-2))
            sums = torch.stack([torch.ones_like(joint), *exact], -1).cpu().numpy()
            ratio.append(given.score_of_sums(split, rows, sums, donsker_varadhan_of_sums))
            joint = (joint - constant).clamp(max=most)
            marginal = (marginal - constant.unsqueeze(-2)).clamp(max=most)
            nats = nguyen_wainwright_jordan(joint[..., None], marginal.mT).cpu().numpy()
            nwj.append(given.score(split, rows, nats))
        return (ratio[0], ratio[1]), (replace(nwj[0], effective=effective), nwj[1])


def effective_images(scores: Tensor, groups: Indices) -> Tensor:
    r"""How many images that weigh alike a mean of weights :math:`e^{T}` is worth.

    .. math:: \frac{(\sum_i w_i)^2}{\sum_i w_i^2}, \quad w_i = \sum_{r \in i} e^{T_r}

    Parameters
    ----------
    scores : (..., k, m) T of k broken partners of every row.
    groups : (m,) image of a row.

    References
    ----------
    Kong, "A note on importance sampling using standardized weights", 1992.
    """
    weights = (scores - scores.amax((-2, -1), keepdim=True)).exp().sum(-2)
    images, own = np.unique(groups, return_inverse=True)
    sums = weights.new_zeros((*weights.shape[:-1], len(images)))
    sums.index_add_(-1, torch.from_numpy(own).to(weights.device), weights)
    return sums.sum(-1).square() / sums.square().sum(-1)


def _of_other_half(marginal: Tensor, half: Indices) -> Tensor:
    """(..., m) log of the mean weight of the rows of the other half of the images."""
    first, second = (log_mean_exp(marginal[..., half == side].flatten(-2)) for side in (0, 1))
    is_first = torch.from_numpy(half == 0).to(marginal.device)
    return torch.where(is_first, second[..., None], first[..., None])


def broken_score(critic: JointCritic, halves: tuple[Tensor, ...], shift: int) -> Tensor:
    """Scores of pairs broken by a roll of the x side."""
    of_x = len(halves) // 2
    rolled = [torch.roll(half, shift, -2) for half in halves[:of_x]]
    return critic.score(*rolled, *halves[of_x:])


def _coefficients(one: Variates, width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(1, k) factors of uv and of u^2 and v^2 in the Gaussian log-ratio at its strength."""
    rho = np.clip(one.correlation[:width], 0, STRONGEST)
    rho = np.where(np.arange(len(rho)) < one.kept, rho, 0.0)[None]
    cross = one.temper * rho / (1 - rho**2)
    return cross.astype(np.float32), (-0.5 * cross * rho).astype(np.float32)


def _by_rank(columns: Array, split: Split) -> Array:
    """Normal scores of training rows."""
    return by_collection(normal_scores, columns, split.train, split.public)


def _padded(columns: Array, width: int) -> Array:
    """Zero columns on the right, up to `width`."""
    return np.pad(columns, ((0, 0), (0, width - columns.shape[1])))


def derangements(groups: NDArray[np.int64]) -> Indices:
    """Rolls that pair every row of (R, b) rows, sorted by image, with another image.

    Where one image has more than half of the rows there is none, and the roll by half is
    the nearest to one.
    """
    count = groups.shape[1]
    most = max(int(np.unique(row, return_counts=True)[1].max()) for row in groups)
    if 2 * most > count:
        return np.array([count // 2])
    return np.arange(most, count - most + 1)


def spread_shifts(groups: NDArray[np.int64], count: int) -> Indices:
    """At most `count` different derangements, evenly spread."""
    every = derangements(groups)
    chosen: Indices = every[np.unique(np.linspace(0, len(every) - 1, count).astype(int))]
    return chosen
