from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from imleak.paper.claims import STATEMENTS, Claim, judge, table
from imleak.paper.curves import Results
from imleak.paper.verdicts import Figure, Verdict

Array = NDArray[np.float64]
LEVELS = np.arange(9.0)
LINE = list(8 - LEVELS)
BENT = [6.0, 4.0, 2.6, 1.6, 0.9, 0.5, 0.25, 0.1, 0.0]
UNIFORM = {"ceiling": LINE}


def verdicts(results: Results, number: str, **wanted: str) -> list[Verdict]:
    return [claim.verdict for claim in of(results, number, **wanted)]


def of(results: Results, number: str, **wanted: str) -> list[Claim]:
    return [
        claim
        for claim in judge(results)
        if claim.statement.number == number
        and all(getattr(claim, name) == value for name, value in wanted.items())
    ]


def learned(end: Sequence[float], epochs: float, of: int = 100) -> Array:
    """(of, L) that come to 95 % of their end after so many epochs."""
    share = 1 - 0.05 ** (np.arange(1, of + 1) / epochs)
    return np.outer(share, end)


@pytest.mark.parametrize(
    ("curve", "spread", "expected"),
    [(LINE, 0.05, "holds"), (BENT, 0.05, "does not hold"), (LINE, 1.5, "not decided")],
)
def test_1_histogram_is_linear(made, images, curve, spread, expected):
    results = made.metric("histogram", "pixels", images(curve, spread), **UNIFORM).results()
    assert verdicts(results, "1") == [expected, expected]


def test_1_a_line_of_another_slope_is_not_the_claim(made, images):
    results = made.metric("histogram", "pixels", images(0.5 * np.array(LINE)), **UNIFORM).results()
    (claim, _) = of(results, "1")
    assert claim.verdict == "does not hold"
    slope = claim.figures["slope"]
    assert isinstance(slope, Figure)
    assert slope.value == pytest.approx(-0.5, abs=0.02)


@pytest.mark.parametrize(
    ("off", "spread", "expected"),
    [(0.0, 0.05, "holds"), (0.6, 0.05, "does not hold"), (0.1, 0.3, "not decided")],
)
def test_2_histogram_is_that_of_uniform_pixels(made, images, off, spread, expected):
    curve = [8 - off, *LINE[1:]]
    results = made.metric("histogram", "pixels", images(curve, spread), **UNIFORM).results()
    paper, held_out = of(results, "2")
    assert paper.verdict == held_out.verdict == expected
    assert "same" in held_out.note
    if off:
        assert paper.figures["at_level"] == "0"


@pytest.mark.parametrize(
    ("curve", "spread", "expected"),
    [
        ([1, 0.9, 0.5, 0.5, 0.5], 0.05, "holds"),  # levels that cannot be told apart
        ([1, 0.8, 0.9, 0.5, 0.3], 0.01, "holds"),  # rises
        ([1, 0.8, 0.6, 0.4, 0.2], 0.01, "does not hold"),  # useful
        ([1, 0.8, 0.6, 0.4, 0.2], 0.075, "not decided"),
    ],
)
def test_3_cosine_is_not_useful(made, images, curve, spread, expected):
    results = made.metric("cosine", "clip-like", images(curve, spread)).results()
    assert verdicts(results, "3", evaluation="paper") == [expected]


def test_3_a_threshold_is_judged_on_images_it_was_not_set_on(made, images):
    noise = images(np.zeros(2), 1.0, count=12)
    paper, held_out = of(made.metric("cosine", "clip-like", noise).results(), "3")
    told = [claim.figures["told_apart"] for claim in (paper, held_out)]
    assert isinstance(told[0], Figure)
    assert isinstance(told[1], Figure)
    assert told[1].value <= told[0].value


@pytest.mark.parametrize(
    ("curve", "spread", "expected"),
    [(BENT, 0.05, "holds"), (LINE, 0.05, "does not hold"), (LINE, 1.5, "not decided")],
)
def test_4_rounded_is_not_linear(made, images, curve, spread, expected):
    results = made.metric("rounded", "clip-like", images(curve, spread)).results()
    assert verdicts(results, "4") == [expected, expected]


