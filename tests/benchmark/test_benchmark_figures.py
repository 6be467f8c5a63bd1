import numpy as np
import pandas as pd
import pytest
from PIL import Image

from imleak.benchmark import evaluate, select, self_consistency
from imleak.benchmark.figures import draw_calibration, draw_consistency, write_figures
from imleak.interfaces import Measurement
from imleak.report.figures import style


class Fixed:
    name = "fixed"
    version = "1"
    bound = "lower"

    def __init__(self, value, width=0.1):
        self.value, self.width = value, width

    def estimate(self, samples, *, seed=0, progress=None):
        if not np.isfinite(self.value):
            raise ValueError("no value")
        interval = (self.value - self.width, self.value + self.width) if self.width else None
        estimate = Measurement(
            self.value,
            "lower",
            estimator=self.name,
            protocol="held-out",
            interval=interval,
            verdict="leak",
        )
        return [estimate] * len(samples.y)


ESTIMATORS = {"good": Fixed(0.6), "far": Fixed(40.0), "low": Fixed(-9.0), "fails": Fixed(np.nan)}


@pytest.fixture(scope="module")
def frame():
    return evaluate(
        ESTIMATORS, select(["1v1-*", "independent-1", "stud*-5-5-*"]), n=50, seeds=(0, 1)
    )


@pytest.fixture(scope="module")
def consistency():
    images = np.random.default_rng(0).standard_normal((60, 6, 6))
    frames = [self_consistency(each, images, label=name) for name, each in ESTIMATORS.items()]
    without = self_consistency(Fixed(1.0, width=None), images, label="without intervals")
    return pd.concat([*frames, without], ignore_index=True)


def ink(path):
    """Share of pixels that are not white."""
    with Image.open(path) as image:
        return float((np.asarray(image.convert("L")) < 250).mean())


@pytest.fixture(autouse=True)
def _print_style():
    with style.print_style():
        yield


def test_both_figures_are_written_as_pdf_and_png(frame, consistency, tmp_path):
    paths = write_figures(frame, consistency, tmp_path / "new")
    assert [path.name for path in paths] == [
        "calibration.pdf",
        "calibration.png",
        "consistency.pdf",
        "consistency.png",
    ]
    for pdf, png in (paths[:2], paths[2:]):
        assert pdf.read_bytes().startswith(b"%PDF")
        assert ink(png) > 0.01
    with Image.open(paths[3]) as image:
        assert image.width == 1050


def test_the_same_frame_gives_the_same_bytes(frame, tmp_path):
    before = frame.copy(deep=True)
    first, again = (
        [path.read_bytes() for path in style.save(draw_calibration(frame), tmp_path)]
        for _ in range(2)
    )
    assert first == again
    pd.testing.assert_frame_equal(frame, before)


def test_a_frame_read_from_csv_is_drawn_alike(frame, tmp_path):
    frame.to_csv(tmp_path / "frame.csv", index=False)
    read = pd.read_csv(tmp_path / "frame.csv")
    first, again = (
        style.save(draw_calibration(rows), tmp_path)[1].read_bytes() for rows in (frame, read)
    )
    assert first == again


def test_many_tasks_stand_in_two_columns():
    few = evaluate({"good": Fixed(0.6)}, select("1v1-*"), n=20)
    many = evaluate(
        {"good": Fixed(0.6)}, select(["multi*", "half*", "norm*", "stud*", "sp*", "ind*"]), n=20
    )
    assert many["task"].nunique() > 40
    widths = [draw_calibration(rows).figure.get_figwidth() for rows in (few, many)]
    assert widths == [style.COLUMN_WIDTH, style.PAGE_WIDTH]


def test_wrong_estimates_are_marked(tmp_path):
    """The ring of a defect adds ink to the same estimate."""
    right = evaluate({"e": Fixed(0.6)}, select("1v1-normal-0.75"), n=20)
    wrong = right.assign(defect=pd.array([True], dtype="boolean"))
    plain, ringed = (
        ink(style.save(draw_calibration(rows), tmp_path)[1]) for rows in (right, wrong)
    )
    assert ringed > plain


def test_all_failed_is_still_a_figure(tmp_path):
    failed = evaluate({"fails": Fixed(np.nan)}, select("independent-*"), n=20)
    assert ink(style.save(draw_calibration(failed), tmp_path)[1]) > 0.01


def test_one_test_alone_is_drawn(consistency, tmp_path):
    alone = consistency[consistency["test"] == "additivity"]
    assert ink(style.save(draw_consistency(alone), tmp_path)[1]) > 0.01
