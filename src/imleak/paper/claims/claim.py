"""A claim of the paper, the test it is put to, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ..curves import Curve
from ..shapes import Array, rises
from ..verdicts import Figure, Verdict, all_of, at_least, opposite

Evaluation = Literal["paper", "held-out"]
"""Under the paper's protocol, or on images that nothing was fitted to."""

STRAIGHT = 0.99
"""R^2 from which a curve is called linear."""

STEP = 0.1
"""Bits by which two levels, or two curves, differ for a reader."""

ROUNDING = 1e-3
"""Bits that are no rise."""


SAID: Mapping[Verdict, str] = {"holds": "yes", "does not hold": "no", "not decided": "open"}
"""A part of a claim among its figures."""


@dataclass(frozen=True)
class Statement:
    """What the paper says, and when it is said to hold.

    Parameters
    ----------
    number : of the claim.
    says : the claim.
    criterion : its test, in words.
    figures : of the paper, in which a reader would look for it.
    """

    number: str
    says: str
    criterion: str
    figures: tuple[str, ...]


@dataclass(frozen=True)
class Claim:
    """A statement, tested on results of one encoder and measure.

    Parameters
    ----------
    statement : what is claimed.
    images, encoder, measure : on which results; the encoder really used.
    evaluation : under which protocol.
    verdict : "not decided" where intervals or missing results leave it open.
    figures : what it rests on, by name.
    note : what a reader of the figures must know.
    """

    statement: Statement
    images: str
    encoder: str
    measure: str
    evaluation: Evaluation
    verdict: Verdict
    figures: Mapping[str, Figure | str] = field(default_factory=dict)
    note: str = ""


def number(value: float) -> Figure:
    """A figure without an interval."""
    return Figure(float(value), float(value), float(value))


def evaluation_of(curve: Curve) -> Evaluation:
    return "held-out" if curve.protocol == "held-out" else "paper"


def falls(curve: Curve) -> tuple[Verdict, Figure]:
    """Whether a curve falls from its first level to its last without rising between two
    neighbours beyond the interval of that step; and its largest rise."""
    if len(curve.levels) < 2 or not np.isfinite(curve.values).all():
        return "not decided", number(np.nan)
    steps = [curve.figure(_rise(at)) for at in range(len(curve.levels) - 1)]
    drop = curve.figure(lambda curves: curves[..., 0] - curves[..., -1])
    largest = max(steps, key=lambda step: step.value)
    rising: Verdict = "holds" if any(step.low > ROUNDING for step in steps) else "does not hold"
    return all_of(opposite(rising), at_least(drop, ROUNDING)), largest


def _rise(at: int) -> Callable[[Array], Array]:
    """Step number `at` of curves."""
    return lambda curves: rises(curves)[..., at]


def halves(by_image: Array, draws: int = 400) -> tuple[Array, Array]:
    """Means (draws, L) of what was measured on (N, L) images, over a random half of them and
    over the other half."""
    rng = np.random.default_rng(len(by_image))
    orders = np.stack([rng.permutation(len(by_image)) for _ in range(draws)])
    middle = len(by_image) // 2
    return by_image[orders[:, :middle]].mean(1), by_image[orders[:, middle:]].mean(1)
