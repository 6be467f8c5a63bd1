"""How well views tell attributes, where that is known."""

import math
from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from imleak.estimators.attributes import Attributes
from imleak.estimators.critics.regression import (
    R_SQUARED,
    RIDGES,
    attributes_of,
    r_squared,
    residual,
    ridge,
)
from imleak.estimators.heldout.split import TooFewImagesError, cross_fit
from imleak.interfaces import Attribute, NamedAttributes

ONCE = Attributes(folds=4, seeds=1, given=False)
"""One repetition, of attributes alone."""


def named(values, *kinds, columns=None):
    """Attributes a, b, ... of values (n, k), of these kinds."""
    columns = columns or [1] * len(kinds)
    names = [
        Attribute("abcdefghij"[at], kind, columns=count)
        for at, (kind, count) in enumerate(zip(kinds, columns, strict=True))
    ]
    return NamedAttributes(np.asarray(values, np.float32), tuple(names))


def by_quantity(found):
    """Every measurement of the first level by its quantity."""
    return {one.quantity: one for one in found if one.level == 0}


def linear(n, shares, others=6, seed=0):
    """Attributes (n, k) and a view (n, k + others) that tells these shares of their variance."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((n, len(shares)))
    shares = np.asarray(shares)
    told = np.sqrt(shares) * values + np.sqrt(1 - shares) * rng.standard_normal(values.shape)
    view = np.hstack([told, rng.standard_normal((n, others))])
    return values, view @ np.linalg.qr(rng.standard_normal((view.shape[1],) * 2))[0]


@pytest.mark.parametrize("dimension", [5, 90])
def test_predictions_are_those_of_ridge_regression(dimension):
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((80, dimension)).astype("f4")
    targets = (rows[:, :2] + rng.standard_normal((80, 2)) + 3).astype("f4")
    train = np.arange(60)
    rows -= rows[train].mean(0)
    scale = np.square(rows[train]).mean()
    for penalty, found in zip(RIDGES, ridge(rows, targets, train), strict=True):
        library = Ridge(alpha=penalty * scale * 60).fit(rows[train], targets[train])
        np.testing.assert_allclose(found, library.predict(rows), atol=2e-3)


@pytest.mark.parametrize("dimension", [64, 300])
def test_predictions_of_equal_rows_are_equal(dimension):
    rng = np.random.default_rng(0)
    rows, targets = rng.standard_normal((101, dimension)), rng.standard_normal((101, 16))
    rows[::2] = rows[0]
    for found in ridge(rows.astype("f4"), targets.astype("f4"), np.arange(90)):
        assert len(np.unique(found, axis=0)) == 51


def test_r_squared_is_the_share_of_the_variance_that_is_told():
    sums = np.array([[4, 0.0, 10.0], [4, 10.0, 10.0], [4, 15.0, 10.0], [4, 0.0, 0.0]])
    np.testing.assert_allclose(r_squared(sums), [1, 0, -0.5, 0])


def test_too_few_images_are_told_how_many_it_needs(pair_up):
    values, view = linear(5, [0.9])
    samples = replace(pair_up(values, view), attributes=named(values, "tone"))
    with pytest.raises(TooFewImagesError, match="5 images are too few, a group"):
        ONCE.estimate(samples)
    with pytest.raises(TooFewImagesError, match="use 24 or more"):
        ONCE.estimate(samples)


def test_of_a_gaussian_model_both_are_what_they_must_be(pair_up):
    shares = [0.9, 0.7, 0.4, 0.0]
    values, view = linear(1500, shares)
    samples = replace(pair_up(values, view), attributes=named(values, *["tone"] * 4))
    found = by_quantity(ONCE.estimate(samples))
    for name, share in zip("abcd", shares, strict=True):
        truth = -0.5 * math.log2(1 - share)
        assert found[f"{name}, R²"].value == pytest.approx(share, abs=0.05)
        assert 0.9 * truth - 0.02 < found[name].value < truth + 0.05
        assert found[name].verdict == ("leak" if share else "no leak found")
        assert found[name].null.p95 < 0.02


def test_columns_of_one_attribute_are_told_together(pair_up):
    values, view = linear(1500, [0.75, 0.75, 0.0])
    view[:, :] = view @ np.diag(np.linspace(1, 9, view.shape[1]))
    samples = replace(
        pair_up(values, view), attributes=named(values, "content", "tone", columns=[2, 1])
    )
    found = by_quantity(ONCE.estimate(samples))
    assert 1.75 < found["a"].value < 2.05  # twice half the logarithm of 4
    assert found["a, R²"].value == pytest.approx(0.75, abs=0.04)


def test_nothing_is_told_of_what_is_independent(pair_up):
    """Nine attributes, among them one of ties and one of heavy tails, over many seeds."""
    claimed = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        values = rng.standard_normal((160, 9))
        values[:, 1] = np.maximum(values[:, 1] - 1, 0)  # 84 % of ties
        values[:, 2] = rng.standard_cauchy(160)
        view = rng.standard_normal((160, 30))
        attributes = named(values, *["tone"] * 9)
        samples = replace(pair_up(values, view, np.arange(160) // 2), attributes=attributes)
        found = by_quantity(ONCE.estimate(samples, seed=seed))
        claimed += [one for one in found.values() if one.verdict not in (None, "no leak found")]
    assert len(claimed) <= 1


def test_an_attribute_that_hardly_varies_is_not_told_by_a_constant(pair_up):
    """What says 0 is mostly right, and has told nothing."""
    rng = np.random.default_rng(0)
    values = np.where(rng.random((400, 1)) < 0.05, rng.random((400, 1)), 0.0)
    samples = replace(
        pair_up(values, rng.standard_normal((400, 4))), attributes=named(values, "tone")
    )
    found = by_quantity(ONCE.estimate(samples))
    assert found["a"].value <= 0.01
    assert found["a"].verdict == "no leak found"


def test_what_is_the_same_everywhere_has_no_row(pair_up):
    values, view = linear(60, [0.5, 0.5])
    values[:, 1] = 0
    samples = replace(pair_up(values, view), attributes=named(values, "tone", "capture"))
    assert [one.name for one in attributes_of(samples).names] == ["a"]
    assert {one.quantity for one in ONCE.estimate(samples)} == {"a", "a, R²"}


def test_a_target_without_names_is_one_attribute(gaussian):
    strong, nothing = ONCE.estimate(gaussian(400, 2, [0.9, 0.0]))
    truth = -math.log2(1 - 0.9**2)
    assert (strong.quantity, strong.unit) == (None, "bit")
    assert 0.85 * truth < strong.value < truth + 0.05
    assert nothing.verdict == "no leak found"


def test_every_quantity_is_there_at_every_level(pair_up):
    values, view = linear(60, [0.5, 0.5])
    samples = pair_up(values, np.stack([view, 0 * view]))
    found = ONCE.estimate(replace(samples, attributes=named(values, "tone", "capture")))
    places = {(one.quantity, one.level) for one in found}
    assert places == {(q, level) for q in ("a", "a, R²", "b", "b, R²") for level in (0, 1)}
    assert all(one.value == 0 for one in found if one.level == 1 and one.unit == "bit")


def common_causes(n=1200, seed=0):
    """Target and view of two causes in common, of which each is worth about a bit, and both
    known."""
    rng = np.random.default_rng(seed)
    causes = rng.standard_normal((n, 2))
    mix = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    noise = math.sqrt(0.21)  # correlation of the two sides of a cause 1 / 1.21
    sides = [
        np.hstack([causes + noise * rng.standard_normal((n, 2)), rng.standard_normal((n, 4))]) @ mix
        for _ in range(2)
    ]
    return causes, *sides


def test_a_cause_that_is_given_is_gone_and_the_other_is_left(pair_up):
    causes, target, view = common_causes()
    samples = replace(pair_up(target, view), attributes=named(causes, "tone", "capture"))
    found = by_quantity(Attributes(folds=4, seeds=1).estimate(samples))
    one = -0.5 * math.log2(1 - 1 / 1.21**2)
    assert found["features"].value == pytest.approx(2 * one, abs=0.25)
    for kind in ("tone", "capture"):
        assert found[f"features, given {kind}"].value == pytest.approx(one, abs=0.15)
    rest = found["features, given tone and capture"]
    assert rest.value < 0.03
    assert (rest.verdict, rest.bound) == ("no leak found", "none")
    assert found["features"].bound == "lower"


def test_attributes_that_have_nothing_to_do_with_it_take_nothing_and_bring_nothing(pair_up):
    """Regression on few images has errors; they must not make a leak where there is none."""
    rng = np.random.default_rng(0)
    values = rng.standard_normal((80, 19))
    target = values @ rng.standard_normal((19, 30)) + 0.1 * rng.standard_normal((80, 30))
    attributes = named(values, *["tone"] * 10, columns=[10] + [1] * 9)
    for view in (rng.standard_normal((80, 30)),):
        samples = replace(pair_up(target, view), attributes=attributes)
        found = by_quantity(Attributes(folds=4, seeds=1).estimate(samples))
        assert found["features, given tone"].verdict == "no leak found"


def test_of_columns_of_one_unit_the_strong_ones_tell(pair_up):
    """Noise that is weaker than what tells an attribute is not made as strong as it."""
    values, telling = linear(60, [0.9], others=3)
    weak = 0.02 * np.random.default_rng(1).standard_normal((60, 300))
    samples = pair_up(values, np.hstack([telling, weak]))
    samples = replace(samples, attributes=named(values, "tone"))
    one_unit, each = (
        by_quantity(ONCE.estimate(replace(samples, one_unit=given)))[f"a, {R_SQUARED}"].value
        for given in (True, False)
    )
    assert one_unit > 0.7 > each + 0.3


def test_the_residual_is_what_regression_leaves():
    rng = np.random.default_rng(0)
    scores = rng.standard_normal((300, 3)).astype("f4")
    noise = rng.standard_normal((300, 5)).astype("f4")
    rows = (scores @ rng.standard_normal((3, 5)) + noise).astype("f4")
    (split, *_) = cross_fit(np.arange(300), 5, 1, 0)
    left = residual(rows, scores, split)
    assert np.abs(np.corrcoef(left.T, scores.T)[:5, 5:]).max() < 0.12
    assert np.diag(np.corrcoef(left.T, noise.T)[:5, 5:]).min() > 0.98


def test_a_target_that_is_its_attributes_has_nothing_left_to_say(pair_up):
    values, view = linear(60, [0.5, 0.5])
    samples = replace(pair_up(values, view), attributes=named(values, "tone", "capture"))
    found = Attributes(folds=4, seeds=1).estimate(samples)
    assert not any(one.quantity.startswith("features") for one in found)


def test_a_view_that_is_trained_is_asked_on_every_split(pair_up):
    values, view = linear(120, [0.8])
    frozen = replace(pair_up(values, view), attributes=named(values, "tone"))
    seen = []

    def learned(x, train, validation, seed):
        seen.append(len(train) + len(validation))
        return frozen.y

    trained = replace(frozen, y=np.empty((1, 120, 0), np.float32), learned=learned)
    expected, found = (by_quantity(ONCE.estimate(one)) for one in (frozen, trained))
    assert found["a"].value == pytest.approx(expected["a"].value)
    assert found["a"].null.mean == pytest.approx(expected["a"].null.mean)
    assert len(seen) == 8
