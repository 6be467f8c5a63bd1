"""The levels of a run in words: the only place of a report that knows what they are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from ..interfaces import Level
from .words import capitalised, listed, shortened

_FIELDS = ("rank", "label", "short", "phrase", "leaves_nothing")


@dataclass(frozen=True)
class Levels:
    """The levels of one scheme.

    Parameters
    ----------
    axis : what levels count, as the title of an axis.
    clear_part, hidden_part : what is left in the clear, and what is not.
    recorded : whether somebody else made the ciphers, each level by its own way.
    keys : "image" for a fresh key an image; "one" for one key for all, "none" without a key and
        "theirs" of ciphers that somebody else made, which are all seen as they are.
    by_rank : the levels; one that is not there is called after its rank.
    """

    axis: str = "level"
    clear_part: str = ""
    hidden_part: str = ""
    recorded: bool = False
    keys: str = "image"
    by_rank: Mapping[int, Level] = field(default_factory=dict)

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Self:
        """The levels of a run."""
        scheme = manifest.get("scheme") or {}
        entries = [Level(*map(entry.get, _FIELDS)) for entry in manifest.get("levels", ())]
        return cls(
            scheme.get("axis", "level"),
            scheme.get("clear_part", ""),
            scheme.get("hidden_part", ""),
            bool(scheme.get("recorded")),
            scheme.get("keys", "image"),
            {level.rank: level for level in entries},
        )

    @classmethod
    def shared(cls, several: Sequence[Self]) -> Self:
        """The levels of several runs in one chart: what they do not share is called after its
        rank."""
        axes = {one.axis for one in several}
        first = several[0].by_rank
        alike = {
            rank: level
            for rank, level in first.items()
            if all(one.by_rank.get(rank, level) == level for one in several)
        }
        return cls(axes.pop() if len(axes) == 1 else "level", by_rank=alike)

    def __getitem__(self, rank: int) -> Level:
        unnamed = Level(rank, f"level {rank}", str(rank), f"at level {rank}")
        return self.by_rank.get(rank, unnamed)

    @property
    def as_they_are(self) -> bool:
        """Whether adversaries see the ciphers themselves, and nothing is taken off them."""
        return self.recorded or self.keys in ("one", "none")

    @property
    def needs_inspection(self) -> bool:
        """Whether a fault of the ciphers themselves can give images away: others made them, or one
        key serves all."""
        return self.recorded or self.keys == "one"

    @property
    def symbol(self) -> str:
        """The letter that stands for a level: "s" where all are short for "s = ..."; else
        empty."""
        letter = self.axis.rpartition(", ")[2]
        shorts = [level.short for level in self.by_rank.values()]
        return letter if shorts and all(s.startswith(f"{letter} = ") for s in shorts) else ""

    def tick(self, rank: int) -> str:
        """A level on an axis, or at the head of a row: ``3``, ``25 %``, ``permuted``."""
        short = shortened(self[rank].short)
        return short.removeprefix(f"{self.symbol} = ") if self.symbol else short

    def name(self, rank: int) -> str:
        """A level as a noun: ``s = 3``, ``the level with 25 % of the area encrypted``."""
        phrase = self[rank].phrase
        before, _, name = phrase.partition(" ")
        return f"the level {phrase}" if before == "with" else name

    def headed(self, sentence: str) -> tuple[int | None, str, str]:
        """A sentence about ciphers as the level it is of, its heading ``In the ciphers "xor": ``
        and the rest. One without a heading is of the level there is, if there is but one."""
        encrypting = [rank for rank in self.by_rank if rank]
        for rank in encrypting:
            heading = f"{self[rank].phrase}: "
            if sentence.casefold().startswith(heading.casefold()):
                return rank, capitalised(heading), sentence[len(heading) :]
        return encrypting[0] if len(encrypting) == 1 else None, "", sentence

    @property
    def meaning(self) -> str:
        """What a level is, and what is left in the clear."""
        if self.recorded:
            return "The ciphers were made elsewhere, and are measured as they are."
        left = f"left in the clear: {self.clear_part}" if self.clear_part else ""
        if self.keys == "one":
            left = "one key serves all images, and the ciphers are measured as they are"
        elif self.keys == "none":
            left = f"no key, and nobody can undo it; what is published is {self.clear_part}"
        parts = "; ".join(filter(None, (self._key, left)))
        return f"{capitalised(parts)}." if parts else ""

    @property
    def _key(self) -> str:
        """``level s: s of 8 planes encrypted``, or what every short form stands for; empty
        where the short forms say it."""
        levels = [level for rank, level in self.by_rank.items() if rank]
        if self.symbol:
            forms = {level.label.replace(self.tick(level.rank), self.symbol, 1) for level in levels}
            if len(forms) == 1:
                return f"level {self.symbol}: {forms.pop()}"
        unlike = [level for level in levels if not level.label.startswith(level.short)]
        shorts = ", ".join(f"{level.short} = {level.label}" for level in unlike)
        return f"in tables and charts {shorts}" if shorts else ""

    def at(self, ranks: Iterable[int], among: Iterable[int] = ()) -> str:
        """``at s = 5, 7 and 8``, ``with 25 and 50 % of the area encrypted``; ``at s = 0 to 4``
        for three or more neighbours.

        Parameters
        ----------
        among : the levels there are; by default those of the scheme.
        """
        wanted = sorted(set(ranks))
        phrases = [self[rank].phrase for rank in wanted]
        order = sorted({*(among or self.by_rank), *wanted})
        places = [order.index(rank) for rank in wanted]
        if (differing := _differing(phrases)) is None:
            is_run = len(wanted) > 2 and places[-1] - places[0] == len(wanted) - 1
            if not is_run or self.recorded:
                return listed(phrases)
            return f"from {self.name(wanted[0])} to {self._that(wanted[-1])}"
        before, names, after = differing
        if all(name.isdecimal() for name in names):
            names = _runs(names, places)
        return " ".join(filter(None, (before, listed(names), after)))

    def every(self, ranks: Iterable[int], measured: Iterable[int]) -> str:
        """``at every level below s = 8``, ``at every level``, ``in all ciphers``, ``at s = 2 and
        5``: of levels that encrypt something."""
        wanted = sorted(set(ranks))
        encrypting = sorted({rank for rank in measured if rank > 0})
        if len(wanted) == 1:
            return self.at(wanted)
        if wanted == encrypting:
            return "in all ciphers" if self.recorded else "at every level"
        if not self.recorded and wanted == encrypting[: len(wanted)]:
            below = "above" if self._falls else "below"
            return f"at every level {below} {self._that(encrypting[len(wanted)])}"
        return self.at(wanted, measured)

    def _that(self, rank: int) -> str:
        """A level as a noun behind another level."""
        return self.name(rank).replace("the level with", "that with", 1)

    def up_to(self, ranks: Iterable[int]) -> str:
        """``up to s = 7``, ``down to T = 5``; ciphers that others made have no order, and are
        listed."""
        to = "down to" if self._falls else "up to"
        return self.at(ranks) if self.recorded else f"{to} {self.name(max(ranks))}"

    @property
    def _falls(self) -> bool:
        """Whether levels are named by a number that is smaller where more is encrypted."""
        shorts = [self[rank].short.rpartition(" = ") for rank in sorted(self.by_rank) if rank]
        numbers = [int(number) for _, sign, number in shorts if sign and number.isdecimal()]
        return len(numbers) == len(shorts) > 1 and numbers == sorted(numbers, reverse=True)


def _differing(phrases: Sequence[str]) -> tuple[str, list[str], str] | None:
    """What phrases begin with, the one word in which they differ, and what they end with;
    None where they differ in more than one."""
    words = [phrase.split(" ") for phrase in phrases]
    alike = [len(set(there)) == 1 for there in zip(*words, strict=False)]
    if len({len(one) for one in words}) > 1 or alike.count(False) != 1:
        return None
    at = alike.index(False)
    before, after = " ".join(words[0][:at]), " ".join(words[0][at + 1 :])
    return before, [one[at] for one in words], after


def _runs(names: Sequence[str], places: Sequence[int]) -> list[str]:
    """``0 to 2``, ``5``: three or more neighbours as one."""
    runs: list[list[int]] = []
    for at, place in enumerate(places):
        if runs and places[runs[-1][-1]] == place - 1:
            runs[-1].append(at)
        else:
            runs.append([at])
    found: list[str] = []
    for run in runs:
        first, last = names[run[0]], names[run[-1]]
        found += [f"{first} to {last}"] if len(run) > 2 else [names[at] for at in run]
    return found
