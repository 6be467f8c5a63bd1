"""The protocol around every learner, with a learner whose answer is known."""

import math
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch

from imleak.estimators.best import Best
from imleak.estimators.calibrated import Calibrated
from imleak.estimators.cca import Cca, CcaInfoNce
from imleak.estimators.cosine import CosineInfoNce
from imleak.estimators.heldout import crossfit, planted
from imleak.estimators.heldout.crossfit import GROWTH, CrossFitted
from imleak.estimators.rank_histogram import RankHistogram
from imleak.interfaces import ImleakError

BITS = math.log(2)


@dataclass
class Knowing:
    """Says of every row what stands in its x, and a tenth more with a doubled training
    set; of broken pairs what stands in y. Remembers who it was asked about."""

    slope: float = 0.0
    asked: list = field(default_factory=list)

    def learn(self, given):
        samples, learned = given.samples, []
        for split in given.splits:
            self.asked.append(split)
            parts = []
            for rows in (split.validation, split.test):
                gain = self.slope * math.log2(len(split.train))
                true = np.tile(samples.x[rows, 0] + gain, (len(samples.y), 1))
                nats = np.stack([true, samples.y[:, rows, 0]][: given.pairings], 1).astype(float)
                parts.append(given.score(split, rows, nats))
            learned.append(tuple(parts))
        return {"known": learned, "other": learned}


class Known(CrossFitted):
    name = read = "known"

    def __init__(self, slope=0.0, **options):
        super().__init__(**options)
        self.knowing = Knowing(slope)

    def learner(self):
        return self.knowing


