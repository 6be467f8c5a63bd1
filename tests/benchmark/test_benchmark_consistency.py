import numpy as np
import pytest

from imleak.benchmark import self_consistency
from imleak.benchmark.masks import kept_rows, masked, noise_for, standardised
from imleak.benchmark.problems.dead_leaves import dead_leaves
from imleak.interfaces import ImleakError, Measurement


class Gaussian:
    """Plug-in of two Gaussians with a ridge, minus its own null: good on Gaussian data."""

    name = "gaussian"
    version = "1"
    bound = "none"

    def __init__(self):
        self.levels = []

    def estimate(self, samples, *, seed=0, progress=None):
        self.levels.append(len(samples.y))
        broken = np.roll(np.arange(len(samples.x)), 1)
        found = []
        for y in samples.y:
            value = self.bits(samples.x, y) - self.bits(samples.x, y[broken])
            found.append(
                Measurement(
                    value,
                    "none",
                    estimator=self.name,
                    protocol="held-out",
                    interval=(value - 0.1, value + 0.1),
                )
            )
        return found

    @staticmethod
    def bits(x, y):
        dx = x.shape[1]
        joint = np.cov(np.hstack([x, y]).T.astype(float)) + 1e-6 * np.eye(dx + y.shape[1])
        parts = (joint[:dx, :dx], joint[dx:, dx:], joint)
        of_x, of_y, whole = (np.linalg.slogdet(part)[1] for part in parts)
        return 0.5 * (of_x + of_y - whole) / np.log(2)


class Ruled:
    """A rule of the number of rows that are not masked, whatever the data."""

    name = "ruled"
    version = "1"
    bound = "none"

    def __init__(self, rule, half_width=0.01):
        self.rule, self.half_width = rule, half_width

    def estimate(self, samples, *, seed=0, progress=None):
        found = []
        for y in samples.y:
            seen = (y != 0).any(0).mean()
            value = self.rule(seen, samples)
            width = self.half_width
            interval = None if width is None else (value - width, value + width)
            found.append(
                Measurement(
                    value, "none", estimator=self.name, protocol="held-out", interval=interval
                )
            )
        return found


def gaussian_images(n=6_000, side=4):
    mixing = np.random.default_rng(9).standard_normal((side**2, side**2))
    white = np.random.default_rng(1).standard_normal((n, side**2))
    return (white @ mixing).reshape(n, side, side)


def test_a_good_estimator_holds_everywhere():
    estimator = Gaussian()
    frame = self_consistency(estimator, gaussian_images(), keep=[1, 2, 4], most_bits=2.0)
    assert estimator.levels == [4, 2, 3], "one call a test, masks as levels"
    counts = frame["test"].value_counts().to_dict()
    assert counts == {"data processing": 3, "additivity": 3, "redundancy": 2, "independence": 1}
    assert frame["holds"].all()
    whole = frame[(frame["test"] == "data processing") & (frame["rows"] == 4)].iloc[0]
    assert whole["value"] == pytest.approx(2.0, abs=0.15)
    assert whole["ratio"] == 1.0
    added = frame[(frame["test"] == "additivity") & (frame["rows"] == 4)].iloc[0]
    assert added["ratio"] == pytest.approx(2.0, abs=0.15)
    nothing = frame[frame["test"] == "independence"].iloc[0]
    assert abs(nothing["value"]) < 0.1


def test_an_estimator_of_one_number_fails_independence_and_additivity():
    frame = self_consistency(Ruled(lambda seen, samples: 3.0), gaussian_images(200))
    holds = frame.groupby("test")["holds"].all()
    assert not holds["independence"]
    assert not holds["additivity"]
    assert holds["redundancy"]
    assert holds["data processing"]
    additive = frame[frame["test"] == "additivity"]
    assert (additive["ratio"] == 1.0).all()
    assert (additive["ideal"] == 2.0).all()


def test_an_estimator_that_falls_with_more_rows_fails_data_processing():
    frame = self_consistency(Ruled(lambda seen, samples: 1 - seen), gaussian_images(200))
    processing = frame[frame["test"] == "data processing"]
    assert processing["holds"].tolist() == [False, False, False, True]


