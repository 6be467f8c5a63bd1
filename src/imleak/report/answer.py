"""The answer of a run: what leaks, to whom, and what nobody looked for.

Every sentence is a function of the summary and the manifest alone.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ..interfaces import LARGEST_PLANTED, check_acceptable
from .adversaries import CALIBRATED, MATCH
from .findings import Finding, findings
from .levels import Levels
from .measures import Measure, adversaries, titles
from .rebuilt import RebuiltImages
from .recommend import Recommendation, recommend, smallest_of
from .sentences import (
    PATCH_MARK,
    Sentence,
    known_of_pixels,
    missing_adversaries,
    names,
    sentences,
)
from .words import bits, capitalised, listed, plural

FEW = 100
"""Training images below which an adversary is called small."""


@dataclass(frozen=True)
class Answer:
    """What a run says.

    Parameters
    ----------
    sentences : the answer, the gravest finding first.
    findings : what it is made of, the gravest first.
    meaning : what a level is, and how images were measured.
    footnotes : to words of the sentences.
    reach : how small a leak would have been seen, where some adversary found none.
    recommendation : for the acceptable leak that was named, or None.
    looked : who looked, one line an adversary.
    limits : what the answer does not cover.
    warnings : what makes the run worth less than it seems.
    """

    sentences: tuple[Sentence, ...]
    findings: tuple[Finding, ...]
    meaning: str
    footnotes: tuple[str, ...]
    reach: str
    recommendation: Recommendation | None
    looked: tuple[str, ...]
    limits: tuple[str, ...]
    warnings: tuple[str, ...]

    def __str__(self) -> str:
        advice = () if self.recommendation is None else (self.recommendation.words,)
        return "\n".join((*map(str, self.sentences), *advice, *self.notes))

    @property
    def text(self) -> str:
        """All sentences as one paragraph."""
        return " ".join(map(str, self.sentences))

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the sentences must know: levels, footnotes, reach."""
        return tuple(filter(None, (self.meaning, *self.footnotes, self.reach)))


def answer(
    summary: pd.DataFrame, manifest: Mapping[str, Any], acceptable: float | None = None
) -> Answer:
    """The answer of a run.

    Parameters
    ----------
    summary : a row per encoder, measure, quantity, part, protocol and level.
    manifest : what was run.
    acceptable : bits an image that may leak, to recommend a level for; those of the manifest
        if None.

    Raises
    ------
    ImleakError
        If the acceptable leak is no number of bits.
    """
    check_acceptable(acceptable)
    acceptable = manifest.get("acceptable") if acceptable is None else acceptable
    everyone, levels = adversaries(summary, manifest), Levels.of(manifest)
    measures_asked = _asked(summary, manifest)
    in_colour = bool((manifest.get("spec") or {}).get("colour"))
    is_colour = in_colour and any(one.get("channels") != 1 for one in manifest.get("images", ()))
    reported = [
        *(_found_in_ciphers(one, levels) for one in manifest.get("findings", ())),
        *RebuiltImages.of(summary, manifest).sentences(levels),
        *_of_measures(summary, everyone, levels, asked=measures_asked, colour=is_colour),
    ]
    sight = f"Images were measured in {'colour' if is_colour else 'grey'}."
    return Answer(
        sentences=tuple(reported) or (_nothing(summary, manifest),),
        findings=tuple(findings(everyone)),
        meaning="" if summary.empty else " ".join(filter(None, (levels.meaning, sight))),
        footnotes=(
            *_footnotes(reported, manifest),
            *_elsewhere(everyone, levels),
            *_blind(everyone),
            *manifest.get("unfound", ()),
            *manifest.get("unrebuilt", ()),
        ),
        reach=_reach(everyone),
        recommendation=None
        if acceptable is None
        else recommend(summary, everyone, levels, acceptable, _faults(manifest, levels)),
        looked=tuple(_looked(everyone)),
        limits=tuple(_limits(everyone, levels, measures_asked)),
        warnings=tuple(_warnings(everyone, summary, manifest)),
    )


