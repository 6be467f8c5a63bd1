"""What is wrong with a study, in the words it was written in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from pydantic import ValidationError

from ..interfaces import ImleakError
from ..number_words import wrong_number
from ..spelling import did_you_mean
from .limits import label_of, shown


@dataclass(frozen=True)
class Mistake:
    """Something wrong in a field of a study.

    Parameters
    ----------
    field : its name; empty of the study as a whole.
    what : is wrong, and what would have worked.
    file : that the field was read from, if it was.
    """

    field: str
    what: str
    file: str = ""

    def told(self, name_of: Callable[[str], str] = str) -> str:
        """In words, among them the field as it is called."""
        field = name_of(self.field)
        return f"{field}: {self.what}" if field else self.what


class SpecError(ImleakError):
    """A study that cannot be run as written; the message names every mistake.

    Parameters
    ----------
    mistakes : each of them; said once.
    """

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(dict.fromkeys(mistakes))
        super().__init__(self.told())

    def told(self, name_of: Callable[[str], str] = str) -> str:
        """The message, with fields as they are called: as options on a command line. Fields that
        were read from a file keep their names."""
        parts, file = [], ""
        for one in self.mistakes:
            begin = f"{one.file}: " if one.file and one.file != file else ""
            file = one.file
            parts.append(begin + one.told(str if one.file else name_of))
        return "; ".join(parts)

    def of_file(self, path: object, fields: Iterable[str]) -> Self:
        """The same where some of the fields were read from a file."""
        read = set(fields)
        return type(self)(
            replace(one, file=str(path)) if one.field in read or not one.field else one
            for one in self.mistakes
        )

    def __reduce__(self) -> tuple[type[Self], tuple[tuple[Mistake, ...]]]:
        return type(self), (self.mistakes,)


class Mistakes(ValueError):
    """Several of them at once, as a validator raises them."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("; ".join(one.told() for one in self.mistakes))


def mistakes_in(
    error: ValidationError, fields: Iterable[str], given: Mapping[str, Any]
) -> Iterator[Mistake]:
    """Every mistake that a validation has found.

    Parameters
    ----------
    fields : names of those that a study has.
    given : what was validated.
    """
    for detail in error.errors(include_url=False):
        raised = detail.get("ctx", {}).get("error")
        if isinstance(raised, Mistakes):
            yield from raised.mistakes
        else:
            field = str(detail["loc"][0]) if detail["loc"] else ""
            of = "" if detail["type"] == "value_error" else _which(detail["loc"], given)
            yield Mistake(field, of + _what(detail, fields))


def _which(place: Sequence[str | int], given: Mapping[str, Any]) -> str:
    """``mine: optional: ``, where something is wrong inside one of several that a field has; else
    empty, since what is wrong with all of it names it."""
    several = given.get(str(place[0])) if len(place) > 2 else None
    if not isinstance(several, list | tuple):
        return ""
    at, fields = place[1], [str(name) for name in place[2:]]
    one = several[at] if isinstance(at, int) and at < len(several) else None
    if not isinstance(one, Mapping):
        return ""
    options = {key: value for key, value in one.items() if key not in ("name", *fields)}
    return f"{label_of(one.get('name', at), options)}: {': '.join(fields)}: "


def _what(detail: Any, fields: Iterable[str]) -> str:
    kind, given = detail["type"], detail["input"]
    limits = detail.get("ctx", {})
    if kind == "value_error":
        return str(detail["ctx"]["error"]).rstrip(".")
    if kind == "extra_forbidden":
        guess = did_you_mean(str(detail["loc"][-1]), fields)
        return f"no such field{guess or '; imleak init shows all'}"
    if kind == "missing":
        return "is missing"
    if kind == "model_type":
        return f"{shown(given)} is no name; give one as a text, or in a table with its options"
    if kind == "literal_error":
        choices = re.findall("'([^']*)'", str(limits["expected"]))
        return f"{shown(given)} is none of {', '.join(choices)}"
    if wrong := wrong_number(kind, given, limits):
        return wrong
    message = str(detail["msg"])
    return f"{message[:1].lower()}{message[1:]} (it is {shown(given)})"
