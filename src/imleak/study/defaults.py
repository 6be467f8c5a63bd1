"""What a study measures where nothing else is said."""

import re
from collections.abc import Mapping
from typing import Any

from .fields import several

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


def with_defaults(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields that are given, and those that follow from them. Who names a target has said what
    is measured; what compares the two sides in one space is then left out unless asked for.
    Ciphers that come encrypted are of a scheme nobody knows, and of all channels, unless something
    else is said."""
    views = several(given.get("views", ()))
    if isinstance(views, list | tuple) and "rebuilt" in views:
        others = tuple(view for view in views if view != "rebuilt")
        given = dict(given) | {"views": others, "view_rebuilt": True}
    if given.get("target") and not given.get("encoders"):
        named = (NAMED,) if _name(given["target"]) == NAMED else ()
        given = {"encoders": (), "measures": (*MEASURES_OF_A_TARGET, *named)} | dict(given)
    measures: tuple[Any, ...] = DEFAULT_MEASURES
    if given.get("seeds") is not None:
        measures = tuple(_without_seeds(one) for one in measures)
    if isinstance(ciphers := given.get("ciphers"), Mapping) and ciphers:
        recorded = {"name": RECORDED, "labels": list(ciphers)}
        measures = (CHECKS, *measures)
        given = {"scheme": recorded, "colour": True} | dict(given)
    elif given.get("keys") == "one":
        measures = (CHECKS, *measures)
    return {"measures": measures} | dict(given)


def _without_seeds(measure: str | Mapping[str, Any]) -> str | dict[str, Any]:
    """A default measure with as many repetitions as all."""
    if isinstance(measure, str):
        return measure
    return {name: value for name, value in measure.items() if name != "seeds"}


def with_ciphers(ciphers: object, scheme: object) -> tuple[str, ...]:
    """Fields of a file that follow from the ciphers that take the place of its own: whether colour
    is measured, and the scheme, but where they are named by the levels of one that is known."""
    if not isinstance(ciphers, Mapping) or not ciphers:
        return ()
    known = _name(scheme) != RECORDED and all(map(is_level, ciphers))
    return ("colour",) if known else ("scheme", "colour")


def is_level(label: object) -> bool:
    """Whether a label of ciphers is a level of a scheme that encrypts."""
    return re.fullmatch("[1-9][0-9]{0,4}", str(label)) is not None


def _name(choice: object) -> object:
    """The name of a component as a user writes it."""
    if isinstance(choice, Mapping):
        return choice.get("name")
    return re.split("[:=]", choice)[0] if isinstance(choice, str) else choice
