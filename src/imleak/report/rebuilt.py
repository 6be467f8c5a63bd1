"""Rebuilt images: at which levels they show what the image shows, and their figures."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import pandas as pd

from .adversaries import MATCH, REBUILD, RECOGNISE
from .levels import Levels
from .measures import Measure, Result, measures
from .sentences import Sentence
from .words import capitalised, listed, percent, plural

SEEN, PARTLY = 0.15, 0.05
"""Correlation of gradients from which people see in a rebuilt image what the image shows, and from
which they do in part of the images."""
TOGETHER = 0.25, 0.15
"""The same of the share of neighbouring blocks that are neighbours again, where blocks are put
together: people see parts of an image wherever they lie."""
EXACT, GRADIENT, TOP = "exact samples", "gradient correlation", "bit errors, plane "
DIRECT, NEIGHBOUR = "direct accuracy", "neighbour accuracy"
_PERCENT = ("share",)


def _percents(shares: Iterable[float]) -> str:
    """``83 and 36 %``; of shares that are all the same that one, and of those unknown nothing."""
    known = [percent(max(share, 0.0)).removesuffix(" %") for share in shares if share == share]
    same = list(dict.fromkeys(known))
    return f"{listed(same if len(same) == 1 else known)} %" if known else "unknown"


def _numbers(values: Iterable[float]) -> str:
    """``0.51 and 0.25``; of numbers that are all the same that one."""
    known = [f"{max(value, 0.0):.2f}" for value in values if value == value]
    same = list(dict.fromkeys(known))
    return listed(same if len(same) == 1 else known) or "unknown"


@dataclass(frozen=True)
class Column:
    """A figure of rebuilt images at every level, as text, and what it is."""

    title: str
    words: str
    entries: Mapping[int, str] = field(repr=False)


@dataclass(frozen=True)
class RebuiltImages:
    """What a run says of rebuilt images.

    Parameters
    ----------
    figures : by quantity, of the measure of rebuilt images.
    through : by measure, the first quantity of what looked at them.
    """

    figures: Mapping[str, Measure]
    through: Mapping[str, Measure]

    @classmethod
    def of(cls, summary: pd.DataFrame, manifest: Mapping[str, Any]) -> Self:
        """Those of a run."""
        everything = measures(summary, manifest)
        seen = [one for one in everything if one.is_of_rebuilt and one.is_zero_shot]
        first = {RECOGNISE: "top-5", MATCH: "rank-1"}
        return cls(
            {one.quantity: one for one in everything if one.measure == REBUILD and one.results},
            {one.measure: one for one in seen if one.quantity == first.get(one.measure)},
        )

    @property
    def levels(self) -> list[int]:
        """Levels at which there are rebuilt images."""
        return sorted({level for one in self.figures.values() for level in one.results})

    @property
    def seen(self) -> list[int]:
        """Levels at which a rebuilt image shows what the image shows: its gradients are like
        those of the image, or its blocks lie together as there, and not as those of another."""
        return self._levels_from(SEEN, TOGETHER[0])

    @property
    def partly_seen(self) -> list[int]:
        """Levels at which part of the rebuilt images do."""
        return [level for level in self._levels_from(PARTLY, TOGETHER[1]) if level not in self.seen]

    @property
    def named(self) -> list[int]:
        """Levels at which a network names in the rebuilt image what the image shows."""
        results = self.through[RECOGNISE].results if RECOGNISE in self.through else {}
        return sorted(level for level, one in results.items() if one.claims)

    @property
    def images(self) -> int:
        """How many images were rebuilt."""
        each = (result.images for one in self.figures.values() for result in one.results.values())
        return max(each, default=0)

    @property
    def made_by(self) -> str:
        """``the rebuilder smooth``"""
        every = (result.chosen for one in self.figures.values() for result in one.results.values())
        names = list(dict.fromkeys(filter(None, every)))
        return f"the rebuilder{'s' if len(names) > 1 else ''} {listed(names)}"

    @property
    def _makes(self) -> str:
        return "make" if self.made_by.startswith("the rebuilders") else "makes"

    @property
    def caption(self) -> str:
        """What the small table is of."""
        return (
            f"What {self.made_by} {self._makes} of the clear part, mean over "
            f"{plural(self.images, 'image')}; in brackets against another image"
        )

    def columns(self) -> Iterator[Column]:
        """The figures of a small table."""
        for measure, title, words in (
            (RECOGNISE, "named", "by a network, five guesses"),
            (MATCH, "picked", f"among {self.images} images"),
        ):
            if one := self.through.get(measure):
                yield Column(title, words, _with_null(one))
        for quantity, title, words in _COLUMNS:
            # What is put together from blocks has edges wherever they do not fit.
            is_misleading = quantity == GRADIENT and NEIGHBOUR in self.figures
            if (one := self.figures.get(quantity)) and not is_misleading:
                yield Column(title, words, _with_null(one))
        for one in [] if NEIGHBOUR in self.figures else self._planes():
            plane = one.quantity.removeprefix(TOP)
            yield Column(f"bit errors, plane {plane}", "of the hidden bits", _with_null(one))
        for quantity, title, words in _LAST:
            if one := self.figures.get(quantity):
                yield Column(title, words, _with_null(one))

    def lines(self, levels: Levels) -> list[tuple[str, list[str]]]:
        """Every level as the head of its row and a text a column."""
        columns = list(self.columns())
        return [
            (levels.tick(level), [column.entries.get(level, "") for column in columns])
            for level in self.levels
        ]

    def sentences(self, levels: Levels) -> Iterator[Sentence]:
        """``At s = 1 and 2 the image can be rebuilt, at s = 3 in part (the page shows it): ...``"""
        if seen := sorted(self.seen + self.partly_seen):
            yield self._of_seen(seen, levels)
        if named := [level for level in self.named if level not in seen]:
            share, chance = self._at(RECOGNISE, self.through, named)
            at = capitalised(levels.at(named, self.levels))
            yield Sentence(
                f"{at} a network names what the image shows in the rebuilt image",
                f": {self.made_by} {self._makes} one in which it is among five guesses in {share} "
                f"of {plural(self.images, 'image')} ({chance} by chance).",
            )

    def _of_seen(self, seen: Sequence[int], levels: Levels) -> Sentence:
        named, made = "", f"{self.made_by} {self._makes} of {plural(self.images, 'image')}"
        if set(self.named) & set(seen):
            share, chance = self._at(RECOGNISE, self.through, seen)
            named = f"a network names what the image shows among five guesses in {share} of images "
            named += f"({chance} by chance)"
        if NEIGHBOUR in self.figures:
            right, chance = self._at(NEIGHBOUR, self.figures, seen)
            words = f"{made.replace('make', 'put')} {right} of neighbouring blocks beside each "
            words += f"other ({chance} by chance)"
            words += f", and from the rebuilt image {named}" if named else ""
        else:
            likeness, chance = self._at(GRADIENT, self.figures, seen, _numbers)
            words = (
                f"from what {made} {named}; its gradients"
                if named
                else (f"the gradients of what {made}")
            )
            words += f" correlate with those of the image by {likeness} ({chance} by chance)"
        whole, part = (
            levels.at(some, self.levels) if some else "" for some in (self.seen, self.partly_seen)
        )
        head = f"{capitalised(whole or part)} the image can be rebuilt"
        if part:
            head += f", {part} in part" if whole else " in part"
        return Sentence(head, f": {words}.", seen[0])

    def _levels_from(self, likeness: float, together: float) -> list[int]:
        quantity, least = GRADIENT, likeness
        if NEIGHBOUR in self.figures:
            quantity, least = NEIGHBOUR, together
        results = self.figures[quantity].results if quantity in self.figures else {}
        return [level for level, one in sorted(results.items()) if _is_seen(one, least)]

    def _planes(self) -> list[Measure]:
        """Bit errors of the highest plane that is hidden."""
        planes = [one for quantity, one in self.figures.items() if quantity.startswith(TOP)]
        return planes[:1]

    def _at(
        self,
        name: str,
        among: Mapping[str, Measure],
        seen: Sequence[int],
        told: Callable[[Iterable[float]], str] = _percents,
    ) -> tuple[str, str]:
        """``83 and 36 %`` and, by chance, ``53 and 27 %``."""
        found = [among[name].results[level] for level in seen if level in among[name].results]
        return told(one.value for one in found), told(one.null_mean for one in found)


_COLUMNS = (
    (DIRECT, "at their place", "of the blocks"),
    (NEIGHBOUR, "together", "of neighbouring blocks"),
    (GRADIENT, "gradients", "correlation"),
    ("psnr", "PSNR", "dB"),
    ("ssim", "SSIM", "mean"),
    ("vif", "VIF", "mean"),
)
_LAST = (
    (EXACT, "exact", "of the hidden samples"),
    ("exact up to a form", "or as a whole", "negated, or in other colours"),
)
"""What says little of what people see."""


def _is_seen(result: Result, least: float) -> bool:
    """Whether a value is at least so high, and its interval, where there is one, clears what
    another image has."""
    low = result.value if result.low != result.low else result.low
    beyond = not result.null_p95 >= low
    return result.value >= least and beyond


def _with_null(one: Measure) -> dict[int, str]:
    """``83 % (53 %)``: the value and, in brackets, that of another image."""
    shown = percent if one.unit in _PERCENT else one.number
    return {
        level: shown(result.value)
        + ("" if result.null_mean != result.null_mean else f" ({shown(result.null_mean)})")
        for level, result in sorted(one.results.items())
    }
