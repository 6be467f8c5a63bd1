import numpy as np
import pandas as pd
import pytest

from imleak.benchmark import evaluate, judge, select, summarise
from imleak.benchmark.evaluation import COLUMNS
from imleak.interfaces import Measurement, Null


class PlugIn:
    """Gaussian plug-in with the usual interval; a leak when it clears chance."""

    name = "plug-in"
    version = "1"
    bound = "none"

    def estimate(self, samples, *, seed=0, progress=None):
        n, dx, dy = len(samples.x), samples.x.shape[1], samples.y.shape[2]
        chance = dx * dy / n
        found = []
        for y in samples.y:
            joint = np.cov(np.hstack([samples.x, y]).T.astype(float))
            parts = (joint, joint[:dx, :dx], joint[dx:, dx:])
            whole, of_x, of_y = (np.linalg.slogdet(np.atleast_2d(part))[1] for part in parts)
            value = (0.5 * (of_x + of_y - whole) - 0.5 * chance) / np.log(2)
            half = 3 * np.sqrt((value**2 + 1) / n)
            verdict = "leak" if value - half > chance else "no leak found"
            interval = (value - half, value + half)
            null = Null(0.0, chance)
            found.append(
                Measurement(
                    value,
                    self.bound,
                    estimator=self.name,
                    protocol="held-out",
                    interval=interval,
                    null=null,
                    ceiling=9.0,
                    verdict=verdict,
                )
            )
        return found


class Fixed:
    """Always the same estimate."""

    name = "fixed"
    version = "1"

    def __init__(self, value, interval, bound="lower", verdict="leak"):
        self.bound = bound
        self.given = Measurement(
            value, bound, estimator="fixed", protocol="held-out", interval=interval, verdict=verdict
        )

    def estimate(self, samples, *, seed=0, progress=None):
        return [self.given]


class Broken:
    name = "broken"
    version = "1"
    bound = "lower"

    def estimate(self, samples, *, seed=0, progress=None):
        raise FloatingPointError("training\ndiverged")


class Greedy(PlugIn):
    def estimate(self, samples, *, seed=0, progress=None):
        return super().estimate(samples) * 2


GAUSSIANS = select(["1v1-normal-0.75", "multinormal-dense-5-5-0.5", "independent-[15]"])


def test_a_good_estimator_passes():
    frame = evaluate({"good": PlugIn()}, GAUSSIANS, n=4_000, seeds=(0, 1))
    assert list(frame.columns) == list(COLUMNS)
    assert frame["task"].tolist() == [task.name for task in GAUSSIANS for _ in range(2)]
    assert frame["seed"].tolist() == [0, 1] * 4
    assert (frame["n"] == 4_000).all()
    assert frame["inside"].all()
    assert frame["defect"].isna().all(), "an estimate that bounds nothing has no defect"
    assert frame["error"].isna().all()
    assert (frame["seconds"] >= 0).all()
    row = summarise(frame).iloc[0]
    assert (row["rows"], row["errors"], row["unsuited"]) == (8, 0, 0)
    assert abs(row["bias"]) < 0.02
    assert (row["inside"], row["intervals"]) == (1.0, 8)
    assert (row["false_leaks"], row["independent"]) == (0.0, 4)
    assert (row["leaks_found"], row["dependent"]) == (1.0, 4)
    assert np.isnan(row["defects"])
    assert row["bounds"] == 0


def test_a_lower_bound_above_the_truth_is_a_defect_and_a_false_leak():
    frame = evaluate({"liar": Fixed(2.0, (1.5, 2.5))}, GAUSSIANS, n=50)
    assert frame["defect"].tolist() == [True, True, True, True]
    assert not frame["inside"].any()
    row = summarise(frame).iloc[0]
    assert row["defects"] == 1.0
    assert row["false_leaks"] == 1.0


