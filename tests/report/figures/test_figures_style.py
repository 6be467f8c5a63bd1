"""What all figures share: names, type, and files that are the same every time."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text
from PIL import Image

from imleak.report.figures import StripImages, curves, strip, style, training, write_figures
from schemes import LEVELS

Make = Callable[..., pd.DataFrame]


@given(st.lists(st.text(), min_size=1), st.lists(st.text(), min_size=1))
def test_stems_are_safe_and_differ_as_their_words_do(one: list[str], other: list[str]) -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*", style.stem(*one)) or style.stem(*one) == ""
    assert len(style.stem(*one)) < 100
    if "-".join(one) != "-".join(other):
        assert style.stem(*one) != style.stem(*other)


@given(st.text(), st.integers(5, 60))
def test_printable_is_short_and_has_only_glyphs_of_the_font(text: str, length: int) -> None:
    shown = style.printable(text, length)
    assert len(shown) == min(len(text), length)
    assert style.printable(shown, length) == shown


def test_printable_keeps_both_ends() -> None:
    assert style.printable("a用\n.png") == "a□□.png"
    assert style.printable("abcdefghij", 5) == "ab…ij"


def test_files_repeat_are_titled_and_embed_truetype(
    tmp_path: Path,
    make_rows: Make,
    no_history: pd.DataFrame,
    learning: pd.DataFrame,
    make_picture: Callable[..., StripImages],
) -> None:
    summary, strip = make_rows("m", [3, 2, 1.0]), make_picture((1, 20, 30))
    arguments = (no_history, summary, learning, strip, LEVELS)
    before = dict(mpl.rcParams)
    first = write_figures(tmp_path / "a", *arguments)
    second = write_figures(tmp_path / "b", *arguments)
    assert dict(mpl.rcParams) == before
    stems = ("strip", "m-pixels", "infonce-efficientnet-lite0-growth")
    suffixes = {"strip": ("pdf", "png")}
    names = [
        f"{stem}.{suffix}" for stem in stems for suffix in suffixes.get(stem, ("pdf", "png", "csv"))
    ]
    assert first == [tmp_path / "a" / "figures" / name for name in names]
    drawn = pd.read_csv(tmp_path / "a" / "figures" / "m-pixels.csv")
    assert drawn[["level", "mean"]].to_numpy().tolist() == [[0, 3], [1, 2], [2, 1]]
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()
    for path in (path for path in first if path.suffix == ".pdf"):
        content = path.read_bytes()
        assert b"/FontFile2" in content
        assert b"/Type3" not in content
        assert b"CreationDate" not in content
    with Image.open(first[3]) as image:
        assert image.info["Title"] == "m on pixels against the level"
        assert image.width == int(3.5 * 300)


def test_nothing_is_cut_off_and_all_type_is_8_points(
    whole: pd.DataFrame, histories: pd.DataFrame, make_picture: Callable[..., StripImages]
) -> None:
    with style.print_style():
        drawings = [
            *curves.drawings(whole, LEVELS),
            *training.drawings(histories, LEVELS),
            *strip.drawings(make_picture((1, 30, 40), 16), LEVELS),
        ]
        for drawing in drawings:
            figure = drawing.figure
            figure.draw_without_rendering()
            texts = [text for text in figure.findobj(Text) if text.get_text()]
            assert min(text.get_fontsize() for text in texts) >= 8
            extent = figure.get_tightbbox(bbox_extra_artists=None)
            assert extent.x0 > -0.02, drawing.stem
            assert extent.y0 > -0.02, drawing.stem
            assert extent.x1 < figure.get_figwidth() + 0.02, drawing.stem
            assert extent.y1 < figure.get_figheight() + 0.02, drawing.stem


def test_a_name_is_never_a_formula(make_rows: Make) -> None:
    with style.print_style():
        (drawing,) = curves.drawings(make_rows("m", [1.0], encoder=r"$\frac{$"), LEVELS)
        drawing.figure.draw_without_rendering()
        (heading,) = (t for t in drawing.figure.findobj(Text) if t.get_weight() == "bold")
    assert heading.get_text() == r"m on $\frac{$"


@pytest.mark.parametrize(
    ("labels", "columns"), [(["value"], 1), (["value"] * 3, 3), (["x" * 60] * 2, 1)]
)
def test_a_legend_has_as_many_columns_as_fit(
    make_rows: Make, labels: list[str], columns: int
) -> None:
    with style.print_style():
        figure, (axes,) = style.panels(1, "heading")
        for place, label in enumerate(labels):
            axes.plot([0], [0], label=f"{label}{place}")
        style.common_legend(figure, [axes])
    assert figure.legends[0]._ncols == columns
