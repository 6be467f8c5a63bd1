"""MINE on scalar pixels from their joint table: exact expectations."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Bound, ImleakError, Measurement, Null, PairedSamples, Space
from .heldout.crossfit import NATS, Progress
from .heldout.evidence import null_of
from .options import Count, OnDevice, Rate, Widths
from .samples.columns import without_constants

MOST_VALUES = 1024
NULLS = 3
"""Draws of pairs that have nothing in common."""


class NotCountedError(ImleakError):
    """Samples that are no table of scalar values."""


@dataclass(frozen=True, kw_only=True)
class TabularMine(OnDevice):
    r"""MINE on scalar pixels with both expectations taken exactly, from the joint table.

    A pixel has few values, so all there is to know of pairs of pixels is how often each
    pair occurs. The network is trained on that table: no sampling noise, no memorising (the
    table is the whole law, pooled over images), and a cost that does not depend on their
    size. What is left between this and the exact value beside it is what a smooth network
    of this size cannot express. A lower bound on the information of an independent pixel.

    Parameters
    ----------
    epochs : optimiser steps, each on the whole table (or on one drawn batch).
    hidden : widths of the statistics network.
    batch : pairs drawn from the table a step, as MINE draws pixels; None for exact steps.
    rate : of Adam.
    device : "cpu" or "cuda".

    References
    ----------
    Belghazi et al., "Mutual information neural estimation", ICML 2018; equation (6) of the
    paper.
    """

    references = ("belghazi2018", "messadi2025")
    name = "tabular-mine"
    version = "2"
    bound: ClassVar[Bound] = "lower"
    space: ClassVar[Space] = "pixels"

    epochs: Count = 400
    hidden: Widths = (100, 100)
    batch: Count | None = None
    rate: Rate = 1e-3

    def estimate(
        self, samples: PairedSamples, *, seed: int = 0, progress: Progress | None = None
    ) -> list[Measurement]:
        """One estimate a level, in bits; a lower bound with the exact value of the table beside it
        where the view is a function of the target, else a fit to the samples that were counted, no
        bound, beside what it says of as many pairs that have nothing in common.

        Raises
        ------
        NotCountedError
            If the samples are not scalars of few values.
        """
        from .critics.table import entropy, train

        x, weights, views = _table(samples)
        entropies = [entropy(weights, view) * NATS for view in views]
        known = [_is_function(x, view) for view in views]
        fit = partial(
            train, epochs=self.epochs, hidden=tuple(self.hidden), batch=self.batch,
            rate=self.rate, device=self.device, seed=seed,
        )  # fmt: skip
        history = fit(x, weights, views, progress=progress)
        count = len(samples.x) if samples.weights is None else round(float(samples.weights.sum()))
        rng = np.random.default_rng([seed, 0x6E756C6C])

        def null(at: int) -> Null | None:
            if known[at]:
                return None
            broken = (_broken(x, weights, views[at], count, rng) for _ in range(NULLS))
            ends = [fit(*table, progress=None)[-1, 0] for table in broken]
            return null_of(np.array(ends) * NATS)

        return [
            Measurement(
                value=float(history[-1, at]) * NATS,
                bound="lower" if known[at] else "none",
                estimator=self.name,
                protocol="in-sample",
                ceiling=entropies[at],
                exact=entropies[at] if known[at] else None,
                history=tuple(float(value) * NATS for value in history[:, at]),
                train_groups=len(np.unique(samples.groups)),
                test_groups=0,
                null=null(at),
                n=count,
            )
            for at in range(len(views))
        ]


def _is_function(x: NDArray[np.float64], view: NDArray[np.float64]) -> bool:
    """Whether each of the values (v,) has one view (v,): their information is then its entropy."""
    return len(np.unique(x)) == len(np.unique(np.stack([x, view]), axis=1).T)


def _broken(
    x: NDArray[np.float64],
    weights: NDArray[np.float64],
    view: NDArray[np.float64],
    count: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """As many pairs that have nothing in common, drawn of the values (v,) and of those of one view
    (v,): their values (w,), shares (w,) and views (1, w)."""
    (values, at), (seen, of) = (np.unique(one, return_inverse=True) for one in (x, view))
    shares = np.outer(np.bincount(at, weights), np.bincount(of, weights))
    drawn = rng.multinomial(count, (shares / shares.sum()).ravel())
    there = np.flatnonzero(drawn)
    first, second = np.divmod(there, len(seen))
    return values[first], drawn[there] / count, seen[second][np.newaxis]


def _table(
    samples: PairedSamples,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Values (v,), their shares (v,) and their views (L, v), pooled over images."""
    samples = without_constants(samples)
    dimensions = (samples.x.shape[1], samples.y.shape[2])
    if dimensions != (1, 1):
        raise NotCountedError(
            f"tabular-mine works on scalar pixels and was given {max(dimensions)} dimensions; "
            "add the encoder pixels, or use mine"
        )
    values = np.concatenate([samples.x.T, samples.y[..., 0]]).astype(np.float64)
    weights = np.ones(values.shape[1]) if samples.weights is None else samples.weights
    values, weights = values[:, weights > 0], weights[weights > 0]
    pairs, inverse = np.unique(values, axis=1, return_inverse=True)
    if pairs.shape[1] > MOST_VALUES:
        raise NotCountedError(
            f"tabular-mine works on at most {MOST_VALUES} different sample values and was "
            f"given {pairs.shape[1]}; use mine for deeper images"
        )
    counts = np.bincount(inverse.ravel(), weights, minlength=pairs.shape[1])
    return pairs[0], counts / counts.sum(), pairs[1:]
