"""The paper's protocol: a statistics network is tested on the rows it was trained on."""

from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from ...interfaces import PairedSamples
from ...machine import one_thread_each
from ..heldout.split import Split, derange
from ..samples.columns import in_order, standardise, without_constants
from .networks import JointCritic
from .prepare import reduce
from .training import Cohort
from .variational import SHUFFLES, Variational, spread_shifts


def trained_on_all(
    learner: Variational, samples: PairedSamples, seeds: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Train on all rows.

    Parameters
    ----------
    learner : its schedule goes on to the last step, whatever it finds.
    seeds : R, networks of their own first weights and broken pairs.

    Returns
    -------
    Donsker-Varadhan in nats on all rows: (R, L, P) of the last weights, on true pairs and on
    broken ones, and (checks, L) of true pairs while it was trained, a mean over seeds.
    """
    cohort = everything(samples, seeds, seed, learner.device, learner.components)
    rng = np.random.default_rng([seed, 0x69736D65])
    generator = torch.Generator(learner.device).manual_seed(int(rng.integers(2**62)))
    with one_thread_each():
        critic = learner.network(cohort, generator)
        checks = learner.fit(critic, cohort, rng, keep_best=False)
        final = value(learner, critic, cohort)
    return final, checks[..., 0].mean(1).cpu().numpy()


def everything(
    samples: PairedSamples, seeds: int, seed: int, device: str, components: int | None = None
) -> Cohort:
    """A split a seed in which every row trains and is checked."""
    rows = np.arange(len(samples.groups))
    # One image has no other to be broken across: then each of its rows stands for itself.
    groups = samples.groups if len(np.unique(samples.groups)) > 1 else rows
    samples = without_constants(samples)
    if components is None:
        x, *levels = (in_order(standardise(side, rows), rows) for side in (samples.x, *samples.y))
    else:
        reduced = partial(reduce, train=rows, count=components, seed=seed)
        x, *levels = (reduced(side, one_unit=samples.one_unit) for side in (samples.x, *samples.y))
    y = np.stack(levels)
    splits = [
        Split(at, 0, rows, rows, rows, derange(groups, np.random.default_rng([seed, at])))
        for at in range(seeds)
    ]
    # Expanded, not copied: every seed looks at the same rows.
    return Cohort(
        splits,
        torch.from_numpy(x).to(device).expand(seeds, *x.shape),
        torch.from_numpy(y).to(device).expand(seeds, *y.shape),
        groups,
        2,
    )


def value(learner: Variational, critic: JointCritic, cohort: Cohort) -> NDArray[np.float64]:
    """(R, L, P) the bound in nats on all rows."""
    rows = np.stack([np.argsort(cohort.groups, kind="stable")] * len(cohort.splits))
    shifts = spread_shifts(cohort.groups[rows], SHUFFLES)
    joint, marginal = learner.scores(critic, cohort, rows, shifts)
    return np.asarray(learner.bound(joint.double(), marginal.double()).cpu().numpy())
