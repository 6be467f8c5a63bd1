"""How a page is put together: one file, and no script in it but its own."""

import zlib
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from ..levels import Levels
from ..words import plural, unbroken
from . import charts
from .payload import level_colours


def render(template: str, levels: Levels, ranks: Sequence[int], **given: Any) -> str:
    """A page from its template; names and texts in it are escaped.

    Parameters
    ----------
    template : name of a file beside this one.
    levels : what levels are called.
    ranks : of every level that is shown, rising.
    given : what the template names.
    """
    vega, script = charts.scripts(), _file("script.js")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, loader=FunctionLoader(_file)
    )
    environment.filters["unbroken"] = unbroken
    return environment.get_template(template).render(
        levels=levels,
        ranks=ranks,
        light=level_colours(ranks, dark=False),
        dark=level_colours(ranks, dark=True),
        plural=plural,
        hashes=" ".join(map(_hash, (vega, script))),
        style=_file("style.css"),
        vega=_packed(vega),
        script=script,
        **given,
    )


def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _packed(script: str) -> str:
    """A long script in less than half of its bytes, which :file:`script.js` unpacks."""
    return b64encode(zlib.compress(script.encode(), 9)).decode()


def _hash(script: str) -> str:
    """What a content security policy calls a script by."""
    digest = b64encode(sha256(script.encode()).digest()).decode()
    return f"'sha256-{digest}'"
