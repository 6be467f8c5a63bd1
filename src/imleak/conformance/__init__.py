"""What every scheme, encoder, rebuilder, measure and check of ciphers must do, whoever wrote it.

>>> from imleak.conformance import check
>>> all(outcome.passed for outcome in check("scheme", "region"))
True

There is a module for every kind, of functions ``check_*`` that raise :class:`NotConforming`
with what is wrong; the first line of their docstrings says what they check.
"""

import traceback
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from .. import plugins
from ..interfaces import ImleakError
from ._checks import Check, NotConforming, applies, check_docstring

__all__ = ["NotConforming", "Outcome", "applies", "check", "checks", "outcomes", "variants"]


class Outcome(NamedTuple):
    """What was checked, whether it holds, and why not."""

    what: str
    passed: bool
    why: str = ""


def checks(kind: plugins.Kind) -> dict[str, Check]:
    """The checks of a kind by what they check, in the order of their module."""
    found = {**vars(_module(kind)), "check_docstring": check_docstring}
    return {
        (function.__doc__ or name).partition("\n")[0].rstrip("."): function
        for name, function in found.items()
        if name.startswith("check_")
    }


def variants(
    kind: plugins.Kind, loaded: Any, options: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What is checked of a class: an instance, or one for every way it can be used, by name.

    Estimators are made with options that make them fast, for every protocol they have.
    """
    make = getattr(_module(kind), "variants", lambda made, given: {"": made(**given)})
    found: dict[str, Any] = make(loaded, dict(options or {}))
    return found


def check(kind: plugins.Kind, plugin: Any, **options: Any) -> list[Outcome]:
    """The outcome of every check of a plugin, as :func:`outcomes`."""
    return list(outcomes(kind, plugin, **options))


def outcomes(kind: plugins.Kind, plugin: Any, **options: Any) -> Iterator[Outcome]:
    """Check a plugin; each outcome comes when it is known.

    Parameters
    ----------
    kind : "scheme", "encoder", "rebuilder", "metric", "estimator", "attack" or "check".
    plugin : its name, its class or an instance.
    options : of its constructor, for a name or a class.

    Raises
    ------
    UnknownNameError
        If there is no plugin of that name.
    """
    loaded = plugins.load(kind, plugin) if isinstance(plugin, str) else plugin
    is_made = not isinstance(plugin, str | type)
    try:
        made = {"": plugin} if is_made else variants(kind, loaded, options)
    except Exception as error:
        yield Outcome("It can be made", False, _why(error))
        return
    for label, one in made.items():
        yield from _outcomes(kind, label, one)


def _outcomes(kind: plugins.Kind, label: str, made: Any) -> Iterator[Outcome]:
    """The outcome of every check that applies, up to one without which the others say nothing."""
    for what, function in checks(kind).items():
        if not applies(function, made):
            continue
        name = f"{label}: {what}" if label else what
        try:
            function(made)
        except Exception as error:
            yield Outcome(name, False, _why(error))
            if hasattr(function, "comes_first"):
                return
        else:
            yield Outcome(name, True)


def _why(error: Exception) -> str:
    """One line: what is wrong, or what was raised and where in the plugin."""
    text = " ".join(str(error).split())
    if isinstance(error, NotConforming | ImleakError):
        return text
    ours = str(Path(__file__).parent)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if ours not in f.filename]
    where = f" in {frames[0].name}, line {frames[0].lineno}" if frames else ""
    return f"{type(error).__name__}: {text}{where}"


def _module(kind: plugins.Kind) -> Any:
    # A module named check would take the place of the function.
    return import_module(f".{'cipher_check' if kind == 'check' else kind}", __name__)
