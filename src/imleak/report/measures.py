"""What was measured: every quantity of every measure at all its levels, out of a summary.

A measure that has verdicts is an adversary; the others say how images look, or bound what
anyone could find.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from .adversaries import (
    ATTRIBUTES,
    CALIBRATED,
    CLAIMS,
    CODE_LENGTHS,
    CONFIRM,
    HISTOGRAM,
    OF_REBUILT,
    PIXELS,
)
from .learners import Learners
from .levels import Levels

FAINT = 0.1
"""Bits of a pixel below which an estimate is not called a finding: neighbours are alike, and what
their likeness alone makes of a histogram is taken off but for some hundredths."""
MARKS = {"lower": "≥", "upper": "≤", "exact": "=", "none": "~"}
"""What stands before a number, by what it bounds."""
_KEY = ["scheme", "encoder", "target", "view", "measure", "quantity", "part", "protocol"]
_PLAIN_PROTOCOLS = ("per-image", "zero-shot", "")
_GIVEN, _SQUARED = "features", ", R²"
"""How the quantities of attributes begin that are of features, and end that are no bits."""
_BETWEEN = r", | \+ | or "
"""What stands between the titles of several encoders, or of the spaces an attack chose."""


@dataclass(frozen=True)
class Result:
    """What was measured at one level.

    Parameters
    ----------
    value, low, high : in the unit of the measure; `value` NaN where nothing could be
        measured, `low` and `high` where it is exact.
    null_mean, null_p95 : what the same adversary finds in pairs broken across images.
    ceiling, exact : the most that the test could have shown, and the exact value.
    rising : whether more training images would find more; None if that was not asked.
    chosen : the space or estimator that was chosen among several.
    images : the images it was tested on.
    """

    value: float
    low: float
    high: float
    verdict: str = ""
    bound: str = "none"
    null_mean: float = math.nan
    null_p95: float = math.nan
    ceiling: float = math.nan
    exact: float = math.nan
    rising: bool | None = None
    chosen: str = ""
    images: int = 0

    @property
    def claims(self) -> bool:
        """Whether the verdict claims a leak, and the interval clears the null."""
        return self.verdict in CLAIMS and not self.low <= self.null_p95

    @property
    def lower_end(self) -> float:
        """That of its interval; the value where there is none."""
        return self.value if math.isnan(self.low) else self.low


@dataclass(frozen=True)
class Measure:
    """One quantity of a measure at all its levels.

    Parameters
    ----------
    encoder, view : what target and clear part are features of, in words, and the view alone.
    headings : words that tell this measure from the others, its name first.
    unit : empty of what has none.
    row : what a number of bits is given for: image, patch or pixel.
    results : by level; none of a measure that failed before it had one.
    quantity : of a measure that gives several, else empty.
    part, protocol : of the encrypted image that was compared, and how.
    failed : how many measurements failed.
    detectable : the smallest planted leak an estimator finds, in bits; infinite if it finds
        none, NaN if it was not asked.
    train, test : images it learned from and was tested on; None where it learned from none.
    public : how many of those it learned from are public.
    encoders : the name of every encoder of the run by its title.
    elsewhere : what images the adversary learned from that it may take, if any: words.
    learners : how the run counts what was learned from.
    is_check : whether it looks at ciphers themselves; what it finds stands in the manifest as
        sentences.
    """

    encoder: str
    measure: str
    headings: tuple[str, ...]
    unit: str
    row: str
    results: Mapping[int, Result] = field(repr=False)
    quantity: str = ""
    part: str = "clear"
    protocol: str = ""
    scheme: str = ""
    view: str = ""
    failed: int = 0
    detectable: float = math.nan
    train: int | None = None
    public: int = 0
    test: int | None = None
    encoders: Mapping[str, str] = field(default_factory=dict, repr=False)
    elsewhere: str = ""
    learners: Learners = field(default_factory=Learners, repr=False)
    is_check: bool = False

    @property
    def title(self) -> str:
        return self.measure if self.row == "pixel" else f"{self.measure} on {self.encoder}"

    @property
    def bound(self) -> str:
        """What its numbers are to mutual information."""
        return next((result.bound for result in self.results.values()), "none")

    @property
    def has_verdict(self) -> bool:
        """Whether it is an adversary."""
        return any(result.verdict for result in self.results.values())

    @property
    def is_zero_shot(self) -> bool:
        """Whether it learned from none of the images."""
        return self.protocol == "zero-shot"

    def is_calibrated(self, level: int) -> bool:
        """Whether its number at a level is of the adversary that learned elsewhere."""
        chosen = self.results[level].chosen or self.measure
        return bool(self.elsewhere) and chosen.startswith(CALIBRATED)

    @property
    def is_attribute(self) -> bool:
        """Whether it is the bits about one named attribute of an image."""
        return self.measure == ATTRIBUTES and not (self.is_given or self.is_share)

    @property
    def is_given(self) -> bool:
        """Whether it is what is left of features when attributes are given, or all of it."""
        return self.measure == ATTRIBUTES and self.quantity.startswith(_GIVEN)

    @property
    def is_share(self) -> bool:
        """Whether it is the share of the variance of an attribute that is told."""
        return self.measure == ATTRIBUTES and self.quantity.endswith(_SQUARED)

    @property
    def attribute(self) -> str:
        """The attribute a quantity is of, or what is given."""
        return self.quantity.removesuffix(_SQUARED)

    @property
    def learned_from(self) -> str:
        """``61 images``, ``8 groups of images``, or ``61 of your images and 640 public ones``;
        empty where it learned from none."""
        return self.learners.learned_from(self.train or 0, self.public)

    @property
    def trained(self) -> str:
        """``trained on 61 images``; empty where it learned from none."""
        return self.learners.trained(self.measure, self.learned_from) if self.train else ""

    @property
    def calibrated_on(self) -> str:
        """``61 of these images``, or ``61 of your images and 640 public ones``."""
        return self.learned_from if self.public else self.learners.own(self.train or 0, "these")

    @property
    def is_of_rebuilt(self) -> bool:
        """Whether it looked at the rebuilt image alone."""
        return all(title.endswith(OF_REBUILT) for title in re.split(_BETWEEN, self.view))

    @property
    def sees_plain(self) -> bool | None:
        """Whether it finds anything where nothing is encrypted; None if that is not known."""
        result = self.results.get(0)
        return None if result is None or result.verdict == "unreliable" else result.claims

    @property
    def bounds_content(self) -> bool:
        """Whether its numbers are bits about what an image shows, held against a threshold."""
        if not self.unit.startswith("bit") or self.measure == CONFIRM or self.is_given:
            return False
        return self.is_zero_shot or self.row != "pixel"

    def goes_by(self, level: int) -> set[str]:
        """Names of the encoders that it looked through, or of those it chose."""
        chosen = self.results[level].chosen or self.view
        return {name for title, name in self.encoders.items() if is_among(title, chosen)}

    @property
    def decimals(self) -> int:
        """Three significant digits of the largest value, and two decimals below 1000."""
        values = [abs(result.value) for result in self.results.values()]
        largest = max((value for value in values if value and math.isfinite(value)), default=1.0)
        return 0 if largest >= 1000 else min(6, max(2, 2 - math.floor(math.log10(largest))))

    def number(self, value: float) -> str:
        """A value with the decimals of this measure."""
        if math.isinf(value):
            return "∞" if value > 0 else "-∞"
        return f"{value:z.{self.decimals}f}"

    def value(self, level: int) -> str:
        """``≥ 1.06``; ``failed`` where nothing could be measured, empty where nothing was
        asked for."""
        result = self.results.get(level)
        if result is None:
            return "failed" if self.failed and not self.results else ""
        if math.isnan(result.value):
            return "failed"
        return marked(self.number(result.value), result.bound, result.value)

    def interval(self, level: int) -> str:
        """``[0.98, 1.14]``, or empty where there is none."""
        result = self.results.get(level)
        if result is None or math.isnan(result.low) or math.isnan(result.high):
            return ""
        return f"[{self.number(result.low)}, {self.number(result.high)}]"

    def verdict(self, level: int) -> str:
        result = self.results.get(level)
        return result.verdict if result else ""

    def lines(self, level: int) -> list[str]:
        """Value, interval and verdict, as far as there are any."""
        found = (self.value(level), self.interval(level), self.verdict(level))
        return [line for line in found if line]

    def remarks(self, level: int) -> list[str]:
        """What was chosen, and ``still rising`` where more training images would find more."""
        result = self.results.get(level)
        if result is None:
            return []
        return [*filter(None, [result.chosen]), *(["still rising"] if result.rising else [])]


def measures(summary: pd.DataFrame, manifest: Mapping[str, Any] | None = None) -> list[Measure]:
    """Everything that was measured, in the order of the summary.

    Parameters
    ----------
    manifest : of the run; without it a number of bits of features is one of a patch.
    """
    components = (manifest or {}).get("components", ())
    other = (manifest or {}).get("adversary") or {}
    encoders = [one for one in components if one["kind"] == "encoder"]
    whole = [_title(one) for one in encoders if one.get("input_size") == "image"]
    names = {_title(one): str(one["name"]) for one in encoders}
    checks = {one["name"] for one in components if one["kind"] == "check"}
    learners = Learners.of(manifest)
    grouped = _grouped(summary)
    parts: dict[tuple[str, str, str], set[str]] = {}
    for scheme, encoder, _, _, measure, _, part, _ in grouped:
        parts.setdefault((scheme, encoder, measure), set()).add(part)
    found = []
    for key, rows in grouped.items():
        scheme, encoder, target, view, measure, quantity, part, protocol = key
        further = (
            quantity,
            part if part != "clear" or len(parts[scheme, encoder, measure] - {""}) > 1 else "",
            protocol if protocol not in _PLAIN_PROTOCOLS else "",
        )
        unit = _word(rows[0]["unit"])
        of_image = any(is_among(title, sides) for title in whole for sides in (target, view))
        measured = Measure(
            encoder=encoder,
            measure=measure,
            headings=(measure, *filter(None, further)),
            unit="" if unit == "1" else unit,
            row="image"
            if of_image or unit.endswith("/image")
            else "pixel"
            if target == PIXELS
            else "patch",
            results={int(row["level"]): _result(row) for row in rows if not pd.isna(row["level"])},
            quantity=quantity,
            part=part,
            protocol=protocol,
            scheme=scheme,
            view=view,
            failed=int(_most(rows, "errors") or 0),
            detectable=_float(_most(rows, "detectable")),
            train=_count(rows, "train_groups"),
            public=_count(rows, "public_groups") or 0,
            test=_count(rows, "test_groups"),
            encoders=names,
            elsewhere=str(other["title"])
            if measure in other.get("measures", ()) and _is_learned(target, view, other)
            else "",
            learners=learners,
            is_check=measure in checks,
        )
        found.append(measured)
    return found


def adversaries(summary: pd.DataFrame, manifest: Mapping[str, Any]) -> list[Measure]:
    """The measures that have verdicts, see :func:`that_ask`."""
    return that_ask(measures(summary, manifest))


def that_ask(everything: Sequence[Measure]) -> list[Measure]:
    """The measures that have verdicts, but for those that repeat on the rebuilt image what was
    asked of the clear part: these stand beside what else is known of rebuilt images."""
    return [
        one
        for one in everything
        if one.has_verdict and not (one.is_zero_shot and one.is_of_rebuilt)
    ]


def titles(summary: pd.DataFrame) -> pd.Series[str]:
    """Of every row who measured it: ``best on clip``, or ``in-sample mine on clip`` where a measure
    ran under several protocols."""
    names = summary["measure"] + " on " + summary["encoder"]
    several = summary.groupby(names)["protocol"].transform("nunique") > 1
    return (summary["protocol"].fillna("") + " ").where(several, "") + names


def tabulated(shown: Sequence[Measure]) -> list[Measure]:
    """Those that the tables of levels by measure have; attributes have one of their own."""
    return [one for one in shown if one.measure != ATTRIBUTES]


def surest(bounds: Iterable[Result]) -> Result | None:
    """Of several bounds of one thing the one that is quoted wherever there is room for one: one
    that claims a leak before others, then that of the highest lower end. Where an adversary is
    right of every image, a bootstrap has one value and no interval, and another bound is quoted."""
    every = list(bounds)
    claiming = [one for one in every if one.claims] or every
    spread = [one for one in claiming if not math.isclose(one.low, one.high, rel_tol=1e-3)]
    return max(spread or claiming, key=lambda one: (one.lower_end, one.value), default=None)


def blocks(shown: Sequence[Measure]) -> list[tuple[tuple[str, str], list[Measure]]]:
    """Measures by scheme and encoder, in the order in which those first stand."""
    found: dict[tuple[str, str], list[Measure]] = {}
    for one in shown:
        found.setdefault((one.scheme, one.encoder), []).append(one)
    return list(found.items())


def ranks(shown: Sequence[Measure]) -> list[int]:
    """The rank of every level of some measures, rising."""
    return sorted({level for one in shown for level in one.results})


def empty_levels(summary: pd.DataFrame, levels: Levels) -> list[int]:
    """Levels of a run at which nothing is left in the clear, of any image or of these."""
    counted = summary["measure"].isin((HISTOGRAM, *CODE_LENGTHS)) & (summary["ceiling"] == 0)
    measured = set(summary["level"].dropna().map(int))
    return sorted(
        {level for level in measured if levels[level].leaves_nothing}
        | {int(level) for level in summary.loc[counted, "level"].dropna()}
    )


def pixel_leaks(summary: pd.DataFrame) -> dict[int, Result]:
    """Levels at which a pixel is estimated to tell something of the plain one, where that is
    not known exactly: the interval clears the null, or 0, and it is no trifle."""
    estimated = summary[(summary["measure"] == HISTOGRAM) & (summary["bound"] != "exact")]
    found = {int(row["level"]): _result(row) for row in _of_levels(estimated)}
    return {
        level: one
        for level, one in found.items()
        if (one.value if math.isnan(one.low) else one.low) > max(0.0, _or_0(one.null_p95))
        and one.value > FAINT
    }


def _of_levels(rows: pd.DataFrame) -> list[dict[Any, Any]]:
    return rows[rows["level"].notna()].to_dict("records")


def _or_0(value: float) -> float:
    return 0.0 if math.isnan(value) else value


def _result(row: Mapping[Any, Any]) -> Result:
    numbers = ("null_mean", "null_p95", "ceiling", "exact")
    value, low, high = (_float(row[name]) for name in ("mean", "low", "high"))
    return Result(
        value,
        low,
        high,
        _word(row["verdict"]),
        _word(row["bound"]),
        **{name: _float(row[name]) for name in numbers},
        rising=None if pd.isna(row["rising"]) else bool(row["rising"]),
        chosen=_word(row["chosen"]),
        images=0 if pd.isna(row["n"]) else int(row["n"]),
    )


def marked(number: str, bound: str, value: float) -> str:
    """``≥ 1.06``: a number behind what it bounds. That at least so much leaks says nothing of a
    value below 0, which stands alone."""
    return number if bound == "lower" and value < 0 else f"{MARKS.get(bound, '?')} {number}"


def is_among(title: str, joined: str) -> bool:
    """Whether a title is one of several that stand in one text, whole."""
    return re.search(rf"(^|{_BETWEEN}){re.escape(title)}($|{_BETWEEN})", joined) is not None


def _is_learned(target: str, view: str, other: Mapping[str, Any]) -> bool:
    """Whether an adversary learned elsewhere what an encoder tells of itself, and this is asked."""
    return any(title == target and is_among(title, view) for title in other.get("learned", {}))


def _title(component: Mapping[str, Any]) -> str:
    return str(component.get("title", component["name"]))


def _grouped(summary: pd.DataFrame) -> dict[tuple[str, ...], list[dict[Any, Any]]]:
    """The rows of everything that was measured, in the order of the summary."""
    grouped: dict[tuple[str, ...], list[dict[Any, Any]]] = {}
    for row in summary.to_dict("records"):
        grouped.setdefault(tuple(_word(row[name]) for name in _KEY), []).append(row)
    return grouped


def _most(rows: Sequence[Mapping[Any, Any]], name: str) -> float | None:
    """The largest number that is known; None if none is."""
    return max((float(row[name]) for row in rows if not pd.isna(row[name])), default=None)


def _count(rows: Sequence[Mapping[Any, Any]], name: str) -> int | None:
    most = _most(rows, name)
    return None if most is None else int(most)


def _float(value: Any) -> float:
    return math.nan if pd.isna(value) else float(value)


def _word(value: Any) -> str:
    return "" if pd.isna(value) else str(value)
