"""What the checks of every kind share."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np

from .. import plugins
from ..interfaces import ImleakError, Measurement

Check = Callable[[Any], None]
"""Raises :class:`NotConforming` if what it is given does not do what it must."""
Result = TypeVar("Result")


class NotConforming(AssertionError):
    """What a plugin does wrong, in the words of its interface."""


def require(condition: object, why: str) -> None:
    """Raise :class:`NotConforming` unless a condition holds."""
    if not condition:
        raise NotConforming(why)


def applies_where(applies: Callable[[Any], object]) -> Callable[[Check], Check]:
    """Mark a check of some plugins of its kind alone."""

    def mark(check: Check) -> Check:
        check.applies = applies  # type: ignore[attr-defined]
        return check

    return mark


def applies(check: Check, made: object) -> bool:
    """Whether a check is of this plugin."""
    return bool(getattr(check, "applies", lambda _: True)(made))


def comes_first(check: Check) -> Check:
    """Mark a check without which the others say nothing: they are left out where it fails."""
    check.comes_first = True  # type: ignore[attr-defined]
    return check


def once(measure: Callable[[Any], Result]) -> Callable[[Any], Result]:
    """Keep what was measured of the last plugin, for the checks that share it."""
    kept: list[Any] = []

    def measured(made: Any) -> Result:
        if not kept or kept[0] is not made:
            kept[:] = [made, measure(made)]
        result: Result = kept[1]
        return result

    return measured


def check_docstring(made: object) -> None:
    """A docstring says what it is."""
    require(
        (inspect.getdoc(type(made)) or "").strip(), "its class has no docstring, which lists show"
    )


def require_members(made: object, kind: plugins.Kind) -> None:
    """It has the attributes and methods of its kind."""
    attributes, methods = plugins.members(kind)
    missing = [name for name in (*attributes, *methods) if not hasattr(made, name)]
    require(not missing, f"it lacks {', '.join(missing)}, which every {kind} has")
    for name in attributes:
        if inspect.get_annotations(plugins.PROTOCOLS[kind])[name] == "str":
            value = getattr(made, name)
            is_text = isinstance(value, str) and value.strip() and value.isprintable()
            require(is_text, f"{name} is {value!r}: give a text of one line")
    for name in methods:
        require(callable(getattr(made, name)), f"{name} is no method")


def require_keyword_options(made: object) -> None:
    """Options of the constructor are keyword arguments, each with a default."""
    for option in inspect.signature(type(made)).parameters.values():
        require(
            option.kind is option.KEYWORD_ONLY and option.default is not option.empty,
            f"option {option.name} of the constructor: make it a keyword argument with a default, "
            f"def __init__(self, *, {option.name}=...)",
        )


@contextmanager
def refused(what: str, *, naming: tuple[str, ...] = ()) -> Iterator[None]:
    """What is done inside must raise an ImleakError of one line that holds one of some words."""
    try:
        yield
    except ImleakError as error:
        text = str(error)
        require("\n" not in text, f"{what}: the error is of several lines")
        named = not naming or any(word in text for word in naming)
        require(named, f"{what}: the error {text!r} does not name {' or '.join(naming)}")
    except Exception as error:
        raise NotConforming(
            f"{what} raises {type(error).__name__} ({error}): raise an ImleakError of one line "
            "that says what would have worked"
        ) from error
    else:
        raise NotConforming(
            f"{what} is accepted: raise an ImleakError of one line that says what would have worked"
        )


def require_plain_numbers(measurements: Iterable[Measurement]) -> None:
    """Figures are Python's, so that a row can be written whatever made it."""
    for one in measurements:
        for field in fields(one):
            value = getattr(one, field.name)
            values = value if isinstance(value, tuple) else (value,)
            is_array = any(isinstance(each, np.generic | np.ndarray) for each in values)
            require(not is_array, f"{field.name} is {value!r}: give Python's numbers, float(...)")


def require_interval(one: Measurement, where: str) -> None:
    """An interval holds its value."""
    if one.interval is not None:
        low, high = one.interval
        holds = low - 1e-6 <= one.value <= high + 1e-6
        require(holds, f"{where}: the interval {low:.4g} to {high:.4g} lacks {one.value:.4g}")
