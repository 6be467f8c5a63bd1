"""Information does not depend on origin, unit, order or company of columns: no estimator does."""

import inspect
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import imleak
from imleak import plugins
from imleak.estimators.critics import contrastive, variational
from imleak.estimators.critics.prepare import reduce
from imleak.estimators.samples.arrays import pair
from imleak.estimators.samples.columns import without_constants
from imleak.interfaces import Directions

QUICK = {"folds": 2, "seeds": 1, "steps": 25, "epochs": 8, "nulls": 2}
"""Options that make it fast; an estimator gets those of them that it knows."""
ESTIMATORS = [
    *((name, {}) for name in sorted(plugins.known("estimator"))),
    ("mine", {"protocol": "in-sample"}),
]
BITS = 1e-3
N = 120
RNG = np.random.default_rng(0)
WHOLE = RNG.permutation(5 * N).reshape(N, 5) - 300
"""Whole numbers, which stay exact under every offset."""
OTHER = (WHOLE[:, :3] + 60 * RNG.standard_normal((N, 3))).round().astype(np.int64)
SHARED = np.arange(N) % 8, np.arange(N) % 8 // 2
"""Scalars of few values."""
SIDES = np.eye(5, 3, dtype=np.float32), np.eye(3, dtype=np.float32)
"""Directions (d, k) of both sides that somebody learned elsewhere, for who needs them."""


def as_they_are(axes):
    return axes


def built(name, options):
    takes = inspect.signature(plugins.load("estimator", name)).parameters
    return {key: value for key, value in QUICK.items() if key in takes} | options


def estimated(name, options, x, y, carried=as_they_are):
    """The estimate, with directions that are carried along with the columns."""
    if not getattr(plugins.load("estimator", name), "needs_directions", False):
        return imleak.estimate(x, y, name, seed=1, **built(name, options))
    axes = [carried(side)[np.newaxis] for side in SIDES]
    learned = Directions(*axes, np.full((1, 3), 0.9, np.float32), 100, "100 images")
    samples = replace(pair(x, y)[0], directions=learned)
    (found,) = plugins.load("estimator", name)(**built(name, options)).estimate(samples, seed=1)
    return found


MAPS = {
    "far away": lambda whole: whole + 2**62,
    "tiny": lambda whole: whole * 1e-300,
    "one is loud": lambda whole: whole * np.where(np.arange(whole.shape[1]), 1.0, 1e300),
    "beside constants": lambda whole: np.insert(whole / 8, [0, 1], [1e7, -3.3e200], axis=1),
}
CARRIED = {"beside constants": lambda axes: np.insert(axes, [0, 1], 7, axis=0)}
"""Directions along those columns, where they are others."""


