"""What a study consists of: pure functions of its spec and of what the pictures are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Any

from .. import plugins
from ..images import Source
from ..interfaces import ImleakError, Scheme, Space
from .components import Component, Question, canonical, chooses_view, has_features, space
from .spec import StudySpec

SAMPLING_VERSION = "1"
"""Of the way pictures are encrypted, cut, resized and pooled; a part of every key."""

MOST_VALUES = 4096
"""Up to so many different sample values (12 bits) a picture is its table of counts."""

DRAWN = 10_000
"""Pairs of samples drawn of a picture without such a table."""

PIXELS = Question.of_both(Component("encoder", "pixels", version="", options="{}"))
"""What metrics of pixels look at: the samples themselves, whatever the encoders."""


class LevelsError(ImleakError):
    """Levels that none of the pictures has."""


@dataclass(frozen=True, slots=True)
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
    measure, question, scheme : what is computed.
    levels : at which levels, rising.
    images : one picture for a metric; for an estimator all of them, in order of digest,
        so that a renamed file changes nothing.
    seed : of the study.
    patches : places every picture is cut at; 0 where it is not cut.
    drawn_from : how many pictures those of an estimator were drawn from; 0 if they are all.
    """

    measure: Component
    question: Question
    scheme: Component
    levels: tuple[int, ...]
    images: tuple[ImageInfo, ...]
    seed: int
    patches: int = 0
    drawn_from: int = 0

    @property
    def is_metric(self) -> bool:
        return self.measure.kind == "metric"

    @property
    def identity(self) -> dict[str, object]:
        """Everything the result depends on."""
        return {"images": [image.digest for image in self.images]} | _asked(*self._what)

    @cached_property
    def key(self) -> str:
        """SHA-256 (hex) of the canonical JSON of the identity."""
        digests = canonical([image.digest for image in self.images])
        return sha256(f'{{"images":{digests},{_spelled(*self._what)}'.encode()).hexdigest()

    @property
    def _what(self) -> tuple[Component, Question, Component, tuple[int, ...], int, int]:
        return self.measure, self.question, self.scheme, self.levels, self.seed, self.patches


def _asked(
    measure: Component,
    question: Question,
    scheme: Component,
    levels: tuple[int, ...],
    seed: int,
    patches: int,
) -> dict[str, object]:
    """The identity of a unit but for its pictures."""
    return {
        "sampling": SAMPLING_VERSION,
        "scheme": scheme.identity,
        "levels": list(levels),
        **question.identity,
        "measure": measure.identity,
        "seed": seed,
        "patches": patches,
    }


@lru_cache(maxsize=1024)
def _spelled(*what: Any) -> str:
    """The canonical JSON of that, spelled once for all pictures; "images" sorts before it."""
    return canonical(_asked(*what))[1:]


@dataclass(frozen=True)
class Omission:
    """A picture that is left out, of one measure or, without one, of all of the study."""

    image: str
    why: str
    measure: Component | None = None
    question: Question | None = None


@dataclass(frozen=True)
class Scope:
    """Which levels of which pictures are measured.

    A level says how many of B bits are encrypted, so numbers of pictures of different
    depth B cannot be averaged: a study is of one depth.

    Parameters
    ----------
    bits : B.
    levels : rising.
    images : of this depth.
    others : of another one, and why they are left out.
    """

    bits: int
    levels: tuple[int, ...]
    images: tuple[ImageInfo, ...]
    others: tuple[Omission, ...]


@dataclass(frozen=True)
class Plan:
    """Every unit of a study: metrics picture by picture, then estimators.

    Units of metrics are made whenever they are asked for, and none is held: of a million
    units a plan holds the pictures.

    Parameters
    ----------
    scope : which levels of which pictures.
    scheme : what is encrypted.
    metrics : with what each is asked of every picture.
    estimators : units over all pictures.
    seed : of the study.
    """

    scope: Scope
    scheme: Component
    metrics: tuple[tuple[Component, Question], ...]
    estimators: tuple[Unit, ...]
    seed: int

    @property
    def images(self) -> tuple[ImageInfo, ...]:
        return self.scope.images

    def of(self, image: ImageInfo) -> list[Unit]:
        """What is measured of one picture for itself."""
        return [
            Unit(measure, question, self.scheme, self.scope.levels, (image,), self.seed)
            for measure, question in self.metrics
        ]

    def __iter__(self) -> Iterator[Unit]:
        for image in self.images:
            yield from self.of(image)
        yield from self.estimators

    def __len__(self) -> int:
        return len(self.images) * len(self.metrics) + len(self.estimators)


def plan(spec: StudySpec, images: Sequence[ImageInfo]) -> Plan:
    """What a study consists of.

    Raises
    ------
    LevelsError
        If no picture has the levels asked for.
    """
    chosen = scope(spec, images)
    return Plan(
        chosen,
        spec.scheme_component(),
        tuple(_pairs(spec, "metric")),
        tuple(_estimator_units(spec, chosen)),
        spec.seed,
    )