def _found_in_ciphers(sentence: str, levels: Levels) -> Sentence:
    """A sentence of the manifest; what stands before a colon, after the level it is of, is
    what it claims."""
    _, heading, words = levels.headed(sentence)
    head, colon, rest = words.partition(": ")
    return Sentence(heading + head, colon + rest)


def _faults(manifest: Mapping[str, Any], levels: Levels) -> dict[int, str]:
    """Level -> the first finding in its ciphers, as it stands within a sentence."""
    faults: dict[int, str] = {}
    for sentence in manifest.get("findings", ()):
        level, _, words = levels.headed(sentence)
        head = words.partition(": ")[0].rstrip(".")
        if level is not None and head:
            first = head.partition(" ")[0]
            is_word = first.isalpha() and first[1:].islower()
            faults.setdefault(
                level, head[0].lower() + head[1:] if is_word or len(first) == 1 else head
            )
    return faults


def _of_measures(
    summary: pd.DataFrame,
    everyone: Sequence[Measure],
    levels: Levels,
    *,
    asked: Collection[str],
    colour: bool,
) -> list[Sentence]:
    found = sentences(summary, everyone, levels, asked=asked, colour=colour)
    if found or summary["level"].isna().all():
        return found
    if any(finding.adversary.is_check for finding in findings(everyone)):
        others = [one for one in everyone if not one.is_check]
        return [Sentence(f"Beside that nothing is found by {names(others)}", ".")] if others else []
    known = known_of_pixels(summary, levels)
    in_sample = summary.loc[summary["protocol"] == "in-sample", "measure"]
    if len(in_sample):
        first = Sentence(
            "No adversary was tested on images it had not seen",
            f": in-sample {listed(sorted(set(in_sample)))} shows what a network memorised, not "
            "what leaks.",
        )
    elif known:
        first = Sentence("No adversary looked at these images", ".")
    else:
        return [
            Sentence(
                "Nothing here bounds a leak",
                ": the measures show how unlike the images look, not how much can be told from "
                f"them.{_instead(asked)}",
            )
        ]
    return [first, *([Sentence("", known)] if known else [])]


def _asked(summary: pd.DataFrame, manifest: Mapping[str, Any]) -> set[str]:
    """Names of the measures of a run, of those that failed or were left out too."""
    components = manifest.get("components", ())
    named = {str(one["name"]) for one in components if one["kind"] != "encoder"}
    return {str(one) for one in summary["measure"].dropna().unique()} | named


def _instead(asked: Collection[str]) -> str:
    """Which adversary would bound it; why none did, where one was asked."""
    if MATCH not in asked:
        return f" An adversary bounds it: --measure {MATCH}."
    return f" {MATCH}, which bounds it, gave no number."


def _nothing(summary: pd.DataFrame, manifest: Mapping[str, Any]) -> Sentence:
    if not manifest.get("images"):
        return Sentence("Nothing was measured", ": there was no image to measure.")
    return Sentence("Nothing was measured" if summary.empty else "Nothing could be measured", ".")


def _footnotes(reported: Sequence[Sentence], manifest: Mapping[str, Any]) -> Iterator[str]:
    if any(PATCH_MARK in str(sentence) for sentence in reported):
        count = (manifest.get("spec") or {}).get("patches")
        of_each = f", {count} of every image" if count else ""
        yield (
            f"{PATCH_MARK} A patch is a square cut from an image, as large as the encoder's input"
            f"{of_each}; bits of several patches of an image do not add up."
        )


def _elsewhere(everyone: Sequence[Measure], levels: Levels) -> Iterator[str]:
    """Which numbers are of an adversary that learned from other images."""
    encoders = Counter(measure for measure, _ in {(one.measure, one.encoder) for one in everyone})
    for one in everyone:
        if one.elsewhere:
            name = one.title if encoders[one.measure] > 1 else one.measure
            of = [level for level in one.results if one.is_calibrated(level)]
            who = f"an adversary that learned from {one.elsewhere}"
            how = f"calibrated on {one.calibrated_on}"
            if one.measure == CALIBRATED:
                yield f"{name} is {who}, {how}."
            elif of:
                yield f"{name} chose {who}, {how}, {levels.at(of)}."
            else:
                yield f"{name} also asked {who}, {how}, and preferred others."