@pytest.mark.parametrize(
    ("curve", "half", "slow", "expected"),
    [
        (BENT, None, 80, "holds"),
        (BENT, None, 5, "does not hold"),
        (LINE, None, 80, "does not hold"),
        (LINE, 3.0, 80, "not decided"),
    ],
)
def test_5_mine_on_pixels(made, curve, half, slow, expected):
    history = learned(curve, slow)
    made.estimate("mine", "pixels", "in-sample", curve, half=half, history=history)
    assert verdicts(made.results(), "5", evaluation="paper") == [expected]


def test_5_the_exact_value_beside_it(made):
    made.estimate("mine", "pixels", "in-sample", BENT, history=learned(BENT, 80))
    made.estimate("tabular-mine", "pixels", "in-sample", BENT, exact=LINE)
    (claim,) = of(made.results(), "5", evaluation="paper")
    said = {name: value.value for name, value in claim.figures.items() if isinstance(value, Figure)}
    assert said["exact_R2"] == pytest.approx(1)
    assert said["largest_error"] == pytest.approx(max(np.subtract(LINE, BENT)))
    assert said["departure_that_is_error"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("epochs", "expected"), [(5, "holds"), (90, "does not hold"), (0, "not decided")]
)
@pytest.mark.parametrize("protocol", ["in-sample", "held-out"])
def test_6_features_converge_faster(made, epochs, expected, protocol):
    made.estimate("mine", "pixels", protocol, LINE, history=learned(LINE, 60))
    history = learned(LINE, epochs) if epochs else None
    made.estimate("mine", "clip-like", protocol, LINE, history=history)
    evaluation = "paper" if protocol == "in-sample" else protocol
    assert verdicts(made.results(), "6", evaluation=evaluation) == [expected]


def test_6_is_asked_of_resnet_too(made):
    made.estimate("mine", "pixels", "in-sample", LINE, history=learned(LINE, 60))
    made.estimate("mine", "resnet-like", "in-sample", LINE, history=learned(LINE, 5))
    (claim,) = of(made.results(), "6", evaluation="paper")
    assert (claim.encoder, claim.verdict) == ("resnet-like", "holds")


def test_6_says_what_was_still_rising(made):
    climb = np.outer(np.linspace(0.01, 1, 100), LINE)
    made.estimate("mine", "pixels", "in-sample", LINE, history=climb)
    made.estimate("mine", "clip-like", "in-sample", LINE, history=learned(LINE, 5))
    (claim,) = of(made.results(), "6", evaluation="paper")
    rising = [claim.figures[f"still_rising_{side}"] for side in ("pixels", "features")]
    assert [one.value for one in rising if isinstance(one, Figure)] == [
        pytest.approx(0.1),
        pytest.approx(0, abs=1e-6),
    ]


def test_6_held_out_the_end_is_what_validation_prefers(made):
    rises_and_falls = np.vstack([learned(LINE, 10, 30), learned(LINE, 10, 30)[::-1]])
    for encoder in ("pixels", "clip-like"):
        made.estimate("mine", encoder, "held-out", LINE, history=rises_and_falls)
    (claim,) = of(made.results(), "6", evaluation="held-out")
    needed = claim.figures["epochs_features"]
    assert isinstance(needed, Figure)
    assert needed.value == 10


HIGH = [11.7, 7.8, 6.2, 6.3, 3.9, 2.7, 2.1, 1.8, 0.0]
PIXELS = [6.4, 4.9, 3.3, 1.4, 0.4, 0.2, 0.16, 0.07, 0.0]


@pytest.mark.parametrize(
    ("features", "half", "expected"),
    [
        (HIGH, None, "holds"),
        ([*HIGH[:7], 2.8, 0.0], None, "holds"),  # s = 7 above s = 6: distinct all the same
        ([*HIGH[:7], 2.1, 0.0], None, "does not hold"),  # s = 6 and 7 look alike
        (PIXELS, 0.01, "does not hold"),
        (HIGH, 1.5, "not decided"),
    ],
)
def test_7_high_levels(made, features, half, expected):
    made.estimate("mine", "pixels", "in-sample", PIXELS, half=half)
    made.estimate("mine", "clip-like", "in-sample", features, half=half)
    assert verdicts(made.results(), "7", evaluation="paper") == [expected]


