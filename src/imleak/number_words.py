"""What is wrong with a number, in words.

>>> wrong_number("greater_than_equal", "0", {"ge": 1.0})
'0 is below 1, the least there can be'
>>> wrong_number("int_parsing", "many", {})
"'many' is no whole number"
"""

from __future__ import annotations

import re
from collections.abc import Mapping

LONGEST = 80
"""Characters of a number that are repeated."""


def wrong_number(kind: str, given: object, limits: Mapping[str, object]) -> str | None:
    """What is wrong with it; None if the error is another one.

    Parameters
    ----------
    kind : type of an error of pydantic.
    given : the number, or what stands in its place.
    limits : of the number, by name: gt, ge, le.
    """
    if kind not in _WORDS:
        return None
    return _WORDS[kind].format(
        given=_shown(given), **{name: _limit(one) for name, one in limits.items()}
    )


def _shown(given: object) -> str:
    """As it was given; a text that is no number in quotes."""
    try:
        is_text = isinstance(given, str) and not re.fullmatch(r"[-+.\deE]+", given)
        text = repr(given) if is_text else str(given)
    except ValueError:  # an integer of more digits than Python writes
        return "a number of thousands of digits"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _limit(value: object) -> object:
    return f"{value:.15g}" if isinstance(value, float) else value


_WORDS = {
    "int_type": "{given} is no whole number",
    "int_parsing": "{given} is no whole number",
    "int_from_float": "{given} is no whole number",
    "float_type": "{given} is no number",
    "float_parsing": "{given} is no number",
    "finite_number": "{given} is no number",
    "greater_than": "{given} is not above {gt}",
    "greater_than_equal": "{given} is below {ge}, the least there can be",
    "less_than_equal": "{given} is above {le}, the most there can be",
}
