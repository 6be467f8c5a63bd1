"""What the paper leaves open, one choice changed at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .settings import Settings


@dataclass(frozen=True)
class Variant:
    """One choice made otherwise.

    Parameters
    ----------
    choice, value : what, and how.
    changes : of the settings.
    patches : places an image is cut at; None for those of the reproduction.
    alone : whether every image has a network of its own.
    """

    choice: str
    value: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    patches: int | None = None
    alone: bool = False

    @property
    def name(self) -> str:
        return f"{self.choice}-{self.value}".replace(",", "").replace(" ", "-").replace("/", "-")


BASE = Variant("base", "as above")


def in_sample(settings: Settings) -> tuple[Variant, ...]:
    """Variants of MINE under the paper's protocol."""
    other = _other_clear(settings)
    return (
        BASE,
        *_networks(settings),
        Variant("rate", "1e-3", {"rate": 1e-3}),
        Variant("rate", "1e-5", {"rate": 1e-5}),
        Variant("patches", str(_fewer(settings)), patches=_fewer(settings)),
        Variant("clear", other, {"clear": other}),
        Variant("seed", str(settings.seed + 1), {"seed": settings.seed + 1}),
        Variant("samples", "a network an image", alone=True),
    )


def held_out(settings: Settings) -> tuple[Variant, ...]:
    """Variants of MINE on features of images it never saw.

    A network an image has no other image to be tested on. What shows the encoder other
    patches, another form of the clear part or other places, does so with few of them.
    """
    other, fewer, seed = _other_clear(settings), _fewer(settings), settings.seed + 1
    return (
        BASE,
        *_networks(settings),
        Variant("rate", "1e-2", {"rate": 1e-2}),
        Variant("rate", "1e-4", {"rate": 1e-4}),
        Variant("patches", str(fewer), patches=fewer),
        Variant("clear", f"{other}, {fewer} patches", {"clear": other}, fewer),
        Variant("seed", f"{seed}, {fewer} patches", {"seed": seed}, fewer),
    )


def per_image(settings: Settings) -> tuple[Variant, ...]:
    """Variants of what is measured on one image."""
    other = _other_clear(settings)
    steps = [settings.round_to / by for by in (10, 100)]
    return (
        BASE,
        *(Variant("round to", f"{step:g}", {"round_to": step}) for step in steps),
        Variant("clear", other, {"clear": other}),
    )


def _networks(settings: Settings) -> tuple[Variant, ...]:
    fewer, more = max(1, settings.epochs // 4), 3 * settings.epochs
    return (
        Variant("width", "32", {"hidden": (32, 32)}),
        Variant("width", "200", {"hidden": (200, 200)}),
        Variant("depth", "1", {"hidden": (100,)}),
        Variant("depth", "3", {"hidden": (100, 100, 100)}),
        Variant("batch", "64", {"batch": 64}),
        Variant("epochs", str(fewer), {"epochs": fewer}),
        Variant("epochs", str(more), {"epochs": more}),
    )


def _other_clear(settings: Settings) -> str:
    return "shifted" if settings.clear == "scaled" else "scaled"


def _fewer(settings: Settings) -> int:
    return max(2, settings.patches // 5)
