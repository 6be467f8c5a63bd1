"""Ciphers that somebody else made, by a scheme that is not known here."""

from collections.abc import Sequence

from ..interfaces import Exposure, ImleakError, Level, Raster
from ._samples import check_raster, level_of

UNNAMED = "cipher"
"""The label of ciphers that are the only ones, and were given none."""


class Recorded:
    """What is in the folders of ciphers, as it is.

    Nothing is known of how they were made, so nothing is taken off them: what an adversary
    has is the cipher itself. Rank 0 is the plain image, as everywhere.

    Parameters
    ----------
    labels : what the user calls the ciphers of each folder, in the order of the levels.

    Raises
    ------
    ImleakError
        If there is no label, or one stands there twice.
    """

    name = "recorded"
    version = "1"
    axis = "ciphers"
    clear_part = "the cipher as it is"
    hidden_part = "what cannot be read from the cipher"

    def __init__(self, labels: Sequence[str] = (UNNAMED,)) -> None:
        if not labels or len(set(labels)) < len(labels):
            raise ImleakError(f"labels of ciphers are {list(labels)}: give each folder its own")
        self._levels = (
            Level(0, "nothing encrypted", short="plain"),
            *(
                Level(rank, label, phrase=_phrase(label, len(labels)))
                for rank, label in enumerate(labels, 1)
            ),
        )

    def levels(self, bits: int) -> tuple[Level, ...]:  # noqa: ARG002
        """The plain image, and a level for each folder."""
        return self._levels

    def expose(self, cipher: Raster, level: int) -> Exposure:
        """The cipher itself; its symbols are "samples". Raises LevelError if there is no such
        level, and ImageError if `cipher` is not (C, H, W) uint8 or uint16, or a sample needs more
        bits."""
        level_of(self, cipher.bits, level)
        check_raster(cipher)
        symbols = {"samples": cipher.samples}
        return Exposure(cipher.samples, cipher.bits, symbols, size=1 << cipher.bits)


def _phrase(label: str, of: int) -> str:
    """``in the ciphers "tile-xor"``"""
    is_unnamed = label == UNNAMED and of == 1
    return "in the ciphers" if is_unnamed else f'in the ciphers "{label}"'
