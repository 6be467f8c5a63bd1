"""The table of a run as a Styler of pandas."""

from __future__ import annotations

import pytest
from summaries import default

from imleak.interfaces import ImleakError
from imleak.report.styled import LEAK, styled
from schemes import BITPLANES


def test_claimed_leaks_of_ciphers_are_bold_and_nothing_else_is() -> None:
    shown = styled(default(), BITPLANES, ["recognise"])
    html = shown.to_html()
    claimed = default().query("measure == 'recognise' and verdict == 'leak'")
    assert len(claimed) == html.count(" leak</td>") > 0
    styles = shown.export()["apply"]
    assert len(styles) == 1
    assert html.count(LEAK) == 1  # one rule, for the cells before it
    rule = html[html.index("<style") : html.index("{")]
    assert rule.count("#T_") == len(claimed.query("level > 0")) > 0


def test_a_row_a_level_and_a_column_a_quantity() -> None:
    shown = styled(default(), BITPLANES, ["recognise", "match"])
    assert list(shown.data.index) == [str(level) for level in range(9)]
    assert shown.data.loc["1", "recognise top-5 on efficientnet-lite0 (share)"] == 0.77
    assert set(shown.data.dtypes.map(str)) == {"float64"}
    assert "~ 0.77 [0.72, 0.82] leak</td>" in shown.to_html()
    assert not shown.data.columns.str.startswith("histogram").any()
    with pytest.raises(ImleakError, match="no measure 'x' in this run; there is histogram"):
        styled(default(), BITPLANES, ["x"])
