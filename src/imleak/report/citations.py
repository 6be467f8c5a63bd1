"""What to cite for what was used in a run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from .. import plugins
from ..interfaces import ImleakError
from ..references import Work, works, works_of
from .words import listed

INTERVALS = "efron1993"
"""The work of intervals that resample images."""
OF_SHARES = "clopper1934"
"""The work of intervals of shares."""
_BETWEEN = r" or | \+ | through |, "


@dataclass(frozen=True)
class Citation:
    """A work, and the parts of a run it is cited for."""

    work: Work
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Citations:
    """What to cite for a run.

    Parameters
    ----------
    works : in the order in which their parts stand in the manifest, the software first.
    without : parts that name no work, or are not installed here.
    """

    works: tuple[Citation, ...]
    without: tuple[str, ...]

    def of(self, part: str) -> list[Work]:
        """The works of a part."""
        return [one.work for one in self.works if part in one.parts]

    def text(self) -> str:
        """A work a paragraph, with what it is cited for."""
        lines = [f"{one.work.text()}\n  For: {listed(one.parts)}." for one in self.works]
        if self.without:
            lines.append(f"Without a work to cite: {listed(self.without)}.")
        return "\n\n".join(lines) + "\n"

    def bibtex(self) -> str:
        """The entries of a .bib file."""
        return "\n".join(f"% {listed(one.parts)}\n{one.work.bibtex()}" for one in self.works)


def citations(manifest: Mapping[str, Any], summary: pd.DataFrame) -> Citations:
    """What to cite for the scheme, the encoders and the measures of a run, for the estimators
    that one of them chose among, and for the intervals."""
    software = _software(str(manifest.get("versions", {}).get("imleak", "")))
    found: dict[Work, list[str]] = {software: ["the software"]}
    without: list[str] = []
    used = [(one["kind"], str(one["name"])) for one in used_of(manifest, summary)]
    for kind, name in dict.fromkeys([*used, *_chosen(summary)]):
        for work in (of_part := _works(kind, name)):
            found.setdefault(work, []).append(name)
        if not of_part and name not in without:
            without.append(name)
    with_interval = summary["low"].notna()
    if (with_interval & (summary["unit"] == "share")).any():
        found.setdefault(works()[OF_SHARES], []).append("intervals of shares")
    if (with_interval & (summary["unit"] != "share")).any():
        found.setdefault(works()[INTERVALS], []).append("intervals")
    return Citations(
        tuple(Citation(work, tuple(dict.fromkeys(parts))) for work, parts in found.items()),
        tuple(without),
    )


def used_of(manifest: Mapping[str, Any], summary: pd.DataFrame) -> list[Mapping[str, Any]]:
    """The components of a run without the encoders and the measures that gave no result, such as
    those that were left out because the images are too few or too small for them."""
    columns = ("encoder", "target", "view", "chosen")
    seen = {str(text) for name in columns for text in summary[name].dropna().unique()}
    encoders = {part for text in seen for part in re.split(_BETWEEN, text)} | seen
    measures = set(summary["measure"].dropna())

    def is_used(one: Mapping[str, Any]) -> bool:
        if one["kind"] == "encoder":
            return str(one.get("title", one["name"])) in encoders
        return one["kind"] == "scheme" or one["name"] in measures

    return [one for one in manifest["components"] if is_used(one)]


def _works(kind: plugins.Kind, name: str) -> tuple[Work, ...]:
    try:
        return works_of(plugins.load(kind, name))
    except (ImleakError, ImportError):  # of a package that is not installed here
        return ()


def _chosen(summary: pd.DataFrame) -> Iterable[tuple[plugins.Kind, str]]:
    """Estimators that another one has chosen."""
    known = plugins.known("estimator")
    for text in summary["chosen"].dropna().unique():
        for name in re.split(_BETWEEN, str(text)):
            if name in known:
                yield "estimator", name


def _software(version: str) -> Work:
    title = "imleak: how much a selectively encrypted image still gives away"
    fields = {"version": version, "note": f"Version {version}"} if version else {}
    return Work("imleak", "misc", ("{The imleak authors}",), title, 2026, fields)
