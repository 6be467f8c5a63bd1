"""The table that papers on image encryption are asked for, beside an ideal cipher."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from .measures import Measure, measures

WARNING = (
    "None of these is a proof of security, and none says how much is given away: a cipher with "
    "every ideal value may fall to one known image."
)


@dataclass(frozen=True)
class Row:
    """A measure of the cipher at every level.

    Parameters
    ----------
    words : what it is.
    ideal : what a cipher of uniform noise has; empty where there is no such value.
    values : level -> number as shown.
    """

    measure: str
    words: str
    unit: str
    ideal: str
    values: Mapping[int, str]


def npcr(bits: int) -> float:
    """Share of samples that differ between two ciphers of uniform noise, in percent.

    References
    ----------
    Wu, Noonan & Agaian, "NPCR and UACI randomness tests for image encryption", 2011.
    """
    return 100 * (1 - 2.0**-bits)


def uaci(bits: int) -> float:
    """Mean difference of two ciphers of uniform noise, in percent of the largest.

    References
    ----------
    Wu, Noonan & Agaian, "NPCR and UACI randomness tests for image encryption", 2011.
    """
    return 100 * (1 + 2.0**-bits) / 3


ROWS: Mapping[str, str] = {
    "psnr": "signal to noise, cipher to plain",
    "ssim": "likeness, cipher to plain",
    "ms-ssim": "likeness at five scales",
    "vif": "information left, cipher in plain",
    "entropy": "of the histogram",
    "correlation": "of neighbours",
    "chi-square": "of the histogram against an even one",
    "npcr": "samples changed by one bit of the image",
    "uaci": "by how much",
    "key-sensitivity": "samples changed by one bit of the key",
    "size-change": "of the file",
    "encryption-time": "CPU, a million samples",
}
"""Every measure of the table, and what it is."""


def ideals(bits: int) -> dict[str, str]:
    """What a cipher of uniform noise of so many bits has; in words where it depends on the
    plain image."""
    return {
        "psnr": "of noise",
        "ssim": "0",
        "ms-ssim": "of noise",
        "vif": "0",
        "entropy": str(bits),
        "correlation": "0",
        "chi-square": str(2**bits - 1),
        "npcr": f"{npcr(bits):.4f}",
        "uaci": f"{uaci(bits):.4f}",
        "key-sensitivity": f"{npcr(bits):.4f}",
        "size-change": "of noise",
    }


def rows(summary: pd.DataFrame, bits: int) -> list[Row]:
    """The rows of the table that a run has measured, in the order of :data:`ROWS`."""
    measured = {
        column.measure: column
        for column in measures(summary)
        if column.part == "cipher" and column.measure in ROWS
    }
    ideal = ideals(bits)
    return [
        Row(name, words, measured[name].unit, ideal.get(name, ""), _values(measured[name]))
        for name, words in ROWS.items()
        if name in measured
    ]


def _values(column: Measure) -> dict[int, str]:
    return {level: column.number(cell.value) for level, cell in column.results.items()}
