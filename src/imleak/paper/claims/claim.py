"""A claim of the paper, the test it is put to, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..curves import Curve, Evaluation
from ..verdicts import Figure, Verdict, all_of, at_least, opposite

EVALUATIONS: tuple[Evaluation, ...] = ("paper", "held-out")

STRAIGHT = 0.99
"""R^2 from which a curve is called linear."""
STEP = 0.1
"""Bits by which two levels, or two curves, differ for a reader."""
ROUNDING = 1e-3
"""Bits that are no rise."""
SHORT: Mapping[Verdict, str] = {"holds": "yes", "does not hold": "no", "not decided": "open"}
"""A part of a claim among its figures."""
Figures = dict[str, Figure | str]


@dataclass(frozen=True)
class Statement:
    """What the paper claims, and when it is taken to hold.

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

    @classmethod
    def of(
        cls,
        statement: Statement,
        curve: Curve,
        verdict: Verdict,
        figures: Mapping[str, Figure | str],
        note: str = "",
        *,
        evaluation: Evaluation | None = None,
    ) -> Claim:
        """A statement on a curve; under the protocol of the curve if no other is given."""
        subject = curve.images, curve.encoder, curve.measure, evaluation or curve.evaluation
        return cls(statement, *subject, verdict, figures, note)


def falls(curve: Curve) -> tuple[Verdict, Figure]:
    """Whether a curve falls from its first level to its last without rising between two
    neighbours beyond the interval of that step; and its largest rise."""
    if len(curve.levels) < 2 or not np.isfinite(curve.values).all():
        return "not decided", Figure.point(np.nan)
    steps = [curve.difference(at + 1, at) for at in range(len(curve.levels) - 1)]
    largest = max(steps, key=lambda step: step.value)
    rising: Verdict = "holds" if any(step.low > ROUNDING for step in steps) else "does not hold"
    return all_of(opposite(rising), at_least(curve.difference(0, -1), ROUNDING)), largest