def _reach(everyone: Sequence[Measure]) -> str:
    """How small a leak the estimators would have seen, where they found none."""
    quiet = [
        one
        for one in everyone
        if one.bounds_content
        and not one.is_zero_shot
        and any(result.verdict == "no leak found" for result in one.results.values())
    ]
    smallest = smallest_of(one.detectable for one in quiet)
    if not quiet or math.isnan(smallest):
        return ""
    if math.isinf(smallest):
        return f"No planted leak was found by an estimator, up to {LARGEST_PLANTED:g} bits."
    return (
        f"Where an estimator found nothing, a leak below {bits(smallest)} bits a {quiet[0].row} "
        "may have gone unseen."
    )


def _looked(everyone: Sequence[Measure]) -> Iterator[str]:
    for title, one in {one.title: one for one in everyone}.items():
        most = max(result.images for result in one.results.values())
        tested = one.learners.counted(one.test) if one.test else plural(most, "image")
        learned = (
            one.learners.learned(one.measure, one.learned_from).removeprefix("it ")
            if one.train
            else "learned from none of these images"
        )
        seen = ""
        if one.is_zero_shot or math.isnan(one.detectable):
            pass
        elif math.isfinite(one.detectable):
            seen = f"; finds a planted leak of {bits(one.detectable)} bits"
        else:
            seen = "; finds no planted leak"
        yield f"{title}: {learned}, tested on {tested}{seen}"


def _limits(everyone: Sequence[Measure], levels: Levels, asked: Collection[str]) -> Iterator[str]:
    """What the answer does not cover."""
    if not everyone:
        yield "What an adversary could tell about the content of the images."
    else:
        cheap, failed = missing_adversaries(everyone, asked)
        if cheap:
            yield f"What {listed(cheap)} would find: not asked (--measure {cheap[0]})."
        if failed:
            yield f"What {listed(failed)} would find: no number was given."
        yield "Eyes: people may make out shapes where a network names nothing; look at the images."
        yield "Other adversaries: another encoder, or one trained on clear parts, may find more."
        yield "Images unlike these."
    if levels.recorded:
        yield "How the ciphers were made: but for the tests named here nobody tried to break them."
    elif levels.keys == "one":
        yield "The key: but for the tests named here nobody tried to find it from the ciphers."
    elif levels.keys != "none":
        yield "The cipher itself: what is encrypted is taken for noise, under a key nobody has."


def _blind(everyone: Sequence[Measure]) -> Iterator[str]:
    """Who finds nothing even in the plain image, where others find something there."""
    by_measure: dict[str, list[Measure]] = {}
    for one in everyone:
        if not one.is_attribute:
            by_measure.setdefault(one.measure, []).append(one)
    blind = [
        each
        for each in by_measure.values()
        if all(one.sees_plain is False for one in each)
        and any(one.results.keys() - {0} for one in each)
    ]
    if len(blind) < len(by_measure):
        for some in blind:
            yield (
                f"{capitalised(names(some[:1]))} finds nothing even where nothing is encrypted: "
                "that it finds nothing elsewhere means nothing."
            )


def _warnings(
    everyone: Sequence[Measure], summary: pd.DataFrame, manifest: Mapping[str, Any]
) -> Iterator[str]:
    yield from map(str, manifest.get("warnings", ()))
    trained = [one for one in everyone if one.train is not None]
    most = max(trained, key=lambda one: one.train or 0, default=None)
    if most and most.train and most.train < FEW:
        yield (
            f"Few images: estimators learned from {most.learners.counted(most.train)} at most. "
            "One with more may find what these did not."
        )
    if len(manifest.get("images", ())) == 1 and not summary.empty:
        yield "One image: nothing can be said of others, and no interval given."
    failed = summary[(summary["errors"].fillna(0) > 0) & summary["level"].isna()]
    for title in titles(summary)[failed.index].unique():
        yield f"{title} failed and is missing here."
