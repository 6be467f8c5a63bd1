"""One page that holds a whole run: no scripts, no network, everything inside it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, StrictUndefined
from PIL import Image

from ..study.store import write_whole
from . import cells


def write_page(
    out: Path, summary: pd.DataFrame, manifest: Mapping[str, Any], figures: Iterable[Path]
) -> Path:
    """Write ``out/report.html``: the table, the figures, what was run and what was not.

    Parameters
    ----------
    manifest : as written beside the results. Read are `images`, `left_out`, `command`,
        `components`, `versions`, `started`, `keys` and `warnings`, each if it is there.
    figures : files of :func:`imleak.report.figures.write_figures`; PNGs are embedded,
        under the title in their metadata.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    columns = cells.columns(summary)
    blocks = groupby(columns, key=lambda column: (column.scheme, column.encoder))
    missing = dict.fromkeys(("images", "left_out", "command", "components", "warnings"), ())
    source = files(__package__).joinpath("page.html.j2").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    html = environment.from_string(source).render(
        run={**missing, "versions": {}, "started": None, "keys": None, **manifest},
        blocks=[(where, list(block)) for where, block in blocks],
        levels=cells.levels(columns),
        notes=cells.notes(summary),
        pictures=[_picture(path) for path in figures if path.suffix == ".png"],
    )
    # Names of files need not be text: surrogates stand for their undecodable bytes.
    write_whole(out / "report.html", html.encode(errors="replace"))
    return out / "report.html"


def _picture(path: Path) -> dict[str, Any]:
    with Image.open(path) as image:
        title, (width, height) = image.info.get("Title", path.stem), image.size
    uri = f"data:image/png;base64,{b64encode(path.read_bytes()).decode()}"
    return {"title": title, "uri": uri, "width": width, "height": height}
