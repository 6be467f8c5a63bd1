"""Contrastive training of a separable critic: what `infonce` and `retrieval` read."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import beta
from torch import Tensor

from ..bounds import bernoulli_divergence, infonce
from ..heldout.evidence import Array, Learned, Score, SplitSamples
from ..heldout.split import Indices
from .networks import SeparableCritic
from .prepare import cohort_of
from .training import Cohort, Schedule, equal_length, train

TEMPERS = (0.0, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1.0, 1.2)
BELOW = float(ndtr(-1))
"""Share of a normal distribution below its mean less a standard error."""
MOST_ROWS = 512
"""Rows scored at once against all others, to bound memory."""


@dataclass(frozen=True)
class Contrastive:
    """Two projections into one space, trained to tell true pairs from broken ones.

    Parameters
    ----------
    x_components, y_components : principal components kept of either side.
    width : dimension of the common space.
    hidden : width of a hidden layer in both projections; None for linear ones.
    temperature : of the scores, at first.
    schedule : of the training.
    own : makes projections of the user's in place of them, see :mod:`.own`.
    """

    x_components: int | None = 64
    y_components: int | None = 128
    width: int = 64
    hidden: int | None = None
    temperature: float = 0.2
    schedule: Schedule = field(
        default_factory=lambda: Schedule(steps=600, batch=300, rate=1e-3, decay=0.3)
    )
    precision: torch.dtype = torch.float32
    device: str = "cpu"
    own: Callable[[int, int], torch.nn.Module] | None = None

    def learn(self, given: SplitSamples) -> Learned:
        """Train on every split; scores on its validation and test images by bound."""
        cohort = cohort_of(given, self.x_components, self.y_components, self.device)
        rng = given.random(0x696E6365)
        critic = self._fit(cohort, rng)
        scores: Learned = {"infonce": [], "retrieval": []}
        for r, split in enumerate(given.splits):
            one, alone = critic.only(r), cohort.only(r)
            for name, read in (("infonce", _read_rows), ("retrieval", _read_first)):
                parts = [
                    read(one, alone, np.sort(part), given, rng)
                    for part in (split.validation, split.test)
                ]
                scores[name].append((parts[0], parts[1]))
        return scores

    def _fit(self, cohort: Cohort, rng: np.random.Generator) -> SeparableCritic:
        generator = torch.Generator(cohort.x.device).manual_seed(int(rng.integers(2**62)))
        critic = self._network(cohort, generator)
        validation = equal_length([s.validation for s in cohort.splits])

        def loss(x: Tensor, y: Tensor, rows: NDArray[np.int64]) -> Tensor:
            px, py = critic.project(x, y)
            same = _other_rows_of_image(cohort.groups[rows], x.device)
            loss: Tensor = SymmetricCrossEntropy.apply(  # type: ignore[no-untyped-call]
                px, py, critic.log_scale, same, critic.precision
            )
            return loss

        def check(cohort: Cohort) -> Tensor:
            return row_nats(critic, cohort, cohort.of(validation)).mean(-1)

        if len(varied := _varied(cohort.y)):
            train(critic, cohort, loss, check, self.schedule, rng, levels=varied)
        with torch.no_grad():
            _temper(critic, lambda: _cautious(critic, cohort, validation))
        return critic

    def _network(self, cohort: Cohort, generator: torch.Generator) -> SeparableCritic:
        """A critic of a cohort, untrained."""
        dx, dy = cohort.x.shape[-1], cohort.y.shape[-1]
        if self.own is not None:
            from .own import OwnSeparableCritic

            return OwnSeparableCritic(cohort.members, dx, dy, self.own, generator, self.temperature)
        return SeparableCritic(
            cohort.members,
            dx,
            dy,
            width=self.width,
            hidden=self.hidden,
            generator=generator,
            temperature=self.temperature,
            precision=self.precision,
        )


def _varied(y: Tensor) -> Indices:
    """Levels of a view (R, L, n, dy), or (R, L, P, n, dy), that are not constant."""
    extent = y.amax(-2) - y.amin(-2)
    varied: Indices = np.flatnonzero(extent.transpose(0, 1).flatten(1).any(1).cpu().numpy())
    return varied


def _cautious(critic: SeparableCritic, cohort: Cohort, rows: NDArray[np.int64]) -> Tensor:
    """(R, L, P) InfoNCE of rows (R, m) less its standard error over images."""
    nats = row_nats(critic, cohort, rows)
    values = []
    for one, row in zip(nats, rows, strict=True):
        names, inverse, count = np.unique(
            cohort.groups[row], return_inverse=True, return_counts=True
        )
        at = torch.from_numpy(inverse).to(nats.device)
        share = torch.from_numpy(1 / count).to(nats)
        images = nats.new_zeros((*one.shape[:2], len(names))).index_add(-1, at, one) * share
        values.append(one.mean(-1) - images.std(-1, correction=0) / len(names) ** 0.5)
    return torch.stack(values)


def _temper(critic: SeparableCritic, check: Callable[[], Tensor]) -> None:
    """Scale every member's scores by what its validation images prefer; 0 says nothing."""
    trained = critic.log_scale.clone()
    tried = []
    for factor in TEMPERS:
        critic.log_scale.copy_(
            trained + np.log(factor) if factor else torch.full_like(trained, -torch.inf)
        )
        tried.append(check())
    preferred = torch.tensor(TEMPERS).log()[torch.stack(tried).argmax(0).cpu()]
    critic.log_scale.copy_(trained + preferred.to(trained.device)[..., None, None])


