"""The answer of a run in words: what leaks, to whom, and what nobody looked for.

Every sentence is a function of the summary and the manifest alone. What may be said of a
number stands in docs/method.md: a verdict names its adversary, a saturated value is only
a lower bound, and nothing found is not nothing there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ..interfaces import LARGEST_PLANTED
from .adversaries import (
    CODE_LENGTH,
    HISTOGRAM,
    PIXELS,
    Adversary,
    Look,
    adversaries,
    empty_levels,
    smallest_seen,
    strongest,
)
from .recommend import Recommendation, recommend
from .words import bits, levels, listed, plural

FEW = 100
"""Training images below which an adversary is called small."""


@dataclass(frozen=True)
class Finding:
    """What a run says.

    Parameters
    ----------
    answer : one or two sentences.
    reach : how small a leak would have been seen, where some level shows none.
    recommendation : for the acceptable leak that was named, or None.
    looked : who looked, one line an adversary.
    limits : what the answer does not cover.
    warnings : what makes the run worth less than it seems.
    """

    answer: str
    reach: str
    recommendation: Recommendation | None
    looked: tuple[str, ...]
    limits: tuple[str, ...]
    warnings: tuple[str, ...]


def find(
    summary: pd.DataFrame, manifest: Mapping[str, Any], acceptable: float | None = None
) -> Finding:
    """The finding of a run.

    Parameters
    ----------
    summary : a row per scheme, encoder, measure, part, protocol and level.
    manifest : what was run.
    acceptable : bits a row that may leak, to recommend a level for.
    """
    everyone = adversaries(summary, manifest)
    schemes = list(dict.fromkeys(summary["scheme"].dropna().map(str)))
    told, reaches = [], []
    for scheme in schemes:
        rows = summary[summary["scheme"] == scheme]
        told.append(_answer(rows, leading(everyone, scheme)))
        reaches.append(_reach(leading(everyone, scheme)))
    if len(schemes) > 1:
        told = [f"{scheme}: {text}" for scheme, text in zip(schemes, told, strict=True)]
    return Finding(
        answer=" ".join(told) or _nothing(summary, manifest),
        reach=" ".join(dict.fromkeys(filter(None, reaches))),
        recommendation=None if acceptable is None else recommend(summary, everyone, acceptable),
        looked=tuple(map(_who, everyone)),
        limits=tuple(_limits(everyone)),
        warnings=tuple(_warnings(everyone, summary, manifest)),
    )


def leading(everyone: Sequence[Adversary], scheme: str) -> list[Adversary]:
    """The adversaries an answer is about: those who look at pictures, where there are any,
    and else those who look at single pixels."""
    here = [one for one in everyone if one.scheme == scheme]
    return [one for one in here if one.encoder != PIXELS] or here


def _answer(rows: pd.DataFrame, looking: Sequence[Adversary]) -> str:
    if looking:
        return _told_by(looking, rows)
    known = _known_of_pixels(rows)
    trained = sorted(set(rows.loc[rows["protocol"] == "in-sample", "measure"].map(str)))
    if trained:
        first = (
            "No adversary was tested on images it had not seen: "
            f"in-sample {listed(trained)} says what a network memorised, not what leaks."
        )
    elif known:
        first = "No adversary looked at these images."
    else:
        return (
            "Nothing here bounds a leak: the measures say how unlike the images look, not how "
            "much can be told from them. An estimator does: --measure best."
        )
    return f"{first} {known}".strip()


def _told_by(looking: Sequence[Adversary], rows: pd.DataFrame) -> str:
    """What the adversaries of one scheme found, the highest level that leaks first."""
    seen = sorted({level for one in looking for level in one.looks})
    leaks = {level: who for level in seen if (who := strongest(level, looking))}
    doubtful = [
        level
        for level in seen
        if level not in leaks
        and any(one.looks[level].verdict == "unreliable" for one in looking if level in one.looks)
    ]
    quiet = [level for level in seen if level not in leaks and level not in doubtful]
    blind = all(one.sees_plain is False for one in looking)
    if not leaks:
        return _no_leak(looking, seen, doubtful, quiet, blind)
    top = max(leaks)
    text = _claim(leaks[top], top, everywhere=len(leaks) == len(seen))
    above = [level for level in seen if level > top]
    empty = [level for level in above if level in empty_levels(rows)]
    silent = [level for level in above if level in quiet and level not in empty]
    unsure = [level for level in above if level in doubtful and level not in empty]
    rest = [
        f"at {levels(unsure, seen)} there may be one of unknown size" if unsure else "",
        f"at {levels(silent, seen)} none was found" if silent else "",
        f"at {levels(empty, seen)} nothing is left in the clear" if empty else "",
    ]
    return "; ".join(filter(None, (text, *rest))) + "."


def _claim(who: Adversary, level: int, *, everywhere: bool) -> str:
    look = who.looks[level]
    among = f" with {plural(who.train, 'training image')}" if who.train else ""
    about = "its value" if who.encoder == PIXELS else "what the image shows"
    size = f"{bits(look.value)} bit [{bits(look.low)}, {bits(look.high)}] a {who.row} about {about}"
    if look.value > look.ceiling:  # what a test cannot show is not claimed
        size = f"{bits(look.ceiling)} bit a {who.row} about {about}"
    size = f"at least {size}" if who.bound == "lower" else f"about {size} (no bound)"
    if look.verdict == "saturated":
        size += (
            f", as much as {plural(who.test, 'test image') if who.test else 'the test'} can show"
        )
    more = ", and would get more with more images" if look.rising else ""
    start = f"Every level leaks: even at s = {level}" if everywhere else f"At s = {level}"
    return f"{start} an adversary{among} still gets {size}{more}"


def _no_leak(
    looking: Sequence[Adversary],
    seen: Sequence[int],
    doubtful: Sequence[int],
    quiet: Sequence[int],
    blind: bool,
) -> str:
    if doubtful and not quiet:
        return "No number here is reliable: there may be a leak at every level, of unknown size."
    if blind:
        return (
            f"The adversaries find nothing{_with(looking)} even at s = 0, where nothing is "
            "encrypted: that they find nothing elsewhere says nothing."
        )
    if doubtful:
        return (
            f"There may be a leak at {levels(doubtful, seen)}, of unknown size; "
            f"at {levels(quiet, seen)} none was found{_with(looking)}."
        )
    return f"No leak was found at {levels(quiet, seen)}{_with(looking)}."


def _with(looking: Sequence[Adversary]) -> str:
    most = max((one.train or 0 for one in looking), default=0)
    return f" with {plural(most, 'training image')}" if most else ""


def _known_of_pixels(rows: pd.DataFrame) -> str:
    """What is exact, or an upper bound, of the highest level that is not empty."""
    said = []
    empty = empty_levels(rows)
    for measure, words in (
        (HISTOGRAM, "a pixel seen alone keeps {value} bit of its {plain}"),
        (CODE_LENGTH, "the clear part holds at most {value} bit a pixel, whoever looks"),
    ):
        of = rows[(rows["measure"] == measure) & rows["level"].notna() & rows["mean"].notna()]
        by_level = {int(row["level"]): float(row["mean"]) for row in of.to_dict("records")}
        left = [level for level in by_level if level not in empty]
        if left:
            top = max(left)
            plain = bits(by_level[0]) if 0 in by_level else "own"
            said.append((top, words.format(value=bits(by_level[top]), plain=plain)))
    if not said:
        return ""
    top = max(level for level, _ in said)
    text = f"At s = {top} {listed([words for level, words in said if level == top])}"
    return text + (f"; at {levels(empty)} nothing is left in the clear." if empty else ".")


def _nothing(summary: pd.DataFrame, manifest: Mapping[str, Any]) -> str:
    if not manifest.get("images"):
        return "Nothing was measured: there was no image to measure."
    return "Nothing was measured." if summary.empty else "Nothing could be measured."


def _reach(looking: Sequence[Adversary]) -> str:
    """How small a leak would have been seen, where some level shows none."""
    quiet = [one for one in looking if any(_is_quiet(look) for look in one.looks.values())]
    if not quiet:
        return ""
    smallest, row = smallest_seen(quiet), quiet[0].row
    if math.isnan(smallest):
        return "How small a leak would have been seen was not measured (--sensitivity)."
    if math.isinf(smallest):
        return (
            f"No planted leak was found, up to {LARGEST_PLANTED:g} bits a {row}: this run could "
            "not have seen one."
        )
    return f"A leak below {bits(smallest)} bit a {row} may have gone unseen."


def _is_quiet(look: Look) -> bool:
    return look.verdict == "no leak found"


def _who(one: Adversary) -> str:
    images = [
        plural(count, f"{kind} image")
        for count, kind in ((one.train, "training"), (one.test, "test"))
        if count
    ]
    seen = ""
    if math.isfinite(one.detectable):
        seen = f"; finds a planted leak of {bits(one.detectable)} bit"
    elif math.isinf(one.detectable):
        seen = "; finds no planted leak"
    untrained = ", of random weights" if one.untrained else ""
    return f"{one.title}{untrained}: {listed(images)}{seen}".removesuffix(": ")


def _limits(everyone: Sequence[Adversary]) -> Iterator[str]:
    """What the answer does not cover."""
    if not everyone:
        yield "What an adversary could tell about the content of the images."
    else:
        yield "Other adversaries: another encoder, or one trained on clear parts, may find more."
        if all(look.rising is None for one in everyone for look in one.looks.values()):
            yield "Whether more training images would find more was not measured (--growth)."
        yield "Images unlike these."
    yield "The cipher itself: what is encrypted is taken for noise, under a key nobody has."


def _warnings(
    everyone: Sequence[Adversary], summary: pd.DataFrame, manifest: Mapping[str, Any]
) -> Iterator[str]:
    yield from map(str, manifest.get("warnings", ()))
    trained = [one.train for one in everyone if one.train is not None]
    if trained and max(trained) < FEW:
        yield (
            f"Few images: the adversaries learned from {plural(max(trained), 'image')} at most. "
            "One with more may find what these did not."
        )
    if len(manifest.get("images", ())) == 1 and not summary.empty:
        yield "One image: nothing can be said of others, and no interval given."
    failed = summary[(summary["errors"].fillna(0) > 0) & summary["level"].isna()]
    for row in failed.drop_duplicates(["encoder", "measure"]).to_dict("records"):
        yield f"{row['measure']} on {row['encoder']} failed and is missing here."
