"""Which of the paper's conclusions depend on what it leaves open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..images import find
from ..study import Run, StudySpec, run
from ..study.progress import Progress
from .claims import Claim, judge
from .claims.of_training import epochs
from .curves import Results, Role
from .experiments import mine, shared
from .settings import Settings, Space

PATCHES = 10
LEVELS = "0,2,4,5,6,7,8"
ALONE = 3
"""Images that get a network of their own."""

BASE = "as above"
SHOWN = (0, 4, 6, 7)
"""Levels whose values are shown."""
NUMBERS = ("5", "6", "7", "9")
"""Claims that are about MINE alone."""


@dataclass(frozen=True)
class Variant:
    """One choice made otherwise.

    Parameters
    ----------
    choice, value : what, and how.
    changes : of the settings.
    patches : places an image is cut at.
    alone : whether every image has a network of its own.
    """

    choice: str
    value: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    patches: int = PATCHES
    alone: bool = False

    @property
    def name(self) -> str:
        return f"{self.choice}-{self.value}".replace(" ", "-").replace("/", "-")

    @property
    def same(self) -> bool:
        """Whether MINE on pixels is that of the base."""
        return not self.changes


def variants(settings: Settings) -> tuple[Variant, ...]:
    """The base, then every choice the paper leaves open, one changed at a time."""
    other_clear = "shifted" if settings.clear == "scaled" else "scaled"
    return (
        Variant("base", BASE),
        Variant("width", "32", {"hidden": (32, 32)}),
        Variant("width", "200", {"hidden": (200, 200)}),
        Variant("depth", "1", {"hidden": (100,)}),
        Variant("depth", "3", {"hidden": (100, 100, 100)}),
        Variant("batch", "64", {"batch": 64}),
        Variant("rate", "1e-3", {"rate": 1e-3}),
        Variant("rate", "1e-5", {"rate": 1e-5}),
        Variant("epochs", "25", {"epochs": max(1, settings.epochs // 4)}),
        Variant("epochs", "300", {"epochs": 3 * settings.epochs}),
        Variant("patches", "25", patches=25),
        Variant("clear", other_clear, {"clear": other_clear}),
        Variant("seed", "1", {"seed": settings.seed + 1}),
        Variant("samples", "a network an image", alone=True),
    )


def ablate(settings: Settings, out: Path, told: Progress) -> pd.DataFrame:
    """A row a variant: what MINE in-sample says under it, and which claims hold then.

    Parameters
    ----------
    settings : of the reproduction; its `ablation` largest images are taken, 10 patches each.
    out : folder of the runs, one or two a variant.
    told : who is told how it goes.
    """
    small = replace(settings, largest=settings.ablation, levels=settings.levels or LEVELS)
    bench = _Bench(small, next(s for s in small.spaces if s.role == "clip"), out, told)
    rows = []
    for variant in variants(settings):
        told.say(f"Ablation: {variant.choice} {variant.value}.")
        rows.append(_row(variant, bench.results(variant), bench.space.title))
    return pd.DataFrame([row for row in rows if row])


@dataclass(frozen=True)
class _Bench:
    """Runs variants on the same few images.

    Parameters
    ----------
    settings : of the base.
    space : the encoder.
    out, told : as of :func:`ablate`.
    """

    settings: Settings
    space: Space
    out: Path
    told: Progress

    def results(self, variant: Variant) -> Results:
        """MINE in-sample on pixels and on features; without them where it cannot be run."""
        settings = replace(self.settings, **variant.changes)
        pixels = self._run(settings, "pixels", Variant("base", BASE) if variant.same else variant)
        if variant.alone:
            files = self._files(pixels)
            alone = [replace(settings, images=(str(file),), largest=None) for file in files]
        else:
            alone = [settings]
        on_features = [
            self._run(one, self.space.encoder, variant, f"-{at}" if variant.alone else "")
            for at, one in enumerate(alone)
        ]
        roles: dict[str, Role] = {"pixels": "pixels", self.space.title: self.space.role}
        done = [pixels, *on_features]
        frame = pd.concat([one.frame for one in done], ignore_index=True)
        summary = pd.concat([pixels.summary, *_averaged(on_features)], ignore_index=True)
        return Results("ablation", frame, summary, roles)

    def _run(self, settings: Settings, encoder: str, variant: Variant, number: str = "") -> Run:
        in_sample, _ = mine(settings)
        spec = StudySpec.of(
            **shared(settings), encoders=[encoder], measures=[in_sample], patches=variant.patches
        )
        side = "pixels" if encoder == "pixels" else "features"
        return run(spec, self.out / f"{variant.name}-{side}{number}", progress=self.told)

    def _files(self, done: Run) -> list[Path]:
        """The first of the images that are files."""
        sources = {source.name: source.origin for source in find(list(self.settings.images))}
        found = [sources[image["name"]] for image in done.manifest["images"]]
        return [origin for origin in found if isinstance(origin, Path)][:ALONE]


def _averaged(runs: Sequence[Run]) -> list[pd.DataFrame]:
    """The summary of runs of one measure each, as one with the mean of their values."""
    if not runs:
        return []
    means = [one.summary["mean"].to_numpy(float) for one in runs]
    return [runs[0].summary.assign(mean=np.mean(means, axis=0))]


def _row(variant: Variant, results: Results, encoder: str) -> dict[str, Any]:
    """What is shown of a variant; empty where there is nothing."""
    curves = {
        "pixels": results.curve("mine", "pixels", "in-sample"),
        "features": results.curve("mine", encoder, "in-sample"),
    }
    row: dict[str, Any] = {"choice": variant.choice, "value": variant.value}
    for side, curve in curves.items():
        if curve is None:
            return {}
        row |= {f"{side}_{s}": float(curve.values[at]) for s in SHOWN for at in curve.at(s)}
        row[f"{side}_epochs"] = _median(epochs(curve))
    return row | dict(_verdicts(judge(results), encoder))


def _verdicts(claims: Sequence[Claim], encoder: str) -> Iterator[tuple[str, str]]:
    """Of the paper's protocol: 9 is asked of MINE on features."""
    for number in NUMBERS:
        for claim in claims:
            at = "pixels" if number == "5" else encoder
            if (claim.statement.number, claim.evaluation, claim.encoder) == (number, "paper", at):
                yield f"claim_{number}", claim.verdict


def _median(values: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")