def _other_rows_of_image(groups: Indices, device: torch.device) -> Tensor | None:
    """(R, 1, 1, b, b) pairs of different rows of one image, which are no negatives."""
    same = groups[:, :, None] == groups[:, None, :]
    same &= ~np.eye(groups.shape[1], dtype=bool)
    return torch.from_numpy(same[:, None, None]).to(device) if same.any() else None


class SymmetricCrossEntropy(torch.autograd.Function):
    """Cross-entropy of the diagonal of all pairs of unit vectors, both ways.

    S = exp(a) py px' with |S| <= exp(a), so exp(S) needs no maximum subtracted, and the
    gradient of both softmaxes is E @ [px, px / columns] and E' @ [py, py / rows]: no
    pass over the b x b matrix besides one exponential and two sums.
    """

    @staticmethod
    def forward(
        ctx: Any,
        px: Tensor,
        py: Tensor,
        log_scale: Tensor,
        same: Tensor | None,
        precision: torch.dtype,
    ) -> Tensor:
        scale = log_scale.exp()
        scores = ((py * scale).to(precision) @ px.to(precision).mT).to(px.dtype)
        diagonal = scores.diagonal(dim1=-2, dim2=-1).mean(-1)
        pairs = scores.exp_()
        if same is not None:
            pairs.masked_fill_(same, 0.0)
        rows, columns = pairs.sum(-1, keepdim=True), pairs.sum(-2).unsqueeze(-1)
        ctx.save_for_backward(px, py, scale, pairs.to(precision), rows, columns)
        return (rows.log() + columns.log()).mean((-1, -2)) / 2 - diagonal

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        px, py, scale, pairs, rows, columns = ctx.saved_tensors
        outer = gradients[0][..., None, None] * scale / px.shape[-2]

        def pulled(by: Tensor, pairs: Tensor, own: Tensor, theirs: Tensor) -> Tensor:
            """Half the softmax over own partners, half that over theirs, less the true pair."""
            both = (pairs @ torch.cat([by, by / theirs], -1).to(pairs.dtype)).to(by.dtype)
            to_own, to_theirs = both.chunk(2, -1)
            gradient: Tensor = outer * ((to_own / own + to_theirs) / 2 - by)
            return gradient

        to_y = pulled(px, pairs, rows, columns)
        to_x = pulled(py, pairs.mT, columns, rows)
        return to_x, to_y, (to_y * py).sum((-1, -2), keepdim=True), None, None


def row_nats(critic: SeparableCritic, cohort: Cohort, rows: NDArray[np.int64]) -> Tensor:
    """InfoNCE (R, L, P, m) of rows (R, m), each against the rows of all other images."""
    found = [np.unique(cohort.groups[row], return_inverse=True, return_counts=True) for row in rows]
    own = torch.from_numpy(np.stack([inverse for _, inverse, _ in found])).to(cohort.x.device)
    log_size = torch.from_numpy(np.stack([np.log(count[at]) for _, at, count in found]))
    log_size = log_size.to(own.device, torch.float32)
    log_count = torch.tensor([np.log(len(names)) for names, _, _ in found]).to(own.device)
    px, py = critic.project(*cohort.take(rows))
    nats = []
    for at in torch.split(torch.arange(rows.shape[1], device=own.device), MOST_ROWS):
        scores = critic.score(px, py[..., at, :])
        positive = scores[..., torch.arange(len(at)), at]
        same = own[:, at, None] == own[:, None, :]
        scores = scores - log_size[:, None, None, None]
        negatives = scores.masked_fill(same[:, None, None], -torch.inf).logsumexp(-1)
        candidates = torch.logaddexp(positive, negatives)
        nats.append(infonce(positive, candidates, log_count[:, None, None, None]))
    return torch.cat(nats, -1)


def _read_rows(
    critic: SeparableCritic,
    cohort: Cohort,
    rows: Indices,
    given: SplitSamples,
    rng: np.random.Generator,  # noqa: ARG001
) -> Score:
    """InfoNCE of the rows of one split."""
    with torch.no_grad():
        nats = row_nats(critic, cohort, rows[None])[0].double().cpu().numpy()
    return given.score(cohort.splits[0], rows, nats)


@dataclass(frozen=True)
class Fano:
    """Nats that a share of right answers among `count` candidates needs at least."""

    count: int

    def __call__(self, sums: Array) -> Array:
        return bernoulli_divergence(sums[..., 1] / sums[..., 0], 1 / self.count)

    def less_an_error(self, sums: Array) -> Array:
        """The same of the lower limit of the share, exact and as far as a standard error: ten of
        ten are no certainty, and show no spread."""
        trials, hits = sums[..., 0], sums[..., 1]
        with np.errstate(invalid="ignore"):
            low = np.nan_to_num(beta.ppf(BELOW, hits, trials - hits + 1))
        return bernoulli_divergence(low, 1 / self.count)


def _read_first(
    critic: SeparableCritic,
    cohort: Cohort,
    rows: Indices,
    given: SplitSamples,
    rng: np.random.Generator,
) -> Score:
    """Whether the nearest plain row is the true one, one row an image."""
    shuffled = rng.permutation(rows)
    first = np.unique(cohort.groups[shuffled], return_index=True)[1]
    chosen = np.sort(shuffled[first])
    with torch.no_grad():
        px, py = critic.project(*cohort.take(chosen[None]))
        scores = (py @ px.mT)[0]
    right = scores.argmax(-1) == torch.arange(len(chosen), device=scores.device)
    hits = right.double().cpu().numpy()
    values = np.stack([np.ones_like(hits), hits], -1)
    fano = Fano(len(chosen))
    return given.score_of_sums(cohort.splits[0], chosen, values, fano, fano.less_an_error)