def test_7_says_whether_distinct_levels_are_in_order(made):
    made.estimate("mine", "pixels", "in-sample", PIXELS)
    made.estimate("mine", "clip-like", "in-sample", [*HIGH[:7], 2.8, 0.0])
    (claim,) = of(made.results(), "7", evaluation="paper")
    gap = claim.figures["smallest_gap"]
    assert isinstance(gap, Figure)
    assert gap.value == pytest.approx(2.7 - 2.1)
    assert claim.figures["in_order"] == "no"


@pytest.mark.parametrize(
    ("verdict", "expected"), [("leak", "holds"), ("no leak found", "not decided")]
)
def test_7_who_can_see_it(made, verdict, expected):
    said = {"verdict": verdict, "detectable": 0.4, "null_p95": 0.1, "train_groups": 64}
    made.estimate("best", "clip-like", "held-out", HIGH, half=0.1, **said)
    (claim,) = of(made.results(), "7 (is it there?)", measure="best")
    assert claim.verdict == expected
    assert claim.figures["smallest_seen_6"] == Figure(0.4, 0.4, 0.4)
    assert claim.figures["said_7"] == verdict
    assert claim.note == "learned from 64 images"


def test_7_another_view_of_the_same_target_is_asked_too(made):
    through = "clip-like through conv"
    made.estimate("best", through, "held-out", HIGH, half=0.1, verdict="leak", target="clip-like")
    for encoder in ("clip-like", "resnet-like"):
        made.estimate("mine", encoder, "held-out", HIGH, half=0.1, verdict="leak")
    asked = {claim.encoder for claim in of(made.results(), "7 (is it there?)")}
    assert asked == {"clip-like", "resnet-like", through}


@pytest.mark.parametrize(
    ("resnet", "half", "expected"),
    [
        ([9.0, 6, 4, 2, 0.8, 0.3, 0.1, 0.05, 0], None, "holds"),
        (HIGH, None, "does not hold"),  # as CLIP
        ([9.0, 6, 6, 2, 0.8, 0.3, 0.1, 0.05, 0], None, "does not hold"),
        ([9.0, 6, 4, 2, 0.8, 0.3, 0.1, 0.05, 0], 3.0, "not decided"),
    ],
)
def test_8_resnet_separates_and_falls(made, resnet, half, expected):
    made.estimate("mine", "clip-like", "in-sample", HIGH, half=half)
    made.estimate("mine", "resnet-like", "in-sample", resnet, half=half)
    assert verdicts(made.results(), "8", evaluation="paper") == [expected]


@pytest.mark.parametrize(
    ("curve", "half", "expected"),
    [
        (BENT, 0.05, "holds"),
        (LINE, 0.05, "does not hold"),
        ([6.2, 3.0, 1.1, -0.6, -1.1, -1.0, -1.7, -4.6, 0.0], 0.1, "does not hold"),  # rises
        (LINE, 3.0, "not decided"),
    ],
)
def test_9_what_was_looked_for(made, curve, half, expected):
    made.estimate("infonce", "clip-like", "held-out", curve, half=half)
    assert verdicts(made.results(), "9", measure="infonce") == [expected]


def test_a_rise_within_its_interval_is_no_rise(made):
    curve = [*BENT[:6], 0.10, 0.15, 0.0]
    made.estimate("infonce", "clip-like", "held-out", curve, half=0.2)
    assert verdicts(made.results(), "9", measure="infonce") == ["holds"]


def test_what_has_no_results_is_not_decided(made):
    claims = judge(made.results())
    assert {claim.statement for claim in claims} == set(STATEMENTS)
    assert {claim.verdict for claim in claims} == {"not decided"}
    assert {claim.note for claim in claims} == {"no results to judge it by"}


def test_the_table_names_the_encoder_and_for_whom_it_stands(made, images):
    results = made.metric("rounded", "clip-like", images(BENT)).results()
    rows = table(judge(results), {"clip-like": "CLIP ViT-B"})
    found = rows[(rows["claim"] == "4") & (rows["evaluation"] == "paper")].iloc[0]
    assert (found["encoder"], found["stands_in_for"]) == ("clip-like", "CLIP ViT-B")
    value, low, high = json.loads(found["figures"])["R2"]
    assert low <= value <= high < 0.99


def test_judging_is_pure(made, images):
    made.metric("histogram", "pixels", images(LINE), **UNIFORM)
    made.metric("cosine", "clip-like", images(BENT))
    first: Callable[[], object] = lambda: table(judge(made.results()), {}).to_csv()  # noqa: E731
    assert first() == first()
