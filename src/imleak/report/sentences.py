"""Findings as sentences: pure functions of what was found, and of what was not asked.

What may be said stands in docs/method.md: a finding names its rate beside chance, a
saturated value is only a lower bound, and nothing found is not nothing there.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from .adversaries import (
    ATTRIBUTES,
    CODE_LENGTHS,
    CONFIRM,
    HISTOGRAM,
    LAYOUT,
    MATCH,
    RECOGNISE,
    TONES,
)
from .findings import Finding, findings, leading, told
from .levels import Levels
from .measures import Measure, Result, empty_levels, pixel_leaks
from .words import bits, capitalised, interval, listed, percent, plural

PATCH_MARK = "¹"
_MOST = 3
"""Levels one sentence gives a rate of."""


class Sentence(NamedTuple):
    """A sentence of the answer; `head` is what it claims, to be seen first, and `rebuilt` a level
    whose rebuilt images show it."""

    head: str
    rest: str
    rebuilt: int | None = None

    @property
    def after(self) -> str:
        """What follows the head in the terminal, beside which the page is named."""
        return self.rest if self.rebuilt is None else f" (the page shows it){self.rest}"

    def __str__(self) -> str:
        return self.head + self.rest


def sentences(
    rows: pd.DataFrame,
    everyone: Sequence[Measure],
    levels: Levels,
    *,
    asked: Collection[str],
    colour: bool,
) -> list[Sentence]:
    """The answer of a run, the gravest finding first.

    Parameters
    ----------
    rows : the summary.
    everyone : the adversaries of the run.
    asked : names of the measures that were asked, of those that failed too.
    colour : whether images were measured in colour.
    """
    found = findings(everyone)
    measured = sorted({int(level) for level in rows["level"].dropna()})
    of_pixels = {rank: result for rank, result in pixel_leaks(rows).items() if rank}
    leaking = {finding.level for finding in found} | set(of_pixels)
    empty = [level for level in empty_levels(rows, levels) if level]
    by_measure: dict[str, list[Finding]] = {}
    for finding in found:
        by_measure.setdefault(finding.adversary.measure, []).append(finding)
    recognised, matched, confirmed = (
        by_measure.pop(measure, []) for measure in (RECOGNISE, MATCH, CONFIRM)
    )
    by_measure.pop(ATTRIBUTES, [])
    rest = [finding for of_measure in by_measure.values() for finding in of_measure]
    attacked = [finding for finding in rest if finding.adversary.is_zero_shot]
    estimated = [finding for finding in rest if not finding.adversary.is_zero_shot]
    quiet = list(_quiet(rows, everyone, leaking | set(empty), measured, asked, levels))
    return [
        *_recognised(recognised, levels),
        *_matched(matched, levels, colour=colour),
        *_confirmed(confirmed, everyone, measured, levels),
        *_attacked(attacked, levels),
        *_estimated(estimated, levels),
        *_told(told(everyone), levels),
        *_pixels(of_pixels, levels),
        *quiet,
        *(_end(leaking, empty, found, measured, levels) if leaking else ()),
        *(_nothing_left(empty, levels) if quiet and not leaking else ()),
    ]


def _recognised(found: Sequence[Finding], levels: Levels) -> Iterator[Sentence]:
    """``At s = 1 a network still names what the image shows in 77 % of images ...``"""
    if not found:
        return
    if levels.recorded:
        first, at, more = _of_ciphers(found, levels)
    else:
        first, *others = found if len(found) <= _MOST else [*found[: _MOST - 1], found[-1]]
        at = levels[first.level].phrase
        more = [(levels[one.level].phrase, percent(one.result.value)) for one in others]
    rest = [f", {place} in {rate}" for place, rate in more]
    yield Sentence(
        f"{capitalised(at)} a network still names what the image shows",
        f"{first.guesses} in {percent(first.result.value)} of images{_chance(first)}"
        f"{''.join(rest)}.",
    )


def _matched(found: Sequence[Finding], levels: Levels, *, colour: bool) -> Iterator[Sentence]:
    """``At s = 6 the flat areas still show: by them the right image of 96 ...``"""
    if not found:
        return
    if levels.recorded:
        top, at, more = _of_ciphers(found, levels)
    else:
        top, *below = reversed(found)
        at = levels[top.level].phrase
        rates = {percent(one.result.value): one.level for one in reversed(below) if one.is_rate}
        rates.pop(percent(top.result.value), None)
        more = [(levels[level].phrase, rate) for rate, level in reversed(rates.items())]
        more = more[: _MOST - 1]
    what = _shown(top.adversary.goes_by(top.level), colour=colour)
    first = "" if top.is_rate else f" the right image of {top.result.images} is picked"
    of_cases = "" if top.is_rate else " of cases"
    also = "".join(
        f", {place} in {rate}" if number else f", {place}{first} in {rate}{of_cases}"
        for number, (place, rate) in enumerate(more)
    )
    size = ""
    if top.size:
        bounds = interval(top.size.low, top.size.high)
        size = f", at least {bits(top.size.value)} bits{bounds} an image"
    head = f"{capitalised(at)} {what}"
    if not top.is_rate:
        yield Sentence(head, f": {top.words}{also}.")
        return
    yield Sentence(
        head,
        f": by them the right image of {top.result.images} is {top.picked} in "
        f"{percent(top.result.value)} of cases{_chance(top)}{size}{also}.",
    )


def _of_ciphers(
    found: Sequence[Finding], levels: Levels
) -> tuple[Finding, str, list[tuple[str, str]]]:
    """Of ciphers that others made, which have no order and are all named: the finding of the
    highest rate, the ciphers that share it, and the others by their rates."""
    rates = sorted((one for one in found if one.is_rate), key=lambda one: -one.result.value)
    first = rates[0] if rates else found[-1]
    alike: dict[str, list[int]] = {}
    for one in rates or [first]:
        alike.setdefault(percent(one.result.value), []).append(one.level)
    (_, together), *others = alike.items()
    return first, levels.at(together), [(levels.at(ranks), rate) for rate, ranks in others]


def _shown(sees: set[str], *, colour: bool) -> str:
    """``the flat areas still show``; every kind of encoder that was chosen has a part in it."""
    parts = [f"the flat {'and coloured ' if colour else ''}areas"] if LAYOUT in sees else []
    parts += ["the frequencies of tones"] if TONES in sees else []
    if parts and sees <= {LAYOUT, TONES}:
        return f"{listed(parts)} still show"
    return f"{listed([*parts, 'features of a network'])} still tell images apart"


def _at(finding: Finding, levels: Levels) -> str:
    return capitalised(levels[finding.level].phrase)


def _chance(finding: Finding) -> str:
    mean = finding.result.null_mean
    return "" if math.isnan(mean) else f" ({percent(max(mean, 0.0))} by chance)"


def _confirmed(
    found: Sequence[Finding], everyone: Sequence[Measure], measured: Sequence[int], levels: Levels
) -> Iterator[Sentence]:
    """``At every level below s = 8 whoever holds the image can confirm it ...``"""
    if found:
        at = capitalised(levels.every([finding.level for finding in found], measured))
        yield Sentence(
            f"{at} whoever holds the image can confirm it", f"{_copies(everyone, levels)}."
        )


def _copies(everyone: Sequence[Measure], levels: Levels) -> str:
    """``; a copy is enough to find it up to s = 7 (JPEG 90 in 36 %, half size in 28 %)``"""
    by_levels: dict[tuple[int, ...], list[str]] = {}
    for one in everyone:
        claimed = tuple(level for level, result in one.results.items() if level and result.claims)
        if one.measure == CONFIRM and one.quantity.startswith("rank-1, ") and claimed:
            copy, rate = one.quantity.removeprefix("rank-1, "), one.results[claimed[-1]].value
            by_levels.setdefault(claimed, []).append(f"{copy} in {percent(rate)}")
    tops: dict[str, list[str]] = {}
    for claimed in sorted(by_levels, key=max, reverse=True):
        tops.setdefault(levels.up_to(claimed), []).extend(by_levels[claimed])
    reach = [f"{top} ({', '.join(copies)})" for top, copies in tops.items()]
    return f"; a copy is enough to find it {listed(reach)}" if reach else ""


def _attacked(found: Sequence[Finding], levels: Levels) -> Iterator[Sentence]:
    """What any other attack finds at the highest level at which it claims a leak. What is
    found of ciphers themselves stands in the manifest in better words."""
    for top in {finding.adversary.measure: finding for finding in found}.values():
        if not top.adversary.is_check:
            mean = top.result.null_mean
            is_share = top.adversary.unit == "share" and not math.isnan(mean)
            chance = f" ({mean:.2f} by chance)" if is_share else ""
            yield Sentence(f"{_at(top, levels)} {top.words}", f"{chance}.")


def _estimated(found: Sequence[Finding], levels: Levels) -> Iterator[Sentence]:
    """What the strongest estimator finds at the highest level at which one claims a leak."""
    if not found:
        return
    top = max(found, key=lambda finding: finding.level)
    one, result = top.adversary, top.result
    learned = f", {one.trained}," if one.train else ""
    if one.is_calibrated(top.level):
        learned = f", which learned from {one.elsewhere} and was calibrated on {one.calibrated_on},"
    mark = PATCH_MARK if one.row == "patch" else ""
    about = "its value" if one.row == "pixel" else f"its features ({one.encoder})"
    tested = plural(one.test, f"test {one.learners.noun}") if one.test else "the test"
    full = f", as much as {tested} can show" if result.verdict == "saturated" else ""
    more = ", and would find more with more images" if result.rising else ""
    doubt = "" if one.bound == "lower" else " (no bound)"
    yield Sentence(
        f"{_at(top, levels)} {one.measure}{learned} finds {top.amount} {top.each}{mark}",
        f" about {about}{doubt}{full}{more}.",
    )


def _told(found: Mapping[int, Sequence[Finding]], levels: Levels) -> Iterator[Sentence]:
    """``At s = 5 a patch still tells of its noise and sharpness ...``, of the highest level at
    which any attribute can be told; what else can be at the one below."""
    if not found:
        return
    top, *below = sorted(found, reverse=True)
    first, *others = at_top = found[top]
    one = first.adversary
    mark = PATCH_MARK if one.row == "patch" else ""
    words = listed([finding.adversary.attribute for finding in at_top])
    sizes = [first.amount, *(bits(finding.result.value) for finding in others)]
    more = [
        finding.adversary.attribute
        for finding in found[below[0]]
        if finding.adversary.attribute not in {each.adversary.attribute for each in at_top}
    ] if below else []  # fmt: skip
    also = f"; {levels[below[0]].phrase} also {listed(more)}" if more else ""
    in_turn = ", in this order" if others else ""
    yield Sentence(
        f"{_at(first, levels)} {first.each}{mark} still tells of its {words}",
        f": {listed(sizes)}{in_turn}, from its features ({one.view}){also}.",
    )


def _pixels(found: Mapping[int, Result], levels: Levels) -> Iterator[Sentence]:
    """``In the ciphers "tile-xor" a pixel still tells about 2.30 bits [2.20, 2.40] of ...``"""
    if found:
        order = sorted(found, key=lambda rank: -found[rank].value if levels.recorded else -rank)
        amount = f"about {bits(found[order[0]].value)} bits"
        values: dict[str, list[int]] = {}
        for rank in order:
            values.setdefault(bits(found[rank].value), []).append(rank)
        places = [
            levels.at(ranks) if levels.recorded else levels[ranks[0]].phrase
            for ranks in values.values()
        ]
        more = [f", {place} {value}" for place, value in zip(places, values, strict=True)][1:]
        more = more if levels.recorded else more[: _MOST - 1]
        yield Sentence(
            f"{capitalised(places[0])} a pixel still tells {amount} of the plain one",
            f" in its place{''.join(more)} (an estimate that is rather too low).",
        )


def _quiet(
    rows: pd.DataFrame,
    everyone: Sequence[Measure],
    known: set[int],
    measured: Sequence[int],
    asked: Collection[str],
    levels: Levels,
) -> Iterator[Sentence]:
    """Levels at which nobody claims a leak, though something is left in the clear: who
    looked, what else is known of them, and which cheap adversaries were not asked."""
    looked = [one for one in everyone if one.is_zero_shot or one in leading(everyone)]
    quiet = [
        level
        for level in measured
        if level and level not in known and any(level in one.results for one in looked)
    ]
    doubtful = [
        level
        for level in quiet
        if any(_is_doubtful(one, level, looked) for one in looked if level in one.results)
    ]
    silent = [level for level in quiet if level not in doubtful]
    if doubtful:
        yield Sentence(
            f"{capitalised(levels.at(doubtful, measured))} there may be a leak of unknown size",
            ": what was found there is unreliable.",
        )
    if silent:
        kept = _means(rows, HISTOGRAM, "exact")
        yield _silent(silent, looked, everyone, measured, kept, asked, levels)


def _is_doubtful(one: Measure, level: int, looked: Sequence[Measure]) -> bool:
    """Whether what an adversary says is unreliable, unless it is below 0 and another of its
    quantities says that nothing was found."""
    result = one.results[level]
    same = [other.results.get(level) for other in looked if other.measure == one.measure]
    is_quiet = any(other and other.verdict == "no leak found" for other in same)
    return result.verdict == "unreliable" and (result.value > 0 or not is_quiet)


def _silent(
    silent: Sequence[int],
    looked: Sequence[Measure],
    everyone: Sequence[Measure],
    measured: Sequence[int],
    kept: Mapping[int, float],
    asked: Collection[str],
    levels: Levels,
) -> Sentence:
    at, who = levels.at(silent, measured), names(looked, everyone)
    if all(one.sees_plain is False for one in looked):
        return Sentence(
            f"{capitalised(who)} {_verb(looked)} nothing even where nothing is encrypted",
            f": finding nothing {at} means nothing.",
        )
    left = [kept[level] for level in silent if kept.get(level, 0) > 0]
    missing = missing_adversaries(looked, asked)
    if not left and not any(missing):
        return Sentence(f"No leak was found {at}", f" by {who}.")
    span = " to ".join(dict.fromkeys(map(bits, (min(left), max(left))))) if left else ""
    still = f", though {span} bits of every pixel are left in the clear" if left else ""
    cheap, failed = missing
    unasked = (
        f"; {listed(cheap)}, which {'costs' if len(cheap) == 1 else 'cost'} seconds "
        f"and may find more, {'was' if len(cheap) == 1 else 'were'} not asked"
        if cheap
        else ""
    )
    gave = f"; {listed(failed)}, which may find more, gave no number" if failed else ""
    return Sentence(f"{capitalised(at)} {who} {_verb(looked)} nothing", f"{still}{unasked}{gave}.")


def names(looked: Sequence[Measure], everyone: Sequence[Measure] = ()) -> str:
    """``match and best (trained on 61 images)``, those that needed no training first; with the
    encoder where the same measure also looked at single pixels."""
    in_order = sorted(looked, key=lambda one: bool(one.train))
    of_pixels = {one.measure for one in everyone if one.row == "pixel" and one.train}
    trained = {
        one.title if one.measure in of_pixels else one.measure: one.trained for one in in_order
    }
    return listed([f"{measure} ({how})" if how else measure for measure, how in trained.items()])


def missing_adversaries(
    looked: Sequence[Measure], asked: Collection[str]
) -> tuple[list[str], list[str]]:
    """Adversaries that cost seconds, learn from none of the images, and gave no number: those
    that were not asked, and those that failed or were left out.

    Parameters
    ----------
    asked : names of measures, of those that failed or were left out too.
    """
    silent = [name for name in (RECOGNISE, MATCH) if name not in {one.measure for one in looked}]
    return (
        [name for name in silent if name not in asked],
        [name for name in silent if name in asked],
    )


def _verb(looked: Sequence[Measure]) -> str:
    return "finds" if len({one.measure for one in looked}) == 1 else "find"


def _end(
    leaking: set[int],
    empty: Sequence[int],
    found: Sequence[Finding],
    measured: Sequence[int],
    levels: Levels,
) -> Iterator[Sentence]:
    """``Every level below s = 8 leaks: nothing is left in the clear only with 8 of 8 planes
    encrypted; 7 of 8 planes encrypted will do if ... is acceptable``, unless that is every
    image. Of ciphers that others made, those that leak were named one by one."""
    at = levels.every(leaking, measured)
    is_every = at.startswith(("at every level", "in all ciphers"))
    if levels.recorded and not is_every:
        return
    leak = "leak" if levels.recorded else "leaks"
    head = f"{at.partition(' ')[2]} {leak}" if is_every else f"{at} there is a leak"
    rest = ""
    if empty:
        last = max((level for level in measured if level < empty[0]), default=0)
        there = [finding for finding in found if finding.level == last]
        rates = [one for one in there if one.is_rate and one.adversary.measure != CONFIRM]
        worst = max(rates or there[:1], key=lambda one: one.result.value, default=None)
        on = "from {} on" if len(empty) > 1 else "with {}"
        rest = f": nothing is left in the clear only {on.format(levels[empty[0]].label)}"
        if worst and not (worst.is_rate and worst.result.value == 1):
            label = levels[last].label
            rest += f"; {label} will do if it is acceptable that {worst.words}"
    yield Sentence(capitalised(head), f"{rest}.")


def _nothing_left(empty: Sequence[int], levels: Levels) -> Iterator[Sentence]:
    if empty:
        yield Sentence(f"{capitalised(levels.at(empty))} nothing is left in the clear", ".")


def known_of_pixels(rows: pd.DataFrame, levels: Levels) -> str:
    """What is exact, or an upper bound, of the highest level that is not empty."""
    known = []
    empty = empty_levels(rows, levels)
    lengths = rows[rows["measure"].isin(CODE_LENGTHS)]
    # A code that learned from some of the images has a mean of the others alone.
    of_most = lengths[lengths["n"] == lengths.groupby("level")["n"].transform("max")]
    codes = [_means(of_most, measure, "upper") for measure in CODE_LENGTHS]
    shortest = {
        level: min(code[level] for code in codes if level in code)
        for level in {level for code in codes for level in code}
    }
    holder = "the cipher tells" if levels.as_they_are else "the clear part holds"
    for by_level, words in (
        (
            _means(rows, HISTOGRAM, "exact"),
            "a pixel seen alone keeps {value} bits of its {plain}",
        ),
        (shortest, f"{holder} at most {{value}} bits a pixel, whoever looks"),
    ):
        left = [level for level in by_level if level not in empty]
        if left:
            top = max(left)
            plain = bits(by_level[0]) if 0 in by_level else "own"
            known.append((top, words.format(value=bits(by_level[top]), plain=plain)))
    if not known:
        return ""
    top = max(level for level, _ in known)
    text = listed([words for level, words in known if level == top])
    nothing = f"; {levels.at(empty)} nothing is left in the clear" if empty else ""
    return f"{capitalised(levels[top].phrase)} {text}{nothing}."


def _means(rows: pd.DataFrame, measure: str, bound: str) -> dict[int, float]:
    of = rows[(rows["measure"] == measure) & (rows["bound"] == bound)]
    known = of[of["level"].notna() & of["mean"].notna()]
    return {int(row["level"]): float(row["mean"]) for row in known.to_dict("records")}
