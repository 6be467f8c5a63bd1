"""Adversaries that learned elsewhere: which a run has, where they fit, whom they have seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..adversary import Adversary, AdversaryError, open_adversary, packaged
from ..adversary.file import SHIPPED
from ..images import near_duplicates
from ..interfaces import Directions, PairedSamples
from .components import Component, Question, offers
from .plan import FindLearned, LearnedElsewhere, Plan, Scope, Unit
from .progress import some_of
from .scan import Scan
from .spec import StudySpec

NONE = "none"
"""The word for no adversary that learned elsewhere."""


@dataclass(frozen=True)
class Elsewhere:
    """The adversary of a run that learned from other images than are measured.

    Parameters
    ----------
    name : as the user wrote it.
    adversary : None if there is none.
    why : it is not used; empty if it is, wherever it knows target and view.
    seen : names of the images it learned from.
    """

    name: str = NONE
    adversary: Adversary | None = None
    why: str = ""
    seen: tuple[str, ...] = ()

    def of(self, question: Question) -> tuple[LearnedElsewhere | None, ...]:
        """What it learned of the target and each view of a question; empty if of none."""
        return () if self.why else _of_each(question, self._of)

    def _of(self, encoder: Component) -> LearnedElsewhere | None:
        if self.adversary is None:
            return None
        file = SHIPPED if self.name == SHIPPED else str(self.adversary.path)
        for at, learned in enumerate(self.adversary.card.learned):
            if encoder.is_but_for_rounding(learned.contents):
                return LearnedElsewhere(file, at, learned.digest)
        return None

    @property
    def title(self) -> str:
        """Of the images it learned from."""
        return self.adversary.card.title if self.adversary else ""

    @property
    def warning(self) -> str:
        """Why it is not used on these images, in a line, or nothing."""
        if self.seen:
            return (
                f"The adversary that learned from {self.title} was not used: {len(self.seen):,} of "
                f"these images, or near-duplicates of them, are among those ({some_of(self.seen)})."
            )
        return ""

    def warnings(self, units: Sequence[Unit]) -> list[str]:
        """What a reader of the results must know of it, where anyone would have asked it."""
        takes = any(offers(unit.measure, "takes_directions") for unit in units)
        return [self.warning] if takes and self.warning else []

    def manifest(self, units: Sequence[Unit]) -> dict[str, Any]:
        """What is recorded of it."""
        known: dict[str, Any] = {"name": self.name, "seen": list(self.seen), "why": self.why}
        if self.adversary is not None:
            card = self.adversary.card
            known |= {"title": card.title, "images": card.images, "digest": card.digest}
        used = [unit for unit in units if any(unit.directions)]
        views = [zip(unit.question.views, unit.directions, strict=True) for unit in used]
        return known | {
            "measures": list(dict.fromkeys(unit.measure.name for unit in used)),
            "learned": {view.title: one.digest for of in views for view, one in of if one},
        }


def recorded_elsewhere(manifest: Mapping[str, Any]) -> FindLearned:
    """What a manifest says was learned elsewhere of each question."""
    digests = manifest.get("adversary", {}).get("learned", {})

    def of(encoder: Component) -> LearnedElsewhere | None:
        digest = digests.get(encoder.title)
        return LearnedElsewhere("", 0, digest) if digest else None

    return lambda question: _of_each(question, of)


def _of_each(
    question: Question, of: Callable[[Component], LearnedElsewhere | None]
) -> tuple[LearnedElsewhere | None, ...]:
    """What was learned of each view that is the target's own encoder, on patches."""
    if question.is_of_whole_images:
        return ()
    found = tuple(of(view) if view == question.target else None for view in question.views)
    return found if any(found) else ()


def opened(spec: StudySpec) -> Elsewhere:
    """The adversary of a study, before its images are looked at.

    Raises
    ------
    AdversaryError
        If it was named and is none, or knows nothing of scheme or encoders.
    """
    if spec.adversary == NONE:
        return Elsewhere()
    adversary = packaged() if spec.adversary == SHIPPED else open_adversary(spec.adversary)
    if adversary is None:
        return Elsewhere(spec.adversary, why="this installation comes without one")
    return _unless(spec, adversary, _other(spec, adversary))


