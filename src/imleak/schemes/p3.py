"""P3: the low AC coefficients of a JPEG file are public, the rest is secret."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

from ..interfaces import Coefficients, Exposure, ImageError, Keystream, Level, Raster
from ._coefficients import (
    Table,
    blocks_like,
    check_depth,
    check_installed,
    coefficients_of,
    differences,
    exposure,
    folded,
    in_raster_order,
    raster_with,
    tables_of,
)
from ._samples import LevelError

THRESHOLDS = (50, 20, 10, 5, 1)
MOST = 1023


class P3:
    r"""Privacy-preserving photo sharing: a public JPEG of clipped coefficients, and a secret part.

    At a threshold T the public part of a coefficient c is

    .. math:: c_P = \begin{cases} 0 & \text{of DC} \\
                                  c & |c| \le T \\
                                  T & \text{else} \end{cases}

    of which neither value nor sign tells more than that :math:`|c| > T`. The rest, DC and
    :math:`\operatorname{sign}(c) (|c| - T)` where :math:`|c| > T`, is the secret part. It is
    compressed and encrypted: XORed with a keystream. Who has no key has the public part, and
    sees how long the secret one is, which is not measured here.

    DC is rendered as 0, which is mid-grey.

    Parameters
    ----------
    thresholds : T, a level each: falling, 1 to 1023. 10 to 20 is what is recommended.

    Raises
    ------
    NotInstalledError
        If jpeglib is missing.
    LevelError
        If there are no such thresholds; by every method, if `bits` is not 8 or there is no
        such level.

    References
    ----------
    Ra, Govindan & Ortega, "P3: Toward privacy-preserving photo sharing", NSDI 2013, section
    3.2.
    """

    name = "p3"
    version = "1"
    references = ("ra2013",)
    axis = "threshold of AC coefficients"
    clear_part = "the AC coefficients, clipped at the threshold"
    hidden_part = "the secret part: DC, and what of AC is above the threshold"
    needs_jpeg = True
    changes_code = True

    def __init__(self, thresholds: Sequence[int] = THRESHOLDS) -> None:
        check_installed()
        self.thresholds = tuple(thresholds)
        falls = all(a > b for a, b in zip((MOST + 1, *thresholds), thresholds, strict=False))
        if not self.thresholds or not falls or self.thresholds[-1] < 1:
            raise LevelError(
                f"thresholds {list(self.thresholds)}: give falling ones, {MOST} to 1, "
                "such as 20, 10"
            )

    def __repr__(self) -> str:
        return f"{type(self).__name__}(thresholds={self.thresholds})"

    def levels(self, bits: int) -> tuple[Level, ...]:
        """Nothing, and every threshold."""
        check_depth(self, bits)
        return (
            Level(0, "nothing encrypted", short="plain"),
            *(
                Level(
                    rank,
                    f"DC and AC above {threshold} encrypted",
                    short=f"T = {threshold}",
                    phrase=f"at T = {threshold}",
                )
                for rank, threshold in enumerate(self.thresholds, start=1)
            ),
        )

    def encrypt(self, plain: Raster, level: int, keystream: Keystream) -> Raster:
        """The public part, and the secret one beside its coefficients. Raises ImageError if
        `plain` has no coefficients."""
        found = coefficients_of(self, plain, level)
        if level == 0:
            return plain
        public, packed = self._parts(found, level)
        return raster_with(plain, public, self._xor(packed, level, keystream))

    def decrypt(self, cipher: Raster, level: int, keystream: Keystream) -> Raster:
        """The plain coefficients again. Raises ImageError if the secret part is not of this
        image and key."""
        found = coefficients_of(self, cipher, level)
        if level == 0:
            return cipher
        public = tables_of(found)
        try:
            packed = zlib.decompress(self._xor(found.secret, level, keystream))
            rest = np.frombuffer(packed, "<i2").reshape(64, sum(map(len, public))).T
        except (zlib.error, ValueError) as error:
            raise ImageError(
                "has no secret part that this key reads; take the file as it was encrypted"
            ) from error
        parts = np.split(rest, np.cumsum([len(table) for table in public])[:-1])
        whole = [_added(p, r) for p, r in zip(public, parts, strict=True)]
        return raster_with(cipher, whole)

    def encrypted_share(self, plain: Raster, level: int) -> float:
        """The secret part, of the public and the secret one together."""
        found = coefficients_of(self, plain, level)
        if level == 0:
            return 0.0
        public, packed = self._parts(found, level)
        return len(packed) / (len(packed) + found.coded_size(blocks_like(found, public)))

    def expose(self, cipher: Raster, level: int) -> Exposure:
        """The public part; its symbols are its coefficients, see
        :func:`~imleak.schemes._coefficients.exposure`.

        Raises
        ------
        ImageError
            As :meth:`encrypt`.
        """
        found = coefficients_of(self, cipher, level)
        shown = tables_of(found)
        if level:
            shown = [self._public(table, level) for table in shown]
            dc = [np.zeros(len(table), np.int64) for table in shown]
        else:
            dc = [
                in_raster_order(found, at, folded(differences(found, at)))
                for at in range(len(shown))
            ]
        left = [folded(table) for table in shown]
        return exposure(cipher, shown, left, dc, has_dc=not level)

    def _parts(self, found: Coefficients, level: int) -> tuple[list[Table], bytes]:
        """The public part, and the secret one, compressed."""
        whole = tables_of(found)
        public = [self._public(table, level) for table in whole]
        rest = [table - np.sign(table) * np.abs(p) for table, p in zip(whole, public, strict=True)]
        by_frequency = np.ascontiguousarray(np.concatenate(rest).T, "<i2")
        return public, zlib.compress(by_frequency.tobytes(), 9)

    def _public(self, table: Table, level: int) -> Table:
        threshold = self.thresholds[level - 1]
        public = np.where(np.abs(table) <= threshold, table, threshold).astype(np.int16)
        public[:, 0] = 0
        return public

    def _xor(self, content: bytes, level: int, keystream: Keystream) -> bytes:
        taken = keystream.take(len(content), scheme=self.name, level=level, channel=0)
        return (np.frombuffer(content, np.uint8) ^ taken).tobytes()


def _added(public: Table, rest: Table) -> Table:
    """Public and secret part together: where there is a rest, it has the sign."""
    whole: Table = np.where(rest == 0, public, rest + np.sign(rest) * np.abs(public))
    return whole.astype(np.int16)
