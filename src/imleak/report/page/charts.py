"""The charts of the page as Vega-Lite specifications, still without their rows.

The script of the page puts rows in, and chooses between units and scales. Colours are the
page's own variables, so the charts follow its light, dark and printed form.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import altair as alt

from ..levels import Levels

_INK, _LINE = "var(--ink)", "var(--line)"
_PADDING = {"left": 2, "top": 5, "right": 16, "bottom": 5}
_DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3]]


def specs(levels: Levels) -> dict[str, Any]:
    """Every chart by name; `levels` are along the horizontal axis of the first two."""
    return {
        "answer": _answer(levels),
        "curves": _curves(levels),
        "training": _training(),
        "growth": _growth(),
    }


@lru_cache(maxsize=1)
def scripts() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script, of the version of altair's schema."""
    import vl_convert

    major, minor, *_ = alt.SCHEMA_VERSION.lstrip("v").split(".")
    snippet = "window.vegaEmbed = vegaEmbed;"
    bundle: str = vl_convert.javascript_bundle(snippet, vl_version=f"{major}.{minor}")
    return bundle


def _answer(levels: Levels) -> dict[str, Any]:
    """Findings against the level: chance, interval, value."""
    x = alt.X("s:Q", title=levels.axis, scale=alt.Scale(nice=False, padding=16))
    y = alt.Y("value:Q", title=None)
    base = alt.Chart(alt.NamedData("rows")).encode(
        x=x, color=alt.Color("colour:N", scale=None), detail="id:N"
    )
    fill = alt.condition(
        "datum.hollow", alt.value("var(--paper)"), alt.Fill("colour:N", scale=None)
    )
    chance = base.mark_line(strokeDash=[2, 4], strokeWidth=1.2, clip=True).encode(y="chance:Q")
    interval = base.mark_rule(strokeWidth=5, opacity=0.3, clip=True).encode(y="low:Q", y2="high:Q")
    dash = alt.StrokeDash(
        "dash:N", scale=alt.Scale(domain=list(range(len(_DASHES))), range=_DASHES), legend=None
    )
    line = base.mark_line(strokeWidth=_line_width(levels), clip=True).encode(y=y, strokeDash=dash)
    point = base.mark_point(size=60, strokeWidth=2, opacity=1).encode(
        y=y, shape=alt.Shape("shape:N", scale=None), fill=fill
    )
    hover = base.mark_point(size=700, opacity=0, filled=True, clip=True).encode(
        y=y, tooltip=_tooltip("measure", "level", "value", "interval", "null", "verdict")
    )
    return _finish(alt.layer(chance, interval, line, point, hover))


def _curves(levels: Levels) -> dict[str, Any]:
    """A measure against the level: null band, ceiling, exact value, interval, value."""
    x = alt.X("s:Q", title=levels.axis, scale=alt.Scale(nice=False, padding=16))
    value = alt.Y("value:Q", title=None, scale=alt.Scale(zero=False, nice=True))
    colour = alt.Color("colour:N", scale=None)
    dash = alt.StrokeDash(
        "dash:N", scale=alt.Scale(domain=list(range(len(_DASHES))), range=_DASHES), legend=None
    )
    base = alt.Chart(alt.NamedData("rows")).encode(x=x, color=colour, detail="id:N")
    shape = alt.Shape("shape:N", scale=None)
    fill = alt.condition(
        "datum.hollow", alt.value("var(--paper)"), alt.Fill("colour:N", scale=None)
    )
    null = base.mark_area(opacity=0.16, clip=True).encode(y="null_mean:Q", y2="null_p95:Q")
    ceiling = base.mark_line(strokeDash=[1, 4], strokeWidth=1.5, clip=True).encode(y="ceiling:Q")
    exact = base.mark_point(shape="cross", size=50, filled=False, clip=True).encode(y="exact:Q")
    interval = base.mark_rule(strokeWidth=5, opacity=0.3, clip=True).encode(y="low:Q", y2="high:Q")
    line = base.mark_line(strokeWidth=_line_width(levels), clip=True).encode(
        y=value, strokeDash=dash
    )
    point = base.mark_point(size=55, strokeWidth=2, opacity=1, clip=True).encode(
        y=value, shape=shape, fill=fill
    )
    hover = base.mark_point(size=700, opacity=0, filled=True, clip=True).encode(
        y=value, tooltip=_tooltip("measure", "level", "value", "interval", "null", "top", "verdict")
    )
    return _finish(alt.layer(null, ceiling, exact, interval, line, point, hover))


def _line_width(levels: Levels) -> int:
    """None between ciphers that have no order."""
    return 0 if levels.recorded else 2


def _training() -> dict[str, Any]:
    """A value against the epoch, a line a level."""
    base = alt.Chart(alt.NamedData("rows")).encode(
        x=alt.X(
            "epoch:Q",
            title="epoch",
            scale=alt.Scale(nice=False, zero=False),
            axis=alt.Axis(grid=False, tickMinStep=1, tickCount=6),
        ),
        y=alt.Y("value:Q", title=None, scale=alt.Scale(zero=False)),
        color=alt.Color("colour:N", scale=None),
        detail="s:N",
    )
    line = base.mark_line(strokeWidth=1.8)
    hover = base.mark_point(size=120, opacity=0, filled=True).encode(
        tooltip=_tooltip("level", "epoch", "value")
    )
    return _finish(alt.layer(line, _at_the_end(base), hover))


def _growth() -> dict[str, Any]:
    """A value against the number of training images, a line a level."""
    base = alt.Chart(alt.NamedData("rows")).encode(
        x=alt.X("images:Q", title="training images", scale=alt.Scale(type="log", nice=False)),
        color=alt.Color("colour:N", scale=None),
        detail="s:N",
    )
    y = alt.Y("value:Q", title=None, scale=alt.Scale(zero=False))
    interval = base.mark_rule(strokeWidth=3, opacity=0.3, clip=True).encode(y="low:Q", y2="high:Q")
    line = base.mark_line(strokeWidth=1.8, clip=True).encode(y=y)
    point = base.mark_point(size=40, filled=True, opacity=1, clip=True).encode(y=y)
    hover = base.mark_point(size=500, opacity=0, filled=True, clip=True).encode(
        y=y, tooltip=_tooltip("level", "training", "value", "interval", "verdict")
    )
    return _finish(alt.layer(interval, line, point, _at_the_end(base), hover))


def _at_the_end(base: alt.Chart) -> alt.Chart:
    """The level of a line beside its last point, for whoever cannot go by colours; no label
    stands over another."""
    marks = base.mark_text(align="left", dx=7, fontSize=11).encode(text="tick:N", y="label:Q")
    last: alt.Chart = marks.transform_filter("datum.last")
    return last


def _tooltip(*names: str) -> list[alt.Tooltip]:
    """The texts ``tip_...`` of a row, each under its name."""
    return [alt.Tooltip(f"tip_{name}:N", title=name) for name in names]


def _finish(chart: alt.LayerChart | alt.FacetChart) -> dict[str, Any]:
    finished = (
        chart.properties(width="container", height=300, padding=_PADDING)
        .configure(background="transparent", font="inherit", aria=False)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=_INK,
            titleColor=_INK,
            gridColor=_LINE,
            domainColor=_LINE,
            tickColor=_LINE,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
        )
    )
    spec: dict[str, Any] = finished.to_dict()
    return spec
