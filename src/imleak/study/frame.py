"""From parts to the tidy table of results."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..interfaces import Level
from .components import Component, Question
from .plan import Omission, Unit
from .spec import StudySpec

if TYPE_CHECKING:
    import pandas as pd

    from .parts import Part

COLUMNS: Mapping[str, str] = {
    "image": "str",
    "group": "str",
    "scheme": "str",
    "level": "Int64",
    "label": "str",
    "encoder": "str",
    "target": "str",
    "view": "str",
    "measure": "str",
    "quantity": "str",
    "part": "str",
    "protocol": "str",
    "seed": "Int64",
    "epoch": "Int64",
    "value": "float64",
    "unit": "str",
    "bound": "str",
    "low": "float64",
    "high": "float64",
    "ceiling": "float64",
    "exact": "float64",
    "null_mean": "float64",
    "null_p95": "float64",
    "verdict": "str",
    "detectable": "float64",
    "rising": "boolean",
    "chosen": "str",
    "train_groups": "Int64",
    "public_groups": "Int64",
    "test_groups": "Int64",
    "n": "Int64",
    "details": "str",
    "answer": "str",
    "error": "str",
}
"""Columns of results.parquet. `image` and `group` are empty for estimators and attacks,
`level` and its `label` for what failed before it had one; `encoder` names both sides, `target`
of the plain image and `view` of the clear part; `quantity` is empty for all but attacks,
which have several; `answer` is what a
check of ciphers found, in a sentence;
`public_groups` for what learned from none but the user's own images, and else how many of
`train_groups` are public; `epoch` for all but the history of an estimator; `details` are
further figures of an estimator or attack by name, as JSON."""

SUMMARY_COLUMNS: Mapping[str, str] = {
    "scheme": "str",
    "encoder": "str",
    "target": "str",
    "view": "str",
    "measure": "str",
    "quantity": "str",
    "part": "str",
    "protocol": "str",
    "level": "Int64",
    "label": "str",
    "mean": "float64",
    "low": "float64",
    "high": "float64",
    "n": "Int64",
    "unit": "str",
    "bound": "str",
    "ceiling": "float64",
    "exact": "float64",
    "null_mean": "float64",
    "null_p95": "float64",
    "verdict": "str",
    "detectable": "float64",
    "rising": "boolean",
    "chosen": "str",
    "train_groups": "Int64",
    "public_groups": "Int64",
    "test_groups": "Int64",
    "groups": "Int64",
    "errors": "Int64",
}
"""Columns of summary.csv; `n` counts images for metrics and attacks, rows for
estimators; `groups` those the images of a metric are in, where that is fewer."""

GROWTH_COLUMNS: Mapping[str, str] = {
    "scheme": "str",
    "encoder": "str",
    "target": "str",
    "view": "str",
    "measure": "str",
    "protocol": "str",
    "level": "Int64",
    "train_groups": "Int64",
    "value": "float64",
    "low": "float64",
    "high": "float64",
    "unit": "str",
    "bound": "str",
    "rising": "boolean",
}
"""Columns of growth.csv: an estimator with `train_groups` images to learn from, tested on
the same images whatever their number."""

LINKAGE_COLUMNS: Mapping[str, str] = {
    "scheme": "str",
    "encoder": "str",
    "measure": "str",
    "quantity": "str",
    "level": "Int64",
    "among": "Int64",
    "value": "float64",
    "low": "float64",
    "high": "float64",
    "unit": "str",
    "chosen": "str",
}
"""Columns of linkage.csv: an attack that looks for the plain image of a clear part among so
many candidates, those of a gallery included."""


def rows_of(unit: Unit, part: Part, labels: Mapping[int, str]) -> Iterator[dict[str, Any]]:
    """The rows of one unit: a row a measurement, or one with its error.

    Parameters
    ----------
    labels : of the levels, by rank.
    """
    common = {
        "image": unit.images[0].name if unit.is_of_one_image else None,
        "group": (unit.images[0].group or None) if unit.is_of_one_image else None,
        "scheme": unit.scheme.name,
        **_sides(unit.question),
        "measure": unit.measure.name,
        "protocol": protocol_of(unit.measure),
        "seed": unit.seed,
    }
    if part.error is not None:
        yield common | {"part": "clear", "error": part.error}
    drawn = {"images": len(unit.images), "of images": unit.drawn_from} if unit.drawn_from else {}
    for reading in part.readings:
        low, high = reading.get("interval") or (None, None)
        null = reading.get("null") or {}
        details = {**(reading.get("details") or {}), **drawn}
        given = {name: reading[name] for name in COLUMNS if name in reading}
        row = common | given
        yield row | {
            "label": labels[row["level"]],
            "low": low,
            "high": high,
            "null_mean": null.get("mean"),
            "null_p95": null.get("p95"),
            "details": _json(details),
        }
        same = {name: row[name] for name in ("level", "part", "protocol", "unit", "bound")}
        for epoch, value in enumerate(reading.get("history", ()), start=1):
            yield common | same | {"epoch": epoch, "value": value}


def answers_of(part: Part, levels: Sequence[Level]) -> list[str]:
    """What checks of ciphers found, a sentence each; led by its level where there are several."""
    headings = _headings(levels)
    return [
        f"{headings[found['level']]}{found['answer']}"
        for found in part.readings
        if found.get("answer") and found.get("verdict") == "leak"
    ]


def unfound_of(part: Part, levels: Sequence[Level]) -> Iterator[str]:
    """What checks of ciphers would have found where they found nothing, a line a level; led by it
    where there are several."""
    headings = _headings(levels)
    for level in levels:
        found = [one for one in part.readings if one["level"] == level.rank and one.get("answer")]
        if found and all(one.get("verdict") != "leak" for one in found):
            yield f"{headings[level.rank]}{' '.join(one['answer'] for one in found)}"


def _headings(levels: Sequence[Level]) -> dict[int, str]:
    """What leads a sentence about ciphers, by level; nothing where only one encrypts."""
    if len(levels) <= 2:
        return dict.fromkeys((level.rank for level in levels), "")
    return {level.rank: f"{level.phrase[:1].upper()}{level.phrase[1:]}: " for level in levels}


def growth_of(unit: Unit, part: Part) -> Iterator[dict[str, Any]]:
    """The rows of one unit in growth.csv; none unless growth was asked for."""
    for reading in part.readings:
        common = {
            "scheme": unit.scheme.name,
            **_sides(unit.question),
            "measure": unit.measure.name,
        } | {name: reading[name] for name in GROWTH_COLUMNS if name in reading}
        for point in reading.get("growth", ()):
            low, high = point["interval"]
            learned = {name: point[name] for name in ("train_groups", "value")}
            yield common | learned | {"low": low, "high": high}


def linkage_of(unit: Unit, part: Part) -> Iterator[dict[str, Any]]:
    """The rows of one unit in linkage.csv; none without a gallery."""
    for reading in part.readings:
        common = {
            "scheme": unit.scheme.name,
            "encoder": unit.question.title,
            "measure": unit.measure.name,
        } | {name: reading[name] for name in LINKAGE_COLUMNS if name in reading}
        for point in reading.get("linkage", ()):
            low, high = point["interval"]
            found = {"among": point["among"], "value": point["value"]}
            yield common | found | {"low": low, "high": high}


def protocol_of(measure: Component) -> str | None:
    """How a measure obtains its numbers; None of an estimator that has no choice."""
    fixed = {"metric": "per-image", "attack": "zero-shot", "check": "zero-shot"}
    return fixed.get(measure.kind, measure.protocol)


def row_of(omission: Omission, spec: StudySpec) -> dict[str, Any]:
    """The row of an image that was left out."""
    asked = omission.measure is not None
    return {
        "image": omission.image,
        "scheme": spec.scheme.name if asked else None,
        **(_sides(omission.question) if omission.question else {}),
        "measure": omission.measure.name if omission.measure else None,
        "part": "clear" if asked else None,
        "protocol": protocol_of(omission.measure) if omission.measure else None,
        "seed": spec.seed,
        "error": omission.why,
    }


def tidy(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str] = COLUMNS) -> pd.DataFrame:
    """Rows, with the columns they lack."""
    import pandas as pd

    return typed(pd.DataFrame(list(rows), columns=list(columns)), columns)


def typed(table: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """The same table with these columns, empty where it lacks them, and their types."""
    return table.reindex(columns=list(columns)).astype(dict(columns))


def _sides(question: Question) -> dict[str, str]:
    targets, views = question.titles_of_targets, question.titles_of_views
    return {"encoder": question.title, "target": targets, "view": views}


def _json(details: Mapping[str, float] | None) -> str | None:
    return json.dumps(dict(details), sort_keys=True) if details else None
