"""What a run shows of itself in a notebook: its answer and its table."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import pandas as pd
from jinja2 import Environment, StrictUndefined

from . import cells
from .answer import answer


def fragment(summary: pd.DataFrame, manifest: Mapping[str, Any]) -> str:
    """HTML without scripts and without colours of its own, for any theme."""
    columns = cells.columns(summary)
    source = files(__package__).joinpath("notebook.html.j2").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.from_string(source).render(
        answer=answer(summary, manifest),
        columns=columns,
        levels=cells.levels(columns),
        encoders=len({column.encoder for column in columns}),
    )
