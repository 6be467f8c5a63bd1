"""Every held-out bound on small data whose answer is known."""

import math
from functools import partial

import numpy as np
import pytest

from imleak.estimators.cca import Cca, CcaInfoNce
from imleak.estimators.infonce import InfoNce
from imleak.estimators.mine import Mine
from imleak.estimators.nwj import Nwj
from imleak.estimators.smile import Smile

FEW = {"folds": 2, "seeds": 1}
NETWORK = {**FEW, "hidden": (40, 40), "batch": 100, "rate": 3e-3}
ESTIMATORS = {
    "mine": partial(Mine, epochs=60, **NETWORK),
    "mine canonical": partial(Mine, epochs=30, canonical=True, **NETWORK),
    "nwj": partial(Nwj, steps=150, **NETWORK),
    "nwj canonical": partial(Nwj, steps=100, canonical=True, **NETWORK),
    "smile": partial(Smile, steps=150, **NETWORK),
    "infonce": partial(InfoNce, steps=150, batch=100, rate=1e-2, **FEW),
    "infonce hidden": partial(InfoNce, steps=150, batch=100, rate=1e-2, hidden=32, **FEW),
    "cca": partial(Cca, **FEW),
    "cca-infonce": partial(CcaInfoNce, **FEW),
}
SHALLOW = {"infonce": 0.2, "infonce hidden": 0.3}
"""Share of the truth that critics on the sphere find in two dimensions; 0.7 for others."""


@pytest.fixture(scope="module", params=ESTIMATORS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def measured(name, gaussian):
    """800 Gaussian pairs in two dimensions of rising correlation."""
    return ESTIMATORS[name]().estimate(gaussian(800, 2, [0.0, 0.5, 0.8]), seed=1)


def test_gaussian_information_is_found_and_not_exceeded(name, measured):
    for one, rho in zip(measured, (0.0, 0.5, 0.8), strict=True):
        truth = -math.log2(1 - rho**2)
        low, high = one.interval
        assert low <= one.value <= high
        assert low <= truth + 1e-6, "a lower bound whose interval lies above the truth"
        if rho == 0.8:
            assert one.value > SHALLOW.get(name, 0.7) * truth
            assert one.verdict == "leak"
        if rho == 0:
            assert abs(one.value) < 0.08
            assert one.verdict == "no leak found"


def test_broken_pairs_say_nothing(measured):
    """The null of a strong dependence is as empty as that of none."""
    for one in measured:
        assert abs(one.null.mean) < 0.1
        assert one.null.p95 < 0.2


def test_stronger_dependence_says_more(measured):
    values = [one.value for one in measured]
    assert values == sorted(values)


def test_independent_vectors_of_many_dimensions_say_nothing(name, gaussian):
    """More dimensions than training images: what is memorised does not count."""
    (found,) = ESTIMATORS[name]().estimate(gaussian(150, 80, [0.0]), seed=0)
    assert found.value < 0.1
    assert found.null.mean < 0.1
    assert found.verdict in ("no leak found", "unreliable")


def test_processing_the_view_never_adds(name, gaussian, pair_up):
    """Ever more noise on the same view: no later level says more than an earlier one."""
    clean = gaussian(500, 3, [0.9])
    noise = np.random.default_rng(5).standard_normal((3, 500, 3)).cumsum(0)
    steps = np.concatenate([np.zeros((1, 500, 3)), noise])
    found = ESTIMATORS[name]().estimate(pair_up(clean.x, clean.y[0] + steps), seed=0)
    values = [one.value for one in found]
    assert np.all(np.diff(values) < 0.1)
    assert values[0] > values[-1] + 0.2


def test_rows_of_an_image_are_no_evidence_of_their_own(gaussian, pair_up, name):
    """Ten like rows of each of thirty independent pairs: a critic that met the image
    would know it, and none does."""
    few = gaussian(30, 4, [0.0])
    rng = np.random.default_rng(0)
    x, y = (
        np.repeat(side, 10, axis=0) + 0.05 * rng.standard_normal((300, 4))
        for side in (few.x, few.y[0])
    )
    (found,) = ESTIMATORS[name]().estimate(pair_up(x, y, np.repeat(np.arange(30), 10)), seed=0)
    assert found.verdict in ("no leak found", "unreliable")
    assert found.interval[0] < max(0.0, found.null.p95) + 0.05


def test_a_larger_adversary_finds_more_and_the_row_says_so(gaussian):
    (found,) = CcaInfoNce(growth=True, folds=3, seeds=2).estimate(gaussian(600, 60, [0.35]))
    values = [point.value for point in found.growth]
    assert values[-1] > values[0] + 0.1
    assert found.rising is True
    assert found.growth[-1].train_groups == found.train_groups == 320


def test_an_adversary_that_has_all_it_needs_does_not_rise(gaussian):
    (found,) = CcaInfoNce(growth=True, folds=3, seeds=2).estimate(gaussian(600, 1, [0.8]))
    assert found.rising is False


@pytest.mark.slow
def test_the_smallest_planted_leak_falls_with_the_number_of_images(gaussian):
    few, many = (
        CcaInfoNce(sensitivity=True, folds=2, seeds=1).estimate(gaussian(n, 3, [0.9, 0.0]))
        for n in (120, 600)
    )
    assert few[0].detectable == few[1].detectable
    assert 0.01 < many[0].detectable < 0.3
    assert few[0].detectable > 1.5 * many[0].detectable


@pytest.mark.slow
@pytest.mark.parametrize("estimator", [Mine, Nwj, Smile, InfoNce, Cca, CcaInfoNce])
def test_defaults_claim_no_leak_of_independent_vectors(estimator, gaussian):
    """At most one false claim among ten independent views, in 20 and 100 dimensions."""
    claims = 0
    for d in (20, 100):
        for one in estimator(folds=2, seeds=2).estimate(gaussian(400, d, [0.0] * 5), seed=d):
            claims += one.verdict in ("leak", "saturated")
            assert one.value < 0.1
    assert claims <= 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("estimator", "share"),
    [(Mine, 0.5), (Nwj, 0.5), (Smile, 0.5), (InfoNce, 0.4), (Cca, 0.85), (CcaInfoNce, 0.8)],
)
def test_defaults_find_ten_dimensions_of_half_correlation(estimator, share, gaussian):
    truth = -5 * math.log2(0.75)
    (found,) = estimator(folds=3, seeds=1).estimate(gaussian(2500, 10, [0.5]))
    assert found.verdict == "leak"
    assert share * truth < found.value
    assert found.interval[0] < truth
