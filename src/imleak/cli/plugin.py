"""`imleak plugin`: whether a scheme, an encoder or a measure does what its kind must."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..files import printable
from ..interfaces import ImleakError

if TYPE_CHECKING:
    from ..plugins import Kind

app = typer.Typer(no_args_is_help=True, help="Check a scheme, encoder or measure of others.")


@app.callback()
def _plugin() -> None: ...


@app.command()
def check(
    name: Annotated[
        str, typer.Argument(help="A name of `imleak list`, NAME=VALUE, or module:Class.")
    ],
) -> None:
    """Run the conformance checks of its kind: a line a check; exit code 1 if one fails."""
    from ..conformance import outcomes

    passed = []
    for kind, plugin, options in _asked(name):
        for outcome in outcomes(kind, plugin, **options):
            why = f": {outcome.why}" if outcome.why else ""
            mark = "ok    " if outcome.passed else "failed"
            typer.echo(f"{mark} {printable(outcome.what + why)}")
            passed.append(outcome.passed)
    failed = passed.count(False)
    typer.echo(f"{len(passed)} checks, {failed or 'none'} failed")
    if failed:
        raise typer.Exit(1)


def _asked(text: str) -> list[tuple[Kind, Any, dict[str, Any]]]:
    """Kind, name or class, and options of what is to be checked."""
    from .. import plugins

    name = re.split("[:=]", text)[0]
    known = {kind: plugins.known(kind) for kind in plugins.BUILT_IN}
    kinds = [kind for kind, names in known.items() if name in names]
    if not kinds and ":" in text:
        loaded = _imported(text)
        return [(plugins.kind_of(loaded), loaded, {})]
    if not kinds:
        raise plugins.unknown("plugin", name, [one for names in known.values() for one in names])
    found, refusals = [], []
    for kind in kinds:  # of several with one name it is perhaps one alone that has such options
        try:
            found.append((kind, name, _options(kind, text)))
        except ImleakError as refusal:
            refusals.append(refusal)
    if not found:
        raise refusals[0]
    return found


def _options(kind: Kind, text: str) -> dict[str, Any]:
    """The options of NAME, NAME=VALUE or NAME:KEY=VALUE. Raises ImleakError if it has no such."""
    from ..study.components import accepted
    from ..study.options import spelled

    try:
        found = spelled(text, lambda _: kind)
    except ValueError as error:
        raise ImleakError(str(error)) from error
    name = found["name"]
    options: dict[str, Any] = found.get("options", {})
    takes = accepted(kind, name)
    if unknown := [option for option in options if option not in takes]:
        raise ImleakError(f"{name} has no option {unknown[0]}; it has {', '.join(takes) or 'none'}")
    return options


def _imported(place: str) -> Any:
    """The class of ``module:Class``, from the working directory or what is installed."""
    module, _, name = place.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ImleakError(f"no plugin {place!r}: {error}; give module:Class") from error
