"""What there is to choose from, and what is missing."""

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from .. import plugins
from ..interfaces import ImleakError

SCHEMA = 1
"""Of what a program reads; another one is no longer read by what reads this one."""
KINDS: Mapping[plugins.Kind, str] = {
    "scheme": "Schemes: what is encrypted",
    "encoder": "Encoders: the space it is measured in",
    "rebuilder": "Rebuilders: the image an adversary makes of a clear part",
    "metric": "Measures of one image at a time (metrics)",
    "attack": "Measures of an adversary that learned from none of the images (attacks)",
    "check": "Checks of ciphers that somebody else made",
    "estimator": "Measures of the pooled samples of all images (estimators)",
}


@dataclass(frozen=True)
class Entry:
    """A plugin.

    Parameters
    ----------
    name : what the user calls it.
    usage : as it is written, with the value it takes: ``clip=WEIGHTS``.
    what : the first line of its documentation.
    bound : what its number is to mutual information; empty for what has none.
    needs : what it works on.
    state : "installed", or how to get it.
    """

    name: str
    usage: str
    what: str
    bound: str
    needs: str
    state: str


def table(kind: plugins.Kind) -> Table:
    """The plugins of a kind, as the terminal shows them."""
    shown = Table(title=KINDS[kind], title_justify="left", box=None, pad_edge=False)
    for column in ("name", "bound", "works on", "", "state"):
        shown.add_column(column, no_wrap=column in ("name", "bound"))
    for entry in catalogue(kind):
        cells = (entry.usage, entry.bound, entry.needs, entry.what, entry.state)
        shown.add_row(*map(Text, cells))
    return shown


def data() -> dict[str, Any]:
    """All of it for programs; see docs/command-line.md."""
    plugins_of: dict[str, Any] = {
        kind: [asdict(entry) for entry in catalogue(kind)] for kind in KINDS
    }
    measures = {name: list(members) for name, members in plugins.GROUPS.items()}
    return {"schema": SCHEMA, **plugins_of, "groups": measures}


def catalogue(kind: plugins.Kind) -> Iterator[Entry]:
    """Every plugin of a kind. Loads all of them, and lets none stop the list."""
    for name, where in plugins.known(kind).items():
        try:
            loaded = plugins.load(kind, name)
        except Exception as error:  # an installed package may be broken in any way
            yield Entry(name, name, "", "", "", f"cannot be loaded from {where}: {_line(error)}")
            continue
        yield Entry(
            name,
            _usage(name, loaded),
            _first_line(loaded),
            str(getattr(loaded, "bound", "")),
            _needs(kind, loaded),
            _state(loaded),
        )


def groups() -> Iterator[str]:
    """What stands for several measures, a line each."""
    for name, measures in plugins.GROUPS.items():
        yield f"--measure {name} stands for {', '.join(measures)}."


def _usage(name: str, loaded: type) -> str:
    """As it is written: ``clip=WEIGHTS``."""
    value = getattr(loaded, "argument", None)
    return f"{name}={value.upper()}" if value else name


def _first_line(loaded: type) -> str:
    """The first paragraph of the documentation, without its formulas."""
    paragraph = (inspect.getdoc(loaded) or "").partition("\n\n")[0]
    return re.sub(r",? *:math:`[^`]*`|`", "", " ".join(paragraph.split()))


def _needs(kind: plugins.Kind, loaded: type) -> str:
    if kind == "encoder":
        size = getattr(loaded, "input_size", "as trained")
        if size == "image":
            return "whole images"
        square = f"{size}x{size}" if isinstance(size, int) else "as trained"
        return f"patches, {square}" if size else "single samples"
    if kind in ("scheme", "rebuilder"):
        return "samples" if kind == "scheme" else "clear parts"
    if kind == "attack":
        return "whole images"
    return str(getattr(loaded, "space", None) or "pixels, features")


def _state(loaded: type) -> str:
    try:
        getattr(loaded(), "check_installed", lambda: None)()
    except ImleakError as error:
        return str(error)
    except Exception as error:
        return f"cannot be made: {_line(error)}"
    return "installed"


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
