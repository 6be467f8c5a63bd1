from __future__ import annotations

import numpy as np
import pandas as pd

from imleak.paper.claims import judge
from imleak.paper.document import ablation_tables, claim_tables, document, markdown

ABLATION = pd.DataFrame(
    {"protocol": ["in-sample", "per-image"], "mine": [0.5, np.nan], "cosine": [np.nan, 1.0]}
)
LINE = list(8 - np.arange(9.0))


def test_evaluations_stand_side_by_side(made, images):
    made.metric("histogram", "pixels", images(LINE), ceiling=LINE)
    made.estimate("best", "clip-like", "held-out", LINE, half=0.1, verdict="leak")
    text = claim_tables(judge(made.results()))
    head, _, row = text.split("\n\n")[1].splitlines()
    assert head == "| on | paper's protocol, made | held out, made |"
    assert row.startswith("| histogram on pixels | **holds**<br>R² ")
    assert row.count("**holds**") == 2
    assert "7 (is it there?)" in text


def test_every_table_is_rectangular(made, images):
    made.metric("rounded", "clip-like", images(LINE))
    text = document("a_title", ["a warning"], judge(made.results()), [], ABLATION)
    assert text.startswith("# a\\_title\n\n> a warning\n")
    for block in text.split("\n\n"):
        if block.startswith("|"):
            assert len({line.count(" | ") for line in block.splitlines()}) == 1, block


def test_an_ablation_has_a_table_a_protocol_of_the_columns_it_has():
    first, second = ablation_tables(ABLATION)
    assert first == "**MINE in-sample.**\n\n| mine |\n| --- |\n| 0.5 |"
    assert second.startswith("**Measures of one image.**\n\n| cosine |")


def test_numbers_of_a_table_are_short():
    assert markdown(pd.DataFrame({"s": [3, 4], "bits_4": [1.23456, np.nan]})) == (
        "| s | bits 4 |\n| --- | --- |\n| 3 | 1.23 |\n| 4 |   |"
    )
