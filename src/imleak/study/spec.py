"""What a study is, as written in a TOML file, on the command line or in Python."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    ValidationError,
    model_validator,
)

from .. import plugins
from ..interfaces import ImleakError
from .components import (
    Component,
    KeyPolicy,
    Question,
    RebuiltView,
    first_that_rebuilds,
    has_features,
    offers,
)
from .config import ConfigError, read_study, refuse_trust
from .consistency import mistakes_of
from .defaults import (
    DEFAULT_ENCODERS,
    DEFAULT_MEASURES,
    RECORDED,
    with_ciphers,
    with_defaults,
)
from .fields import Count, Levels, NotEmpty, Several, Text, WithoutGroups, parse_levels
from .limits import LARGEST, LARGEST_OF_OTHERS, LARGEST_SEED
from .mistakes import Mistake, Mistakes, SpecError, mistakes_in
from .options import (
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
    rebuild_images: Count = 12
    measures: Annotated[tuple[MeasureChoice, ...], WithoutGroups, NotEmpty] = Field(
        DEFAULT_MEASURES, validate_default=True
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
        replace its fields, and the options of that name of its parts.

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
            replaced = {*overrides, *with_ciphers(overrides.get("ciphers"), fields.get("scheme"))}
            left = {name: value for name, value in fields.items() if name not in replaced}
            if not trust:
                refuse_trust(left)
            options = overrides.keys() & set(SHARED_OPTIONS)
            if not options:
                return cls.of(**(left | overrides))
            asked = {name: value for name, value in overrides.items() if name not in options}
            yielding = cls.of(**(left | asked))._without(options, left.keys())
            return cls.of(**(left | overrides | yielding))
        except ConfigError as error:
            raise SpecError([Mistake("", str(error), str(path))]) from error
        except SpecError as error:
            raise error.of_file(path, left) from error

    @model_validator(mode="before")
    @classmethod
    def _defaults(cls, given: Any) -> Any:
        return with_defaults(given) if isinstance(given, Mapping) else given

    def _without(self, options: Collection[str], named: Collection[str]) -> dict[str, Any]:
        """Fields of parts that are named, without some of their own options; what is then the same
        stands there once."""

        def left(choices: Iterable[Choice]) -> list[str | dict[str, Any]]:
            written = [choice.without(options) for choice in choices]
            return list({repr(one): one for one in written}.values())

        found: dict[str, Any] = {
            name: left(getattr(self, name))
            for name in ("measures", "encoders", "views")
            if name in named
        }
        if "views" in named:
            found["view_rebuilt"] = self.view_rebuilt
        if "target" in named and self.target is not None:
            found["target"] = self.target.without(options)
        return found

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
        if own := self.brought(attack, "encoders"):
            return tuple(map(Question.of_both, own))
        given = [question for question in self.questions() if _is_space(question)]
        added = map(Question.of_both, self.brought(attack, "added_encoders"))
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
        brought = self.brought(attack, "encoders")
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

    def parts(self) -> tuple[Component, ...]:
        """All that takes part in it."""
        rebuilders = self.rebuilder_components() if self.rebuilds else ()
        encoders, measures = self.encoder_components(), self.measure_components()
        return (self.scheme_component(), *encoders, *measures, *rebuilders)

    def brought(self, attack: Component, name: str) -> list[Component]:
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
        if mistakes := mistakes_of(self):
            raise Mistakes(mistakes)
        return self


def _is_space(question: Question) -> bool:
    """Whether an attack can see whole images through it: one encoder on both sides."""
    target = question.target
    return question.is_of_one_encoder and has_features(target) and not offers(target, "watch")
