"""What an option takes: values of its type, and numbers that something can be done with."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

MOST_LEVELS = 1_000
"""The highest level that can be asked for; schemes have far fewer."""
LARGEST_SEED = 2**63 - 1
"""Generators of random numbers take 64 bits, of which one is the sign."""

LARGEST: Mapping[str, int] = {
    "patches": 100_000,
    "epochs": 1_000_000,
    "seeds": 10_000,
    "folds": 10_000,
    "hidden": 100_000,
    "largest": 10**9,
    "limit": 10**9,
    "frames": 10**6,
    "max_samples": 10**9,
    "max_pixels": 10**12,
}
"""The largest number of an option: above, something is allocated, or runs, without end."""
LARGEST_OF_OTHERS = 10**9

DEVICE = r"cpu|cuda(:\d{1,3})?|mps|xpu(:\d{1,3})?"
"""A device of torch, without its asking torch, which takes seconds to load."""
_LONGEST = 80
"""Characters of a value that an error repeats."""


def refusals(made: Callable[..., Any], options: str) -> Iterator[str]:
    """What is wrong with the options of a component before it is made.

    Parameters
    ----------
    made : its class.
    options : by name, in JSON; of those that its constructor takes.
    """
    types = _types(made)
    for name, value in json.loads(options).items():
        most = LARGEST.get(name, LARGEST_OF_OTHERS)
        if any(abs(number) > most for number in _numbers(value)):
            yield f"{name}={shown(value)}: no number of it may be above {most}"
        elif name == "device" and isinstance(value, str) and not re.fullmatch(DEVICE, value):
            yield f"device={shown(value)}: write cpu, cuda or cuda:1"
        elif name in types:
            try:
                types[name].validate_json(json.dumps(value), strict=True)
            except ValidationError as error:
                yield f"{name}={shown(value)}: {error.errors()[0]['msg'].lower()}"


def shown(value: object) -> str:
    """A value as an error repeats it: cut where it is long."""
    try:
        return cut(repr(value))
    except ValueError:  # an integer of more digits than Python writes
        return "a number of thousands of digits"


def cut(text: str) -> str:
    """The beginning of a text that may be long."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def label_of(name: object, options: Mapping[str, Any]) -> str:
    """``mine:epochs=100``"""
    values = {
        key: value if isinstance(value, str) else json.dumps(value, default=str)
        for key, value in options.items()
    }
    given = ",".join(f"{key}={value}" for key, value in values.items())
    return cut(f"{name}:{given}" if given else str(name))


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, int | float):
        yield value
    elif isinstance(value, list | dict):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _numbers(one)


@cache
def _types(made: Callable[..., Any]) -> dict[str, TypeAdapter[Any]]:
    """Types of the arguments of a constructor that JSON can be checked against."""
    try:
        hints = get_type_hints(made.__init__, include_extras=True)
    except (NameError, TypeError, AttributeError):  # of another package, or not annotated
        return {}
    found = {}
    for name, hint in hints.items():
        try:
            found[name] = TypeAdapter(hint)
        except PydanticUserError:  # a type that JSON has no values of
            continue
    return found
