"""What of a study does not fit together: every mistake that no field shows by itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..images import check_group_by
from ..interfaces import EncryptsBits, ImleakError
from .components import (
    Component,
    Question,
    first_that_rebuilds,
    has_features,
    has_key,
    offers,
    space,
)
from .defaults import DEFAULT_ENCODERS, RECORDED, is_level
from .limits import shown
from .mistakes import Mistake
from .options import HELD_OUT_ONLY, Choice, EncoderChoice

if TYPE_CHECKING:
    from .spec import StudySpec


def mistakes_of(spec: StudySpec) -> list[Mistake]:
    """All of them, or the first that have to be mended before others can be seen."""
    mistakes = [
        *_without_ciphers(spec),
        *_one_sided(spec),
        *_twice(spec),
        *_unused(spec),
        *_refused(spec),
    ]
    mistakes = mistakes or [*_not_rebuilt(spec), *_without_share(spec)]
    # What a measure needs can only be asked of components that can be built and read.
    return mistakes or [*_unreadable(spec)] or [*_inputs(spec)]


def _without_ciphers(spec: StudySpec) -> Iterator[Mistake]:
    """What ciphers that come encrypted leave no choice of."""
    if spec.scheme.name == RECORDED and not spec.ciphers:
        yield Mistake(
            "scheme", f"{RECORDED} is of ciphers that somebody else made; give their folders"
        )
    if not spec.ciphers:
        return
    if spec.frames is not None:
        yield Mistake("frames", "ciphers are those of whole files; leave it out")
    if not spec.colour:
        yield Mistake("colour", "ciphers are measured in the channels they have; leave it out")
    if spec.jpeg_quality is not None:
        yield Mistake("jpeg_quality", "ciphers are measured as they are; leave it out")
    if spec.scheme.name == RECORDED:
        if spec.adversary_images:
            yield Mistake(
                "adversary_images",
                "nobody can encrypt them by a scheme that is not known; name "
                "it (scheme), or leave them out",
            )
        return
    if odd := [label for label in spec.ciphers if not is_level(label)]:
        yield Mistake(
            "ciphers",
            f"{shown(odd[0])} is no level of {spec.scheme.name} that encrypts; write "
            "one, as in 3=FOLDER, or leave out the scheme",
        )
    elif spec.levels is not None and set(spec.levels) - {0, *spec.cipher_levels}:
        yield Mistake("levels", "those of the ciphers are taken, and 0; leave it out")


def _one_sided(spec: StudySpec) -> Iterator[Mistake]:
    if not spec.encoders and spec.target is None:
        yield Mistake("encoders", "is empty; give at least one, or a target and its views")
    if spec.target is not None and not spec.views and not spec.view_rebuilt:
        yield Mistake(
            "views", "is empty; give at least one way to look at the clear part for the target"
        )
    if spec.target is None and spec.views:
        yield Mistake("target", "is missing; say what is to be told through the views")


def _twice(spec: StudySpec) -> Iterator[Mistake]:
    encoders = [(f"{one.component({}).title!r}", one.label) for one in spec.encoders]
    measures = [
        (f"{one.name!r}" + (f" under protocol {protocol}" if protocol else ""), one.label)
        for one in spec.measures
        for protocol in one.protocols(spec.shared)
    ]
    views = [(f"{one.component({}).title!r}", one.label) for one in spec.views]
    for field, named in (("encoders", encoders), ("views", views), ("measures", measures)):
        counts = Counter(name for name, _ in named)
        for name in sorted(name for name, count in counts.items() if count > 1):
            labels = dict.fromkeys(label for of, label in named if of == name)
            which = f" ({' and '.join(labels)})" if len(labels) > 1 else ""
            yield Mistake(field, f"{name} stands there twice{which}, and its rows would look alike")


def _unused(spec: StudySpec) -> Iterator[Mistake]:
    others = [spec.scheme, *spec.encoders, *([spec.target] if spec.target else []), *spec.views]
    used = {option for choice in others for option in choice.accepts()}
    for choice in spec.measures:
        unused = HELD_OUT_ONLY if choice.protocols(spec.shared) == ("in-sample",) else ()
        used |= {option for option in choice.accepts() if option not in unused}
    chosen = ", ".join(dict.fromkeys(choice.name for choice in spec.measures))
    for choice in spec.measures:
        made = choice.component({}).build()
        for brought in ("encoders", "added_encoders", "attribute_encoders"):
            for word in getattr(made, brought, ()):
                used.update(EncoderChoice.model_validate(word).accepts())
    for option in spec.shared:
        if option not in used:
            yield Mistake(option, f"none of the chosen measures ({chosen}) has it; leave it out")
    if spec.gallery and not any(offers(one, "takes_gallery") for one in spec.measure_components()):
        yield Mistake(
            "gallery",
            f"none of the chosen measures ({chosen}) looks among other images; add match",
        )
    if spec.adversary_images and not any(
        offers(one, "takes_public") for one in spec.measure_components()
    ):
        yield Mistake(
            "adversary_images",
            f"none of the chosen measures ({chosen}) learns from some images "
            "to be tested on others; add best",
        )


def _not_rebuilt(spec: StudySpec) -> Iterator[Mistake]:
    """What is asked of rebuilt images where there are none, and the other way round."""
    asked = [
        ("measures", choice.name)
        for choice in spec.measures
        if offers(choice.components(spec.shared)[0], "needs_rebuilt") and not choice.optional
    ] + ([("views", "rebuilt")] if spec.view_rebuilt else [])
    scheme, name = spec.scheme_component(), spec.scheme.name
    bits = spec.bits or 8
    levels = [level.rank for level in scheme.build().levels(bits)]
    known = spec.rebuilder_components()
    if not any(first_that_rebuilds(known, scheme, level, bits) for level in levels):
        policy = " under one key" if spec.keys == "one" else ""
        parts = f"clear parts of {name}{policy}; leave it out"
        if spec.rebuilder:
            yield Mistake("rebuilder", f"{spec.rebuilder.name} does not rebuild {parts}")
        elif asked:
            field, asker = asked[0]
            yield Mistake(field, f"{asker}: no rebuilder rebuilds {parts}")
        return
    if spec.rebuilder and not spec.rebuilds:
        yield Mistake("rebuilder", "nothing here looks at rebuilt images; add the measure rebuild")


def _without_share(spec: StudySpec) -> Iterator[Mistake]:
    """What counts encrypted bits where a scheme has none to count."""
    if isinstance(spec.scheme_component().build(), EncryptsBits):
        return
    for choice in spec.measures:
        if offers(choice.components(spec.shared)[0], "needs_encrypted_share"):
            yield Mistake(
                "measures",
                f"{choice.name} counts encrypted bits, and {spec.scheme.name} "
                "has none to count; leave it out, and compare by psnr",
            )


def _named(spec: StudySpec) -> Iterator[tuple[str, Choice]]:
    """Everything it is made of, and where it stands."""
    yield "scheme", spec.scheme
    yield from (("encoders", choice) for choice in spec.encoders)
    if spec.target:
        yield "target", spec.target
    yield from (("views", choice) for choice in spec.views)
    if spec.rebuilder:
        yield "rebuilder", spec.rebuilder
    yield from (("measures", choice) for choice in spec.measures)


def _refused(spec: StudySpec) -> Iterator[Mistake]:
    if spec.group_by is not None:
        try:
            check_group_by(spec.group_by)
        except ImleakError as error:
            yield Mistake("group_by", str(error))
    refused = {option: why for option in spec.shared if (why := _refusal(spec, option))}
    yield from (Mistake(option, why) for option, why in refused.items())
    others = {name: value for name, value in spec.shared.items() if name not in refused}
    for where, choice in _named(spec):
        try:
            choice.components(others)
        except ImleakError as error:
            yield Mistake(where, str(error))


def _refusal(spec: StudySpec, option: str) -> str | None:
    """What the first that is handed an option has against its value, whatever else it is
    handed."""
    for _, choice in _named(spec):
        try:
            choice.component({option: spec.shared[option]})
        except ImleakError as error:
            return re.sub(rf"^(\S+ refuses )?{option}=", "", str(error))
    return None


def _unreadable(spec: StudySpec) -> Iterator[Mistake]:
    """Files of models that are no models: they are first opened here."""
    found: dict[Component, str] = {}
    for where, choice in _named(spec):
        for one in choice.components(spec.shared):
            of_attack = [*spec.brought(one, "encoders"), *spec.brought(one, "added_encoders")]
            for encoder in [one] if one.kind == "encoder" else of_attack:
                found.setdefault(encoder, where)
    for encoder, where in found.items():
        try:
            has_features(encoder)
        except ImleakError as error:
            yield Mistake(where, str(error))


def _inputs(spec: StudySpec) -> Iterator[Mistake]:
    questions = spec.questions()
    yield from _without_key(spec)
    for question in questions:
        yield from _unlike(question)
    yield from _untrainable(spec)
    there = {"features" if has_features(q.target) else "pixels" for q in questions}
    compared = any(q.is_of_one_encoder and has_features(q.target) for q in questions)
    for choice in spec.measures:
        measure = choice.components(spec.shared)[0]
        if measure.kind == "check" and not spec.ciphers and spec.keys == "image":
            yield Mistake(
                "measures",
                f"{measure.name} looks at ciphers that somebody else made, or "
                "under one key; give them (--pairs PLAIN CIPHER, or --cipher LABEL=FOLDER), or "
                "--keys one",
            )
        if measure.kind == "attack":
            if not spec.spaces(measure):
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
                    for question in spec.spaces(measure)
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
                f"{measure.name} works on single pixels; add pixels to encoders (--encoder pixels)",
            )


def _without_key(spec: StudySpec) -> Iterator[Mistake]:
    """A policy of keys, or ciphers, of what has no key here."""
    if spec.keys == "one" and spec.ciphers:
        yield Mistake("keys", "ciphers come with the keys they have; leave it out")
    elif not has_key(spec.scheme_component()) and spec.scheme.name != RECORDED:
        if spec.keys == "one":
            yield Mistake("keys", f"{spec.scheme.name} has no key; leave it out")
        if spec.ciphers:
            yield Mistake(
                "scheme",
                f"{spec.scheme.name} has no key, and is seen as it is; give the "
                "folders without a scheme",
            )


def _untrainable(spec: StudySpec) -> Iterator[Mistake]:
    """Views that are trained, where they cannot be."""
    for target in dict.fromkeys(question.target for question in spec.questions()):
        if offers(target, "watch"):
            yield Mistake(
                "encoders",
                f"{target.title} is trained to tell a target and cannot be one; "
                f"give it as a view (--target {DEFAULT_ENCODERS[0]} --view {target.title})",
            )
    trained = [view.title for q in spec.questions() for view in q.views if offers(view, "watch")]
    if not trained:
        return
    for measure in spec.measure_components():
        if measure.kind == "estimator" and not offers(measure, "holds_out"):
            yield Mistake(
                "measures",
                f"{measure.title} tests on what {trained[0]} was trained on; "
                "use an estimator that holds images out, such as best or cca-infonce",
            )


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
