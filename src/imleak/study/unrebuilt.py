"""Images that are missing from what is measured of rebuilt images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from .components import Question, RebuiltView
from .parts import Part
from .plan import Omission, Unit
from .spec import StudySpec


@dataclass
class Unrebuilt:
    """Counts them.

    Parameters
    ----------
    asked : names of the images that were to be rebuilt.
    why : of those that are missing, the first reason.
    """

    asked: set[str] = field(default_factory=set)
    why: dict[str, str] = field(default_factory=dict)

    def count(self, unit: Unit, part: Part) -> None:
        """Note what became of a unit."""
        if not _is_of_rebuilt(unit.question):
            return
        self.asked.update(image.name for image in unit.images)
        if unit.is_of_one_image and part.error is not None:
            self.why.setdefault(unit.images[0].name, part.error)

    def omit(self, omission: Omission) -> None:
        """Note an image that was left out of a measure."""
        if omission.question is not None and _is_of_rebuilt(omission.question):
            self.asked.add(omission.image)
            self.why.setdefault(omission.image, omission.why)

    def told(self, spec: StudySpec) -> Iterator[str]:
        """How many are missing, why, and what else rebuilds them; nothing if none is."""
        if not self.why:
            return
        asked, *_ = spec.rebuilder_components()
        every = spec.model_copy(update={"rebuilder": None}).rebuilder_components()
        others = [one.name for one in every if one.name != asked.name]
        instead = f" Another rebuilder takes them (--rebuilder {others[0]})." if others else ""
        yield (
            f"{len(self.why):,} of {len(self.asked):,} images are missing from what is measured of "
            f"rebuilt images.{instead} Why the first one is: {next(iter(self.why.values()))}."
        )


def _is_of_rebuilt(question: Question) -> bool:
    return any(isinstance(view, RebuiltView) for one in question.each for view in one.views)
