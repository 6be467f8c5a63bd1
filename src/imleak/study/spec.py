"""What a study is, as written in a TOML file, on the command line or in Python."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainValidator,
    ValidationError,
    model_validator,
)

from .. import plugins
from ..images import check_group_by
from ..interfaces import EncryptsBits, ImleakError
from .components import (
    Component,
    KeyPolicy,
    Question,
    RebuiltView,
    first_that_rebuilds,
    has_features,
    has_key,
    offers,
    space,
)
from .config import ConfigError, read_study, refuse_trust
from .limits import LARGEST, LARGEST_OF_OTHERS, LARGEST_SEED, MOST_LEVELS, shown
from .mistakes import Mistake, Mistakes, SpecError, mistakes_in
from .options import (
    HELD_OUT_ONLY,
    Choice,
    EncoderChoice,
    Frozen,
    MeasureChoice,
    RebuilderChoice,
    SchemeChoice,
)

SHARED_OPTIONS = (
    "epochs",
    "protocol",
    "seeds",
    "folds",
    "growth",
    "sensitivity",
    "round_to",
    "device",
    "precision",
    "window",
)
"""Fields of a study handed to every measure and encoder that has an option of that name."""
FREE = (
    "measures", "encoders", "rebuilder", "rebuild_images", "view_rebuilt", "max_samples",
    "gallery", "adversary_images", "adversary", *SHARED_OPTIONS,
)  # fmt: skip
"""Fields a study may change in its folder: what is measured, and not on what. What was
measured before is kept, and only what is new is done."""

DEFAULT_ENCODERS = ("efficientnet-lite0",)
REBUILD = {"name": "rebuild", "optional": True}
"""The images an adversary makes of clear parts, where one knows how."""
DEFAULT_METRICS = ("histogram", "codelength", "psnr", "ssim", "vif")
ZERO_SHOT = tuple({"name": name, "optional": True} for name in ("recognise", "match", "confirm"))
"""Adversaries that learned from none of the images."""
TRAINED = {"name": "best", "seeds": 1, "optional": True}
"""The adversary that learns from some of the images and is tested on the others."""
NAMED = "attributes"
"""The encoder of named attributes, and the measure of how well they are told."""
TOLD = {"name": NAMED, "seeds": 1, "given": False, "optional": True}
"""What it is that leaks; without what is left of features when it is given, which takes longer."""
MEASURES_OF_A_TARGET = (*DEFAULT_METRICS, "best")
DEFAULT_MEASURES = (*DEFAULT_METRICS, REBUILD, *ZERO_SHOT, TRAINED, TOLD)

RECORDED = "recorded"
"""The scheme of ciphers that somebody else made."""
CHECKS = "inspect"
"""What a reviewer looks for first in such ciphers."""


Items = TypeVar("Items", bound=tuple[object, ...])


def parse_levels(value: object) -> object:
    """Levels from ``"0-8"``, ``"0,2,4"``, ``"0-3,8"``, one number or a list of numbers."""
    if isinstance(value, int):
        return (value,)
    if isinstance(value, str):
        parts = {part.strip() for part in value.split(",")}
        return tuple({level for part in parts for level in _run_of_levels(part)})
    return value


def _run_of_levels(part: str) -> range:
    match = re.fullmatch(r"0*(\d+)(?:\s*-\s*0*(\d+))?", part, re.ASCII)
    if match is None:
        raise ValueError(f"{shown(part)} is not a level; write 0-8 or 0,2,4")
    if any(len(number) > len(str(MOST_LEVELS)) for number in match.groups(default="")):
        raise ValueError(f"{shown(part)} is above {MOST_LEVELS}, the highest level there can be")
    first, last = int(match[1]), int(match[2] or match[1])
    if last > MOST_LEVELS:
        raise ValueError(f"{part!r} is above {MOST_LEVELS}, the highest level there can be")
    if last < first:
        raise ValueError(f"{part!r} counts down; write {last}-{first}")
    return range(first, last + 1)


def _in_order(levels: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(set(levels)))


def _not_empty(items: Items) -> Items:
    # pydantic's min_length also counts items that are mistakes, which are reported anyway.
    if not items:
        raise ValueError("is empty; give at least one")
    return items


def _several(value: object) -> object:
    """One where several may stand."""
    if isinstance(value, str | Mapping):
        return (value,)
    return (str(value),) if isinstance(value, Path) else value


def _without_groups(value: object) -> object:
    """The measures that the names of groups stand for, in their place."""
    items = _several(value)
    if not isinstance(items, list | tuple):
        return value
    return tuple(
        one for item in items for one in (_members(item) if isinstance(item, str) else (item,))
    )


def _members(name: str) -> tuple[object, ...]:
    """What the name of a group stands for, of which a study may leave some out; else the name."""
    members = plugins.GROUPS.get(name)
    return (name,) if members is None else tuple({"name": o, "optional": True} for o in members)


def _name(choice: object) -> object:
    """The name of a component as a user writes it."""
    if isinstance(choice, Mapping):
        return choice.get("name")
    return re.split("[:=]", choice)[0] if isinstance(choice, str) else choice


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


def _as_count(value: object) -> int | Literal["all"]:
    """How many images are rebuilt. Raises ValueError if it is neither a number of some nor all."""
    if value == "all":
        return "all"
    text = str(value)
    if isinstance(value, bool | float) or not re.fullmatch("0*[1-9][0-9]{0,39}", text, re.ASCII):
        raise ValueError(f"{shown(value)} is neither all nor a number of images above 0")
    if int(text) > LARGEST["limit"]:
        raise ValueError(f"{text} is above {LARGEST['limit']}, the most there can be")
    return int(text)


Text = Annotated[str, BeforeValidator(_as_text)]
Several = BeforeValidator(_several)
NotEmpty = AfterValidator(_not_empty)
Level = Annotated[int, Field(ge=0, le=MOST_LEVELS)]
Levels = Annotated[tuple[Level, ...], NotEmpty, AfterValidator(_in_order)]


class StudySpec(Frozen):
    """Schemes x levels x encoders x measures over a set of images.

    Build one with :meth:`of` or :meth:`load`, which report every mistake at once.

    Parameters
    ----------
    sources : files, folders, globs, or ``dead-leaves:200x256x256``.
    largest : keep the N images of highest resolution.
    limit : keep the first N images.
    frames : most images that are taken of a file that holds several, evenly spaced; they are one
        group. None for the first alone.
    annotations : COCO ``instances_*.json`` to take sizes from when ranking.
    colour : measure every channel; else the luma of ITU-R 601.
    bits : bits a sample uses, where the file cannot say (12 bits stored in 16).
    max_pixels : larger images are refused from their header.
    jpeg_quality : images that are no JPEG files are compressed first, as JPEG of this quality,
        1 to 100, and measured as what they decode to: for schemes on coefficients.
    scheme : what is encrypted.
    levels : how much of it; None for every level of the bit depth most images have.
    encoders : the spaces measured in, each on both sides: target and view. Metrics of
        pixels run whatever they are.
    target, views : what an adversary wants to know of the plain image, and the ways it
        looks at the clear part; beside `encoders`, or in their stead. The view ``rebuilt``
        is that of every encoder on both sides, or of the target, on the rebuilt image.
    view_rebuilt : whether that view was among them.
    rebuilder : what makes images of clear parts; None for the first of ``imleak list`` that
        knows what to do with a level.
    rebuild_images : most images that the measures of rebuilt images are of, evenly spread, or
        "all"; the view takes all.
    measures : metrics, estimators and attacks, or groups of :data:`imleak.plugins.GROUPS`.
    gallery : more sources: images that are not measured, and which an adversary that looks for
        the plain image of a clear part has to tell it from.
    adversary_images : more sources: public images that an estimator which holds images out learns
        from, beside those of the user's that are not tested; copies of these are left out.
    ciphers : folders of ciphers that somebody else made of the images, by label: a level each.
        With a `scheme` that is known the label is a level of it.
    adversary : file of an adversary that learned elsewhere (``imleak adversary train``),
        "shipped" for the one that comes with the package, or "none".
    keys : "image" for a key of its own for every image; "one" for one key, and nonce, for all:
        adversaries then see the ciphers themselves.
    group_by : what the images are grouped by, see :mod:`imleak.images.groups`; images of one
        group are never on both sides of a split.
    patches : places an image is cut at, for estimators on features.
    max_samples : most rows an estimator is given; above that, whole images are drawn, see
        :func:`imleak.study.plan.subsample`.
    seed : of every random choice: patches, keys, folds and bootstraps derive from it.
    protocol : of estimators that have a choice; None runs them under each.
    window : which sample values networks are shown as black and white, see
        :class:`imleak.encoders._window.Window`; None for all ("full").
    epochs, seeds, folds, growth, sensitivity, round_to, device, precision : handed, as `window`,
        to every measure and encoder that has an option of that name.
    """

    sources: Annotated[tuple[Text, ...], Several, NotEmpty]
    largest: int | None = Field(None, ge=1, le=LARGEST["largest"])
    limit: int | None = Field(None, ge=1, le=LARGEST["limit"])
    frames: int | None = Field(None, ge=1, le=LARGEST["frames"])
    annotations: Text | None = None
    colour: bool = False
    bits: int | None = Field(None, ge=1, le=16)
    max_pixels: int | None = Field(None, ge=1, le=LARGEST["max_pixels"])
    jpeg_quality: int | None = Field(None, ge=1, le=100)
    scheme: SchemeChoice = Field("bitplanes", validate_default=True)
    levels: Annotated[Levels | None, BeforeValidator(parse_levels)] = None
    encoders: Annotated[tuple[EncoderChoice, ...], Several] = Field(
        DEFAULT_ENCODERS, validate_default=True
    )
    target: EncoderChoice | None = None
    views: Annotated[tuple[EncoderChoice, ...], Several] = ()
    view_rebuilt: bool = False
    rebuilder: RebuilderChoice | None = None
    rebuild_images: Annotated[int | Literal["all"], PlainValidator(_as_count)] = 12
    measures: Annotated[tuple[MeasureChoice, ...], BeforeValidator(_without_groups), NotEmpty] = (
        Field(DEFAULT_MEASURES, validate_default=True)
    )
    gallery: Annotated[tuple[Text, ...], Several] = ()
    adversary_images: Annotated[tuple[Text, ...], Several] = ()
    ciphers: dict[str, Text] = Field(default_factory=dict)
    adversary: Text = "shipped"
    keys: KeyPolicy = "image"
    group_by: Text | None = None
    patches: int = Field(10, ge=1, le=LARGEST["patches"])
    max_samples: int | None = Field(None, ge=1, le=LARGEST["max_samples"])
    seed: int = Field(0, ge=0, le=LARGEST_SEED)
    epochs: int | None = Field(None, ge=1, le=LARGEST["epochs"])
    protocol: Literal["in-sample", "held-out"] | None = None
    seeds: int | None = Field(None, ge=1, le=LARGEST["seeds"])
    folds: int | None = Field(None, ge=2, le=LARGEST["folds"])
    growth: bool | None = None
    sensitivity: bool | None = None
    round_to: float | None = Field(None, gt=0, le=LARGEST_OF_OTHERS)
    device: str | None = None
    precision: Literal["auto", "fp32", "bf16", "fp16"] | None = None
    window: str | None = None

    @classmethod
    def of(cls, /, **fields: Any) -> Self:
        """A study from its fields, spelled as in the TOML file.

        Raises
        ------
        SpecError
            With every mistake and its path.
        """
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            raise SpecError(mistakes_in(error, cls.model_fields, fields)) from error

    @classmethod
    def load(cls, path: str | Path, /, *, trust: bool = False, **overrides: Any) -> Self:
        """A study from a TOML file, or that of a run from its folder or its manifest; `overrides`
        replace its fields.

        Parameters
        ----------
        trust : whether the file may say of other files that they may run code
            (``torch=MODEL,trust=true``); `overrides` always may.

        Raises
        ------
        SpecError
            With every mistake and its path; or if the file cannot be read.
        """
        left: dict[str, Any] = {}
        try:
            fields = read_study(path)
            left = {name: value for name, value in fields.items() if name not in overrides}
            if not trust:
                refuse_trust(left)
            return cls.of(**(left | overrides))
        except ConfigError as error:
            raise SpecError([Mistake("", str(error), str(path))]) from error
        except SpecError as error:
            raise error.of_file(path, left) from error

    @model_validator(mode="before")
    @classmethod
    def _defaults(cls, given: Any) -> Any:
        """Who names a target has said what is measured; what compares the two sides in one
        space is then left out unless asked for. Ciphers that come encrypted are of a scheme
        nobody knows, and of all channels, unless something else is said."""
        if not isinstance(given, Mapping):
            return given
        views = _several(given.get("views", ()))
        if isinstance(views, list | tuple) and "rebuilt" in views:
            others = tuple(view for view in views if view != "rebuilt")
            given = dict(given) | {"views": others, "view_rebuilt": True}
        if given.get("target") and not given.get("encoders"):
            named = (NAMED,) if _name(given["target"]) == NAMED else ()
            given = {"encoders": (), "measures": (*MEASURES_OF_A_TARGET, *named)} | dict(given)
        if isinstance(ciphers := given.get("ciphers"), Mapping) and ciphers:
            recorded = {"name": RECORDED, "labels": list(ciphers)}
            measures = (CHECKS, *DEFAULT_MEASURES)
            given = {"scheme": recorded, "colour": True, "measures": measures} | dict(given)
        elif given.get("keys") == "one":
            given = {"measures": (CHECKS, *DEFAULT_MEASURES)} | dict(given)
        return given

    @property
    def shared(self) -> dict[str, Any]:
        """The options handed to whoever takes them."""
        given = {name: getattr(self, name) for name in SHARED_OPTIONS}
        return {name: value for name, value in given.items() if value is not None}

    @property
    def cipher_levels(self) -> dict[int, str]:
        """Folder of ciphers by the rank of its level."""
        if self.scheme.name == RECORDED:
            return dict(enumerate(self.ciphers.values(), start=1))
        return {int(label): folder for label, folder in self.ciphers.items()}

    @property
    def asked_levels(self) -> tuple[int, ...] | None:
        """Ranks of the levels; None for all that the scheme has."""
        if self.levels is None and self.ciphers and self.scheme.name != RECORDED:
            return (0, *sorted(self.cipher_levels))
        return self.levels

    def scheme_component(self) -> Component:
        return replace(self.scheme.component(self.shared), keys=self.keys)

    def encoder_components(self) -> tuple[Component, ...]:
        """Every encoder, on whichever side, once."""
        measures = self.measure_components()
        questions = chain(
            self.questions(),
            chain.from_iterable(self.spaces(one) for one in measures if one.kind == "attack"),
            (self.asked_by(one, q) for one in measures for q in self.questions()),
        )
        return tuple(dict.fromkeys(chain.from_iterable(q.sides for q in questions)))

    def asked_by(self, measure: Component, question: Question) -> Question:
        """A question as an estimator asks it: beside encoders that name attributes of the plain
        image, if it wants them, of the same patches or of whole images."""
        words = getattr(measure.build(), "attribute_encoders", ())
        if not words or not has_features(question.target):
            return question
        naming = (self._naming(word, question) for word in words)
        size = question.input_size
        same = (one for one in naming if size in ("image", one.build().input_size))
        return replace(question, attributes=tuple(same))

    def _naming(self, name: str, question: Question) -> Component:
        """An encoder that names attributes: that of the question, if it has it."""
        choice = EncoderChoice(name=name)
        fits = {"patch": question.input_size} if "patch" in choice.accepts() else {}
        for side in question.sides:
            if side.name == name and (not fits or side.build().input_size == fits["patch"]):
                return side
        return choice.component(self.shared | fits)

    def spaces(self, attack: Component) -> tuple[Question, ...]:
        """What an attack sees whole images through: the encoders it brings, or those of the
        study that are on both sides and the ones it adds to them."""
        if own := self._brought(attack, "encoders"):
            return tuple(map(Question.of_both, own))
        given = [question for question in self.questions() if _is_space(question)]
        added = map(Question.of_both, self._brought(attack, "added_encoders"))
        return tuple(dict.fromkeys([*given, *added]))

    @property
    def rebuilds(self) -> bool:
        """Whether anything looks at rebuilt images."""
        measures = self.measure_components()
        return self.view_rebuilt or any(offers(one, "needs_rebuilt") for one in measures)

    def rebuilt_spaces(self, attack: Component) -> tuple[Question, ...]:
        """What an attack that looks at rebuilt images sees them through: the encoders it
        brings, or those of the study that are on both sides; none of another attack."""
        if not offers(attack, "sees_rebuilt"):
            return ()
        rebuilders = self.rebuilder_components()
        brought = self._brought(attack, "encoders")
        encoders = brought or [q.target for q in self.questions() if _is_space(q)]
        return tuple(
            Question(encoder, (RebuiltView.of(encoder, rebuilders),)) for encoder in encoders
        )

    def rebuilder_components(self) -> tuple[Component, ...]:
        """The rebuilder that is named, or every one that rebuilds some level of the scheme, in
        the order in which they are asked."""
        if self.rebuilder is not None:
            return (self.rebuilder.component(self.shared),)
        scheme, bits = self.scheme_component(), self.bits or 8
        levels = [level.rank for level in scheme.build().levels(bits)]
        found = []
        for name in plugins.known("rebuilder"):
            # Of one whose package is missing, or that needs weights.
            with suppress(ImleakError, ValidationError):
                one = RebuilderChoice(name=name).component(self.shared)
                if any(first_that_rebuilds([one], scheme, level, bits) for level in levels):
                    found.append(one)
        return tuple(found)

    def _brought(self, attack: Component, name: str) -> list[Component]:
        """Encoders that an attack names in an attribute."""
        words = getattr(attack.build(), name, ())
        found = [EncoderChoice.model_validate(word).component(self.shared) for word in words]
        scheme = self.scheme_component()
        is_lost = offers(scheme, "table") and not offers(scheme, "keeps_values")
        return [one for one in found if not (is_lost and offers(one, "needs_values"))]

    def questions(self) -> tuple[Question, ...]:
        """Every target with one view: each encoder on both sides, then the view of each, then
        those of the rebuilt image."""
        return (*(given := self._given()), *self._of_rebuilt(given))

    def _of_rebuilt(self, given: Sequence[Question]) -> Iterator[Question]:
        """Every target that can be seen in the rebuilt image as in the plain one."""
        if not self.view_rebuilt:
            return
        rebuilders = self.rebuilder_components()
        for target in dict.fromkeys(question.target for question in given):
            if _is_space(Question.of_both(target)):
                yield Question(target, (RebuiltView.of(target, rebuilders),))

    def _given(self) -> tuple[Question, ...]:
        """The questions that are asked in so many words."""
        both = [Question.of_both(choice.component(self.shared)) for choice in self.encoders]
        if self.target is None:
            return tuple(both)
        target = self.target.component(self.shared)
        views = (choice.component(self.shared) for choice in self.views)
        return tuple(dict.fromkeys([*both, *(Question(target, (view,)) for view in views)]))

    def optional_components(self) -> frozenset[Component]:
        """Measures that are left out where the images do not suffice."""
        chosen = (choice for choice in self.measures if choice.optional)
        return frozenset(one for choice in chosen for one in choice.components(self.shared))

    def measure_components(self) -> tuple[Component, ...]:
        """Every measure, once for each protocol it runs under."""
        return tuple(one for choice in self.measures for one in choice.components(self.shared))

    @model_validator(mode="after")
    def _as_a_whole(self) -> Self:
        mistakes = [
            *self._without_ciphers(),
            *self._one_sided(),
            *self._twice(),
            *self._unused(),
            *self._refused(),
        ]
        mistakes = mistakes or [*self._not_rebuilt(), *self._without_share()]
        # What a measure needs can only be asked of components that can be built and read.
        mistakes = mistakes or [*self._unreadable()] or [*self._inputs()]
        if mistakes:
            raise Mistakes(mistakes)
        return self

    def _without_ciphers(self) -> Iterator[Mistake]:
        """What ciphers that come encrypted leave no choice of."""
        if self.scheme.name == RECORDED and not self.ciphers:
            yield Mistake(
                "scheme", f"{RECORDED} is of ciphers that somebody else made; give their folders"
            )
        if not self.ciphers:
            return
        if self.frames is not None:
            yield Mistake("frames", "ciphers are those of whole files; leave it out")
        if not self.colour:
            yield Mistake("colour", "ciphers are measured in the channels they have; leave it out")
        if self.scheme.name == RECORDED:
            if self.adversary_images:
                yield Mistake(
                    "adversary_images",
                    "nobody can encrypt them by a scheme that is not known; name "
                    "it (scheme), or leave them out",
                )
            return
        if odd := [label for label in self.ciphers if not re.fullmatch("[1-9][0-9]{0,4}", label)]:
            yield Mistake(
                "ciphers",
                f"{shown(odd[0])} is no level of {self.scheme.name} that encrypts; write "
                "one, as in 3=FOLDER, or leave out the scheme",
            )
        elif self.levels is not None and set(self.levels) - {0, *self.cipher_levels}:
            yield Mistake("levels", "those of the ciphers are taken, and 0; leave it out")

    def _one_sided(self) -> Iterator[Mistake]:
        if not self.encoders and self.target is None:
            yield Mistake("encoders", "is empty; give at least one, or a target and its views")
        if self.target is not None and not self.views and not self.view_rebuilt:
            yield Mistake(
                "views", "is empty; give at least one way to look at the clear part for the target"
            )
        if self.target is None and self.views:
            yield Mistake("target", "is missing; say what is to be told through the views")

    def _twice(self) -> Iterator[Mistake]:
        encoders = [(f"{one.component({}).title!r}", one.label) for one in self.encoders]
        measures = [
            (f"{one.name!r}" + (f" under protocol {protocol}" if protocol else ""), one.label)
            for one in self.measures
            for protocol in one.protocols(self.shared)
        ]
        views = [(f"{one.component({}).title!r}", one.label) for one in self.views]
        for field, named in (("encoders", encoders), ("views", views), ("measures", measures)):
            counts = Counter(name for name, _ in named)
            for name in sorted(name for name, count in counts.items() if count > 1):
                labels = dict.fromkeys(label for of, label in named if of == name)
                which = f" ({' and '.join(labels)})" if len(labels) > 1 else ""
                yield Mistake(
                    field, f"{name} stands there twice{which}, and its rows would look alike"
                )

    def _unused(self) -> Iterator[Mistake]:
        others = [self.scheme, *self.encoders, *([self.target] if self.target else []), *self.views]
        used = {option for choice in others for option in choice.accepts()}
        for choice in self.measures:
            unused = HELD_OUT_ONLY if choice.protocols(self.shared) == ("in-sample",) else ()
            used |= {option for option in choice.accepts() if option not in unused}
        chosen = ", ".join(dict.fromkeys(choice.name for choice in self.measures))
        for option in self.shared:
            if option not in used:
                yield Mistake(
                    option, f"none of the chosen measures ({chosen}) has it; leave it out"
                )
        if self.gallery and not any(
            offers(one, "takes_gallery") for one in self.measure_components()
        ):
            yield Mistake(
                "gallery",
                f"none of the chosen measures ({chosen}) looks among other images; add match",
            )
        if self.adversary_images and not any(
            offers(one, "takes_public") for one in self.measure_components()
        ):
            yield Mistake(
                "adversary_images",
                f"none of the chosen measures ({chosen}) learns from some images "
                "to be tested on others; add best",
            )

    def _not_rebuilt(self) -> Iterator[Mistake]:
        """What is asked of rebuilt images where there are none, and the other way round."""
        asked = [
            ("measures", choice.name)
            for choice in self.measures
            if offers(choice.components(self.shared)[0], "needs_rebuilt") and not choice.optional
        ] + ([("views", "rebuilt")] if self.view_rebuilt else [])
        scheme, name = self.scheme_component(), self.scheme.name
        bits = self.bits or 8
        levels = [level.rank for level in scheme.build().levels(bits)]
        known = self.rebuilder_components()
        if not any(first_that_rebuilds(known, scheme, level, bits) for level in levels):
            parts = f"clear parts of {name}; leave it out"
            if self.rebuilder:
                yield Mistake("rebuilder", f"{self.rebuilder.name} does not rebuild {parts}")
            elif asked:
                field, asker = asked[0]
                yield Mistake(field, f"{asker}: no rebuilder rebuilds {parts}")
            return
        if self.rebuilder and not self.rebuilds:
            yield Mistake(
                "rebuilder", "nothing here looks at rebuilt images; add the measure rebuild"
            )

    def _without_share(self) -> Iterator[Mistake]:
        """What counts encrypted bits where a scheme has none to count."""
        if isinstance(self.scheme_component().build(), EncryptsBits):
            return
        for choice in self.measures:
            if offers(choice.components(self.shared)[0], "needs_encrypted_share"):
                yield Mistake(
                    "measures",
                    f"{choice.name} counts encrypted bits, and {self.scheme.name} "
                    "has none to count; leave it out, and compare by psnr",
                )

    def _named(self) -> Iterator[tuple[str, Choice]]:
        """Everything it is made of, and where it stands."""
        yield "scheme", self.scheme
        yield from (("encoders", choice) for choice in self.encoders)
        if self.target:
            yield "target", self.target
        yield from (("views", choice) for choice in self.views)
        if self.rebuilder:
            yield "rebuilder", self.rebuilder
        yield from (("measures", choice) for choice in self.measures)

    def _refused(self) -> Iterator[Mistake]:
        if self.group_by is not None:
            try:
                check_group_by(self.group_by)
            except ImleakError as error:
                yield Mistake("group_by", str(error))
        refused = {option: why for option in self.shared if (why := self._refusal(option))}
        yield from (Mistake(option, why) for option, why in refused.items())
        others = {name: value for name, value in self.shared.items() if name not in refused}
        for where, choice in self._named():
            try:
                choice.components(others)
            except ImleakError as error:
                yield Mistake(where, str(error))

    def _refusal(self, option: str) -> str | None:
        """What the first that is handed an option has against its value, whatever else it is
        handed."""
        for _, choice in self._named():
            try:
                choice.component({option: self.shared[option]})
            except ImleakError as error:
                return re.sub(rf"^(\S+ refuses )?{option}=", "", str(error))
        return None

    def _unreadable(self) -> Iterator[Mistake]:
        """Files of models that are no models: they are first opened here."""
        found: dict[Component, str] = {}
        for where, choice in self._named():
            for one in choice.components(self.shared):
                of_attack = [*self._brought(one, "encoders"), *self._brought(one, "added_encoders")]
                for encoder in [one] if one.kind == "encoder" else of_attack:
                    found.setdefault(encoder, where)
        for encoder, where in found.items():
            try:
                has_features(encoder)
            except ImleakError as error:
                yield Mistake(where, str(error))

    def _inputs(self) -> Iterator[Mistake]:
        questions = self.questions()
        yield from self._without_key()
        for question in questions:
            yield from _unlike(question)
        yield from self._untrainable()
        there = {"features" if has_features(q.target) else "pixels" for q in questions}
        compared = any(q.is_of_one_encoder and has_features(q.target) for q in questions)
        for choice in self.measures:
            measure = choice.components(self.shared)[0]
            if measure.kind == "check" and not self.ciphers and self.keys == "image":
                yield Mistake(
                    "measures",
                    f"{measure.name} looks at ciphers that somebody else made, or "
                    "under one key; give them (--pairs PLAIN CIPHER, or --cipher LABEL=FOLDER), or "
                    "--keys one",
                )
            if measure.kind == "attack":
                if not self.spaces(measure):
                    yield Mistake(
                        "measures",
                        f"{measure.name} compares the features of one encoder on "
                        "both sides; add one to encoders, for instance layout",
                    )
                elif offers(measure, "needs_scores"):
                    yield from (
                        Mistake(
                            "measures",
                            f"{encoder.title} gives no class scores; {measure.name} takes "
                            "efficientnet-lite0, or a model file whose output they are, as in "
                            "classifier=onnx=/path/model.onnx",
                        )
                        for question in self.spaces(measure)
                        for encoder in question.sides
                        if not offers(encoder, "scores")
                    )
                continue
            wanted = space(measure)
            is_there = compared if measure.kind == "metric" else "features" in there
            if wanted == "features" and not is_there and not choice.optional:
                yield Mistake(
                    "measures",
                    f"{measure.name} works on the features of an encoder; "
                    f"add one to encoders, for instance {DEFAULT_ENCODERS[0]}",
                )
            if wanted == "pixels" and wanted not in there and measure.kind == "estimator":
                yield Mistake(
                    "measures",
                    f"{measure.name} works on single pixels; "
                    "add pixels to encoders (--encoder pixels)",
                )

    def _without_key(self) -> Iterator[Mistake]:
        """A policy of keys, or ciphers, of what has no key here."""
        if self.keys == "one" and self.ciphers:
            yield Mistake("keys", "ciphers come with the keys they have; leave it out")
        elif not has_key(self.scheme_component()) and self.scheme.name != RECORDED:
            if self.keys == "one":
                yield Mistake("keys", f"{self.scheme.name} has no key; leave it out")
            if self.ciphers:
                yield Mistake(
                    "scheme",
                    f"{self.scheme.name} has no key, and is seen as it is; give the "
                    "folders without a scheme",
                )

    def _untrainable(self) -> Iterator[Mistake]:
        """Views that are trained, where they cannot be."""
        for target in dict.fromkeys(question.target for question in self.questions()):
            if offers(target, "watch"):
                yield Mistake(
                    "encoders",
                    f"{target.title} is trained to tell a target and cannot be one; "
                    f"give it as a view (--target {DEFAULT_ENCODERS[0]} --view {target.title})",
                )
        trained = [
            view.title for q in self.questions() for view in q.views if offers(view, "watch")
        ]
        if not trained:
            return
        for measure in self.measure_components():
            if measure.kind == "estimator" and not offers(measure, "holds_out"):
                yield Mistake(
                    "measures",
                    f"{measure.title} tests on what {trained[0]} was trained on; "
                    "use an estimator that holds images out, such as best or cca-infonce",
                )


def _is_space(question: Question) -> bool:
    """Whether an attack can see whole images through it: one encoder on both sides."""
    target = question.target
    return question.is_of_one_encoder and has_features(target) and not offers(target, "watch")


def _unlike(question: Question) -> Iterator[Mistake]:
    """What keeps a target and its view from being paired patch by patch. Beside an encoder
    of whole images any other sees them whole too."""
    target, (view,) = question.target, question.views
    sizes = [side.build().input_size for side in (target, view)]
    if sizes[0] != sizes[1] and ("image" not in sizes or None in sizes):
        seen = [_looked_at(size) for size in sizes]
        yield Mistake(
            "views",
            f"{view.title} looks at {seen[1]} and the target {target.title} at {seen[0]}; "
            "both must look at the same",
        )


def _looked_at(size: int | str | None) -> str:
    if size == "image":
        return "whole images"
    return f"{size}x{size} patches" if size else "single samples"