@pytest.fixture
def samples(pair_up):
    rng = np.random.default_rng(0)
    x = rng.normal(1.0, 0.1, (90, 1))
    y = rng.normal(0.0, 0.1, (3, 90, 2)) - np.arange(3)[:, None, None]
    return pair_up(x, y, groups=np.arange(90) // 3)


def test_estimates_are_means_over_test_rows_in_bits(samples):
    found = Known(folds=3, seeds=2).estimate(samples)
    assert len(found) == 3
    for at, one in enumerate(found):
        assert one.value == pytest.approx(samples.x.mean() / BITS, rel=1e-6)
        assert one.null.mean == pytest.approx(samples.y[at, :, 0].mean() / BITS, rel=1e-6)
        assert one.null.values == pytest.approx([one.null.mean] * 2)
        assert one.null.mean < one.null.p95 < one.null.mean + 0.2
        assert one.interval[0] < one.value < one.interval[1]
        error = samples.x.reshape(30, 3).mean(1).std() / math.sqrt(30) / BITS
        assert one.interval[1] - one.interval[0] == pytest.approx(3.92 * error, rel=0.15)
        assert one.ceiling == pytest.approx(math.log2(10))
        assert (one.verdict, one.bound, one.protocol) == ("leak", "lower", "held-out")
        assert (one.test_groups, one.n, one.seeds, one.unit) == (30, 90, 2, "bit")
        assert one.train_groups == 16
        assert (one.growth, one.rising, one.detectable, one.chosen) == ((), None, None, None)


def test_nobody_is_tested_on_images_it_was_trained_or_chosen_on(samples):
    known = Known(folds=3, seeds=2, growth=True)
    known.estimate(samples)
    assert len(known.knowing.asked) == 2 * 3 * (1 + len(GROWTH))
    tested = {}
    for split in known.knowing.asked:
        train, check, test = (
            set(samples.groups[rows]) for rows in (split.train, split.validation, split.test)
        )
        assert not train & check
        assert not test & (train | check)
        tested.setdefault((split.seed, split.fold), set()).add(tuple(split.test))
    assert all(len(sets) == 1 for sets in tested.values()), "smaller adversaries, same test"


def test_a_null_above_the_value_is_no_leak(samples, pair_up):
    other = pair_up(samples.x, samples.y + 2.5, samples.groups)
    verdicts = [one.verdict for one in Known(folds=3, seeds=2).estimate(other)]
    assert verdicts == ["no leak found", "no leak found", "leak"]


def test_a_view_of_few_values_has_a_lower_ceiling(samples, pair_up):
    other = pair_up(samples.x, samples.y, samples.groups, sizes=(256, None, 3))
    ceilings = [one.ceiling for one in Known(folds=3, seeds=1).estimate(other)]
    assert ceilings == pytest.approx([math.log2(10), math.log2(10), math.log2(3)])
    assert Known(folds=3, seeds=1).estimate(other)[2].verdict == "leak"
    two = pair_up(samples.x, samples.y, samples.groups, sizes=(2, 2, 2))
    assert Known(folds=3, seeds=1).estimate(two)[2].verdict == "saturated"


@pytest.mark.parametrize("images", [30, 32, 11])
def test_perfect_rows_meet_the_ceiling_and_do_not_exceed_it(pair_up, images):
    """Each says the logarithm of the images it is tested among, in folds of any size."""

    class Perfect(Knowing):
        def learn(self, given):
            learned = []
            for split in given.splits:
                parts = []
                for rows in (split.validation, split.test):
                    nats = np.full((1, given.pairings, len(rows)), math.log(len(rows)))
                    parts.append(given.score(split, rows, nats))
                learned.append(tuple(parts))
            return {"known": learned}

    known = Known(folds=5, seeds=1)
    known.knowing = Perfect()
    (found,) = known.estimate(pair_up(np.zeros((images, 1)), np.zeros((images, 1))))
    assert found.value <= found.ceiling + 1e-9
    assert found.value == pytest.approx(found.ceiling, abs=0.05)


def test_stacks_of_any_size_and_number_say_the_same(samples, monkeypatch):
    whole = Known(folds=3, seeds=2).estimate(samples)
    for members in (1, 6, 12, 1000):
        monkeypatch.setattr(crossfit, "MEMBERS", members)
        assert Known(folds=3, seeds=2).estimate(samples) == whole


@pytest.mark.parametrize(("slope", "rising"), [(0.2, True), (0.0, False)])
def test_growth_is_of_smaller_adversaries_on_the_same_images(samples, slope, rising):
    known = Known(slope, folds=3, seeds=2, growth=True)
    for one in known.estimate(samples):
        counts = [point.train_groups for point in one.growth]
        assert counts == [2, 4, 8, 16]
        assert one.growth[-1].value == one.value
        assert one.growth[-1].interval == one.interval
        values = [point.value for point in one.growth]
        assert np.diff(values) == pytest.approx([slope / BITS] * 3, abs=1e-6)
        assert one.rising is rising
    subsets = [split.train for split in known.knowing.asked if (split.seed, split.fold) == (1, 2)]
    whole, eighth, quarter, half = map(set, subsets)
    assert eighth < quarter < half < whole


def test_the_smallest_planted_leak_is_looked_for_where_the_view_varies(
    samples, pair_up, monkeypatch
):
    seen = {}

    def smallest_detectable(given, level, is_found, seed):
        seen["level"] = level
        return float(np.sum(is_found(given)))

    monkeypatch.setattr(planted, "smallest_detectable", smallest_detectable)
    y = samples.y.copy()
    y[2] = 0.5
    found = Known(folds=3, seeds=2, sensitivity=True).estimate(
        pair_up(samples.x, y, samples.groups)
    )
    assert seen["level"] == 1
    assert [one.detectable for one in found] == [3.0] * 3, "x says 1.4 bits of every level"
    y[:] = 0.5
    found = Known(folds=3, seeds=2, sensitivity=True).estimate(
        pair_up(samples.x, y, samples.groups)
    )
    assert [one.detectable for one in found] == [None] * 3


@pytest.mark.parametrize("options", [{}, {"growth": True}, {"growth": True, "sensitivity": True}])
def test_progress_rises_to_one(samples, options, monkeypatch):
    monkeypatch.setattr(crossfit, "MEMBERS", 6)
    shares = []
    Known(folds=3, seeds=2, **options).estimate(samples, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert shares[0] < 0.4


def test_a_learner_that_fails_is_heard(samples):
    class Failing(Knowing):
        def learn(self, given):
            raise ImleakError("cannot learn")

    known = Known(folds=3, seeds=4)
    known.knowing = Failing()
    before = torch.get_num_threads()
    with pytest.raises(ImleakError, match="cannot learn"):
        known.estimate(samples)
    assert torch.get_num_threads() == before


def test_what_was_chosen_most_often_is_named(samples):
    class Choosing(Known):
        def scores(self, learned):
            tests = [test for _, test in learned[""]["known"]]
            names = [["a", "b", "c"], ["a", "c", "b"], ["b", "c", "a"]]
            return tests, names

    found = Choosing(folds=3, seeds=1).estimate(samples)
    assert [one.chosen for one in found] == ["a", "c", "a"]


@pytest.mark.parametrize("options", [{"folds": 1}, {"folds": 0}, {"seeds": 0}])
def test_options_without_sense_are_refused(options):
    with pytest.raises(ValueError, match="should be greater than or equal to"):
        Known(**options)


@pytest.mark.parametrize("made", [Cca, CcaInfoNce, CosineInfoNce, Calibrated, RankHistogram])
def test_what_numpy_computes_has_no_type_of_products(made):
    assert made(precision="bf16").facts == {}
    assert Best(precision="bf16").facts == {"device": "cpu", "precision": "bf16"}
