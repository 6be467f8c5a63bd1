"""What leaks, by attribute; and what is left of features when attributes are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from .measures import Measure, marked, measures, ranks


@dataclass(frozen=True)
class Row:
    """An attribute at every level.

    Parameters
    ----------
    name : of the attribute; or "features" and what is given.
    of_bits : bits about it.
    of_share : share of its variance that is told; None where there is none.
    """

    name: str
    of_bits: Measure = field(repr=False)
    of_share: Measure | None = field(default=None, repr=False)

    def bits(self, rank: int) -> str:
        """``≥ 0.52``, or ``-0.10`` where nothing was found; empty where nothing was asked for."""
        result = self.of_bits.results.get(rank)
        return "" if result is None else marked(self.number(rank), result.bound, result.value)

    def number(self, rank: int) -> str:
        """Bits without a mark, or empty."""
        result = self.of_bits.results.get(rank)
        return "" if result is None else f"{result.value:z.2f}"

    def interval(self, rank: int) -> str:
        """``[0.41, 0.63]``, or empty."""
        result = self.of_bits.results.get(rank)
        return "" if result is None else f"[{result.low:z.2f}, {result.high:z.2f}]"

    def share(self, rank: int) -> str:
        """R^2, or empty."""
        result = self.of_share.results.get(rank) if self.of_share else None
        return "" if result is None else f"{result.value:z.2f}"

    def claims(self, rank: int) -> bool | None:
        """Whether it is a leak; None of what no verdict is about, and of plain images."""
        result = self.of_bits.results.get(rank)
        has_verdict = rank > 0 and result is not None and result.bound != "none"
        return result.claims if has_verdict and result else None

    def words(self, rank: int) -> str:
        """Bits and, after them, R^2 in brackets."""
        share = self.share(rank)
        return f"{self.bits(rank)} ({share})" if share else self.bits(rank)


@dataclass(frozen=True)
class Told:
    """What one view tells of attributes.

    Parameters
    ----------
    title, heading, note : of the table, of its first column, and below it.
    short_note : below a table of bits alone.
    rows : attributes, then features.
    ranks : of the levels, rising.
    """

    title: str
    heading: str
    note: str
    short_note: str
    rows: tuple[Row, ...]
    ranks: tuple[int, ...]


def tables(summary: pd.DataFrame, manifest: Mapping[str, Any]) -> list[Told]:
    """A table for every view that was asked for attributes."""
    by_view: dict[tuple[str, str], list[Measure]] = {}
    for one in measures(summary, manifest):
        if one.is_attribute or one.is_given or one.is_share:
            by_view.setdefault((one.scheme, one.encoder), []).append(one)
    asked = bool((manifest.get("spec") or {}).get("colour"))
    return [_told(some, colour=asked) for some in by_view.values() if any(map(ranks, [some]))]


def _told(some: Sequence[Measure], *, colour: bool) -> Told:
    shares = {one.attribute: one for one in some if one.is_share}
    of_bits = [one for one in some if not one.is_share]
    ordered = sorted(of_bits, key=lambda one: one.is_given)
    first = of_bits[0]
    learned = f", learned from {first.learned_from}" if first.train else ""
    given = (
        " Features, given some: bits about the target with what these attributes linearly tell "
        "taken out of both sides; no leak by itself."
        if any(one.is_given for one in of_bits)
        else ""
    )
    grey = "" if colour else " Colourfulness is undefined: images were measured in grey."
    below = any(result.value < 0 for one in of_bits for result in one.results.values())
    nothing = " Below 0: nothing was found." if below else ""
    count = sum(one.is_attribute for one in of_bits)
    several = (
        f", which takes more than a 95 % interval above 0: as {count} attributes are asked at "
        "once, a wider interval must lie above chance and be no wider than the number, and folds "
        "must agree"
    )
    plain = " Numbers of plain images are never bold." if 0 in ranks(some) else ""
    read = f"Bold: a leak{several if count > 1 else ''}.{plain}{nothing}{given}{grey}"
    return Told(
        title=f"What {first.view} tells of a {first.row}",
        heading="attribute",
        note=(f"Bits at least{learned}; R² of normal scores, on images not seen before. {read}"),
        short_note=f"Bits at least{learned}, on images not seen before. {read}",
        rows=tuple(Row(one.attribute, one, shares.get(one.attribute)) for one in ordered),
        ranks=tuple(ranks(some)),
    )
