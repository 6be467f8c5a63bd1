"""What a run shows of itself in a notebook: its answer and its table."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import pandas as pd
from jinja2 import Environment, StrictUndefined

from .answer import answer
from .levels import Levels
from .measures import measures
from .text import table


def fragment(summary: pd.DataFrame, manifest: Mapping[str, Any]) -> str:
    """HTML without scripts and without colours of its own, for any theme."""
    source = files(__package__).joinpath("notebook.html.j2").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    shown = measures(summary)
    several = len({column.encoder for column in shown}) > 1
    cells = table(shown, Levels.of(manifest), with_encoder=several)
    return environment.from_string(source).render(
        answer=answer(summary, manifest), table=cells.to_html(border=0, index=False)
    )
