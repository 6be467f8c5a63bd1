"""What a reviewer looks for first in ciphers that somebody else made.

>>> findings = [check(pairs) for check in CHECKS]
>>> [finding.answer for finding in findings if finding.found]
"""

from __future__ import annotations

from . import keystream_reuse, known_plaintext, plane_entropy, repeating_tile
from ._pairs import FALSE_ALARM, Check, Finding, Pair

__all__ = ["CHECKS", "FALSE_ALARM", "Check", "Finding", "Pair"]

CHECKS: tuple[Check, ...] = (
    repeating_tile.check,
    keystream_reuse.check,
    known_plaintext.check,
    plane_entropy.check,
)
"""Every check, in the order in which what it finds matters. Each has no state, is given all
pairs of one level, and finds nothing, with a chance of :data:`FALSE_ALARM`, where every
keystream is uniform and fresh."""
