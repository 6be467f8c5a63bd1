"""What a run shows of itself in a notebook: its answer and its table."""

from collections.abc import Mapping
from html import escape
from typing import Any

import pandas as pd

from .answer import answer
from .levels import Levels
from .measures import measures
from .text import table


def fragment(summary: pd.DataFrame, manifest: Mapping[str, Any]) -> str:
    """HTML without scripts and without colours of its own, for any theme."""
    found, shown = answer(summary, manifest), measures(summary)
    several = len({one.encoder for one in shown}) > 1
    sentences = "\n".join(
        f"<strong>{escape(one.head)}</strong>{escape(one.rest)}" for one in found.sentences
    )
    lines = "".join(f"<p>{escape(line)}</p>" for line in found.notes + found.warnings)
    cells = table(shown, Levels.of(manifest), with_encoder=several).to_html(border=0, index=False)
    return (
        f'<div style="max-width: 60em"><p style="font-size: 1.25em">{sentences}</p>{lines}'
        f'<div style="overflow-x: auto">{cells}</div></div>'
    )