@pytest.fixture(autouse=True, scope="module")
def few_steps():
    """Training is cut short also where no option says so."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (contrastive, variational):

            def briefly(critic, cohort, loss, check, schedule, rng, train=module.train, **options):
                cut = replace(schedule, steps=min(schedule.steps, QUICK["steps"]))
                return train(critic, cohort, loss, check, cut, rng, **options)

            patch.setattr(module, "train", briefly)
        yield


@pytest.fixture(
    scope="module", params=ESTIMATORS, ids=lambda case: "-".join([case[0], *case[1].values()])
)
def case(request):
    name, options = request.param
    x, y = WHOLE, OTHER
    if name == "tabular-mine":
        x, y = (side[:, None] for side in SHARED)
    elif name == "rank-histogram":
        x, y = WHOLE[:, :1], OTHER[:, :1]
    elif name == "cosine-infonce":
        x = WHOLE[:, :3]
    return name, options, x, y, estimated(name, options, x, y)


@pytest.mark.parametrize("kind", MAPS)
def test_no_estimator_feels_origin_unit_or_company(case, kind):
    name, options, x, y, plain = case
    found = estimated(name, options, MAPS[kind](x), MAPS[kind](y), CARRIED.get(kind, as_they_are))
    assert found.value == pytest.approx(plain.value, abs=BITS)
    assert found.verdict == plain.verdict


def test_no_estimator_feels_the_order_of_columns(case):
    name, options, x, y, plain = case
    found = estimated(name, options, x[:, ::-1], y[:, ::-1], np.flipud)
    assert found.value == pytest.approx(plain.value, abs=BITS)


@pytest.mark.parametrize("name", ["mine", "infonce", "cca-infonce"])
def test_among_many_columns_neither(name):
    """Above 64, where components are taken."""
    x = RNG.standard_normal((N, 70))
    y = 0.9 * x + 0.3 * RNG.standard_normal((N, 70))
    plain = estimated(name, {}, x, y)
    order = RNG.permutation(70)
    units = np.where(np.arange(70) == 3, 1e5, 1.0)
    beside = np.hstack([y, np.full((N, 1), 1e7)])
    for given_x, given_y in ((x[:, order], y), (x * units, y), (x, y * units), (x, beside)):
        assert estimated(name, {}, given_x, given_y).value == pytest.approx(plain.value, abs=BITS)


@pytest.mark.parametrize("name", ["infonce", "cca-infonce"])
def test_features_keep_their_relative_strength_and_the_unit_of_all_is_nothing(name):
    """Three strong columns are shared, and seventy weak ones are noise of either side."""
    shared = 10 * RNG.standard_normal((N, 3))
    x, y = (
        np.hstack([shared + RNG.standard_normal((N, 3)), noise])
        for noise in RNG.standard_normal((2, N, 70))
    )

    def found(scale, *, one_unit):
        return imleak.estimate(x * scale, y, name, one_unit=one_unit, **built(name, {})).value

    assert found(1, one_unit=True) == pytest.approx(found(1e-200, one_unit=True), abs=BITS)
    assert found(1, one_unit=True) > found(1, one_unit=False) + 1


def test_two_of_eight_values_and_their_halves_have_the_bits_of_the_table():
    found = imleak.estimate(SHARED[0] * 1e-300, SHARED[1] + 2**62, "tabular-mine", epochs=2)
    assert found.exact == pytest.approx(2)


def test_time_stamps_and_large_integers_keep_their_information():
    """Figures of neighbours do not depend on where they are counted from."""
    t = np.sort(RNG.uniform(0, 1000, 400))
    near = imleak.estimate(t, t, "ksg", nulls=2).value
    assert near > 5
    assert imleak.estimate(1.7e9 + t, t, "ksg", nulls=2).value == pytest.approx(near, abs=0.01)
    steps = np.arange(400)
    expected = imleak.estimate(steps, steps, "ksg", nulls=2).value
    found = imleak.estimate(2**60 + steps, [int(v) + 2**70 for v in steps], "ksg", nulls=2)
    assert found.value == pytest.approx(expected, abs=1e-6)


MATRICES = {
    "offset": st.integers(-(2**62), 2**62),
    "exponent": st.floats(-300, 300),
    "data": st.integers(0, 2**32 - 1),
    "columns": st.integers(1, 6) | st.just(66),
    "constants": st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=3),
    "kind": st.sampled_from(["integers", "floats", "binary", "dates"]),
}


def is_prepared_alike(offset, exponent, data, columns, constants, kind):
    """What every estimator is given does not depend on how the columns are written."""
    rng = np.random.default_rng(data)
    whole = rng.integers(-(2**20), 2**20, (30, columns))
    if kind == "binary":
        whole = rng.integers(0, 2, (30, columns))
    moved = whole * 10.0**exponent if kind == "floats" else whole + offset
    if kind == "dates":
        moved = moved.astype("timedelta64[ns]")
    elif kind == "binary" and data % 2:
        moved = whole.astype(bool)
    order = rng.permutation(columns)
    moved = moved[:, order]
    if kind == "floats":
        beside = [np.full(30, value) for value in constants]
        moved = np.column_stack([*beside, moved])[:, rng.permutation(columns + len(constants))]
    train = np.arange(20)
    one, other = (
        reduce(without_constants(pair(x, rng.standard_normal(30))[0]).x, train, 8, 0)
        for x in (whole, moved)
    )
    np.testing.assert_allclose(other, one, atol=1e-5)


@given(**MATRICES)
@settings(deadline=None, max_examples=30)
def test_prepared_columns_are_the_same(**drawn):
    is_prepared_alike(**drawn)


@pytest.mark.slow
@given(**MATRICES)
@settings(deadline=None, max_examples=3000)
def test_prepared_columns_are_the_same_at_length(**drawn):
    is_prepared_alike(**drawn)


@pytest.mark.slow
@given(
    st.sampled_from(["ksg", "cca", "cca-infonce"]),
    st.integers(-(2**62), 2**62),
    st.floats(-300, 300),
)
@settings(deadline=None, max_examples=300)
def test_no_offset_or_unit_is_felt(name, offset, exponent):
    plain = estimated(name, {}, WHOLE, OTHER).value
    assert math.isclose(
        estimated(name, {}, WHOLE + offset, OTHER * 10.0**exponent).value, plain, abs_tol=BITS
    )
