"""What was done in a run, as the section on methods of a paper says it: of its manifest and its
summary alone, and nothing that stands in neither."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from .adversaries import ATTRIBUTES
from .citations import INTERVALS, OF_SHARES, Citations, citations, used_of
from .data import left_out
from .learners import Learners
from .levels import Levels
from .measures import is_among
from .words import listed, plural

MOST_LEVELS = 12
"""Levels that are named one by one."""
_MARK = "\x00"
"""On both sides of keys that are cited."""
_HELD_OUT = (
    "In every fold some images were trained on, others chose the checkpoint or the estimator, and "
    "the rest were tested; no {noun} stood in two of these parts, and each was tested once a "
    "repetition. The 95 % interval is over the test {noun}s. The null is the same estimator, "
    "trained and tested in the same way on pairs that were broken across images."
)
"""How estimates are held out."""


def methods(
    manifest: Mapping[str, Any],
    summary: pd.DataFrame,
    cite: Callable[[Sequence[str]], str] | None = None,
    text: Callable[[str], str] = str,
) -> list[str]:
    """Paragraphs of plain sentences: images, encryption, features, measures, versions.

    Parameters
    ----------
    cite : what stands for the works of these keys, with the blank before it; by default their
        authors and years in brackets.
    text : what becomes of the words between these, such as LaTeX.
    """
    cited = citations(manifest, summary)
    works = {one.work.key: one.work for one in cited.works}

    def in_brackets(keys: Sequence[str]) -> str:
        return f" ({'; '.join(works[key].short for key in keys)})"

    said = _Methods(manifest, summary, cited)
    given = (said.images(), said.encryption(), said.features(), said.measures(), said.run())
    paragraphs = [" ".join(sentences) for sentences in given]
    return [_rendered(one, cite or in_brackets, text) for one in paragraphs if one]


def _rendered(
    paragraph: str, cite: Callable[[Sequence[str]], str], text: Callable[[str], str]
) -> str:
    parts = paragraph.split(_MARK)
    return "".join(
        cite(part.split(",")) if at % 2 else text(part) if part else ""
        for at, part in enumerate(parts)
    )


class _Methods:
    """The sentences of one run, a paragraph a method."""

    def __init__(self, manifest: Mapping[str, Any], summary: pd.DataFrame, cited: Citations):
        self.manifest, self.summary, self.cited = manifest, summary, cited
        self.spec: Mapping[str, Any] = manifest.get("spec") or {}
        self.levels, self.learners = Levels.of(manifest), Learners.of(manifest)
        self._held_out: dict[str, str] = {}

    def images(self) -> Iterator[str]:
        """How many, of which size and depth, in how many groups, and how many were left out."""
        images = self.manifest["images"]
        if not images:
            yield "There was no image to measure."
            return
        depths = sorted({int(one["bits"]) for one in images})
        colour = "in every channel" if self.spec.get("colour") else "as luma (ITU-R BT.601)"
        yield (
            f"{plural(len(images), 'image')} of {_sizes(images)} and "
            f"{listed(list(map(str, depths)))} bits a sample were measured {colour}."
        )
        groups = len({one.get("group") or one["digest"] for one in images})
        if groups < len(images):
            yield (
                f"They are in {plural(groups, 'group')}; no group was on both sides of a split, "
                "and intervals are over groups."
            )
        if whole := left_out(self.manifest):
            yield f"{plural(len(whole), 'further file')} {_was(whole)} left out."
        if gallery := (self.manifest.get("gallery") or {}).get("images"):
            yield f"{plural(gallery, 'other image')} served as a gallery and were not measured."

    def encryption(self) -> Iterator[str]:
        """The scheme, its levels, what is left in the clear, and the keys."""
        levels = self.levels
        ranks = [rank for rank in sorted(levels.by_rank) if rank]
        labels = [levels[rank].label for rank in ranks]
        shown = labels if len(labels) <= MOST_LEVELS else [labels[0], "...", labels[-1]]
        if levels.recorded:
            yield (
                f"Ciphers that were made elsewhere were measured as they are, in "
                f"{plural(len(ranks), 'set')}: {', '.join(shown)}."
            )
            return
        (scheme,) = self._of("scheme") or [{"name": self.spec.get("scheme", "")}]
        counted = plural(len(ranks), "level")
        plain = ", beside the plain images" if 0 in levels.by_rank else ""
        named, all_levels = self._named(scheme), f"{counted}{plain}: {'; '.join(shown)}"
        if levels.keys == "none":
            yield f"They were changed by {named} at {all_levels}."
            yield f"No key takes part; what is published was measured: {levels.clear_part}."
            return
        if levels.keys == "one":
            yield f"They were encrypted by {named} at {all_levels}."
            yield "One key, derived from the seed, serves all images of a level."
            yield "The ciphers were measured as they are."
            return
        made = "They were encrypted" if levels.keys == "image" else "Others encrypted them"
        yield f"{made} by {named} at {all_levels}."
        if levels.clear_part:
            yield f"Left in the clear: {levels.clear_part}. The rest was taken for noise."
        if levels.keys == "image":
            yield "Keys were derived from the seed, another one for every image and level."

    def features(self) -> Iterator[str]:
        """The encoders with features, and what they were shown."""
        encoders = [one for one in self._of("encoder") if one.get("input_size") is not None]
        whole = [one for one in encoders if one["input_size"] == "image"]
        for one in encoders:
            if one["input_size"] != "image":
                facts = [
                    f"{name} {one[name]}"
                    for name in ("source", "weights", "precision")
                    if name in one
                ]
                known = f" ({', '.join(facts)})" if facts else ""
                yield (f"Through {self._named(one)} an adversary saw {self._shown(one)}{known}.")
            if shown := _stretched(one.get("settings", {}).get("window", "full")):
                yield f"It was shown samples stretched {shown}, and limited to these."
        if whole:
            yield f"Whole images were seen through {self._list(whole)}."

    def _shown(self, one: Mapping[str, Any]) -> str:
        """What of an image an encoder of patches was shown: patches by estimators, the whole
        image by attacks and metrics."""
        count, size = self.spec.get("patches") or 1, one["input_size"]
        patches = "one patch" if count == 1 else f"{count:,} patches"
        title = str(one.get("title", one["name"]))
        sides = self.summary[["encoder", "target", "view"]].fillna("")
        seen = sides.map(lambda joined: is_among(title, str(joined))).any(axis=1)
        whole = self.summary["protocol"].isin(("per-image", "zero-shot"))
        of_patches = f"{patches} of {size} x {size} pixels of every image"
        if not (seen & whole).any():
            return of_patches
        if (seen & ~whole).any():
            return f"{of_patches}, and every image resized to {size} x {size}"
        return f"every image resized to {size} x {size} pixels"

    def measures(self) -> Iterator[str]:
        """What was measured of every image, by whom, and how estimates were held out."""
        if metrics := self._of("metric"):
            yield (
                f"Of every image were measured {self._list(metrics)}; values are means over images"
                f"{self._interval(self.summary[self.summary['protocol'] == 'per-image'])}."
            )
        if attacks := self._of("attack"):
            nulls = {_count(one.get("settings", {}), "nulls") for one in attacks} - {None}
            ways = f", in {listed(sorted(map(str, nulls)))} ways" if nulls else ""
            tested = self.summary[self.summary["protocol"] == "zero-shot"]
            shares = _cited([OF_SHARES]) if OF_SHARES in self._keys() else ""
            yield (
                f"As adversaries that learned from none of the images, {self._list(attacks)} "
                f"{_was(attacks)} asked{_of_images(tested['n'])}; 95 % intervals of shares of "
                f"right answers are exact{shares}, and the null of each is its result on pairs "
                f"that were broken across images{ways}."
            )
        if checks := self._of("check"):
            yield f"Pairs of images and ciphers were searched for faults by {self._list(checks)}."
        for one in self._of("estimator"):
            yield from self._estimator(one)
        if self.summary["verdict"].notna().any():
            yield (
                "A leak was claimed only where the 95 % interval lies above the 95th percentile of "
                "the null, and above 0 bits or the share that a guess is right of."
            )
            if (self.summary["measure"] == ATTRIBUTES).any():
                yield (
                    "Of m attributes that were asked together, each had an interval of 1 - 0.05/m."
                )
            yield (
                "Bits were called unreliable, and no leak, where the interval is wider than the "
                "estimate, or folds or halves of the images differ by more. No lower bound was "
                "given above the most that the test could have shown."
            )

    def _estimator(self, one: Mapping[str, Any]) -> Iterator[str]:
        settings = one.get("settings", {})
        protocol = settings.get("protocol")
        rows = self.summary[self.summary["measure"] == one["name"]]
        if protocol:
            rows = rows[rows["protocol"] == protocol]
        of_protocol = rows["protocol"].dropna().unique()
        held_out = "held-out" in of_protocol
        trained, rows_used = rows["train_groups"].dropna(), rows["n"].dropna()
        on = listed(list(map(str, rows["encoder"].unique())))
        words = [f"Mutual information was estimated by {self._named(one)}"]
        words += [f"on {on}"] if on else []
        words += [f"from {int(rows_used.max()):,} samples"] if len(rows_used) else []
        how = _protocol(of_protocol)
        if held_out and len(trained):
            images = self.learners.counted(int(trained.max()))
            how = f"; in each fold {self.learners.learned(one['name'], images)}"
        yield " ".join(words) + how + "."
        if held_out:
            folds, seeds = _count(settings, "folds"), _count(settings, "seeds")
            tested = rows["test_groups"].dropna()
            if folds and len(tested):  # as many as leave every test set two images
                folds = min(folds, int(tested.max()) // 2)
            times = f", {_times(seeds)}" if seeds else ""
            fold = f" in {folds} folds" if folds else ""
            how = f"cross-fitted by {self.learners.noun}{fold}{times}"
            if first := self._held_out.get(how):
                yield f"It was held out as {first} was."
            else:
                self._held_out[how] = str(one.get("title", one["name"]))
                yield f"It was {how}. {_HELD_OUT.format(noun=self.learners.noun)}"
        chosen = [str(one) for one in rows["chosen"].dropna().unique()]
        if chosen:
            yield f"Validation images chose {self._chosen(chosen)}."
        further = {
            name: settings[name]
            for name in ("epochs", "steps", "hidden", "components", "batch", "rate", "k")
            if settings.get(name) is not None
        }
        if further:
            listed_options = ", ".join(f"{name} {_value(value)}" for name, value in further.items())
            yield f"Its options: {listed_options}."

    def _chosen(self, titles: Sequence[str]) -> str:
        """What was chosen, each with its works if it is an estimator by itself."""
        return listed([self._named({"name": title}) for title in sorted(titles)])

    def run(self) -> Iterator[str]:
        """Seed, failures and versions."""
        if "seed" in self.spec:
            yield f"All random choices derive from the seed {self.spec['seed']}."
        units = self.manifest.get("units") or {}
        if units.get("failed"):
            yield f"{units['failed']:,} of {units['all']:,} measurements failed."
        versions = dict(self.manifest.get("versions") or {})
        if own := versions.pop("imleak", None):
            others = ", ".join(
                f"{name} {versions[name]}"
                for name in ("python", "numpy", "scipy", "torch", "scikit-image", "scikit-learn")
                if name in versions
            )
            yield f"imleak {own}{_cited(['imleak'])} was used{f' with {others}' if others else ''}."

    def _of(self, kind: str) -> list[Mapping[str, Any]]:
        return [one for one in used_of(self.manifest, self.summary) if one["kind"] == kind]

    def _keys(self) -> set[str]:
        return {one.work.key for one in self.cited.works}

    def _named(self, one: Mapping[str, Any]) -> str:
        """The title of a component and its works."""
        works = self.cited.of(one["name"])
        title = str(one.get("title", one["name"]))
        return title + (_cited([work.key for work in works]) if works else "")

    def _list(self, some: Iterable[Mapping[str, Any]]) -> str:
        return listed([self._named(one) for one in some])

    def _interval(self, rows: pd.DataFrame) -> str:
        """That intervals are bootstrapped, where there are any."""
        if not rows["low"].notna().any():
            return ""
        return f", with 95 % intervals of a bootstrap over images{_cited([INTERVALS])}"


def _cited(keys: Sequence[str]) -> str:
    return f"{_MARK}{','.join(keys)}{_MARK}"


def _sizes(images: Sequence[Mapping[str, Any]]) -> str:
    """``512 x 512 pixels``, ``213 x 300 to 640 x 640 pixels``"""
    sides = sorted({(int(one["width"]), int(one["height"])) for one in images}, key=_area)
    ends = dict.fromkeys([sides[0], sides[-1]])
    return " to ".join(f"{width} x {height}" for width, height in ends) + " pixels"


def _area(size: tuple[int, int]) -> int:
    return size[0] * size[1]


def _protocol(names: Iterable[str]) -> str:
    if "in-sample" in names:
        return ", tested on the samples it was trained on (in-sample)"
    return ", which trains nothing" if "training-free" in names else ""


def _times(seeds: int) -> str:
    return "once" if seeds == 1 else f"{seeds} times with other folds"


def _was(some: Sequence[object]) -> str:
    return "was" if len(some) == 1 else "were"


def _of_images(counts: pd.Series[Any]) -> str:
    known = counts.dropna()
    return f" about {plural(int(known.max()), 'image')}" if len(known) else ""


def _stretched(window: str) -> str:
    """Between which values, in words; empty of all of them."""
    kind, _, rest = window.partition(":")
    if kind == "full":
        return ""
    if kind == "percentile":
        low, high = rest.split("-") if rest else ("0.5", "99.5")
        return f"between the percentiles {low} and {high} of an image, or of its clear part"
    centre, _, width = window.partition("/")
    return f"to a window of centre {centre} and width {width}"


def _count(settings: Mapping[str, Any], name: str) -> int | None:
    """A number of a component that anybody may have written."""
    value = settings.get(name)
    return value if type(value) is int else None


def _value(value: object) -> str:
    return " x ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
