"""Numbers and lists as a sentence has them."""

import math
from collections.abc import Mapping, Sequence

BOUNDS: Mapping[str, str] = {
    "exact": "exact",
    "lower": "lower bound",
    "upper": "upper bound",
    "none": "no bound",
}
"""What a number is to mutual information."""


def bits(value: float) -> str:
    """``0.50``, ``12.3``, ``0.013``: two decimals, or two significant digits below 0.1.

    >>> bits(0.5), bits(12.345), bits(0.0127), bits(0)
    ('0.50', '12.35', '0.013', '0')
    """
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if abs(value) < 5e-7:
        return "0"
    if abs(value) >= 0.1:
        return f"{value:.2f}"
    return f"{value:.{min(6, 1 - math.floor(math.log10(abs(value))))}f}"


def interval(low: float, high: float) -> str:
    """`` [0.98, 1.14]`` to follow a value; empty where there is none.

    >>> interval(1, 2), interval(math.nan, math.nan)
    (' [1.00, 2.00]', '')
    """
    return "" if math.isnan(low) or math.isnan(high) else f" [{bits(low)}, {bits(high)}]"


def percent(share: float) -> str:
    """``77 %``, ``0.4 %``, ``99.7 %``: whole percents, but never 0 or 100 of what is neither.

    >>> percent(0.774), percent(0.004), percent(0.997), percent(1)
    ('77 %', '0.4 %', '99.7 %', '100 %')
    """
    whole = 100 * share
    near = 0 < whole < 0.995 or 99.5 <= whole < 100
    return f"{whole:.1f} %" if near else f"{whole:.0f} %"


def plural(count: int, thing: str) -> str:
    """``1 image``, ``2,000 images``"""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def listed(items: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``"""
    return " and ".join(filter(None, (", ".join(items[:-1]), *items[-1:])))


def shortened(text: str, length: int = 24) -> str:
    """The same, without its middle if it is longer.

    >>> shortened("0123456789", 5), shortened("0123")
    ('01…89', '0123')
    """
    if len(text) <= length:
        return text
    half = (length - 1) // 2
    return f"{text[: length - 1 - half]}…{text[-half:]}"


def unbroken(text: str) -> str:
    """The same with ``s = 8`` and ``77 %`` never broken between lines."""
    return text.replace(" = ", "\u00a0=\u00a0").replace(" %", "\u00a0%")


def capitalised(text: str) -> str:
    """The same with a capital letter at its beginning, and no other changed."""
    return text[:1].upper() + text[1:]
