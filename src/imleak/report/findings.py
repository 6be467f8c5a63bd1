"""What was found: every adversary and level at which it claims a leak, strongest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .adversaries import ATTRIBUTES, CONFIRM, FANO, INFONCE, MATCH, RECOGNISE
from .measures import Measure, Result, surest
from .words import bits, interval, percent

QUANTITIES = {
    RECOGNISE: ("top-5", "top-1"),
    MATCH: ("rank-1", "rank-5", INFONCE, FANO, "reciprocal rank"),
    CONFIRM: ("bits (exact)",),
}
"""Quantities a finding is reported by, the first that claims a leak. Others stand beside it;
any other attack may be reported by each of its quantities, in its own order."""

_GRAVEST = (RECOGNISE, MATCH, CONFIRM)


@dataclass(frozen=True)
class Finding:
    """A leak that an adversary claims at a level.

    Parameters
    ----------
    size : bits an image at least, of the same adversary, where it bounds them.
    """

    adversary: Measure
    level: int
    size: Result | None = None

    @property
    def result(self) -> Result:
        return self.adversary.results[self.level]

    @property
    def strength(self) -> tuple[int, bool, float]:
        """What is graver compares greater: naming what an image shows, then picking it out,
        then confirming it, then bits of an estimator; of one kind bounds before others."""
        of_kind = (*_GRAVEST, self.adversary.measure).index(self.adversary.measure)
        sure = self.adversary.bound in ("lower", "exact") or self.adversary.is_zero_shot
        return -of_kind, sure, self.result.lower_end

    @property
    def words(self) -> str:
        """The finding as a clause: ``a network names what the image shows in 39 % of images``."""
        share, measure = percent(self.result.value), self.adversary.measure
        if measure == RECOGNISE:
            return f"a network names what the image shows{self.guesses} in {share} of images"
        if measure == MATCH and self.is_rate:
            return f"the right image of {self.result.images} is {self.picked} in {share} of cases"
        if measure == CONFIRM:
            return "whoever holds the image can confirm it"
        if self.adversary.is_attribute:
            return f"{self.each} tells {self.amount} of its {self.adversary.attribute}"
        if not self.adversary.unit.startswith("bit"):
            quantity = f"a {self.adversary.quantity} of " if self.adversary.quantity else ""
            unit = "" if self.adversary.unit in ("share", "1", "") else f" {self.adversary.unit}"
            return f"{measure} finds {quantity}{self.result.value:.2f}{unit}"
        return f"{measure} finds {self.amount} {self.each}"

    @property
    def is_rate(self) -> bool:
        """Whether it counts images for which the adversary is right."""
        return self.adversary.quantity.startswith(("rank-", "top-"))

    @property
    def each(self) -> str:
        return "an image" if self.adversary.row == "image" else f"a {self.adversary.row}"

    @property
    def guesses(self) -> str:
        return " among five guesses" if self.adversary.quantity == "top-5" else ""

    @property
    def picked(self) -> str:
        return "among the first five" if self.adversary.quantity == "rank-5" else "picked"

    @property
    def amount(self) -> str:
        """``at least 2.48 bits [2.28, 2.68]``; never more than the test could show."""
        result = self.result
        word = "at least" if self.adversary.bound == "lower" else "about"
        if result.value > result.ceiling:
            return f"{word} {bits(result.ceiling)} bits"
        return f"{word} {bits(result.value)} bits{interval(result.low, result.high)}"


def findings(everyone: Sequence[Measure]) -> list[Finding]:
    """One finding a kind of adversary and level that encrypts something: the strongest, by
    the lower end of its interval. The gravest kind stands first, then the lowest level."""
    found = []
    for of_kind in _kinds(everyone):
        for level in sorted({level for one in of_kind for level in one.results if level > 0}):
            one = strongest(of_kind, level)
            if one is not None:
                found.append(one)
    return sorted(found, key=lambda finding: (-finding.strength[0], finding.level))


def leading(everyone: Sequence[Measure]) -> list[Measure]:
    """The estimators an answer is about: those that look at images, where there are any, and
    else those that look at single pixels; those of attributes where there are no others."""
    trained = [one for one in everyone if not (one.is_zero_shot or one.is_given)]
    others = [one for one in trained if not one.is_attribute]
    return [one for one in others if one.row != "pixel"] or others or trained


def turning_level(found: Sequence[Finding]) -> int | None:
    """The highest level at which the gravest kind of finding holds; above it the answer is
    another."""
    gravest = [one for one in found if one.strength[0] == found[0].strength[0]]
    return max((one.level for one in gravest), default=None)


def _kinds(everyone: Sequence[Measure]) -> Iterable[list[Measure]]:
    for measure in _GRAVEST:
        yield [one for one in everyone if one.measure == measure]
    others = [one for one in everyone if one.is_zero_shot and one.measure not in _GRAVEST]
    for measure in dict.fromkeys(one.measure for one in others):
        yield [one for one in others if one.measure == measure]
    yield [one for one in leading(everyone) if not one.is_attribute]
    yield [one for one in everyone if one.is_attribute]


def told(everyone: Sequence[Measure]) -> dict[int, list[Finding]]:
    """By level that encrypts something, the attributes that can be told, the surest first."""
    found: dict[int, list[Finding]] = {}
    for one in everyone:
        for level, result in one.results.items():
            if one.is_attribute and level and result.claims:
                found.setdefault(level, []).append(Finding(one, level))
    for of_level in found.values():
        of_level.sort(key=lambda finding: finding.strength, reverse=True)
    return dict(sorted(found.items()))


def strongest(of_kind: Sequence[Measure], level: int) -> Finding | None:
    """What the strongest adversary of a kind finds at a level."""
    claiming = [one for one in of_kind if level in one.results and one.results[level].claims]
    if claiming and claiming[0].measure == ATTRIBUTES:
        return max((Finding(one, level) for one in claiming), key=lambda found: found.strength)
    quantities = tuple(dict.fromkeys(one.quantity for one in claiming))
    for quantity in QUANTITIES.get(claiming[0].measure, quantities) if claiming else ():
        of_quantity = [one for one in claiming if one.quantity == quantity]
        if of_quantity:
            found = [Finding(one, level, _size(one, of_kind, level)) for one in of_quantity]
            return max(found, key=lambda finding: finding.strength)
    return None


def _size(of: Measure, among: Iterable[Measure], level: int) -> Result | None:
    """The most bits an image that the same adversary surely gets."""
    sizes = [
        one.results[level]
        for one in among
        if one.encoder == of.encoder and one.unit == "bit/image" and level in one.results
    ]
    return surest(size for size in sizes if size.claims)
