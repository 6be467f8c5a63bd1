"""The paper's experiments as studies."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..study import StudySpec
from ..study.mistakes import Mistake, SpecError
from .curves import Role
from .settings import CLOSE_TO_THE_LAW, NAMES, Settings, Space

HIGH = [6, 7]
"""Levels at which the paper finds most on features, its claim 7."""


@dataclass(frozen=True)
class Experiment:
    """A study, and what the paper calls what comes out of it.

    Parameters
    ----------
    name : of its folder.
    spec : the study.
    figures : numbers of the paper's figures that it is behind.
    space : the encoder; None for the pixels themselves.
    """

    name: str
    spec: StudySpec
    figures: tuple[str, ...]
    space: Space | None = None

    @property
    def behind(self) -> str:
        """What comes out of it, in words."""
        return f"figures {', '.join(self.figures)}" if self.figures else "claim 7"

    @property
    def roles(self) -> Mapping[str, Role]:
        """Roles of encoders by their title in the results."""
        return {self.space.title: self.space.role} if self.space else {"pixels": "pixels"}


def experiments(settings: Settings) -> tuple[Experiment, ...]:
    """Figures 1 to 8, without and with an encoder; then claim 7 through other views.

    Raises
    ------
    SpecError
        If a setting cannot be; the message names every mistake.
    """
    spaces = settings.spaces
    found = [pixels(settings), *(features(settings, space) for space in spaces)]
    if settings.views:
        found += [adversary(settings, space) for space in spaces if space.role == "clip"]
    counts = Counter(one.name for one in found)
    if twice := [one for one in found if counts[one.name] > 1]:
        space = twice[-1].space
        place = f"in the place of {NAMES[space.role]}" if space and space.role in NAMES else "twice"
        raise SpecError(
            [Mistake("encoders", f"{twice[0].name} stands there {place} too; give another")]
        )
    return tuple(found)


def pixels(settings: Settings) -> Experiment:
    """Histogram MI, and MINE on scalar pixels beside the exact value."""
    steps = {"epochs": CLOSE_TO_THE_LAW * settings.epochs, "hidden": list(settings.hidden)}
    measures = ["histogram", *mine(settings), {"name": "tabular-mine", **steps}]
    spec = StudySpec.of(**shared(settings), encoders=["pixels"], measures=measures)
    return Experiment("pixels", spec, ("1", "2", "4", "6a"))


def features(settings: Settings, space: Space) -> Experiment:
    """Cosine, rounded MI and MINE on the features of an encoder; held out, also the
    strongest of the bounds, and the smallest leak that one of them would have found."""
    held = {"seeds": settings.seeds, "folds": settings.folds}
    measures = [
        "cosine",
        {"name": "rounded", "round_to": settings.round_to},
        *mine(settings),
        {"name": "best", **held},
        {"name": "cca-infonce", "sensitivity": settings.sensitivity, **held},
    ]
    spec = StudySpec.of(
        **shared(settings), encoders=[space.encoder], measures=measures, patches=settings.patches
    )
    numbers = {"clip": ("3a", "3b", "5", "6b"), "resnet": ("3a", "3b", "7", "8")}
    return Experiment(_named(space), spec, numbers.get(space.role, ("3a", "3b")), space)


def adversary(settings: Settings, space: Space) -> Experiment:
    """Whether anything is left at the levels of claim 7 that another view sees: of the same
    target, through each view and through the best of them."""
    held = {"seeds": settings.seeds, "folds": settings.folds}
    spec = StudySpec.of(
        **shared(settings) | {"levels": HIGH},
        target=space.encoder,
        views=list(settings.views),
        measures=[{"name": name, **held} for name in ("cca-infonce", "best")],
        patches=settings.patches,
    )
    return Experiment(f"{_named(space)}-views", spec, (), space)


def _named(space: Space) -> str:
    return re.sub(r"[^a-z0-9]+", "-", space.title.lower()).strip("-")


def mine(settings: Settings) -> list[dict[str, Any]]:
    """MINE under the paper's protocol, and on images it never saw."""
    network = {"name": "mine", "epochs": settings.epochs, "hidden": list(settings.hidden)}
    network |= {"batch": settings.batch}
    if settings.rate is not None:
        network["rate"] = settings.rate
    held = {"protocol": "held-out", "seeds": settings.seeds, "folds": settings.folds}
    return [network | {"protocol": "in-sample"}, network | held]


def shared(settings: Settings) -> dict[str, Any]:
    """What all studies of a reproduction have in common."""
    given = {
        "sources": list(settings.images),
        "largest": settings.largest,
        "annotations": settings.annotations,
        "levels": settings.levels,
        "scheme": {"name": "bitplanes", "clear": settings.clear},
        "seed": settings.seed,
        "device": settings.device,
    }
    return {name: value for name, value in given.items() if value is not None}
