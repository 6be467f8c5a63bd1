"""What a study consists of: pure functions of its spec and of what the pictures are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from ..images import Source
from ..interfaces import ImleakError
from .components import Component, canonical, component, has_features, space
from .spec import StudySpec

SAMPLING_VERSION = "1"
"""Of the way pictures are encrypted, cut, resized and pooled; a part of every key."""

PIXELS = Component("encoder", "pixels", version="", options="{}")
"""What metrics of pixels look at: the samples themselves, whatever the encoders."""


class LevelsError(ImleakError):
    """Levels that none of the pictures has."""


@dataclass(frozen=True)
class ImageInfo:
    """A picture without its samples.

    Parameters
    ----------
    name : what the user calls it.
    source : where to read it again.
    digest : SHA-256 (hex) of its samples; keys contain this and not the name.
    channels, height, width, bits : of its samples.
    notes : what reading changed.
    """

    name: str
    source: Source
    digest: str
    channels: int
    height: int
    width: int
    bits: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unit:
    """One piece of work: a measure on one picture (metric) or on all (estimator), at all
    levels.

    Parameters
    ----------
    measure, encoder, scheme : what is computed.
    levels : at which levels, rising.
    images : one picture for a metric; for an estimator all of them, in order of digest,
        so that a renamed file changes nothing.
    seed : of the study.
    patches : places every picture is cut at; 0 where it is not cut.
    """

    measure: Component
    encoder: Component
    scheme: Component
    levels: tuple[int, ...]
    images: tuple[ImageInfo, ...]
    seed: int
    patches: int = 0

    @property
    def is_metric(self) -> bool:
        return self.measure.kind == "metric"

    @cached_property
    def identity(self) -> dict[str, object]:
        """Everything the result depends on."""
        return {
            "sampling": SAMPLING_VERSION,
            "images": [image.digest for image in self.images],
            "scheme": self.scheme.identity,
            "levels": list(self.levels),
            "encoder": self.encoder.identity,
            "measure": self.measure.identity,
            "seed": self.seed,
            "patches": self.patches,
        }

    @cached_property
    def key(self) -> str:
        """SHA-256 (hex) of the canonical JSON of the identity."""
        return sha256(canonical(self.identity).encode()).hexdigest()


@dataclass(frozen=True)
class Omission:
    """A picture that is left out, of one measure or, without one, of all of the study."""

    image: str
    why: str
    measure: Component | None = None
    encoder: Component | None = None


def plan(spec: StudySpec, images: Sequence[ImageInfo]) -> list[Unit]:
    """Every unit of a study: metrics picture by picture, then estimators.

    Raises
    ------
    LevelsError
        If no picture has the levels asked for.
    """
    return [*metric_units(spec, images), *estimator_units(spec, images)]


def metric_units(spec: StudySpec, images: Sequence[ImageInfo]) -> list[Unit]:
    """A unit for each picture, each metric and each space it looks at."""
    scheme, levels = spec.scheme_component(), choose_levels(spec, images)
    pairs = [pair for pair in _pairs(spec) if pair[0].kind == "metric"]
    return [
        Unit(measure, encoder, scheme, levels, (image,), spec.seed)
        for image in having(images, scheme, levels)
        for measure, encoder in pairs
    ]


def estimator_units(spec: StudySpec, images: Sequence[ImageInfo]) -> list[Unit]:
    """A unit for each estimator and each encoder, over all pictures it can use."""
    scheme, levels = spec.scheme_component(), choose_levels(spec, images)
    units = []
    for measure, encoder in _pairs(spec):
        if measure.kind != "estimator":
            continue
        usable = having(images, scheme, levels)
        usable = [image for image in usable if not _too_small(image, encoder)]
        pooled = tuple(sorted(usable, key=lambda image: image.digest))
        if pooled:
            patches = spec.patches if has_features(encoder) else 0
            units.append(Unit(measure, encoder, scheme, levels, pooled, spec.seed, patches))
    return units


def omissions(spec: StudySpec, images: Sequence[ImageInfo]) -> list[Omission]:
    """Which readable pictures are left out, of what, and why."""
    scheme, levels = spec.scheme_component(), choose_levels(spec, images)
    usable = having(images, scheme, levels)
    left = [
        Omission(image.name, f"has {image.bits} bits a sample, fewer than level {levels[-1]}")
        for image in images
        if image not in usable
    ]
    for measure, encoder in _pairs(spec):
        if measure.kind == "estimator":
            left += [
                Omission(image.name, why, measure, encoder)
                for image in usable
                if (why := _too_small(image, encoder))
            ]
    return left


def choose_levels(spec: StudySpec, images: Sequence[ImageInfo]) -> tuple[int, ...]:
    """The levels of a study.

    Those of the spec; else every level of the bit depth most pictures have (of the
    smaller one, where two depths are as frequent).

    Raises
    ------
    LevelsError
        If there is no picture, or none has these levels.
    """
    if not images:
        raise LevelsError("no image to measure")
    scheme = spec.scheme_component().build()
    depths = Counter(image.bits for image in images)
    usual = min(depths, key=lambda bits: (-depths[bits], bits))
    levels = spec.levels or tuple(scheme.levels(usual))
    deepest = scheme.levels(max(depths))
    if not set(levels) <= set(deepest):
        raise LevelsError(
            f"level {max(levels)}: {spec.scheme.name} of {max(depths)}-bit samples has levels "
            f"{deepest[0]}-{deepest[-1]}"
        )
    return levels


def having(
    images: Sequence[ImageInfo], scheme: Component, levels: tuple[int, ...]
) -> list[ImageInfo]:
    """The pictures whose samples have these levels."""
    return [i for i in images if set(levels) <= set(scheme.build().levels(i.bits))]


def _pairs(spec: StudySpec) -> Iterator[tuple[Component, Component]]:
    """Every measure with every space it looks at."""
    encoders = spec.encoder_components()
    for measure in spec.measure_components():
        if space(measure) == "pixels":
            yield measure, PIXELS if measure.kind == "metric" else _scalar_pixels(encoders)
        else:
            for encoder in encoders:
                if space(measure) is None or has_features(encoder):
                    yield measure, encoder


def _scalar_pixels(encoders: Sequence[Component]) -> Component:
    """The encoder of scalar pixels, chosen or not."""
    chosen = [encoder for encoder in encoders if not has_features(encoder)]
    return chosen[0] if chosen else component("encoder", "pixels", {})


def _too_small(image: ImageInfo, encoder: Component) -> str:
    """Why a picture cannot be cut into patches for an encoder; empty if it can."""
    size = encoder.build().input_size
    if size is None or min(image.height, image.width) >= size:
        return ""
    return f"is {image.width}x{image.height}, smaller than a patch of {size}x{size}"
