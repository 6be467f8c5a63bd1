"""Training of a joint critic by a variational bound: what `mine`, `nwj` and `smile` read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..interfaces import PairedSamples
from .bounds import jensen_shannon, log_mean_exp
from .critics import JointCritic
from .evidence import Array, Functional, Score, sum_by_block
from .prepare import cohort_of
from .split import Indices, Split
from .training import Cohort, Schedule, equal_length, train

SHUFFLES = 8
"""Broken partners of every test row: each is scored with so many rows of other pictures."""


def donsker_varadhan_of_sums(sums: Array) -> Array:
    """Sums (..., 3) of rows, joint scores and exp(marginal scores) -> nats."""
    return np.asarray(sums[..., 1] / sums[..., 0] - np.log(sums[..., 2] / sums[..., 0]))


def nwj_of_sums(sums: Array) -> Array:
    """The same sums -> NWJ with critic T + 1, in nats."""
    return np.asarray(sums[..., 1] / sums[..., 0] + 1 - sums[..., 2] / sums[..., 0])


class MovingAverage:
    """Donsker-Varadhan with the gradient of the logarithm corrected by a moving average.

    A batch's own mean of exp in the denominator biases the gradient; a moving average over
    batches takes its place (Belghazi et al., ICML 2018, section 3.2).
    """

    def __init__(self, rate: float = 0.01):
        self.rate = rate
        self.log_mean: Tensor | None = None

    def __call__(self, joint: Tensor, marginal: Tensor) -> Tensor:
        now = log_mean_exp(marginal)
        seen = now.detach()
        if self.log_mean is None:
            self.log_mean = seen
        else:
            kept, new = np.log1p(-self.rate), np.log(self.rate)
            self.log_mean = torch.logaddexp(self.log_mean + kept, seen + new)
        return torch.exp(now - self.log_mean) - joint.mean(-1)


def jensen_shannon_loss(joint: Tensor, marginal: Tensor) -> Tensor:
    """What SMILE's critic minimises."""
    return -jensen_shannon(joint, marginal)


def nwj_loss(joint: Tensor, marginal: Tensor) -> Tensor:
    """What NWJ's critic minimises, for the critic T + 1."""
    return torch.exp(marginal).mean(-1) - joint.mean(-1)


