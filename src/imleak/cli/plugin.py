"""`imleak plugin`: whether a scheme, an encoder or a measure does what its kind must."""

from __future__ import annotations

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


def _asked(text: str) -> list[tuple[Kind, Any, dict[str, str]]]:
    """Kind, name or class, and options of what is to be checked."""
    from .. import plugins

    name, _, value = text.partition("=")
    known = {kind: plugins.known(kind) for kind in plugins.BUILT_IN}
    if ":" in name:
        loaded = _imported(name)
        return [(plugins.kind_of(loaded), loaded, {})]
    kinds = [kind for kind, names in known.items() if name in names]
    if not kinds:
        raise plugins.unknown("plugin", name, [one for names in known.values() for one in names])
    return [(kind, name, _options(kind, name, value)) for kind in kinds]


def _options(kind: Kind, name: str, value: str) -> dict[str, str]:
    """The option that VALUE of NAME=VALUE stands for."""
    from .. import plugins

    if not value:
        return {}
    argument = getattr(plugins.load(kind, name), "argument", None)
    if argument is None:
        raise ImleakError(f"{name} takes no value: write imleak plugin check {name}")
    return {argument: value}


def _imported(place: str) -> Any:
    """The class of ``module:Class``, from the working directory or what is installed."""
    module, _, name = place.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ImleakError(f"no plugin {place!r}: {error}; give module:Class") from error
