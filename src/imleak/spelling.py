"""What a misspelt word may have been meant for.

>>> did_you_mean("levles", ["device", "level", "levels"])
"; did you mean 'levels' or 'level'?"
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

SHORT = 3
"""Letters of a word of which two that have changed places are much."""
MOST = 3
"""Words that are offered for one."""


def nearest(word: str, words: Iterable[str]) -> list[str]:
    """The words that are spelt most alike, the likeliest first; capitals,
    underscores and the hyphens before an option make no difference."""
    folded: dict[str, str] = {}
    for one in words:
        folded.setdefault(_folded(one), one)
    cutoff = 0.7 if len(word) > SHORT else 0.6
    found = difflib.get_close_matches(_folded(word), folded, n=MOST, cutoff=cutoff)
    return [folded[one] for one in found]


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """The end of a message that names the nearest words; empty where none is near."""
    near = [repr(one) for one in nearest(word, words)]
    if not near:
        return ""
    *others, last = near
    return f"; did you mean {', '.join(others)}{' or ' if others else ''}{last}?"


def _folded(word: str) -> str:
    return word.casefold().replace("_", "-").strip("-")
