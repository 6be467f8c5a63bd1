"""Which of the paper's conclusions depend on what it leaves open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..study import Run, StudySpec, run
from ..study.progress import Progress
from ..study.sources import find_images
from .claims import Claim, judge
from .claims.of_training import epochs
from .curves import Curve, Results, Role
from .experiments import mine, shared
from .settings import Settings, Space
from .variants import BASE, Variant, held_out, in_sample, of_images

LEVELS = "0,2,4,5,6,7,8"
ALONE = 3
"""Images that get a network of their own."""

SHOWN = (0, 4, 6, 7)
"""Levels whose values are shown."""

Kind = Literal["in-sample", "held-out", "per-image"]

NUMBERS: Mapping[Kind, Sequence[str]] = {
    "in-sample": ("5", "6", "7", "9"),
    "held-out": ("6", "7", "7 (is it there?)", "9"),
    "per-image": ("1", "2", "3", "4"),
}
"""Claims that are asked of each protocol."""


def ablate(settings: Settings, out: Path, told: Progress) -> pd.DataFrame:
    """A row a variant: what is measured under it, and which claims hold then.

    Parameters
    ----------
    settings : of the reproduction. MINE in-sample is given its `ablation` largest images,
        what is held out all of them.
    out : folder of the runs, one or two a variant.
    told : who is told how it goes.
    """
    space = next(s for s in settings.spaces if s.role == "clip")
    some_levels = replace(settings, levels=settings.levels or LEVELS)
    few_images = replace(some_levels, largest=settings.ablation)
    asked: tuple[tuple[Kind, Settings, tuple[Variant, ...]], ...] = (
        ("in-sample", few_images, in_sample(settings)),
        ("held-out", some_levels, held_out(settings)),
        ("per-image", settings, of_images(settings)),
    )
    rows = []
    for protocol, base, variants in asked:
        bench = _Bench(protocol, base, space, out / protocol, told)
        for variant in variants:
            told.say(f"Ablation, {protocol}: {variant.choice} {variant.value}.")
            rows.append(_row(bench, variant))
    return pd.DataFrame([row for row in rows if row])


@dataclass(frozen=True)
class _Bench:
    """Runs variants on the same images.

    Parameters
    ----------
    protocol : of what is measured.
    settings : of the base.
    space : the encoder.
    out, told : as of :func:`ablate`.
    """

    protocol: Kind
    settings: Settings
    space: Space
    out: Path
    told: Progress

    def results(self, variant: Variant) -> Results:
        """What is measured under a variant."""
        return self._of_images(variant) if self.protocol == "per-image" else self._of_mine(variant)

    def _of_mine(self, variant: Variant) -> Results:
        """MINE on pixels and on features; without them where it cannot be run."""
        settings = replace(self.settings, **variant.changes)
        pixels = self._pixels(settings, variant)
        alone = [settings]
        if variant.alone:
            files = self._files(pixels)
            alone = [replace(settings, images=(str(file),), largest=None) for file in files]
        on_features = [
            self._mine(one, self.space.encoder, variant, f"-{at}" if variant.alone else "")
            for at, one in enumerate(alone)
        ]
        done = [pixels, *on_features]
        summary = pd.concat([pixels.summary, *_averaged(on_features)], ignore_index=True)
        return self._results(done, summary)

    def _of_images(self, variant: Variant) -> Results:
        settings = replace(self.settings, **variant.changes)
        rounded = {"name": "rounded", "round_to": settings.round_to}
        encoders = ["pixels", self.space.encoder]
        measures = ["histogram", "cosine", rounded]
        spec = StudySpec.of(**shared(settings), encoders=encoders, measures=measures)
        done = run(spec, self.out / variant.name, progress=self.told)
        return self._results([done], done.summary)

    def _results(self, done: Sequence[Run], summary: pd.DataFrame) -> Results:
        roles: dict[str, Role] = {"pixels": "pixels", self.space.title: self.space.role}
        frame = pd.concat([one.frame for one in done], ignore_index=True)
        return Results("ablation", frame, summary, roles)

    def _pixels(self, settings: Settings, variant: Variant) -> Run:
        """As the variant has it; held out, where features alone are varied, as the base."""
        if self.protocol == "held-out" or not variant.changes:
            return self._mine(self.settings, "pixels", BASE)
        return self._mine(settings, "pixels", variant)

    def _mine(self, settings: Settings, encoder: str, variant: Variant, number: str = "") -> Run:
        seen, unseen = mine(settings)
        measure = unseen if self.protocol == "held-out" else seen
        patches = variant.patches or settings.patches
        spec = StudySpec.of(
            **shared(settings), encoders=[encoder], measures=[measure], patches=patches
        )
        side = "pixels" if encoder == "pixels" else "features"
        return run(spec, self.out / f"{variant.name}-{side}{number}", progress=self.told)

    def _files(self, done: Run) -> list[Path]:
        """The first of the images that are files."""
        sources = {
            source.name: source.origin for source in find_images(self.settings.images).sources
        }
        found = [sources[image["name"]] for image in done.manifest["images"]]
        return [origin for origin in found if isinstance(origin, Path)][:ALONE]


def _averaged(runs: Sequence[Run]) -> list[pd.DataFrame]:
    """The summary of runs of one measure each, as one with the mean of their values."""
    if not runs:
        return []
    means = [one.summary["mean"].to_numpy(float) for one in runs]
    return [runs[0].summary.assign(mean=np.mean(means, axis=0))]


def _row(bench: _Bench, variant: Variant) -> dict[str, Any]:
    """What is shown of a variant; empty where there is nothing."""
    results = bench.results(variant)
    shown = _of_images(results) if bench.protocol == "per-image" else _of_mine(bench, results)
    if not shown:
        return {}
    head = {"protocol": bench.protocol, "choice": variant.choice, "value": variant.value}
    return head | shown | dict(_verdicts(bench, judge(results)))


def _of_mine(bench: _Bench, results: Results) -> dict[str, float]:
    shown: dict[str, float] = {}
    for side, encoder in (("pixels", "pixels"), ("features", bench.space.title)):
        curve = results.curve("mine", encoder, bench.protocol)
        if curve is None:
            return {}
        shown |= _values(side, curve) | {f"{side}_epochs": _median(epochs(curve))}
    return shown


def _of_images(results: Results) -> dict[str, float]:
    shown = [_values(curve.measure, curve) for curve in results.curves(protocol="per-image")]
    return {name: value for one in shown for name, value in one.items()}


def _values(name: str, curve: Curve) -> dict[str, float]:
    return {f"{name}_{s}": float(curve.values[at]) for s in SHOWN for at in curve.at(s)}


def _verdicts(bench: _Bench, claims: Sequence[Claim]) -> Iterator[tuple[str, str]]:
    """Of the bench's protocol: 9 is asked of MINE on features."""
    evaluation = "held-out" if bench.protocol == "held-out" else "paper"
    for number in NUMBERS[bench.protocol]:
        at = "pixels" if number in ("1", "2", "5") else bench.space.title
        for claim in claims:
            if (claim.statement.number, claim.evaluation, claim.encoder) == (
                number,
                evaluation,
                at,
            ):
                yield f"claim_{number}", claim.verdict


def _median(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")
