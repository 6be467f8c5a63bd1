"""Which of the paper's conclusions depend on what it leaves open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..study import Run, StudySpec, run
from ..study.options import EncoderChoice
from ..study.progress import Progress
from ..study.sources import find_images
from .claims import judge
from .claims.training import epochs
from .curves import Curve, Results, Role
from .experiments import mine, shared
from .settings import Settings, Space
from .shapes import median
from .variants import BASE, Variant, held_out, in_sample, per_image

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
ON_PIXELS = ("1", "2", "5")
"""The claims among these about pixels."""


def ablate(settings: Settings, out: Path, progress: Progress) -> pd.DataFrame:
    """A row a variant: what is measured under it, and which claims hold then.

    Parameters
    ----------
    settings : of the reproduction. MINE in-sample is given its `ablation` largest images,
        what is held out all of them.
    out : folder of the runs, one or two a variant.
    progress : listens to how it goes.
    """
    space = next(s for s in settings.spaces if s.role == "clip")
    some_levels = replace(settings, levels=settings.levels or LEVELS)
    few_images = replace(some_levels, largest=settings.ablation)
    asked: tuple[tuple[Kind, Settings, tuple[Variant, ...]], ...] = (
        ("in-sample", few_images, in_sample(settings)),
        ("held-out", some_levels, held_out(settings)),
        ("per-image", settings, per_image(settings)),
    )
    rows = []
    for protocol, base, variants in asked:
        bench = _Bench(protocol, base, space, out / protocol, progress)
        for variant in variants:
            progress.say(f"Ablation, {protocol}: {variant.choice} {variant.value}.")
            rows.append(bench.row(variant))
    return pd.DataFrame([row for row in rows if row])


@dataclass(frozen=True)
class _Bench:
    """Runs variants of the base settings on the same images."""

    protocol: Kind
    settings: Settings
    space: Space
    out: Path
    progress: Progress

    def row(self, variant: Variant) -> dict[str, Any]:
        """What is shown of a variant; empty where there is nothing."""
        if self.protocol == "per-image":
            results = self._of_images(variant)
            curves = results.curves(protocol="per-image")
            shown = {name: v for one in curves for name, v in _values(one.measure, one).items()}
        else:
            results = self._of_mine(variant)
            shown = self._shown_of_mine(results)
        if not shown:
            return {}
        head = {"protocol": self.protocol, "choice": variant.choice, "value": variant.value}
        return head | shown | self._verdicts(results)

    def _of_images(self, variant: Variant) -> Results:
        settings = replace(self.settings, **variant.changes)
        rounded = {"name": "rounded", "round_to": settings.round_to}
        encoders, measures = ["pixels", self.space.encoder], ["histogram", "cosine", rounded]
        if "device" not in EncoderChoice.model_validate(self.space.encoder).accepts():
            settings = replace(settings, device=None)
        spec = StudySpec.of(**shared(settings), encoders=encoders, measures=measures)
        done = run(spec, self.out / variant.name, progress=self.progress)
        return self._results([done], done.summary)

    def _of_mine(self, variant: Variant) -> Results:
        """MINE on pixels and on features; the mean of networks of one image each."""
        settings = replace(self.settings, **variant.changes)
        if self.protocol == "held-out" or not variant.changes:  # pixels are not varied
            pixels = self._mine(self.settings, "pixels", BASE)
        else:
            pixels = self._mine(settings, "pixels", variant)
        if variant.alone:
            alone = [replace(settings, images=(str(f),), largest=None) for f in self._files(pixels)]
            numbered = {f"-{at}": one for at, one in enumerate(alone)}
        else:
            numbered = {"": settings}
        features = [
            self._mine(one, self.space.encoder, variant, number) for number, one in numbered.items()
        ]
        summaries = [pixels.summary]
        if features:
            means = [one.summary["mean"].to_numpy(float) for one in features]
            summaries.append(features[0].summary.assign(mean=np.mean(means, axis=0)))
        return self._results([pixels, *features], pd.concat(summaries, ignore_index=True))

    def _mine(self, settings: Settings, encoder: str, variant: Variant, number: str = "") -> Run:
        seen, unseen = mine(settings)
        spec = StudySpec.of(
            **shared(settings),
            encoders=[encoder],
            measures=[unseen if self.protocol == "held-out" else seen],
            patches=variant.patches or settings.patches,
        )
        side = "pixels" if encoder == "pixels" else "features"
        return run(spec, self.out / f"{variant.name}-{side}{number}", progress=self.progress)

    def _files(self, done: Run) -> list[Path]:
        """The first of the images that are files."""
        found = find_images(self.settings.images).sources
        origins = {source.name: source.origin for source in found}
        measured = (origins[image["name"]] for image in done.manifest["images"])
        return [origin for origin in measured if isinstance(origin, Path)][:ALONE]

    def _results(self, done: Sequence[Run], summary: pd.DataFrame) -> Results:
        roles: dict[str, Role] = {"pixels": "pixels", self.space.title: self.space.role}
        frame = pd.concat([one.frame for one in done], ignore_index=True)
        return Results("ablation", frame, summary, roles)

    def _shown_of_mine(self, results: Results) -> dict[str, float]:
        shown: dict[str, float] = {}
        for side, encoder in (("pixels", "pixels"), ("features", self.space.title)):
            curve = results.curve("mine", encoder, self.protocol)
            if curve is None:
                return {}
            shown |= _values(side, curve) | {f"{side}_epochs": median(epochs(curve))}
        return shown

    def _verdicts(self, results: Results) -> dict[str, str]:
        """Claims asked of this protocol, 9 of MINE on features."""
        evaluation = "held-out" if self.protocol == "held-out" else "paper"
        return {
            f"claim_{number}": claim.verdict
            for claim in judge(results)
            if (number := claim.statement.number) in NUMBERS[self.protocol]
            and claim.evaluation == evaluation
            and claim.encoder == ("pixels" if number in ON_PIXELS else self.space.title)
        }


def _values(name: str, curve: Curve) -> dict[str, float]:
    return {f"{name}_{s}": float(curve.values[at]) for s in SHOWN for at in curve.at(s)}
