"""What the paper claims, put to the test: pure functions of the tables of runs."""

import json
from collections.abc import Iterable, Iterator

import pandas as pd

from ..curves import Results
from ..verdicts import Figure
from . import features, images, measures, training
from .claim import EVALUATIONS, Claim, Statement

__all__ = ["STATEMENTS", "Claim", "Statement", "judge", "table"]
_PARTS = (images, training, features, measures)
STATEMENTS: tuple[Statement, ...] = tuple(one for part in _PARTS for one in part.STATEMENTS)


def judge(results: Results) -> list[Claim]:
    """Every claim under every evaluation; one without results is not decided.

    Parameters
    ----------
    results : of one set of images.
    """
    found = [claim for part in _PARTS for claim in part.claims(results)]
    missing = _missing(results, found)
    return sorted([*found, *missing], key=lambda claim: STATEMENTS.index(claim.statement))


def table(claims: Iterable[Claim], names: dict[str, str]) -> pd.DataFrame:
    """A row a claim; `figures` is JSON, [value, low, high] each.

    Parameters
    ----------
    names : of stand-ins: what the paper has in their place.
    """
    rows = [
        {
            "claim": claim.statement.number,
            "says": claim.statement.says,
            "criterion": claim.statement.criterion,
            "images": claim.images,
            "encoder": claim.encoder,
            "stands_in_for": names.get(claim.encoder, ""),
            "measure": claim.measure,
            "evaluation": claim.evaluation,
            "verdict": claim.verdict,
            "figures": json.dumps({name: _plain(value) for name, value in claim.figures.items()}),
            "note": claim.note,
        }
        for claim in claims
    ]
    return pd.DataFrame(rows)


def _plain(value: Figure | str) -> object:
    if isinstance(value, str):
        return value
    return [None if number != number else number for number in (value.value, value.low, value.high)]


def _missing(results: Results, found: list[Claim]) -> Iterator[Claim]:
    note = "no results to judge it by"
    judged = {(claim.statement, claim.evaluation) for claim in found}
    for statement in STATEMENTS:
        for evaluation in EVALUATIONS:
            asked = statement != features.THERE or evaluation == "held-out"
            if asked and (statement, evaluation) not in judged:
                yield Claim(statement, results.images, "", "", evaluation, "not decided", {}, note)
