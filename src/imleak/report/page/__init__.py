"""One page that holds a whole run: it asks nothing of the network, and runs no script but
its own."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files
from itertools import groupby
from typing import Any

from jinja2 import Environment, StrictUndefined

from ...study.store import Run
from .. import cells, reviewers, tables
from ..finding import find
from ..latex import to_latex
from ..words import plural
from . import charts
from .payload import level_colours, page_data

MOST_ROWS = 200
"""Images and omissions the page lists by name; the manifest has all of them."""

_MISSING: Mapping[str, Any] = {
    "images": (),
    "left_out": (),
    "command": (),
    "components": (),
    "spec": None,
    "versions": {},
    "started": None,
    "keys": None,
}


def to_html(run: Run, acceptable: float | None = None) -> str:
    """The page of a run: answer, pictures, charts, tables, what was run and what was not.

    Parameters
    ----------
    acceptable : bits that may leak, to recommend a level for.
    """
    columns = cells.columns(run.summary)
    blocks = groupby(columns, key=lambda column: (column.scheme, column.encoder))
    levels = cells.levels(columns)
    manifest = {**_MISSING, **run.manifest}
    bits = max((int(image["bits"]) for image in manifest["images"]), default=8)
    scripts = {"vega": charts.scripts(), "script": _file("script.js")}
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.from_string(_file("template.html.j2")).render(
        run=manifest,
        finding=find(run.summary, manifest, acceptable),
        data=page_data(run),
        blocks=[(where, list(block)) for where, block in blocks],
        levels=levels,
        light=level_colours(levels, dark=False),
        dark=level_colours(levels, dark=True),
        notes=cells.notes(run.summary),
        reviewers=reviewers.rows(run.summary, bits),
        reviewers_warning=reviewers.WARNING,
        csv=tables.to_csv(run.summary),
        tex=to_latex(run.summary),
        most=MOST_ROWS,
        plural=plural,
        hashes=" ".join(map(_hash, scripts.values())),
        style=_file("style.css"),
        **scripts,
    )


def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    """What a content security policy calls a script by."""
    digest = b64encode(sha256(script.encode()).digest()).decode()
    return f"'sha256-{digest}'"
