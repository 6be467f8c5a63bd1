"""The charts of the page as Vega-Lite specifications, still without their rows.

The script of the page puts rows in, and chooses between units and scales. Colours are the
page's own variables, so the charts follow its light, dark and printed form.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import altair as alt

from ..levels import Levels

_INK, _LINE = "var(--ink)", "var(--line)"
_PADDING = {"left": 2, "top": 5, "right": 16, "bottom": 5}
_DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3]]


def specs(levels: Levels) -> dict[str, Any]:
    """Every chart by name; `levels` are along the horizontal axis of the first."""
    epochs = alt.X(
        "epoch:Q",
        title="epoch",
        scale=alt.Scale(nice=False, zero=False),
        axis=alt.Axis(grid=False, tickMinStep=1, tickCount=6),
    )
    images = alt.X("images:Q", title="training images", scale=alt.Scale(type="log", nice=False))
    return {
        "levels": _against_levels(levels),
        "training": _line_a_level(epochs, ("level", "epoch", "value")),
        "growth": _line_a_level(images, ("level", "training", "value", "interval", "verdict")),
    }


@lru_cache(maxsize=1)
def scripts() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script, of the version of altair's schema."""
    import vl_convert

    major, minor, *_ = alt.SCHEMA_VERSION.lstrip("v").split(".")
    snippet = "window.vegaEmbed = vegaEmbed;"
    bundle: str = vl_convert.javascript_bundle(snippet, vl_version=f"{major}.{minor}")
    return bundle


def _against_levels(levels: Levels) -> dict[str, Any]:
    """A measure against the level: null, chance, ceiling, exact value, interval, value; no
    lines between ciphers that have no order."""
    x = alt.X("s:Q", title=levels.axis, scale=alt.Scale(nice=False, padding=16))
    value = alt.Y("value:Q", title=None, scale=alt.Scale(zero=False, nice=True))
    dashes = alt.Scale(domain=list(range(len(_DASHES))), range=_DASHES)
    colour = alt.Color("colour:N", scale=None)
    fill = alt.condition(
        "datum.hollow", alt.value("var(--paper)"), alt.Fill("colour:N", scale=None)
    )
    base = alt.Chart(alt.NamedData("rows")).encode(x=x, color=colour, detail="id:N")
    null = base.mark_area(opacity=0.16, clip=True).encode(y="null_mean:Q", y2="null_p95:Q")
    chance = base.mark_line(strokeDash=[2, 4], strokeWidth=1.2, clip=True).encode(y="chance:Q")
    ceiling = base.mark_line(strokeDash=[1, 4], strokeWidth=1.5, clip=True).encode(y="ceiling:Q")
    exact = base.mark_point(shape="cross", size=50, filled=False, clip=True).encode(y="exact:Q")
    interval = base.mark_rule(strokeWidth=5, opacity=0.3, clip=True).encode(y="low:Q", y2="high:Q")
    line = base.mark_line(strokeWidth=0 if levels.recorded else 2, clip=True).encode(
        y=value, strokeDash=alt.StrokeDash("dash:N", scale=dashes, legend=None)
    )
    point = base.mark_point(size=55, strokeWidth=2, opacity=1, clip=True).encode(
        y=value, shape=alt.Shape("shape:N", scale=None), fill=fill
    )
    hover = base.mark_point(size=700, opacity=0, filled=True, clip=True).encode(
        y=value, tooltip=_tooltip("measure", "level", "value", "interval", "null", "top", "verdict")
    )
    return _finish(alt.layer(null, chance, ceiling, exact, interval, line, point, hover))


def _line_a_level(x: alt.X, tips: Sequence[str]) -> dict[str, Any]:
    """A value against epochs or images, a line a level, with its interval where it has one."""
    base = alt.Chart(alt.NamedData("rows")).encode(
        x=x, color=alt.Color("colour:N", scale=None), detail="s:N"
    )
    y = alt.Y("value:Q", title=None, scale=alt.Scale(zero=False))
    line = base.mark_line(strokeWidth=1.8, clip=True).encode(y=y)
    hover = base.mark_point(size=300, opacity=0, filled=True, clip=True).encode(
        y=y, tooltip=_tooltip(*tips)
    )
    layers = [line, _at_the_end(base), hover]
    if "interval" in tips:
        bars = base.mark_rule(strokeWidth=3, opacity=0.3, clip=True).encode(y="low:Q", y2="high:Q")
        point = base.mark_point(size=40, filled=True, opacity=1, clip=True).encode(y=y)
        layers = [bars, point, *layers]
    return _finish(alt.layer(*layers))


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
