"""Whatever users call an array is taken for the values it stands for, or refused in one line."""

import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import imleak
from imleak.estimators.samples.arrays import SampleError, labels, pair, whole_number
from imleak.interfaces import ImleakError, Measurement

RNG = np.random.default_rng(0)
N = 40
GRID = RNG.permutation(3 * N).reshape(N, 3)
"""Whole numbers, so that every form of them can be exact."""
BINARY = RNG.integers(0, 2, (N, 2))
OTHER = RNG.standard_normal((N, 2))
PLAIN = pair(GRID, OTHER)[0]


def frame(*columns):
    return pd.DataFrame(dict(zip("abc", columns, strict=True)))


FORMS = {
    "int8": lambda k: k.astype(np.int8),
    "uint64": lambda k: k.astype(np.uint64) + np.uint64(2**64 - 1000),
    "int64": lambda k: k + 2**62,
    "below zero": lambda k: k - 2**62,
    "both ends": lambda k: k + np.array([2**62, -(2**63), 0]),
    "float16": lambda k: k.astype(np.float16),
    "longdouble": lambda k: k.astype(np.longdouble),
    "huge": lambda k: (k - 60) * 1e306,
    "subnormal": lambda k: k * 1e-320,
    "far": lambda k: k * 2.0**-20 + 1.7e9,
    "dates": lambda k: k.astype("datetime64[s]") + np.timedelta64(10_000, "D"),
    "durations": lambda k: k.astype("timedelta64[ns]"),
    "lists": lambda k: k.tolist(),
    "large integers": lambda k: [[int(v) + 2**70 for v in row] for row in k],
    "larger than floats": lambda k: [[int(v) * 10**400 for v in row] for row in k],
    "signed beyond uint64": lambda k: [[int(a) + 2**63, int(b) - 1, int(c)] for a, b, c in k],
    "integers beside fractions": lambda k: [[int(r[0]) + 2**60, float(r[1]), int(r[2])] for r in k],
    "Fraction": lambda k: [[Fraction(int(v), 3) for v in row] for row in k],
    "Decimal": lambda k: [[Decimal(int(v)) for v in row] for row in k],
    "objects": lambda k: k.astype(object),
    "frame": lambda k: pd.DataFrame(k),
    "nullable": lambda k: pd.DataFrame(k).astype("Int64"),
    "mixed frame": lambda k: frame(k[:, 0] + 2**60, k[:, 1] / 8, k[:, 2].astype(object)),
    "dates beside numbers": lambda k: frame(pd.to_datetime(k[:, 0]), k[:, 1], k[:, 2]),
    "categories": lambda k: pd.DataFrame(k).astype("category"),
    "tensor": lambda k: torch.tensor(k),
    "gradients": lambda k: torch.tensor(k, dtype=torch.float64, requires_grad=True),
    "bfloat16": lambda k: torch.tensor(k).bfloat16(),
    "sparse": lambda k: torch.tensor(k).to_sparse(),
    "not masked": lambda k: np.ma.array(k),
    "backwards": lambda k: np.asfortranarray(k)[::-1][::-1],
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_the_same_values_in_another_form_are_the_same_samples(form):
    samples, notes = pair(FORMS[form](GRID), OTHER)
    np.testing.assert_allclose(samples.x, PLAIN.x, rtol=1e-5, atol=1e-6)
    assert notes == {}


def test_booleans_are_zero_and_one():
    for form in (
        BINARY.astype(bool),
        pd.DataFrame(BINARY).astype("boolean"),
        BINARY.astype(bool).tolist(),
    ):
        np.testing.assert_array_equal(pair(form, OTHER)[0].x, pair(BINARY, OTHER)[0].x)


def test_masked_rows_are_left_out_and_counted():
    mask = np.zeros((N, 3), bool)
    mask[3, 1] = mask[7, 2] = True
    x = np.ma.array(GRID.astype(float), mask=mask)
    x.data[mask] = [np.nan, -1e300]
    y = np.ma.array(np.stack([OTHER, OTHER]), mask=False)
    y[1, 9, 0] = np.ma.masked
    groups = np.arange(N) // 2
    kept = np.setdiff1d(np.arange(N), [3, 7, 9])
    samples, notes = pair(x, y, groups)
    expected, _ = pair(GRID[kept], np.stack([OTHER, OTHER])[:, kept], groups[kept])
    np.testing.assert_array_equal(samples.x, expected.x)
    np.testing.assert_array_equal(samples.y, expected.y)
    np.testing.assert_array_equal(samples.groups, expected.groups)
    assert notes == {"masked": 3.0}
    found = imleak.estimate(x[:, 1], y[1], "ksg", nulls=1)
    assert found.details["masked"] == 2
    with pytest.raises(SampleError, match="all 40 rows are masked"):
        pair(np.ma.masked_all((N, 2)), OTHER)


NAT = np.array([1, "NaT"] * 20, dtype="timedelta64[s]")


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (NAT, r"x\[1\] is NaT"),
        (NAT.astype("datetime64[s]")[:, None], r"x\[1, 0\] is NaT"),
        ([1.0, None] * 20, "x holds None; every value must be known"),
        (pd.Series([1, None] * 20, dtype="Int64"), r"x.* (<NA>|nan)"),
        (pd.Series([1.5, None] * 20), r"x\[1\] is nan"),
        ([2**60, float("nan")] * 20, r"x\[1\] is nan"),
        ([[1, 2], [3]] * 20, "x cannot be taken as an array"),
        (["1", "2"] * 20, "x is of type <U1"),
        (np.array(["1", "2"] * 20, object), "x holds a str"),
        ([1j] * 40, "complex128"),
        (np.array([1, 2j] * 20, object), "x holds a complex"),
        (torch.ones(40, dtype=torch.complex64), "complex64"),
        (torch.ones(40, device="meta"), "x cannot be taken as an array"),
        ({1: 2}, r"x has shape \(\)"),
        (None, r"x has shape \(\)"),
        (np.zeros(40, [("a", int)]), "x is of type"),
        (pd.to_datetime(pd.Series(range(40))).dt.tz_localize("UTC"), "x holds a Timestamp"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_refused_in_one_line(x, said):
    with pytest.raises(SampleError, match=said) as caught:
        pair(x, OTHER)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "named",
    [
        ["a", "b", "b", "a"],
        [1.5, 2, 2, 1.5],
        pd.Categorical(["a", "b", "b", "a"]),
        pd.Series(["a", "b", "b", "a"]),
        np.array([("a", 1), "b", "b", ("a", 1)], dtype=object),
        torch.tensor([3, 1, 1, 3]),
        [2**70, 1, 1, 2**70],
    ],
)
def test_groups_are_told_by_any_label(named):
    found = labels(named, 4)
    assert found[0] == found[3] != found[1] == found[2]


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ([None, "a"], r"groups\[0\] is None; every row needs a label"),
        ([1.0, np.nan], r"groups\[1\] is nan"),
        (pd.Series([1, None], dtype="Int64"), r"groups\[1\] is (<NA>|nan)"),
        (pd.Categorical(["a", None]), r"groups\[1\] is nan"),
        (np.ma.array([1, 2], mask=[0, 1]), r"groups\[1\] is --"),
        (np.array([[1], {}], dtype=object), "groups"),
        ([1], r"groups has shape \(1,\); give one label a row, \(2,\)"),
    ],
)
def test_groups_without_a_label_a_row_are_refused(named, said):
    with pytest.raises(SampleError, match=said):
        labels(named, 2)