def elsewhere(spec: StudySpec, known: Elsewhere, found: Scan, chosen: Scope) -> Elsewhere:
    """The same, and whether it may be used on these images. Raises AdversaryError if it was named
    and knows nothing of their depth or levels."""
    if known.adversary is None or known.why or not chosen.images:
        return known
    known = _unless(spec, known.adversary, _deeper(known.adversary, chosen))
    if known.adversary is None or known.why:
        return known
    seen = tuple(_seen(known.adversary, found))
    return replace(known, seen=seen, why="it learned from some of these images" if seen else "")


def _unless(spec: StudySpec, adversary: Adversary, why: str) -> Elsewhere:
    if why and spec.adversary != SHIPPED:
        raise AdversaryError(f"adversary {spec.adversary}: {why}")
    return Elsewhere(spec.adversary, adversary, why)


def _other(spec: StudySpec, adversary: Adversary) -> str:
    """Why an adversary knows nothing of a scheme and its encoders; empty if it does."""
    card, scheme = adversary.card, spec.scheme_component()
    if scheme_identity(scheme) != card.scheme:
        return f"it learned of {card.scheme['made']}, and the scheme is {scheme.build()!r}"
    if not any(Elsewhere(adversary=adversary).of(question) for question in spec.questions()):
        titles = ", ".join(one.title for one in card.learned)
        return (
            f"it learned of {titles}, and no encoder of patches here is that, of the same weights"
        )
    return ""


def _deeper(adversary: Adversary, chosen: Scope) -> str:
    """Why it knows nothing of the levels of these images; empty if it does."""
    card = adversary.card
    if card.bits != chosen.bits:
        return f"it learned from {card.bits}-bit images, and these have {chosen.bits} bits"
    left = [level.rank for level in chosen.labelled if not level.leaves_nothing]
    unknown = [rank for rank in left if rank not in card.levels]
    return f"it learned nothing of level {unknown[0]}" if unknown else ""


def scheme_identity(scheme: Component) -> dict[str, str]:
    """What tells a scheme from others, with the options that it has by default."""
    return {"name": scheme.name, "version": scheme.version, "made": repr(scheme.build())}


def _seen(adversary: Adversary, found: Scan) -> Iterator[str]:
    """Images that the adversary learned from, or whose near-duplicates it did."""
    card = adversary.card
    digests, own = set(card.digests), len(found.hashes)
    duplicates = near_duplicates([*found.hashes, *card.hashes])
    alike = {at for group in duplicates if max(group) >= own for at in group}
    for at, image in enumerate(found.images):
        if image.digest in digests or at in alike:
            yield image.name


def require(spec: StudySpec, units: Plan, known: Elsewhere) -> None:
    """Raises AdversaryError if a measure needs an adversary that learned elsewhere and has none."""
    for unit in units.estimators:
        needy = offers(unit.measure, "needs_directions")
        if needy and not any(unit.directions) and unit.measure not in spec.optional_components():
            why = known.warning or known.why or f"none learned of {unit.question.title}"
            raise AdversaryError(
                f"{unit.measure.title} needs an adversary that learned elsewhere: "
                f"{why.removesuffix('.')}; give one (--adversary FILE), or another measure"
            )


def given(unit: Unit, samples: Sequence[PairedSamples]) -> list[PairedSamples]:
    """Samples of every view with what was learned of it elsewhere."""
    return [
        replace(one, directions=_directions(source, unit.levels)) if source else one
        for one, source in zip(samples, unit.directions or (None,) * len(samples), strict=True)
    ]


def _directions(source: LearnedElsewhere, levels: tuple[int, ...]) -> Directions:
    adversary = open_adversary(source.file)
    if adversary.card.learned[source.at].digest != source.digest:
        raise AdversaryError(f"adversary {source.file}: has changed since the run began")
    return adversary.directions(source.at, levels)