def test_saturation_claims_a_leak():
    estimator = Fixed(2.0, (1.5, 2.5), verdict="saturated")
    row = summarise(evaluate({"full": estimator}, GAUSSIANS, n=50)).iloc[0]
    assert row["false_leaks"] == 1.0
    assert row["leaks_found"] == 1.0


def test_a_lower_bound_below_the_truth_is_none():
    frame = evaluate({"modest": Fixed(0.1, (-0.1, 0.2), verdict="unreliable")}, GAUSSIANS, n=50)
    assert frame["defect"].tolist() == [False] * 4
    assert frame["inside"].tolist() == [False, False, True, True]
    assert summarise(frame).iloc[0]["leaks_found"] == 0.0


@pytest.mark.parametrize(
    ("bound", "interval", "inside", "defect"),
    [
        ("lower", (1.1, 1.2), False, True),
        ("lower", (0.8, 0.9), False, False),
        ("upper", (0.8, 0.9), False, True),
        ("upper", (1.1, 1.2), False, False),
        ("exact", (1.1, 1.2), False, None),
        ("none", (0.9, 1.1), True, None),
        ("lower", (1.0 + 1e-9, 1.1), True, False),
        ("lower", None, None, None),
        ("lower", (np.nan, np.nan), None, None),
    ],
)
def test_judgement(bound, interval, inside, defect):
    estimate = Measurement(1.0, bound, estimator="e", protocol="held-out", interval=interval)
    assert judge(estimate, 1.0) == (inside, defect)


def test_failures_are_rows():
    estimators = {"good": PlugIn(), "broken": Broken(), "greedy": Greedy()}
    frame = evaluate(estimators, GAUSSIANS[:1], n=100)
    assert frame["estimator"].tolist() == ["good", "broken", "greedy"]
    assert frame["error"].isna().tolist() == [True, False, False]
    assert frame["error"][1] == "FloatingPointError: training diverged"
    assert "2 estimates of one level" in frame["error"][2]
    summary = summarise(frame).set_index("estimator")
    assert summary["errors"].tolist() == [0, 1, 1]
    assert np.isnan(summary.loc["broken", "bias"])


def test_not_a_number_is_a_failure():
    frame = evaluate({"nan": Fixed(np.nan, (np.nan, np.nan))}, GAUSSIANS[:1], n=50)
    assert "not a number" in frame["error"][0]
    assert frame["inside"].isna().all()


def test_an_unsuited_estimator_is_not_run_and_not_blamed():
    class Ksg(Broken):
        name = "ksg"

    frame = evaluate({"k=3": Ksg()}, select("independent-512"), n=60)
    assert frame["suited"].tolist() == [False]
    assert frame["error"][0] == "not run: more than 10 dimensions"
    row = summarise(frame).iloc[0]
    assert (row["rows"], row["errors"], row["unsuited"]) == (0, 0, 1)


def test_the_nearest_published_figure_stands_beside_the_estimate():
    names = ["student-identity-5-5-2", "asinh-student-identity-5-5-2", "independent-1"]
    frame = evaluate({"good": PlugIn()}, select(names), n=100)
    published = frame.set_index("task")["published"] * np.log(2)
    assert published["student-identity-5-5-2"] == pytest.approx(0.306)
    assert published["asinh-student-identity-5-5-2"] == pytest.approx(0.320)
    assert np.isnan(published["independent-1"])


def test_own_sample_sizes_and_repetition():
    chosen = select(["independent-1", "1v1-normal-0.75"])
    frame = evaluate({"a": PlugIn(), "b": PlugIn()}, chosen, seeds=(3,))
    assert frame["n"].tolist() == [10_000, 10_000, 5_000, 5_000]
    again = evaluate({"a": PlugIn(), "b": PlugIn()}, chosen, seeds=(3,))
    pd.testing.assert_frame_equal(frame.drop(columns="seconds"), again.drop(columns="seconds"))


def test_nothing_asked_gives_an_empty_table():
    frame = evaluate({}, GAUSSIANS)
    assert list(frame.columns) == list(COLUMNS)
    assert summarise(frame).empty
