"""The answer of a run as Markdown."""

from __future__ import annotations

import re

from ..study.store import Run
from .answer import answer

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|!])")


def to_text(run: Run, acceptable: float | None = None) -> str:
    """Answer, recommendation, warnings, who looked and what is not covered."""
    found = answer(run.summary, run.manifest, acceptable)
    told = [f"**{escape(one.head)}**{escape(one.rest)}" for one in found.sentences if one.head]
    told += [escape(one.rest) for one in found.sentences if not one.head]
    parts = ["# What the clear part gives away", " ".join(told)]
    if found.recommendation is not None:
        parts.append(f"**{escape(found.recommendation.words)}**")
    parts += [escape(note) for note in found.notes]
    parts += [f"> {escape(warning)}" for warning in found.warnings]
    for title, lines in (
        ("Who looked", found.looked),
        ("What this does not cover", found.limits),
    ):
        if lines:
            parts.append(f"## {title}\n\n" + "\n".join(f"- {escape(line)}" for line in lines))
    return "\n\n".join([*filter(None, parts), "## Level by measure"]) + "\n"


def escape(text: str) -> str:
    """Text that Markdown shows as it is, on one line.

    >>> escape("a_b [0, 1]")
    'a\\\\_b \\\\[0, 1\\\\]'
    """
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
