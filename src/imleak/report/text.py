"""The answer of a run as Markdown."""

from __future__ import annotations

import re

from ..study.store import Run
from .finding import find

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|!])")


def to_text(run: Run, acceptable: float | None = None) -> str:
    """Answer, recommendation, warnings, who looked and what is not covered."""
    finding = find(run.summary, run.manifest, acceptable)
    parts = [f"# {escape(finding.answer)}", escape(finding.reach)]
    if finding.recommendation is not None:
        parts.append(f"**{escape(finding.recommendation.words)}**")
    parts += [f"> {escape(warning)}" for warning in finding.warnings]
    for title, lines in (
        ("Who looked", finding.looked),
        ("What this does not cover", finding.limits),
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
