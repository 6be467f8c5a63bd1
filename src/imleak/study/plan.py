"""What a study consists of: pure functions of its spec and of what the images are."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from .. import plugins
from ..images import Source
from ..interfaces import ImleakError, Level, Scheme, Space, levels_in_words
from .ciphers import CipherFile
from .components import (
    Component,
    Question,
    RebuiltView,
    accepted,
    canonical,
    encrypts,
    fewest_images,
    first_that_rebuilds,
    has_features,
    has_key,
    offers,
    space,
)
from .copies import lost_copies
from .defaults import RECORDED
from .spec import StudySpec

SAMPLING_VERSION = "1"
"""Version of the way images are encrypted, cut, resized and pooled; a part of every key."""
MOST_VALUES = 4096
"""Up to so many different sample values (12 bits) an image is its table of counts."""
DRAWN = 10_000
"""Pairs of samples drawn of an image without such a table."""
PIXELS = Question.of_both(Component("encoder", "pixels", version="", options="{}"))
"""What metrics of pixels look at: the samples themselves, whatever the encoders."""


Each = TypeVar("Each")


class LevelsError(ImleakError):
    """Levels that none of the images has."""


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """An image without its samples.

    Parameters
    ----------
    name : what the user calls it.
    source : where to read it again.
    digest : SHA-256 (hex) of its samples; keys contain this and not the name.
    channels, height, width, bits : of its samples.
    notes : what reading changed.
    group : what must not be split between training and test; empty if it is its own.
    ciphers : of it that somebody else made; empty where they are made here.
    """

    name: str
    source: Source
    digest: str
    channels: int
    height: int
    width: int
    bits: int
    notes: tuple[str, ...] = ()
    group: str = ""
    ciphers: tuple[CipherFile, ...] = ()

    @property
    def key(self) -> str:
        """What tells it and its ciphers from all others."""
        return ":".join([self.digest, *(file.digest for file in self.ciphers)])

    @property
    def unit(self) -> str:
        """Its group, or itself."""
        return f"group {self.group}" if self.group else self.digest


@dataclass(frozen=True)
class Gallery:
    """Images that are not measured, and which an adversary has beside those that are.

    Parameters
    ----------
    images : in order of digest.
    digest : SHA-256 (hex) of their digests; empty without images.
    """

    images: tuple[ImageInfo, ...] = ()
    digest: str = ""

    @classmethod
    def of(cls, images: Iterable[ImageInfo]) -> Self:
        """A gallery of images in any order."""
        ordered = _by_digest(images)
        whole = sha256()
        for image in ordered:
            whole.update(image.digest.encode())
        return cls(ordered, whole.hexdigest() if ordered else "")


@dataclass(frozen=True)
class LearnedElsewhere:
    """What an adversary learned of a target and a view from images that are not measured.

    Parameters
    ----------
    file : of the adversary, as the user wrote it.
    at : place in its card.
    digest : SHA-256 (hex) of what it learned.
    """

    file: str
    at: int
    digest: str


FindLearned = Callable[[Question], tuple[LearnedElsewhere | None, ...]]
"""What was learned elsewhere of the target and each view of a question; empty if of none."""


@dataclass(frozen=True)
class Unit:
    """One piece of work: a measure on one image (metric) or on all (estimator, attack), at
    all levels.

    Parameters
    ----------
    measure, question, scheme : what is computed.
    levels : at which levels, rising.
    images : one image for a metric; for others all of them, in order of digest, so that a
        renamed file changes nothing.
    seed : of the study.
    patches : places every image is cut at; 0 where it is not cut.
    drawn_from : how many images those of an estimator were drawn from; 0 if they are all.
    gallery : other images that an attack looks among.
    public : other images that an estimator learns from.
    directions : what was learned elsewhere of each view, where an estimator takes it.
    other : an image that one is held against for what unrelated images have in common.
    """

    measure: Component
    question: Question
    scheme: Component
    levels: tuple[int, ...]
    images: tuple[ImageInfo, ...]
    seed: int
    patches: int = 0
    drawn_from: int = 0
    gallery: Gallery = field(default_factory=lambda: Gallery())
    public: Gallery = field(default_factory=lambda: Gallery())
    directions: tuple[LearnedElsewhere | None, ...] = ()
    other: ImageInfo | None = None

    @property
    def of_public(self) -> Self:
        """The same of its public images alone."""
        return replace(self, images=self.public.images, public=Gallery(), directions=())

    @property
    def is_of_one_image(self) -> bool:
        return self.measure.kind == "metric"

    @property
    def groups(self) -> NDArray[np.int64]:
        """(images,) numbers of their groups, from 0 in order of appearance."""
        numbers: dict[str, int] = {}
        return np.array([numbers.setdefault(image.unit, len(numbers)) for image in self.images])

    @property
    def rows(self) -> int:
        """Vectors of every image."""
        return max(1, self.patches)

    @property
    def identity(self) -> dict[str, object]:
        """Everything the result depends on."""
        beside = {"beside": self.other.digest} if self.other else {}
        return beside | {"images": _identified(self.images)} | _asked(*self._what)

    @cached_property
    def lost_copies(self) -> frozenset[str]:
        """Copies of its images that are too small for the scheme, of any of them."""
        forms = {(one.channels, one.height, one.width, one.bits) for one in self.images}
        return lost_copies(self.scheme, self.levels, forms)

    @cached_property
    def key(self) -> str:
        """SHA-256 (hex) of the canonical JSON of the identity."""
        digests = canonical(_identified(self.images))
        sides = [side.digest for side in self.question.sides]
        # A tuple of a generator would leave one on the interpreter's free list for every unit.
        weights = (self.measure.digest, self.scheme.digest, *sides)
        beside = f'"beside":{canonical(self.other.digest)},' if self.other else ""
        text = f'{{{beside}"images":{digests},{_spelled(weights, *self._what)}'
        return sha256(text.encode()).hexdigest()

    @property
    def _what(
        self,
    ) -> tuple[
        Component, Question, Component, tuple[int, ...], int, int, str, str, tuple[str, ...]
    ]:
        learned = tuple(one.digest if one else "" for one in self.directions)
        return (
            self.measure, self.question, self.scheme, self.levels, self.seed, self.patches,
            self.gallery.digest, self.public.digest, learned,
        )  # fmt: skip


def _identified(images: Sequence[ImageInfo]) -> list[str]:
    """Images with their ciphers and groups, for keys."""
    return [f"{image.key} {image.group}".rstrip() for image in images]


def _asked(
    measure: Component,
    question: Question,
    scheme: Component,
    levels: tuple[int, ...],
    seed: int,
    patches: int,
    gallery: str,
    public: str,
    directions: tuple[str, ...],
) -> dict[str, object]:
    """The identity of a unit but for its images."""
    asked = {
        "sampling": SAMPLING_VERSION,
        "scheme": scheme.identity,
        "levels": list(levels),
        **question.identity,
        "measure": measure.identity,
        "seed": seed,
        "patches": patches,
    }
    beside = {"public": gallery, "learned from": public, "directions": list(directions)}
    return asked | {name: value for name, value in beside.items() if value}


@lru_cache(maxsize=1024)
def _spelled(weights: tuple[str, ...], *what: Any) -> str:  # noqa: ARG001
    """The canonical JSON of that, spelled once for all images; "images" sorts before it, and
    "beside" before that.

    Components that are equal may be of other `weights`, as their file was written again.
    """
    return canonical(_asked(*what))[1:]


@dataclass(frozen=True)
class Omission:
    """An image that is left out, of one measure or, without one, of all of the study."""

    image: str
    why: str
    measure: Component | None = None
    question: Question | None = None


@dataclass(frozen=True)
class Scope:
    """Which levels of which images are measured.

    What a level encrypts depends on the depth B of an image, so numbers of images of
    different depth cannot be averaged: a study is of one depth.

    Parameters
    ----------
    bits : B.
    labelled : the levels, rising.
    images : of this depth.
    others : of another one, and why they are left out.
    """

    bits: int
    labelled: tuple[Level, ...]
    images: tuple[ImageInfo, ...]
    others: tuple[Omission, ...]

    @property
    def levels(self) -> tuple[int, ...]:
        """Ranks of the levels."""
        return tuple(level.rank for level in self.labelled)


@dataclass(frozen=True)
class Rebuilding:
    """Which images of a study are rebuilt, and at which levels.

    Parameters
    ----------
    images : evenly spread over those of the study.
    levels : at which some rebuilder knows what to do, rising.
    """

    images: tuple[ImageInfo, ...] = ()
    levels: tuple[int, ...] = ()

    @classmethod
    def of(cls, spec: StudySpec, chosen: Scope) -> Self:
        """Those of a study; none where none of its measures asks for them."""
        if not any(map(needs_rebuilt, spec.measure_components())):
            return cls()
        scheme, rebuilders = spec.scheme_component(), spec.rebuilder_components()
        levels = tuple(
            level
            for level in chosen.levels
            if first_that_rebuilds(rebuilders, scheme, level, chosen.bits)
        )
        most = len(chosen.images) if spec.rebuild_images == "all" else spec.rebuild_images
        return cls(tuple(spread(chosen.images, most)) if levels else (), levels)

    def other(self, image: ImageInfo) -> ImageInfo | None:
        """An image of another group: the next in the order of digests; None if there is none."""
        ordered = _by_digest(self.images)
        at = ordered.index(image)
        return next((o for o in (*ordered[at:], *ordered[:at]) if o.unit != image.unit), None)


def spread(images: Sequence[Each], most: int) -> list[Each]:
    """At most `most` of some images, evenly spread, the first among them."""
    count = min(len(images), most)
    return [images[place * len(images) // count] for place in range(count)]


@dataclass(frozen=True)
class Plan:
    """Every unit of a study: metrics image by image, then attacks, then estimators.

    Units of metrics are made whenever they are asked for, and none is held: of a million
    units a plan holds the images.

    Parameters
    ----------
    scope : which levels of which images.
    scheme : what is encrypted.
    metrics : with what each is asked of every image.
    attacks, estimators : units over all images; checks of ciphers are among the attacks.
    seed : of the study.
    gallery : other images that attacks look among.
    public : other images that estimators learn from.
    without : what is not measured because the images do not suffice, or is of whole images, a line
        a measure.
    rebuilt : the images that are rebuilt, and the levels at which they are.
    """

    scope: Scope
    scheme: Component
    metrics: tuple[tuple[Component, Question], ...]
    attacks: tuple[Unit, ...]
    estimators: tuple[Unit, ...]
    seed: int
    gallery: Gallery = field(default_factory=Gallery)
    public: Gallery = field(default_factory=Gallery)
    without: tuple[str, ...] = ()
    rebuilt: Rebuilding = field(default_factory=lambda: Rebuilding())

    @property
    def images(self) -> tuple[ImageInfo, ...]:
        return self.scope.images

    @property
    def whole(self) -> frozenset[Component]:
        """Encoders of patches that are shown whole images in their stead."""
        taken = (unit.question for unit in self.estimators if unit.question.whole)
        return frozenset(side for question in taken for side in question.sides)

    @property
    def of_any_use(self) -> tuple[ImageInfo, ...]:
        """All images, measured or not."""
        return self.images + self.gallery.images + self.public.images

    @property
    def pooled(self) -> tuple[Unit, ...]:
        """Units over all images; what takes seconds before what takes minutes."""
        return self.attacks + self.estimators

    def of(self, image: ImageInfo) -> list[Unit]:
        """What is measured of one image for itself."""
        units = [
            Unit(measure, question, self.scheme, self.scope.levels, (image,), self.seed)
            for measure, question in self.metrics
        ]
        return [
            replace(unit, levels=self.rebuilt.levels, other=self.rebuilt.other(image))
            if needs_rebuilt(unit.measure)
            else unit
            for unit in units
            if not needs_rebuilt(unit.measure) or image in self.rebuilt.images
        ]

    def __iter__(self) -> Iterator[Unit]:
        for image in self.images:
            yield from self.of(image)
        yield from self.pooled

    def __len__(self) -> int:
        of_rebuilt = sum(needs_rebuilt(measure) for measure, _ in self.metrics)
        of_all = len(self.metrics) - of_rebuilt
        alone = len(self.images) * of_all + len(self.rebuilt.images) * of_rebuilt
        return alone + len(self.pooled)


def plan(
    spec: StudySpec,
    images: Sequence[ImageInfo],
    gallery: Gallery | None = None,
    public: Gallery | None = None,
    elsewhere: FindLearned = lambda _: (),
) -> Plan:
    """What a study consists of.

    Parameters
    ----------
    gallery : other images, see :func:`others`.
    public : other images, see :func:`imleak.study.public.scan_public`.
    elsewhere : what was learned from other images.

    Raises
    ------
    LevelsError
        If no image has the levels asked for.
    """
    chosen = scope(spec, images)
    gallery, public = gallery or Gallery(), public or Gallery()
    return Plan(
        chosen,
        spec.scheme_component(),
        tuple(_sufficient(spec, "metric", chosen)),
        (
            *_check_units(spec, chosen),
            *_attack_units(spec, chosen, gallery),
            *_rebuilt_units(spec, chosen, gallery),
        ),
        tuple(_estimator_units(spec, chosen, public, elsewhere)),
        spec.seed,
        gallery,
        public,
        tuple(_without(spec, chosen)),
        Rebuilding.of(spec, chosen),
    )


def others(gallery: Iterable[ImageInfo], images: Iterable[ImageInfo]) -> Gallery:
    """A gallery without the images that are measured."""
    measured = {image.digest for image in images}
    return Gallery.of(image for image in gallery if image.digest not in measured)


def omissions(spec: StudySpec, images: Sequence[ImageInfo]) -> list[Omission]:
    """Which readable images are left out, of what, and why. Raises LevelsError if no image has the
    levels asked for."""
    chosen = scope(spec, images)
    small = [
        Omission(image.name, why, measure, question)
        for measure, question in _sufficient(spec, "estimator", chosen)
        for image in chosen.images
        if (why := _too_small(image, question))
    ]
    return [*chosen.others, *small]


def scope(spec: StudySpec, images: Sequence[ImageInfo]) -> Scope:
    """The depth most images have, of those that have the levels asked for (the smaller of two that
    are as frequent), and all its levels if none are asked for; of no image, nothing. Raises
    LevelsError if no image has these levels."""
    if not images:
        return Scope(0, (), (), ())
    scheme: Scheme = spec.scheme_component().build()
    wanted = set(spec.asked_levels or ())
    counts = Counter(image.bits for image in images)
    of_depth = {bits: _levels_of(scheme, bits) for bits in counts}
    depths = [bits for bits, levels in of_depth.items() if wanted <= levels.keys()]
    if not depths:
        deepest = max(counts)
        raise LevelsError(
            f"level {max(wanted)}: {spec.scheme.name} of {deepest}-bit samples has "
            f"{levels_in_words(list(of_depth[deepest].values()))}"
        )
    bits = min(depths, key=lambda depth: (-counts[depth], depth))
    levels = of_depth[bits]
    return Scope(
        bits,
        tuple(levels[rank] for rank in spec.asked_levels or levels),
        tuple(image for image in images if image.bits == bits),
        tuple(
            Omission(
                image.name, f"has {image.bits} bits a sample and the study {bits}; audit it alone"
            )
            for image in images
            if image.bits != bits
        ),
    )


def _levels_of(scheme: Scheme, bits: int) -> dict[int, Level]:
    """Every level by its rank."""
    levels = scheme.levels(bits)
    ranks = [level.rank for level in levels]
    if ranks[:1] != [0] or ranks != sorted(set(ranks)):
        raise LevelsError(
            f"{scheme.name} of {bits}-bit samples has levels {ranks}: they rise from 0, which "
            "encrypts nothing"
        )
    return {level.rank: level for level in levels}


def _attack_units(spec: StudySpec, chosen: Scope, gallery: Gallery) -> Iterator[Unit]:
    """A unit for each attack, over all images."""
    images = _by_digest(chosen.images)
    for measure, question in _sufficient(spec, "attack", chosen) if images else ():
        beside = gallery if offers(measure, "takes_gallery") else Gallery()
        yield Unit(
            measure, question, spec.scheme_component(), chosen.levels, images, spec.seed,
            gallery=beside,
        )  # fmt: skip


def _rebuilt_units(spec: StudySpec, chosen: Scope, gallery: Gallery) -> Iterator[Unit]:
    """A unit for each attack that looks at rebuilt images too, where images are rebuilt."""
    rebuilding = Rebuilding.of(spec, chosen)
    images = _by_digest(rebuilding.images)
    count = len({image.unit for image in images})
    for measure, _ in _sufficient(spec, "attack", chosen) if images else ():
        spaces = spec.rebuilt_spaces(measure)
        if not spaces or count < fewest_images(measure):
            continue
        first, *others = spaces
        yield Unit(
            measure,
            replace(first, beside=tuple(others)),
            spec.scheme_component(),
            rebuilding.levels,
            images,
            spec.seed,
            gallery=gallery if offers(measure, "takes_gallery") else Gallery(),
        )


def _check_units(spec: StudySpec, chosen: Scope) -> Iterator[Unit]:
    """A unit for each check of ciphers, over all images."""
    images = _by_digest(chosen.images)
    for measure, question in _sufficient(spec, "check", chosen) if images else ():
        yield Unit(measure, question, spec.scheme_component(), chosen.levels, images, spec.seed)


def _without(spec: StudySpec, chosen: Scope) -> Iterator[str]:
    """What is left out because the images do not suffice for it, and why."""
    for kind in plugins.MEASURES:
        for measure, question in _pairs(spec, kind, chosen) if chosen.images else ():
            if question.whole:
                yield f"{measure.title} on {question.title} {_taken_whole(question, chosen)}."
            if why := _shortage(spec, measure, question, chosen):
                yield f"{measure.title} on {question.title} is left out: {why}."


def _sufficient(
    spec: StudySpec, kind: plugins.Kind, chosen: Scope
) -> Iterator[tuple[Component, Question]]:
    """Measures with their questions, without the optional ones the images do not suffice for."""
    for measure, question in _pairs(spec, kind, chosen):
        if not _shortage(spec, measure, question, chosen):
            yield measure, question


def _shortage(spec: StudySpec, measure: Component, question: Question, chosen: Scope) -> str:
    """Why the images do not suffice for an optional measure; empty if they do."""
    if measure not in spec.optional_components():
        return ""
    if needs_rebuilt(measure) and not Rebuilding.of(spec, chosen).levels:
        return (
            "the scheme of the ciphers is not known to any rebuilder"
            if spec.ciphers and spec.scheme.name == RECORDED
            else f"no rebuilder completes what {spec.scheme.name} leaves at these levels"
        )
    if spec.ciphers and encrypts(measure, spec.scheme.name):
        return "it encrypts images itself, and these come encrypted"
    if not spec.ciphers and offers(measure, "encrypts") and not has_key(spec.scheme_component()):
        return f"it encrypts images, and {spec.scheme.name} has no key"
    usable = large_enough(chosen.images, question)
    groups, needed = len({image.unit for image in usable}), fewest_images(measure)
    if groups >= needed:
        return ""
    size = _patch_size(question)
    large = f" of {size}x{size} or larger" if size else ""
    what = "groups of images" if any(image.group for image in usable) else "images"
    there = "there is 1" if groups == 1 else f"there are {groups}"
    return f"it needs {needed} {what}{large}, and {there}"


def large_enough(images: Iterable[ImageInfo], question: Question) -> tuple[ImageInfo, ...]:
    """Those images that can be cut into the patches of a question."""
    return tuple(image for image in images if not _too_small(image, question))


def _by_digest(images: Iterable[ImageInfo]) -> tuple[ImageInfo, ...]:
    return tuple(sorted(images, key=lambda image: image.digest))


def _estimator_units(
    spec: StudySpec, chosen: Scope, public: Gallery, elsewhere: FindLearned
) -> Iterator[Unit]:
    """A unit for each estimator and each question, over all images it can use."""
    scheme = spec.scheme_component()
    for measure, question in _sufficient(spec, "estimator", chosen):
        pooled = large_enough(_by_digest(chosen.images), question)
        patches = spec.patches if _patch_size(question) else 0
        if not pooled:
            continue
        rows = max(1, patches) if has_features(question.target) else _rows(chosen, scheme)
        drawn = subsample(pooled, rows, spec.max_samples, spec.seed)
        drawn_from = len(pooled) if len(drawn) < len(pooled) else 0
        others: tuple[ImageInfo, ...] = ()
        if offers(measure, "takes_public"):
            deep = (image for image in public.images if image.bits == chosen.bits)
            usable = large_enough(deep, question)
            others = subsample(usable, rows, spec.max_samples, spec.seed)
        learned = elsewhere(question) if patches and offers(measure, "takes_directions") else ()
        yield Unit(
            measure, question, scheme, chosen.levels, drawn, spec.seed, patches, drawn_from,
            public=Gallery.of(others), directions=learned,
        )  # fmt: skip


def subsample(
    images: Sequence[ImageInfo], rows: int, most: int | None, seed: int
) -> tuple[ImageInfo, ...]:
    """As many whole groups of images, of `rows` rows an image, as make at most `most` rows; at
    least one group.

    They are those that come first by SHA-256 of the seed and of the group, or of the digest of
    an image that is a group of its own: the same for every measure, view and level, whatever
    their names and their order, and with a larger `most` the same ones and more. The order
    stays that of `images`.
    """
    if most is None or len(images) * rows <= most:
        return tuple(images)
    groups: dict[str, list[ImageInfo]] = {}
    for image in images:
        groups.setdefault(image.unit, []).append(image)
    kept: set[str] = set()
    for unit in sorted(groups, key=lambda unit: sha256(f"{seed} {unit}".encode()).digest()):
        drawn = {image.digest for image in groups[unit]}
        if kept and (len(kept) + len(drawn)) * rows > most:
            break
        kept |= drawn
    return tuple(image for image in images if image.digest in kept)


def _rows(chosen: Scope, scheme: Component) -> int:
    """Most rows of scalar pixels that an image gives: values with their counts, or pairs
    that are drawn of it."""
    built: Scheme = scheme.build()
    counted = hasattr(built, "table") and 2**chosen.bits <= MOST_VALUES
    return 2**chosen.bits if counted else DRAWN


def _pairs(
    spec: StudySpec, kind: plugins.Kind, chosen: Scope
) -> Iterator[tuple[Component, Question]]:
    """Every measure of a kind with every question it is asked, of patches or, where no image is
    as large as one, of whole images."""
    for measure in spec.measure_components():
        if measure.kind != kind:
            continue
        for question in _questions(spec, measure):
            is_small = kind == "estimator" and not large_enough(chosen.images, question)
            yield measure, replace(question, whole=is_small and _may_be_whole(question))


def _may_be_whole(question: Question) -> bool:
    """Whether images can be resized for a question: not where the user has a choice of the size
    of patches, nor for a view that is trained on the bits of samples."""
    sides = (question.target, *question.views)
    return not any("patch" in accepted(s.kind, s.name) or offers(s, "watch") for s in sides)


def _taken_whole(question: Question, chosen: Scope) -> str:
    """Of which size images are, and what becomes of them."""
    size = question.target.build().input_size
    largest = max(chosen.images, key=lambda image: min(image.height, image.width))
    return (
        f"takes images whole, resized to {size}x{size}: none is as large as a patch, the largest "
        f"is {largest.width}x{largest.height}"
    )


def _questions(spec: StudySpec, measure: Component) -> Iterator[Question]:
    """Metrics look at pixels, or compare the vectors of one encoder; an estimator takes
    every pair of target and view, or every target with all its views to choose among, of
    patches and of whole images apart; an attack takes all encoders at once."""
    if measure.kind == "attack":
        first, *others = spec.spaces(measure)
        yield replace(first, beside=tuple(others))
        return
    if needs_rebuilt(measure):
        view = RebuiltView.of(PIXELS.target, spec.rebuilder_components())
        yield Question(PIXELS.target, (view,))
        return
    looks_at = space(measure)
    if measure.kind == "check" or (measure.kind == "metric" and looks_at == "pixels"):
        yield PIXELS
        return
    asked = [q for q in spec.questions() if looks_at in (None, _offers(q))]
    if measure.kind == "metric":
        yield from (question for question in asked if question.is_of_one_encoder)
    elif offers(measure, "choose"):
        alike: dict[tuple[Component, bool], dict[Component, None]] = {}
        for question in asked:
            views = alike.setdefault((question.target, question.is_of_whole_images), {})
            views |= dict.fromkeys(question.views)
        yield from (Question(target, tuple(views)) for (target, _), views in alike.items())
    else:
        yield from (spec.asked_by(measure, question) for question in asked)


def needs_rebuilt(measure: Component) -> bool:
    """Whether a measure is of rebuilt images."""
    return offers(measure, "needs_rebuilt")


def _offers(question: Question) -> Space:
    return "features" if has_features(question.target) else "pixels"


def _too_small(image: ImageInfo, question: Question) -> str:
    """Why an image cannot be cut into patches for a question; empty if it can, or need not."""
    size = _patch_size(question)
    if size is None or min(image.height, image.width) >= size:
        return ""
    return f"is {image.width}x{image.height}, smaller than a patch of {size}x{size}"


def _patch_size(question: Question) -> int | None:
    """Side of the patches a question is about; None if it is about samples or whole images."""
    size = question.input_size
    return size if isinstance(size, int) else None
