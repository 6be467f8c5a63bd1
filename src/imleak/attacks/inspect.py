"""What a reviewer looks for first in ciphers that somebody else made."""

from collections.abc import Sequence

from ..interfaces import Measurement, Null, Pair
from ._pairs import Check, Finding


def checks() -> tuple[Check, ...]:
    """Every check, in the order in which what it finds matters. Each has no state, is given
    all pairs of one level, and finds something with a chance of at most one in a million where
    every sample is XORed with a uniform and fresh keystream, or it is added, and no area is left
    out. Other ciphers have no such bound."""
    from . import keystream_reuse, known_plaintext, plane_entropy, repeating_tile, untouched

    return (
        untouched.check,
        repeating_tile.check,
        keystream_reuse.check,
        known_plaintext.check,
        plane_entropy.check,
    )


class Inspect:
    """Whether an area, rows or columns are not encrypted at all, and whether a keystream repeats
    within an image, is used for several images, is told by a known plain image, or leaves planes
    of low entropy.

    No image is recognised for it and nothing is trained: each check compares plain images
    with their ciphers, and its threshold is that of a test with a known rate of false alarms where
    a keystream is XORed or added: one in a million over all its tests.

    A quantity each: ``untouched area``, ``repeating tile``, ``keystream reuse``, ``known
    plaintext``, ``plane entropy``. The value is how strong what was found is, the null what a
    uniform and fresh keystream gives, and `detectable` the smallest value that would have been
    found.
    """

    name = "inspect"
    version = "4"

    def inspect(self, pairs: Sequence[Pair]) -> Sequence[Measurement]:
        """A measurement a check. Raises ImleakError if there are no pairs, or samples of two do not
        belong together."""
        return [_measured(check(pairs)) for check in checks()]


def _measured(finding: Finding) -> Measurement:
    return Measurement(
        value=finding.figure,
        bound="none",
        unit=finding.unit,
        quantity=finding.check,
        part="cipher",
        null=Null(finding.chance, finding.chance),
        detectable=finding.smallest,
        verdict="leak" if finding.found else "no leak found",
        n=finding.of,
        details={**finding.details, "p": finding.p_value, "images found": len(finding.images)},
        answer=finding.answer,
    )