def omissions(spec: StudySpec, images: Sequence[ImageInfo]) -> list[Omission]:
    """Which readable pictures are left out, of what, and why.

    Raises
    ------
    LevelsError
        If no picture has the levels asked for.
    """
    chosen = scope(spec, images)
    small = [
        Omission(image.name, why, measure, question)
        for measure, question in _pairs(spec, "estimator")
        for image in chosen.images
        if (why := _too_small(image, question))
    ]
    return [*chosen.others, *small]


def scope(spec: StudySpec, images: Sequence[ImageInfo]) -> Scope:
    """The depth most pictures have, of those that have the levels asked for (the smaller
    of two that are as frequent), and all its levels if none are asked for; of no picture,
    nothing.

    Raises
    ------
    LevelsError
        If no picture has these levels.
    """
    if not images:
        return Scope(0, (), (), ())
    scheme: Scheme = spec.scheme_component().build()
    wanted = set(spec.levels or ())
    counts = Counter(image.bits for image in images)
    depths = [bits for bits in counts if wanted <= set(scheme.levels(bits))]
    if not depths:
        deepest = scheme.levels(max(counts))
        raise LevelsError(
            f"level {max(wanted)}: {spec.scheme.name} of {max(counts)}-bit samples has levels "
            f"{deepest[0]}-{deepest[-1]}"
        )
    bits = min(depths, key=lambda depth: (-counts[depth], depth))
    return Scope(
        bits,
        spec.levels or tuple(scheme.levels(bits)),
        tuple(image for image in images if image.bits == bits),
        tuple(
            Omission(
                image.name, f"has {image.bits} bits a sample and the study {bits}; audit it alone"
            )
            for image in images
            if image.bits != bits
        ),
    )


def _estimator_units(spec: StudySpec, chosen: Scope) -> Iterator[Unit]:
    """A unit for each estimator and each question, over all pictures it can use."""
    scheme = spec.scheme_component()
    by_digest = sorted(chosen.images, key=lambda image: image.digest)
    for measure, question in _pairs(spec, "estimator"):
        pooled = tuple(image for image in by_digest if not _too_small(image, question))
        patches = spec.patches if has_features(question.target) else 0
        if not pooled:
            continue
        drawn = subsample(pooled, patches or _rows(chosen, scheme), spec.max_samples, spec.seed)
        drawn_from = len(pooled) if len(drawn) < len(pooled) else 0
        yield Unit(measure, question, scheme, chosen.levels, drawn, spec.seed, patches, drawn_from)


def subsample(
    images: Sequence[ImageInfo], rows: int, most: int | None, seed: int
) -> tuple[ImageInfo, ...]:
    """As many whole pictures, of `rows` rows each, as make at most `most` rows; at least one.

    They are those that come first by SHA-256 of the seed and of their own digest: the same
    for every measure, view and level, whatever their names and their order, and with a
    larger `most` the same ones and more. The order stays that of `images`.
    """
    count = len(images) if most is None else max(1, most // rows)
    if count >= len(images):
        return tuple(images)
    first = sorted(images, key=lambda image: sha256(f"{seed} {image.digest}".encode()).digest())
    kept = {image.digest for image in first[:count]}
    return tuple(image for image in images if image.digest in kept)


def _rows(chosen: Scope, scheme: Component) -> int:
    """Most rows of scalar pixels that a picture gives: values with their counts, or pairs
    that are drawn of it."""
    built: Scheme = scheme.build()
    counted = all(built.table(chosen.bits, level) is not None for level in chosen.levels)
    return 2**chosen.bits if counted and 2**chosen.bits <= MOST_VALUES else DRAWN


def _pairs(spec: StudySpec, kind: plugins.Kind) -> Iterator[tuple[Component, Question]]:
    """Every measure of a kind with every question it is asked."""
    for measure in spec.measure_components():
        if measure.kind == kind:
            yield from ((measure, question) for question in _questions(spec, measure))


def _questions(spec: StudySpec, measure: Component) -> Iterator[Question]:
    """Metrics look at pixels, or compare the vectors of one encoder; an estimator takes
    every pair of target and view, or every target with all its views to choose among."""
    looks_at = space(measure)
    if measure.kind == "metric" and looks_at == "pixels":
        yield PIXELS
        return
    asked = [q for q in spec.questions() if looks_at in (None, _offers(q))]
    if measure.kind == "metric":
        yield from (question for question in asked if question.is_of_one_encoder)
    elif chooses_view(measure):
        for target in dict.fromkeys(question.target for question in asked):
            views = [view for q in asked if q.target == target for view in q.views]
            yield Question(target, tuple(dict.fromkeys(views)))
    else:
        yield from asked


def _offers(question: Question) -> Space:
    return "features" if has_features(question.target) else "pixels"


def _too_small(image: ImageInfo, question: Question) -> str:
    """Why a picture cannot be cut into patches for a question; empty if it can."""
    size = question.target.build().input_size
    if size is None or min(image.height, image.width) >= size:
        return ""
    return f"is {image.width}x{image.height}, smaller than a patch of {size}x{size}"