def test_without_intervals_nothing_is_judged():
    frame = self_consistency(
        Ruled(lambda seen, samples: 1.0, half_width=None), gaussian_images(200)
    )
    assert frame["holds"].isna().all()
    assert frame["value"].notna().all()


def test_a_failed_call_is_a_row_with_its_error():
    def fails_on_pairs(seen, samples):
        if samples.x.shape[1] > 16:
            raise MemoryError("too wide")
        return seen

    frame = self_consistency(Ruled(fails_on_pairs), gaussian_images(200), label="mine")
    failed = frame[frame["error"].notna()]
    assert set(failed["test"]) == {"additivity"}
    assert failed["error"].iloc[0] == "MemoryError: too wide"
    assert set(frame["estimator"]) == {"mine"}


def test_wrong_number_of_levels_is_an_error_row():
    class Short(Ruled):
        def estimate(self, samples, *, seed=0, progress=None):
            return super().estimate(samples)[:1]

    frame = self_consistency(Short(lambda seen, samples: 1.0), gaussian_images(200), keep=[4])
    errors = frame.set_index("test")["error"]
    assert "1 estimates of 2 levels" in errors["independence"]
    assert errors["additivity"] is None or np.isnan(errors["additivity"])


def test_the_tests_repeat_by_seed():
    first, second, other = (
        self_consistency(Gaussian(), gaussian_images(400), keep=[2, 4], seed=seed)
        for seed in (0, 0, 1)
    )
    assert first["value"].tolist() == second["value"].tolist()
    assert first["value"].tolist() != other["value"].tolist()


def test_noise_leaves_the_bits_asked_for():
    """On white images of d pixels: d/2 log2(1 + 1/sigma^2)."""
    white = np.random.default_rng(0).standard_normal((50_000, 3, 3))
    sigma = noise_for(white, 1.5)
    assert 4.5 * np.log2(1 + sigma**-2) == pytest.approx(1.5, abs=0.01)


def test_noise_is_the_same_from_few_wide_images():
    leaves = standardised(dead_leaves(60, 10, np.random.default_rng(0)))
    flat = leaves.reshape(60, -1) - leaves.reshape(60, -1).mean(0)
    singular = np.linalg.svd(flat, compute_uv=False)
    sigma = noise_for(leaves, 3.0)
    assert 0.5 * np.log2(1 + singular**2 / 60 / sigma**2).sum() == pytest.approx(3.0, abs=1e-6)


def test_masks_hide_the_lower_rows():
    images = np.ones((2, 3, 4))
    assert masked(images, 1).sum() == 8
    assert masked(images, 3).sum() == 24
    assert images.sum() == 24


def test_kept_rows():
    assert kept_rows(None, 10) == [2, 4, 6, 8, 10]
    assert kept_rows(None, 2) == [1, 2]
    assert kept_rows([3], 10) == [3, 10]
    with pytest.raises(ImleakError, match="from 1 to 10"):
        kept_rows([0, 3], 10)
    with pytest.raises(ImleakError, match="from 1 to 10"):
        kept_rows([11], 10)


@pytest.mark.parametrize(
    "images",
    [np.zeros((50, 4, 4)), np.ones((5, 4, 4)), np.ones((50, 4)), np.full((50, 4, 4), np.nan)],
)
def test_what_are_not_images_is_refused(images):
    with pytest.raises(ImleakError, match="images have"):
        self_consistency(Gaussian(), images)


def test_no_bits_at_all_are_refused():
    with pytest.raises(ImleakError, match="positive"):
        self_consistency(Gaussian(), gaussian_images(100), most_bits=0.0)


def test_without_noise_the_view_is_the_image():
    seen = []

    class Looks(Ruled):
        def estimate(self, samples, *, seed=0, progress=None):
            seen.append(np.abs(samples.y[-2] - samples.x).max())
            return super().estimate(samples)

    self_consistency(Looks(lambda s, _: 1.0), gaussian_images(100), keep=[4], most_bits=None)
    assert seen[0] == 0.0
