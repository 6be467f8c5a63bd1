"""The answer of a run for programs: JSON, and one line. Their form is documented in
docs/command-line.md; what is there stays, and more may be added."""

import json
import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from ..study.store import Run
from .answer import answer
from .findings import Finding
from .levels import Levels
from .measures import adversaries, empty_levels, pixel_leaks

SCHEMA = 1
"""Of the JSON; another one is no longer read by what reads this one."""


def to_json(run: Run, acceptable: float | None = None) -> str:
    """The answer of a run as JSON; a number that is missing or not finite is null."""
    manifest, summary = run.manifest, run.summary
    found, levels = answer(summary, manifest, acceptable), Levels.of(manifest)
    advice = found.recommendation
    data = {
        "schema": SCHEMA,
        "run": str(run.path),
        "imleak": manifest["versions"].get("imleak"),
        "started": manifest["started"],
        "finished": manifest["finished"],
        **_counts(manifest),
        "answer": [str(sentence) for sentence in found.sentences],
        "notes": list(found.notes),
        "warnings": list(found.warnings),
        "looked": list(found.looked),
        "limits": list(found.limits),
        "levels": [
            {"level": level, "label": levels[level].label, "verdict": verdict}
            for level, verdict in verdicts(summary, manifest).items()
        ],
        "findings": [_finding(one) for one in found.findings],
        "recommendation": advice
        and {"acceptable": advice.acceptable, "level": advice.level, "words": advice.words},
    }
    return json.dumps(data, indent=2, allow_nan=False) + "\n"


def summary_line(run: Run) -> str:
    """``summary: images=16 left_out=0 failed=0 leak=1,2 no-leak-found= not-asked= empty=8 ...``:
    names and values without blanks; the folder stands last and may have some."""
    by_verdict: dict[str, list[str]] = {verdict: [] for verdict in VERDICTS}
    for level, verdict in verdicts(run.summary, run.manifest).items():
        if level:
            by_verdict[verdict].append(str(level))
    pairs = _counts(run.manifest) | {
        verdict.replace(" ", "-"): ",".join(levels) for verdict, levels in by_verdict.items()
    }
    return " ".join(["summary:", *(f"{name}={value}" for name, value in pairs.items())]) + (
        f" run={run.path}"
    )


VERDICTS = ("leak", "no leak found", "not asked", "empty")
"""What is said of a level: a leak is claimed; an adversary looked and claims none; none
looked that finds anything where nothing is encrypted; nothing is left in the clear."""


def verdicts(summary: pd.DataFrame, manifest: Mapping[str, Any]) -> dict[int, str]:
    """One of :data:`VERDICTS` for every level that was measured, rising."""
    everyone, levels = adversaries(summary, manifest), Levels.of(manifest)
    claimed = {
        level for one in everyone for level, result in one.results.items() if result.claims
    } | set(pixel_leaks(summary))
    asked = {level for one in everyone if one.sees_plain is not False for level in one.results}
    empty = empty_levels(summary, levels)
    measured = sorted({int(level) for level in summary["level"].dropna()})
    return {
        level: "leak"
        if level in claimed
        else "empty"
        if level in empty
        else "no leak found"
        if level in asked
        else "not asked"
        for level in measured
    }


def left_out(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The images that were not measured, each once; of those that only some measures had to do
    without, the manifest has the measure."""
    whole = (one for one in manifest["left_out"] if one["measure"] is None)
    return list({one["name"]: one for one in whole}.values())


def _counts(manifest: Mapping[str, Any]) -> dict[str, int]:
    """Images that were measured and that were not, and measurements that failed."""
    return {
        "images": len(manifest["images"]),
        "left_out": len(left_out(manifest)),
        "failed": int(manifest["units"].get("failed", 0)),
    }


def _finding(one: Finding) -> dict[str, Any]:
    adversary, result = one.adversary, one.result
    numbers = ("value", "low", "high", "null_mean", "null_p95", "ceiling")
    return {
        "level": one.level,
        "measure": adversary.measure,
        "quantity": adversary.quantity or None,
        "encoder": adversary.encoder,
        "unit": adversary.unit,
        "bound": result.bound,
        "verdict": result.verdict,
        **{name: _finite(getattr(result, name)) for name in numbers},
        "words": one.words,
    }


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
