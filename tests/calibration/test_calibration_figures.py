import numpy as np
import pandas as pd
import pytest
from PIL import Image

from imleak.calibration import calibrate, select, self_consistency
from imleak.interfaces import Estimate
from imleak.report.calibration import draw_calibration, draw_consistency


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
        estimate = Estimate(self.value, "lower", self.name, "held-out", interval, verdict="leak")
        return [estimate] * len(samples.y)


ESTIMATORS = {"good": Fixed(0.6), "far": Fixed(40.0), "low": Fixed(-9.0), "fails": Fixed(np.nan)}


@pytest.fixture(scope="module")
def frame():
    return calibrate(
        ESTIMATORS, select(["1v1-*", "independent-1", "stud*-5-5-*"]), n=50, seeds=(0, 1)
    )


@pytest.fixture(scope="module")
def consistency():
    pictures = np.random.default_rng(0).standard_normal((60, 6, 6))
    frames = [self_consistency(each, pictures, label=name) for name, each in ESTIMATORS.items()]
    without = self_consistency(Fixed(1.0, width=None), pictures, label="without intervals")
    return pd.concat([*frames, without], ignore_index=True)


def ink(path):
    """Share of pixels that are not white."""
    with Image.open(path) as image:
        return float((np.asarray(image.convert("L")) < 250).mean())


@pytest.mark.parametrize("suffix", ["", ".png", ".pdf"])
def test_calibration_is_written_as_pdf_and_png(frame, tmp_path, suffix):
    pdf, png = draw_calibration(frame, tmp_path / "new" / f"figure-1.5{suffix}")
    assert (pdf.name, png.name) == ("figure-1.5.pdf", "figure-1.5.png")
    assert pdf.read_bytes().startswith(b"%PDF")
    assert ink(png) > 0.01


def test_the_same_frame_gives_the_same_bytes(frame, tmp_path):
    before = frame.copy(deep=True)
    first = [path.read_bytes() for path in draw_calibration(frame, tmp_path / "a")]
    assert first == [path.read_bytes() for path in draw_calibration(frame, tmp_path / "a")]
    pd.testing.assert_frame_equal(frame, before)


def test_a_frame_read_from_csv_is_drawn_alike(frame, tmp_path):
    frame.to_csv(tmp_path / "frame.csv", index=False)
    read = pd.read_csv(tmp_path / "frame.csv")
    ours, theirs = draw_calibration(frame, tmp_path / "a"), draw_calibration(read, tmp_path / "b")
    assert ours[1].read_bytes() == theirs[1].read_bytes()


def test_many_tasks_stand_in_two_columns(tmp_path):
    few = calibrate({"good": Fixed(0.6)}, select("1v1-*"), n=20)
    many = calibrate(
        {"good": Fixed(0.6)}, select(["multi*", "half*", "norm*", "stud*", "sp*", "ind*"]), n=20
    )
    assert many["task"].nunique() > 40
    widths = []
    for name, rows in (("few", few), ("many", many)):
        with Image.open(draw_calibration(rows, tmp_path / name)[1]) as image:
            widths.append(image.width)
    assert widths == [1050, 2148]


def test_wrong_estimates_are_marked(tmp_path):
    """The ring of a defect adds ink to the same estimate."""
    right = calibrate({"e": Fixed(0.6)}, select("1v1-normal-0.75"), n=20)
    wrong = right.assign(defect=pd.array([True], dtype="boolean"))
    plain, ringed = (
        ink(draw_calibration(rows, tmp_path / name)[1])
        for name, rows in (("a", right), ("b", wrong))
    )
    assert ringed > plain


def test_all_failed_is_still_a_figure(tmp_path):
    failed = calibrate({"fails": Fixed(np.nan)}, select("independent-*"), n=20)
    assert ink(draw_calibration(failed, tmp_path / "failed")[1]) > 0.01


def test_consistency_is_written_as_pdf_and_png(consistency, tmp_path):
    pdf, png = draw_consistency(consistency, tmp_path / "consistency")
    assert pdf.read_bytes().startswith(b"%PDF")
    assert ink(png) > 0.01
    with Image.open(png) as image:
        assert image.width == 1050


def test_one_test_alone_is_drawn(consistency, tmp_path):
    alone = consistency[consistency["test"] == "additivity"]
    assert ink(draw_consistency(alone, tmp_path / "alone")[1]) > 0.01
