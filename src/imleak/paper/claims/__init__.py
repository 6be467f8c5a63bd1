"""What the paper says, put to the test: pure functions of the tables of runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import pandas as pd

from ..curves import Results
from ..verdicts import Figure
from . import of_features, of_images, of_measures, of_training
from .claim import Claim, Evaluation, Statement

__all__ = ["STATEMENTS", "Claim", "Evaluation", "Statement", "judge", "table"]

_PARTS = (of_images, of_training, of_features, of_measures)

STATEMENTS: tuple[Statement, ...] = tuple(one for part in _PARTS for one in part.STATEMENTS)

COLUMNS = (
    "claim",
    "says",
    "criterion",
    "images",
    "encoder",
    "stands_in_for",
    "measure",
    "evaluation",
    "verdict",
    "figures",
    "note",
)
"""Of claims.csv; `figures` is JSON, [value, low, high] each."""


def judge(results: Results) -> list[Claim]:
    """Every claim under every evaluation; one without results is not decided.

    Parameters
    ----------
    results : of one set of images.
    """
    found = [claim for part in _PARTS for claim in part.claims(results)]
    return sorted([*found, *_missing(results, found)], key=_place)


def table(claims: Iterable[Claim], names: dict[str, str]) -> pd.DataFrame:
    """A row a claim.

    Parameters
    ----------
    names : of stand-ins: what the paper has in their place.
    """
    rows = [
        (
            claim.statement.number,
            claim.statement.says,
            claim.statement.criterion,
            claim.images,
            claim.encoder,
            names.get(claim.encoder, ""),
            claim.measure,
            claim.evaluation,
            claim.verdict,
            json.dumps({name: _plain(value) for name, value in claim.figures.items()}),
            claim.note,
        )
        for claim in claims
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _plain(value: Figure | str) -> object:
    if isinstance(value, str):
        return value
    return [None if number != number else number for number in (value.value, value.low, value.high)]


def _missing(results: Results, found: list[Claim]) -> Iterator[Claim]:
    evaluations: tuple[Evaluation, ...] = ("paper", "held-out")
    for statement in STATEMENTS:
        for evaluation in evaluations:
            there = any(c.statement == statement and c.evaluation == evaluation for c in found)
            if not there and not (statement == of_features.THERE and evaluation == "paper"):
                note = "no results to judge it by"
                yield Claim(statement, results.images, "", "", evaluation, "not decided", {}, note)


def _place(claim: Claim) -> int:
    return STATEMENTS.index(claim.statement)