@pytest.mark.parametrize("seed", [0, np.int64(3), np.uint8(2), 2**63, 2**200])
def test_a_seed_is_any_integer_of_0_or_more(seed):
    assert whole_number(seed) == int(seed)
    assert np.isfinite(imleak.estimate(GRID[:, 0], OTHER[:, 0], "ksg", seed=seed, nulls=1).value)
    kinds = {"folds": 2, "seeds": 1}
    assert np.isfinite(imleak.estimate(GRID, OTHER, "cca-infonce", seed=seed, **kinds).value)


@pytest.mark.parametrize("seed", [-1, None, 1.0, "1", True, np.float64(2)])
def test_any_other_seed_is_refused(seed):
    with pytest.raises(ImleakError, match=r"seed is .*; give an integer of 0 or more"):
        imleak.estimate(GRID, OTHER, "ksg", seed=seed)


def test_options_of_numpy_are_numbers_and_other_things_no_options():
    x, y = GRID[:, 0], OTHER[:, 0]
    assert imleak.estimate(x, y, "ksg", k=np.int64(3)) == imleak.estimate(x, y, "ksg", k=3)
    for options in ({"k": object()}, {"k": "3"}, {"k": 0}, {"nulls": 0}):
        with pytest.raises(ImleakError):
            imleak.estimate(x, y, "ksg", **options)