@dataclass(frozen=True)
class Variational:
    """A statistics network T(x, y), trained to tell true pairs from broken ones.

    Parameters
    ----------
    objective : makes the loss of (joint, marginal) scores, anew for every training.
    reads : bound name -> functional of the sums of rows, joint and exp(marginal).
    hidden : widths of the hidden layers.
    x_components, y_components : principal components kept of either side.
    clip : of the marginal scores, in nats (SMILE); None for none.
    """

    objective: Callable[[], Callable[[Tensor, Tensor], Tensor]]
    reads: dict[str, Functional]
    hidden: tuple[int, ...] = (100, 100)
    x_components: int | None = 64
    y_components: int | None = 64
    clip: float | None = None
    schedule: Schedule = field(default_factory=lambda: Schedule(steps=600, batch=500, decay=0.01))
    precision: torch.dtype = torch.float32
    device: str = "cpu"

    def learn(
        self,
        samples: PairedSamples,
        splits: Sequence[Split],
        blocks: Indices,
        pairings: int,
        seed: int,
    ) -> dict[str, list[tuple[Score, Score]]]:
        """Train on every split; scores on its validation and test pictures by bound."""
        cohort = cohort_of(
            samples, splits, pairings, self.x_components, self.y_components, self.device
        )
        rng = np.random.default_rng([seed, splits[0].seed, splits[0].fold, 0x6D696E65])
        critic, _ = self.fit(cohort, rng, keep_best=True)
        said: dict[str, list[tuple[Score, Score]]] = {name: [] for name in self.reads}
        for r in range(len(splits)):
            for name, parts in self._read(critic.only(r), cohort.only(r), blocks).items():
                said[name].append(parts)
        return said

    def fit(
        self, cohort: Cohort, rng: np.random.Generator, *, keep_best: bool
    ) -> tuple[JointCritic, Tensor]:
        """Train all members; the critic, and (looks, R, L, P) what they were chosen by."""
        generator = torch.Generator(cohort.x.device).manual_seed(int(rng.integers(2**62)))
        critic = JointCritic(
            cohort.members,
            cohort.x.shape[-1],
            cohort.y.shape[-1],
            hidden=self.hidden,
            generator=generator,
            precision=self.precision,
        )
        objective = self.objective()
        looked = [s.validation if keep_best else s.train for s in cohort.splits]
        rows = equal_length(looked)
        shifts = test_shifts(cohort.groups[rows])

        def loss(x: Tensor, y: Tensor, rows: NDArray[np.int64]) -> Tensor:
            hx, hy = critic.halves(x, y)
            shift = int(rng.choice(derangements(cohort.groups[rows])))
            marginal = critic.score(torch.roll(hx, shift, 3), hy)
            return objective(critic.score(hx, hy), self.clipped(marginal))

        def check() -> Tensor:
            joint, marginal = self.scores(critic, cohort, rows, shifts)
            return joint.mean(-1) - log_mean_exp(marginal.flatten(-2))

        seen = train(critic, cohort, loss, check, self.schedule, rng, keep_best=keep_best)
        return critic, seen

    def scores(
        self, critic: JointCritic, cohort: Cohort, rows: NDArray[np.int64], shifts: Indices
    ) -> tuple[Tensor, Tensor]:
        """Joint (R, L, P, m) and marginal (R, L, P, k, m) scores of rows (R, m)."""
        with torch.no_grad():
            hx, hy = critic.halves(*cohort.take(rows))
            joint = critic.score(hx, hy)
            marginal = [critic.score(torch.roll(hx, int(shift), 3), hy) for shift in shifts]
        return joint, self.clipped(torch.stack(marginal, 3))

    def clipped(self, scores: Tensor) -> Tensor:
        """Scores within the clip, if there is one."""
        return scores if self.clip is None else scores.clamp(-self.clip, self.clip)

    def _read(
        self, critic: JointCritic, cohort: Cohort, blocks: Indices
    ) -> dict[str, tuple[Score, Score]]:
        """Scores of the validation and the test pictures of one split.

        The constant of the critic, which Donsker-Varadhan does not feel and NWJ does, is
        set on the validation pictures.
        """
        split = cohort.splits[0]
        sums, constant = [], None
        for part in (split.validation, split.test):
            rows = part[np.argsort(cohort.groups[part], kind="stable")]
            joint, marginal = self.scores(
                critic, cohort, rows[None], test_shifts(cohort.groups[rows][None])
            )
            joint, marginal = joint[0].double(), marginal[0].double()
            if constant is None:
                constant = log_mean_exp(marginal.flatten(-2))[..., None]
            scale = torch.exp(marginal - constant[..., None]).mean(-2)
            values = torch.stack([torch.ones_like(joint), joint - constant, scale], -1)
            sums.append((*sum_by_block(values.cpu().numpy(), blocks[rows]), len(rows)))
        return {
            name: tuple(
                Score(split.seed, split.fold, names, totals, functional, float(np.log(count)))
                for names, totals, count in sums
            )
            for name, functional in self.reads.items()
        }  # type: ignore[return-value]


def derangements(groups: NDArray[np.int64]) -> Indices:
    """Rolls that pair every row of (R, b) rows, sorted by picture, with another picture.

    Where one picture has more than half of the rows there is none, and the roll by half is
    the nearest to one.
    """
    count = groups.shape[1]
    most = max(int(np.unique(row, return_counts=True)[1].max()) for row in groups)
    if 2 * most > count:
        return np.array([count // 2])
    return np.arange(most, count - most + 1)


def test_shifts(groups: NDArray[np.int64]) -> Indices:
    """At most SHUFFLES different derangements, evenly spread."""
    every = derangements(groups)
    return every[np.unique(np.linspace(0, len(every) - 1, SHUFFLES).astype(int))]
