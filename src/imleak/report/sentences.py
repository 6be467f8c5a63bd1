"""Findings as sentences: pure functions of what was found, and of what was not asked.

What may be said stands in docs/method.md: a finding names its rate beside chance, a
saturated value is only a lower bound, and nothing found is not nothing there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from .adversaries import (
    CODE_LENGTH,
    CONFIRM,
    HISTOGRAM,
    MATCH,
    PIXELS,
    RECOGNISE,
    Adversary,
    empty_levels,
)
from .findings import Finding, findings, leading
from .levels import Levels
from .words import bits, interval, levels, listed, percent, plural, where

PATCH_MARK = "¹"
_MOST = 3
"""Levels one sentence gives a rate of."""


class Sentence(NamedTuple):
    """A sentence of the answer; `head` is what it claims, to be seen first."""

    head: str
    rest: str

    def __str__(self) -> str:
        return self.head + self.rest


def sentences(
    rows: pd.DataFrame, everyone: Sequence[Adversary], meaning: Levels, *, colour: bool
) -> list[Sentence]:
    """The answer of one scheme, the gravest finding first.

    Parameters
    ----------
    rows : of the summary.
    everyone : the adversaries of that scheme.
    colour : whether images were measured in colour.
    """
    found = findings(everyone)
    measured = sorted({int(level) for level in rows["level"].dropna()})
    by_measure: dict[str, list[Finding]] = {}
    for finding in found:
        by_measure.setdefault(finding.adversary.measure, []).append(finding)
    recognised, matched, confirmed = (
        by_measure.pop(measure, []) for measure in (RECOGNISE, MATCH, CONFIRM)
    )
    rest = [finding for of_measure in by_measure.values() for finding in of_measure]
    attacked = [finding for finding in rest if finding.adversary.is_zero_shot]
    estimated = [finding for finding in rest if not finding.adversary.is_zero_shot]
    return [
        *_recognised(recognised),
        *_matched(matched, colour=colour),
        *_confirmed(confirmed, everyone, measured),
        *_attacked(attacked),
        *_estimated(estimated),
        *_quiet(rows, everyone, found, measured),
        *_end(rows, found, measured, meaning),
    ]


def _recognised(found: Sequence[Finding]) -> Iterator[Sentence]:
    """``At s = 1 a network still names what the image shows in 77 % of images ...``"""
    if not found:
        return
    first, *more = found if len(found) <= _MOST else [*found[: _MOST - 1], found[-1]]
    rest = [f", at s = {one.level} in {percent(one.result.value)}" for one in more]
    yield Sentence(
        f"At s = {first.level} a network still names what the image shows",
        f"{first.guesses} in {percent(first.result.value)} of images{_chance(first)}"
        f"{''.join(rest)}.",
    )


def _matched(found: Sequence[Finding], *, colour: bool) -> Iterator[Sentence]:
    """``At s = 6 the flat areas still show: by them the right one of 96 ...``"""
    if not found:
        return
    top, *below = reversed(found)
    below = [one for one in below if one.is_rate]
    seen = "the flat and coloured areas" if colour else "the flat areas"
    network = "features of a network still tell images apart"
    what = f"{seen} still show" if top.uses_layout else network
    rates = {percent(one.result.value): one.level for one in reversed(below)}
    rates.pop(percent(top.result.value), None)
    more = [f", at s = {level} in {rate}" for rate, level in reversed(rates.items())][: _MOST - 1]
    size = ""
    if top.size:
        bounds = interval(top.size.low, top.size.high)
        size = f", at least {bits(top.size.value)} bits{bounds} an image"
    if not top.is_rate:
        yield Sentence(f"At s = {top.level} {what}", f": {top.words}{''.join(more)}.")
        return
    yield Sentence(
        f"At s = {top.level} {what}",
        f": by them the right one of {top.result.images} is {top.picked} in "
        f"{percent(top.result.value)}{_chance(top)}{size}{''.join(more)}.",
    )


def _chance(finding: Finding) -> str:
    mean = finding.result.null_mean
    return f" ({percent(max(mean, 0.0))} by chance)" if mean == mean else ""


def _confirmed(
    found: Sequence[Finding], everyone: Sequence[Adversary], measured: Sequence[int]
) -> Iterator[Sentence]:
    """``At every level below s = 8 whoever holds the image can confirm it ...``"""
    if not found:
        return
    at = where([finding.level for finding in found], measured)
    yield Sentence(
        f"{at[0].upper()}{at[1:]} whoever holds the image can confirm it", f"{_copies(everyone)}."
    )


def _copies(everyone: Sequence[Adversary]) -> str:
    """``; a copy is enough to find it up to s = 7 (JPEG 90 in 36 %, half size in 28 %)``"""
    tops: dict[int, list[str]] = {}
    for one in everyone:
        claimed = [level for level, result in one.results.items() if level and result.claims]
        if one.measure == CONFIRM and one.quantity.startswith("rank-1, ") and claimed:
            copy, rate = one.quantity.removeprefix("rank-1, "), one.results[max(claimed)].value
            tops.setdefault(max(claimed), []).append(f"{copy} in {percent(rate)}")
    told = [f"up to s = {top} ({', '.join(tops[top])})" for top in sorted(tops, reverse=True)]
    return f"; a copy is enough to find it {listed(told)}" if told else ""


def _attacked(found: Sequence[Finding]) -> Iterator[Sentence]:
    """What any other attack says of the highest level at which it claims a leak."""
    for top in {finding.adversary.measure: finding for finding in found}.values():
        result = top.result
        chance = f" ({result.null_mean:.2f} by chance)" if top.adversary.unit == "share" else ""
        yield Sentence(f"At s = {top.level} {top.words}", f"{chance}.")


def _estimated(found: Sequence[Finding]) -> Iterator[Sentence]:
    """What the strongest estimator says of the highest level at which one claims a leak."""
    if not found:
        return
    top = max(found, key=lambda finding: finding.level)
    one, result = top.adversary, top.result
    learned = f", trained on {plural(one.train, 'image')}," if one.train else ""
    mark = PATCH_MARK if one.row == "patch" else ""
    about = "its value" if one.encoder == PIXELS else f"its features ({one.encoder})"
    tested = plural(one.test, "test image") if one.test else "the test"
    full = f", as much as {tested} can show" if result.verdict == "saturated" else ""
    more = ", and would find more with more images" if result.rising else ""
    doubt = "" if one.bound == "lower" else " (no bound)"
    yield Sentence(
        f"At s = {top.level} {one.measure}{learned} finds {top.amount} {top.each}{mark}",
        f" about {about}{doubt}{full}{more}.",
    )


def _quiet(
    rows: pd.DataFrame,
    everyone: Sequence[Adversary],
    found: Sequence[Finding],
    measured: Sequence[int],
) -> Iterator[Sentence]:
    """Levels at which nobody claims a leak, though something is left in the clear: who
    looked, what else is known of them, and which cheap adversaries were not asked."""
    leaking, empty = {finding.level for finding in found}, empty_levels(rows)
    looked = [one for one in everyone if one.is_zero_shot or one in leading(everyone)]
    quiet = [
        level
        for level in measured
        if level and level not in leaking and level not in empty
        and any(level in one.results for one in looked)
    ]  # fmt: skip
    doubtful = [
        level
        for level in quiet
        if any(one.results[level].verdict == "unreliable" for one in looked if level in one.results)
    ]
    silent = [level for level in quiet if level not in doubtful]
    if doubtful:
        yield Sentence(
            f"At {levels(doubtful, measured)} there may be a leak of unknown size",
            ": what was found there is unreliable.",
        )
    if silent:
        yield _silent(silent, looked, measured, _kept(rows))


def _silent(
    silent: Sequence[int],
    looked: Sequence[Adversary],
    measured: Sequence[int],
    kept: Mapping[int, float],
) -> Sentence:
    at = levels(silent, measured)
    who = names(looked)
    if all(one.sees_plain is False for one in looked):
        return Sentence(
            f"{who[0].upper()}{who[1:]} {_verb(looked)} nothing even at s = 0",
            f", where nothing is encrypted: finding nothing at {at} says nothing.",
        )
    left = [kept[level] for level in silent if kept.get(level, 0) > 0]
    missing = missing_adversaries(looked)
    if not left and not missing:
        return Sentence(f"No leak was found at {at}", f" by {who}.")
    span = " to ".join(dict.fromkeys(map(bits, (min(left), max(left))))) if left else ""
    still = f", though {span} bits of every pixel are left in the clear" if left else ""
    unasked = (
        f"; {listed(missing)}, which cost seconds and may find more, "
        f"{'was' if len(missing) == 1 else 'were'} not asked"
        if missing
        else ""
    )
    return Sentence(f"At {at} {who} {_verb(looked)} nothing", f"{still}{unasked}.")


def names(looked: Sequence[Adversary]) -> str:
    """``match and best (trained on 61 images)``, those that needed no training first."""
    trained = {one.measure: one.train for one in sorted(looked, key=lambda one: bool(one.train))}
    return listed(
        [
            f"{measure} (trained on {plural(train, 'image')})" if train else measure
            for measure, train in trained.items()
        ]
    )


def missing_adversaries(everyone: Sequence[Adversary]) -> list[str]:
    """Adversaries that cost seconds, learn from none of the images, and were not asked."""
    asked = {one.measure for one in everyone}
    return [measure for measure in (RECOGNISE, MATCH) if measure not in asked]


def _verb(looked: Sequence[Adversary]) -> str:
    return "finds" if len({one.measure for one in looked}) == 1 else "find"


def _end(
    rows: pd.DataFrame, found: Sequence[Finding], measured: Sequence[int], meaning: Levels
) -> Iterator[Sentence]:
    """``Every level below s = 8 leaks: encrypt all 8 planes, or 7 if ... is acceptable.``"""
    empty = [level for level in empty_levels(rows) if level]
    if empty and found:
        yield Sentence(f"At {levels(empty, measured)} nothing is left in the clear", ".")
    leaking = sorted({finding.level for finding in found})
    if not leaking:
        return
    at = where(leaking, measured).removeprefix("at ")
    verb = "leaks" if at.startswith("every") or len(leaking) == 1 else "leak"
    head = f"{at[0].upper() if at.startswith('e') else at[0]}{at[1:]} {verb}"
    advice = f": {meaning.advice(min(empty))}" if empty else ""
    last = max((level for level in measured if empty and level < min(empty)), default=0)
    worst = next((finding for finding in found if finding.level == last), None)
    other = f", or {last} if it is acceptable that {worst.words}" if worst else ""
    yield Sentence(head, f"{advice}{other}.")


def known_of_pixels(rows: pd.DataFrame) -> str:
    """What is exact, or an upper bound, of the highest level that is not empty."""
    said = []
    empty = empty_levels(rows)
    for measure, words in (
        (HISTOGRAM, "a pixel seen alone keeps {value} bit of its {plain}"),
        (CODE_LENGTH, "the clear part holds at most {value} bit a pixel, whoever looks"),
    ):
        by_level = _means(rows, measure)
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


def _kept(rows: pd.DataFrame) -> dict[int, float]:
    """Bits of every pixel that are in the clear, exactly, by level."""
    return _means(rows, HISTOGRAM)


def _means(rows: pd.DataFrame, measure: str) -> dict[int, float]:
    of = rows[(rows["measure"] == measure) & rows["level"].notna() & rows["mean"].notna()]
    return {int(row["level"]): float(row["mean"]) for row in of.to_dict("records")}
