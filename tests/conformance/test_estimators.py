"""What every estimator must do, whoever wrote it: run over all known names.

An estimator sees vectors, or, where it refuses those in one line, scalars of few values.
Their levels are a strong dependence, twice independence, and a constant.
"""

import inspect
import math
from dataclasses import fields, replace
from functools import cache
from typing import get_args

import numpy as np
import pytest
import torch

from imleak import plugins
from imleak.estimators.critics import contrastive, variational
from imleak.estimators.samples import counted
from imleak.interfaces import (
    Bound,
    Estimate,
    Estimator,
    Evaluation,
    ImleakError,
    PairedSamples,
    Verdict,
)

NAMES = sorted(plugins.known("estimator"))
QUICK = {"folds": 2, "seeds": 1, "steps": 150, "epochs": 60, "rate": 5e-3, "nulls": 5}
"""Options that make it fast; an estimator gets those of them that it knows."""
STRONG, INDEPENDENT, CONSTANT = 0, slice(1, 3), 3


def options_of(name):
    return inspect.signature(plugins.load("estimator", name)).parameters


PROTOCOLS = [
    (name, protocol)
    for name in NAMES
    for protocol in (("held-out", "in-sample") if "protocol" in options_of(name) else (None,))
]
each_protocol = pytest.mark.parametrize(("name", "protocol"), PROTOCOLS)
NEVER_HELD_OUT = {"in-sample", "tabular-mine"}
each_held_out = pytest.mark.parametrize(
    ("name", "protocol"), [case for case in PROTOCOLS if NEVER_HELD_OUT.isdisjoint(case)]
)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Products as small as these are slower on several threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True, scope="module")
def few_steps():
    """Training of ours is cut short also where no option says so."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (contrastive, variational):

            def briefly(critic, cohort, loss, check, schedule, rng, train=module.train, **options):
                cut = replace(schedule, steps=min(schedule.steps, QUICK["steps"]))
                return train(critic, cohort, loss, check, cut, rng, **options)

            patch.setattr(module, "train", briefly)
        yield


def vectors(n, levels=4):
    """Strong is 5 bits."""
    rng = np.random.default_rng(0)
    x, *noise = rng.standard_normal((4, n, 3)).astype("f4")
    strong = np.float32(0.95) * x + np.float32(math.sqrt(1 - 0.95**2)) * noise[0]
    views = np.stack([strong, *noise[1:], np.full_like(x, 0.3)])
    return PairedSamples(x, views[:levels], np.arange(n))


def scalars(n, levels=4):
    """Strong is 3 bits."""
    rng = np.random.default_rng(0)
    x = rng.permutation(np.arange(n) % 8)[:, None].astype("f4")
    views = np.stack([x, *(rng.permutation(x) for _ in range(2)), np.full_like(x, 3)])
    sizes = (8, 8, 8, 1)
    return PairedSamples(x, views[:levels], np.arange(n), sizes=sizes[:levels])


def built(name, protocol=None):
    """The estimator with quick options."""
    options = {option: value for option, value in QUICK.items() if option in options_of(name)}
    if protocol:
        options["protocol"] = protocol
    return plugins.load("estimator", name)(**options)


def run(name, protocol=None, *, n, levels=4, seed=1):
    """Samples that suit it, its estimates, and the shares of progress it told."""
    told = []
    for make in (vectors, scalars):
        given = make(n, levels)
        try:
            found = built(name, protocol).estimate(given, seed=seed, progress=told.append)
        except ImleakError as error:
            assert "\n" not in str(error)  # noqa: PT017
        else:
            return given, tuple(found), told
    pytest.fail("no samples suit it")


@cache
def measured(name, protocol):
    return run(name, protocol, n=160)


@pytest.fixture
def given(name, protocol):
    return measured(name, protocol)[0]


@pytest.fixture
def estimates(name, protocol):
    return measured(name, protocol)[1]


@pytest.mark.parametrize("name", NAMES)
def test_is_an_estimator_under_its_name(name):
    estimator = plugins.load("estimator", name)()
    assert isinstance(estimator, Estimator)
    assert estimator.name == name
    assert estimator.version
    assert estimator.bound in get_args(Bound)


@pytest.mark.parametrize("name", NAMES)
def test_options_are_keywords_with_defaults(name):
    options = options_of(name).values()
    assert all(option.kind is option.KEYWORD_ONLY for option in options)
    assert all(option.default is not option.empty for option in options)


@each_protocol
def test_there_is_one_finite_estimate_a_level_in_bits(name, given, estimates):
    assert len(estimates) == len(given.y)
    for one in estimates:
        assert isinstance(one, Estimate)
        assert one.estimator == name
        assert one.unit == "bit"
        assert math.isfinite(one.value)
        assert one.bound in get_args(Bound)
        assert one.protocol in get_args(Evaluation)
        assert one.verdict is None or one.verdict in get_args(Verdict)
        assert one.n == len(given.groups)
        assert one.train_groups is None or one.train_groups <= len(np.unique(given.groups))


@each_protocol
def test_figures_are_plain_numbers(estimates):
    """So that a row can be written whatever made it."""
    for one in estimates:
        for field in fields(one):
            value = getattr(one, field.name)
            values = value if isinstance(value, tuple) else [value]
            assert not any(isinstance(v, np.generic | np.ndarray) for v in values), field.name


@each_protocol
def test_an_interval_holds_its_value(estimates):
    for one in estimates:
        if one.interval is not None:
            low, high = one.interval
            assert low <= one.value + 1e-6
            assert one.value <= high + 1e-6


@each_protocol
def test_an_estimate_stands_beside_a_ceiling_and_a_null_or_the_exact_value(estimates):
    for one in estimates:
        assert one.ceiling is not None
        assert one.ceiling >= 0
        assert one.null is not None or one.exact is not None
        if one.null is not None:
            assert math.isfinite(one.null.mean)
            assert math.isfinite(one.null.p95)
        if one.exact is not None and one.bound == "lower":
            assert one.value <= one.exact + 1e-4


@each_protocol
def test_a_view_of_few_values_has_their_logarithm_for_a_ceiling(given, estimates):
    for one, size in zip(estimates, given.sizes or [None] * len(estimates), strict=True):
        assert size is None or one.ceiling <= math.log2(size) + 1e-9


@each_protocol
def test_a_verdict_comes_with_its_grounds(estimates):
    for one in estimates:
        if one.protocol == "in-sample":
            assert one.verdict is None, "whoever saw the samples cannot judge"
        else:
            assert one.interval is not None
            assert one.null is not None
            assert one.verdict is not None
        if one.verdict in ("leak", "saturated"):
            assert one.interval[0] > max(0.0, one.null.p95)


@each_protocol
def test_a_strong_dependence_is_found(estimates):
    assert estimates[STRONG].value > 0.5
    assert estimates[STRONG].verdict in (None, "leak", "saturated")


@each_protocol
def test_independence_is_no_leak(estimates):
    for one in estimates[INDEPENDENT]:
        assert one.verdict in (None, "no leak found", "unreliable")
        assert one.protocol == "in-sample" or one.value < 0.25


@each_protocol
def test_a_constant_says_nothing(estimates):
    assert estimates[CONSTANT].value == pytest.approx(0, abs=0.05)
    assert estimates[CONSTANT].verdict in (None, "no leak found")


@each_protocol
def test_the_null_of_what_is_held_out_is_near_nothing(estimates):
    for one in estimates:
        if one.protocol == "held-out":
            assert one.null.mean < 0.15


@each_held_out
def test_negative_estimates_are_shown(estimates):
    """Of independent views, something held out falls below zero if nothing clips, unless
    the critic was switched off, on true pairs and on broken ones."""
    said = [v for one in estimates for v in (one.value, one.interval[0], *one.null.values)]
    independent = [v for one in estimates[INDEPENDENT] for v in (*one.interval, *one.null.values)]
    assert min(said) < 0 or set(independent) == {0.0}


@each_protocol
def test_progress_rises_to_one(name, protocol):
    told = measured(name, protocol)[2]
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1)


@each_protocol
def test_the_same_seed_says_the_same_of_the_same_samples(name, protocol):
    given, found, _ = run(name, protocol, n=40, levels=1)
    before = type(given)(given.x.copy(), given.y.copy(), given.groups.copy(), sizes=given.sizes)
    assert tuple(built(name, protocol).estimate(given, seed=1)) == found
    np.testing.assert_array_equal(given.x, before.x, "and leaves them as they were")
    np.testing.assert_array_equal(given.y, before.y)
    np.testing.assert_array_equal(given.groups, before.groups)
    other = tuple(built(name, protocol).estimate(given, seed=2))
    assert other != found, "splits, first weights, ties or nulls: another seed is used"


@each_protocol
@pytest.mark.parametrize("count", [1, 2, 5])
def test_too_few_images_are_refused_in_one_line(name, protocol, count):
    """A table or an in-sample estimate needs no second image; what is held out does."""
    values = np.arange(count, dtype="f4")[:, None]
    few = PairedSamples(values, values[None], np.arange(count))
    try:
        found = built(name, protocol).estimate(few)
    except ImleakError as error:
        assert "\n" not in str(error)  # noqa: PT017
        assert any(word in str(error) for word in ("images", "rows"))  # noqa: PT017
    else:
        assert all(one.protocol == "in-sample" for one in found)
        assert all(math.isfinite(one.value) for one in found)


@each_protocol
def test_counted_rows_are_taken_as_often_as_they_occur(name, protocol, monkeypatch):
    """40 pictures of one of four values, and each with one pixel of a fifth."""
    monkeypatch.setattr(counted, "MOST_DRAWN", 200)
    x = np.stack([np.arange(40) % 4, np.full(40, 9)], 1).reshape(-1, 1).astype("f4")
    often = np.tile([1e6, 1.0], 40)
    given = PairedSamples(x, x[None], np.repeat(np.arange(40), 2), weights=often)
    (found,) = built(name, protocol).estimate(given, seed=1)
    assert math.isfinite(found.value)
    if found.bound == "lower":
        assert found.value < 2.2