ELEMENTS = st.one_of(
    st.integers(-(2**80), 2**80), st.floats(), st.booleans(), st.none(), st.text(max_size=2),
    st.decimals(), st.fractions(), st.complex_numbers(), st.dates(), st.just(pd.NA),
    st.just(np.datetime64("NaT")), st.lists(st.integers(), max_size=2),
)  # fmt: skip
SHAPES = st.one_of(
    st.tuples(st.just(14)),
    st.tuples(st.just(14), st.integers(1, 3)),
    st.tuples(st.integers(1, 2), st.just(14), st.integers(1, 2)),
    hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
)
DTYPES = st.one_of(hnp.scalar_dtypes(), hnp.unicode_string_dtypes())


@st.composite
def anything(draw):
    """What somebody might pass as an array."""
    kind = draw(
        st.sampled_from(["numpy", "masked", "list", "frame", "tensor", "object", "numbers"])
    )
    shape = draw(SHAPES)
    if kind == "list":
        return draw(st.lists(ELEMENTS, min_size=14, max_size=14) | ELEMENTS)
    if kind in ("object", "frame"):
        found = np.empty(shape, object)
        for at in np.ndindex(*shape):
            found[at] = draw(ELEMENTS)
        return pd.DataFrame(found) if kind == "frame" and len(shape) == 2 else found
    if kind in ("tensor", "numbers"):
        seed = draw(st.integers(0, 99))
        found = np.random.default_rng(seed).integers(0, draw(st.integers(1, 99)), shape)
        scale = draw(st.sampled_from([1, 2**55, 1e-300, 1e300, np.inf]))
        with np.errstate(invalid="ignore"):
            found = found * scale
        if kind == "numbers":
            return found
        types = [torch.float32, torch.bfloat16, torch.int16, torch.bool, torch.float16]
        found = torch.from_numpy(np.asarray(found)).to(draw(st.sampled_from(types)))
        return found.requires_grad_() if found.is_floating_point() else found
    found = draw(hnp.arrays(draw(DTYPES), shape))
    return np.ma.array(found, mask=draw(hnp.arrays(bool, shape))) if kind == "masked" else found


def is_an_estimate_or_refused(x, y, groups, seed):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*copies")
        try:
            found = imleak.estimate(x, y, "ksg", groups=groups, seed=seed, nulls=1)
        except ImleakError as error:
            assert "\n" not in str(error)  # noqa: PT017
        else:
            for one in found if isinstance(found, list) else [found]:
                assert isinstance(one, Measurement)
                assert np.isfinite(one.value)


INPUTS = {
    "x": anything(),
    "y": anything(),
    "groups": st.none() | anything(),
    "seed": st.integers(0, 3) | st.integers() | st.none(),
}
ROUGH = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@given(**INPUTS)
@settings(max_examples=60, **ROUGH)
def test_any_input_is_an_estimate_or_an_error_of_ours(x, y, groups, seed):
    is_an_estimate_or_refused(x, y, groups, seed)


@pytest.mark.slow
@given(**INPUTS)
@settings(max_examples=3000, **ROUGH)
def test_any_input_is_an_estimate_or_an_error_of_ours_at_length(x, y, groups, seed):
    is_an_estimate_or_refused(x, y, groups, seed)
