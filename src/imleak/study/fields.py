"""How the fields of a study may be written, and what they become."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator

from .. import plugins
from .limits import LARGEST, MOST_LEVELS, shown

Items = TypeVar("Items", bound=tuple[object, ...])


def parse_levels(value: object) -> object:
    """Levels from ``"0-8"``, ``"0,2,4"``, ``"0-3,8"``, one number or a list of numbers."""
    if isinstance(value, int):
        return (value,)
    if isinstance(value, str):
        parts = {part.strip() for part in value.split(",")}
        return tuple({level for part in parts for level in _run_of_levels(part)})
    return value


def _run_of_levels(part: str) -> range:
    match = re.fullmatch(r"0*(\d+)(?:\s*-\s*0*(\d+))?", part, re.ASCII)
    if match is None:
        raise ValueError(f"{shown(part)} is not a level; write 0-8 or 0,2,4")
    if any(len(number) > len(str(MOST_LEVELS)) for number in match.groups(default="")):
        raise ValueError(f"{shown(part)} is above {MOST_LEVELS}, the highest level there can be")
    first, last = int(match[1]), int(match[2] or match[1])
    if last > MOST_LEVELS:
        raise ValueError(f"{part!r} is above {MOST_LEVELS}, the highest level there can be")
    if last < first:
        raise ValueError(f"{part!r} counts down; write {last}-{first}")
    return range(first, last + 1)


def _in_order(levels: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(set(levels)))


def _not_empty(items: Items) -> Items:
    # pydantic's min_length also counts items that are mistakes, which are reported anyway.
    if not items:
        raise ValueError("is empty; give at least one")
    return items


def several(value: object) -> object:
    """One where several may stand."""
    if isinstance(value, str | Mapping):
        return (value,)
    return (str(value),) if isinstance(value, Path) else value


def _without_groups(value: object) -> object:
    """The measures that the names of groups stand for, in their place."""
    items = several(value)
    if not isinstance(items, list | tuple):
        return value
    return tuple(
        one for item in items for one in (_members(item) if isinstance(item, str) else (item,))
    )


def _members(name: str) -> tuple[object, ...]:
    """What the name of a group stands for, of which a study may leave some out; else the name."""
    members = plugins.GROUPS.get(name)
    return (name,) if members is None else tuple({"name": o, "optional": True} for o in members)


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


def _as_count(value: object) -> int | Literal["all"]:
    """How many images are rebuilt. Raises ValueError if it is neither a number of some nor all."""
    if value == "all":
        return "all"
    text = str(value)
    if isinstance(value, bool | float) or not re.fullmatch("0*[1-9][0-9]{0,39}", text, re.ASCII):
        raise ValueError(f"{shown(value)} is neither all nor a number of images above 0")
    if int(text) > LARGEST["limit"]:
        raise ValueError(f"{text} is above {LARGEST['limit']}, the most there can be")
    return int(text)


Text = Annotated[str, BeforeValidator(_as_text)]
Several = BeforeValidator(several)
WithoutGroups = BeforeValidator(_without_groups)
NotEmpty = AfterValidator(_not_empty)
Level = Annotated[int, Field(ge=0, le=MOST_LEVELS)]
Levels = Annotated[tuple[Level, ...], NotEmpty, AfterValidator(_in_order)]
Count = Annotated[int | Literal["all"], PlainValidator(_as_count)]
