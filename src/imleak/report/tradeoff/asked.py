"""The adversaries that are asked the same of every scheme."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ..adversaries import MATCH, REBUILD, RECOGNISE
from ..findings import QUANTITIES, leading
from ..measures import Measure, Result, that_ask
from ..rebuilt import GRADIENT, NEIGHBOUR
from ..words import percent
from .costs import NONE


@dataclass(frozen=True)
class Adversary:
    """One adversary, asked the same of every scheme.

    Parameters
    ----------
    key : "named", unique.
    title, words : what it does.
    is_share : whether it is a rate of images.
    find : everything that a run measured -> its results by level.
    """

    key: str
    title: str
    words: str
    is_share: bool
    find: Callable[[Sequence[Measure]], Mapping[int, Result]] = field(repr=False)

    def number(self, value: float) -> str:
        return percent(value) if self.is_share else f"{value:z.2f}"

    def text(self, result: Result | None) -> tuple[str, str]:
        """``46 % [37, 56]`` and ``null up to 4``: the value with its interval, and what 95 % of
        the nulls are below."""
        if result is None or math.isnan(result.value):
            return NONE, ""
        value = self.number(max(result.value, 0.0) if self.is_share else result.value)
        if not math.isnan(result.low):
            value += f" [{self._bare(result.low)}, {self._bare(result.high)}]"
        null = result.null_p95
        return value, "" if math.isnan(null) else f"null up to {self._bare(null)}"

    def _bare(self, value: float) -> str:
        return self.number(value).removesuffix(" %")


def _first(measure: str, *, of_rebuilt: bool) -> Callable[[Sequence[Measure]], dict[int, Result]]:
    """The first quantity of what learned nothing, of the clear part or of the rebuilt image."""

    def find(everything: Sequence[Measure]) -> dict[int, Result]:
        some = [
            one
            for one in everything
            if one.measure == measure
            and one.is_of_rebuilt == of_rebuilt
            and one.quantity == QUANTITIES[measure][0]
        ]
        return _most(some)

    return find


def _trained(everything: Sequence[Measure]) -> dict[int, Result]:
    """The estimator that says most of whole images or patches."""
    some = leading(that_ask(everything))
    return _most([one for one in some if one.row != "pixel" and not one.is_attribute])


def _rebuilt(everything: Sequence[Measure]) -> dict[int, Result]:
    """How well images are rebuilt. Of images put together from blocks gradients say nothing: a
    part of them stands right, but elsewhere."""
    some = [one for one in everything if one.measure == REBUILD]
    quantity = NEIGHBOUR if any(one.quantity == NEIGHBOUR for one in some) else GRADIENT
    return _most([one for one in some if one.quantity == quantity])


def _most(some: Sequence[Measure]) -> dict[int, Result]:
    """By level that encrypts something, the result of whoever finds most."""
    found: dict[int, Result] = {}
    for one in some:
        for level, result in one.results.items():
            if level and not math.isnan(result.value):
                other = found.get(level)
                is_more = other is None or (result.claims, result.value) > (
                    other.claims,
                    other.value,
                )
                found |= {level: result} if is_more else {}
    return found


ADVERSARIES: tuple[Adversary, ...] = (
    Adversary(
        "named", "named", "by a network, five guesses", True, _first(RECOGNISE, of_rebuilt=False)
    ),
    Adversary("picked", "picked", "among the images", True, _first(MATCH, of_rebuilt=False)),
    Adversary(
        "named rebuilt",
        "named, rebuilt",
        "five guesses, of the rebuilt image",
        True,
        _first(RECOGNISE, of_rebuilt=True),
    ),
    Adversary(
        "rebuilt",
        "rebuilt",
        "gradients, or neighbouring blocks put together",
        False,
        _rebuilt,
    ),
    Adversary("bits", "bits", "of the trained estimator, at least", False, _trained),
)
"""Everyone who is asked, the gravest finding first."""
