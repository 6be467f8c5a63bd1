"""MINE as in the paper, and held out."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from imleak.estimators.bounds import donsker_varadhan
from imleak.estimators.critics import in_sample
from imleak.estimators.critics.in_sample import everything, value
from imleak.estimators.critics.variational import Variational, spread_shifts
from imleak.estimators.mine import Mine
from imleak.interfaces import PairedSamples

PAPER = {"protocol": "in-sample", "batch": 100}


def test_in_sample_it_reports_what_it_memorised_and_held_out_nothing(gaussian):
    """Independent rows of many dimensions: the null beside the value shows it."""
    samples = gaussian(200, 40, [0.0])
    (paper,) = Mine(epochs=60, rate=2e-3, **PAPER).estimate(samples)
    assert paper.value > 1
    assert paper.null.mean > 1
    (honest,) = Mine(epochs=60, rate=2e-3, batch=100, folds=2, seeds=1).estimate(samples)
    assert honest.value < 0.1
    assert honest.verdict == "no leak found"


def test_in_sample_it_finds_the_information_of_few_dimensions(gaussian):
    samples = gaussian(2000, 1, [0.9, 0.0])
    strong, nothing = Mine(epochs=25, protocol="in-sample", rate=5e-3).estimate(samples)
    assert strong.value == pytest.approx(-0.5 * math.log2(1 - 0.81), abs=0.15)
    assert abs(nothing.value) < 0.06
    assert abs(strong.null.mean) < 0.06


def test_an_in_sample_estimate_gives_no_verdict_and_its_whole_history(gaussian):
    samples = gaussian(120, 3, [0.9, 0.5], groups=np.arange(120) // 4)
    shares = []
    found = Mine(epochs=7, seeds=2, **PAPER).estimate(samples, progress=shares.append)
    for one in found:
        assert (one.bound, one.protocol) == ("none", "in-sample")
        assert (one.verdict, one.interval) == (None, None)
        assert len(one.history) == 7
        assert len(one.null.values) == one.seeds == 2
        assert one.ceiling == pytest.approx(math.log2(120))
        assert (one.train_groups, one.test_groups, one.n) == (30, 0, 120)
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_the_value_is_that_of_the_last_epoch(gaussian, monkeypatch):
    """Not of the best one: with as many broken partners a row as a check has, it is the last
    check to the last digit."""
    monkeypatch.setattr(in_sample, "SHUFFLES", 1)
    found = Mine(epochs=30, rate=5e-3, **PAPER).estimate(gaussian(400, 2, [0.9, *[0.0] * 5]))
    for one in found:
        assert one.value == pytest.approx(one.history[-1], abs=1e-4)
    assert any(max(one.history) > one.history[-1] + 1e-3 for one in found)
    assert found[0].history[0] < found[0].history[-1]


def test_the_last_value_is_donsker_varadhan_of_every_row(gaussian):
    samples = gaussian(40, 2, [0.5], groups=np.arange(40) // 2)
    cohort = everything(samples, 2, 0, "cpu")
    learner = Variational(hidden=(6,))
    critic = learner.network(cohort, torch.Generator().manual_seed(0))
    found = value(learner, critic, cohort)
    shifts = spread_shifts(samples.groups[None], in_sample.SHUFFLES)
    x, y = cohort.take(np.stack([np.arange(40)] * 2))
    with torch.no_grad():
        joint = critic.score(*critic.halves(x, y)).double()
        rolled = [critic.halves(torch.roll(x, int(shift), -2), y) for shift in shifts]
        marginal = torch.cat([critic.score(*one).double() for one in rolled], -1)
    np.testing.assert_allclose(found, donsker_varadhan(joint, marginal), atol=1e-6)


def test_every_row_is_standardised_and_none_is_held_out(gaussian):
    samples = gaussian(30, 2, [0.5, 0.1])
    cohort = everything(samples, 3, 0, "cpu")
    assert cohort.members == (3, 2, 2)
    np.testing.assert_allclose(cohort.x.mean(-2), np.zeros((3, 2)), atol=1e-6)
    np.testing.assert_allclose(cohort.y.std(-2, correction=0), np.ones((3, 2, 2)), atol=1e-5)
    for split in cohort.splits:
        np.testing.assert_array_equal(split.train, np.arange(30))
        assert np.all(split.broken != np.arange(30))
    assert len({tuple(split.broken) for split in cohort.splits}) == 3


def test_rows_of_a_single_image_stand_for_themselves(gaussian):
    one = gaussian(300, 1, [0.95], groups=np.zeros(300))
    (found,) = Mine(epochs=20, rate=1e-3, **PAPER).estimate(one)
    assert found.value > 0.5
    assert found.train_groups == 1


def test_a_view_of_few_values_has_a_lower_ceiling(pair_up):
    x = np.random.default_rng(0).integers(0, 4, (50, 1))
    samples = pair_up(x, np.stack([x, x // 2]), sizes=(4, None))
    first, second = Mine(epochs=1, **PAPER).estimate(samples)
    assert first.ceiling == pytest.approx(2)
    assert second.ceiling == pytest.approx(math.log2(50))


@pytest.mark.parametrize("option", [{"components": 2}, {"growth": True}, {"sensitivity": True}])
def test_an_option_is_used_or_refused_and_never_dropped(gaussian, option):
    """In-sample there are no training images to grow, and no verdict to lose."""
    samples = gaussian(150, 70, [0.9])
    plain = {"components": None} if "components" in option else {}
    try:
        (found,) = Mine(epochs=3, **PAPER, **option).estimate(samples)
    except ValueError as error:
        assert "in-sample" in str(error)  # noqa: PT017
    else:
        (without,) = Mine(epochs=3, **PAPER, **plain).estimate(samples)
        assert found != without


def test_counted_rows_are_drawn(pair_up, monkeypatch):
    from imleak.estimators.samples import counted

    monkeypatch.setattr(counted, "MOST_DRAWN", 600)
    values = np.arange(8.0)[:, None]
    samples = pair_up(values, values // 4, np.zeros(8), weights=np.full(8, 1000.0), sizes=(2,))
    (found,) = Mine(epochs=30, rate=1e-2, **PAPER).estimate(samples)
    assert found.n == 600
    assert found.value == pytest.approx(1, abs=0.25)
    assert found.ceiling == pytest.approx(1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"protocol": "test"}, "protocol='test': input should be 'held-out' or 'in-sample'"),
        ({"epochs": 0}, "epochs=0"),
        ({"batch": 1}, "batch=1"),
        ({"folds": 1}, "folds=1"),
    ],
)
def test_options_without_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Mine(**options)


def test_held_out_defaults_to_five_seeds_and_in_sample_to_one():
    assert Mine().seeds == 5
    assert Mine(protocol="in-sample").seeds == 1
    assert Mine(protocol="in-sample", seeds=3).seeds == 3


def test_the_held_out_history_has_a_value_an_epoch_and_ends_near_the_estimate():
    rng = np.random.default_rng(4)
    x = rng.standard_normal((1500, 2)).astype(np.float32)
    y = (0.9 * x + 0.44 * rng.standard_normal((1500, 2)))[None].astype(np.float32)
    samples = PairedSamples(x, y, np.arange(1500))
    (found,) = Mine(folds=2, seeds=1, epochs=30, batch=60).estimate(samples, seed=1)
    assert 1 <= len(found.history) <= 30
    assert found.history[-1] == pytest.approx(found.value, abs=0.4)
    assert found.history[0] < found.history[-1]


def test_an_estimate_keeps_nothing_of_its_samples_for_another(gaussian):
    """One estimator, asked of samples of two sizes at once, as threads ask it."""
    mine = Mine(folds=2, seeds=1, epochs=2, batch=20, hidden=(8,))
    sizes = (60, 200) * 2
    given = [gaussian(n, 2, [0.9], seed=at) for at, n in enumerate(sizes)]
    alone = [mine.estimate(samples) for samples in given]
    with ThreadPoolExecutor(len(given)) as pool:
        assert list(pool.map(mine.estimate, given)) == alone


def test_training_that_diverges_is_unreliable():
    rng = np.random.default_rng(5)
    x = rng.standard_normal((300, 1)).astype(np.float32)
    samples = PairedSamples(x, x[None], np.arange(300))
    mine = Mine(folds=2, seeds=1, epochs=3)
    object.__setattr__(mine, "rate", 1e30)  # which no option is
    (found,) = mine.estimate(samples, seed=1)
    assert found.verdict == "unreliable"


def test_canonical_variates_are_held_out():
    with pytest.raises(ValueError, match="canonical needs images held out"):
        Mine(protocol="in-sample", canonical=True)
