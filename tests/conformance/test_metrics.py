"""What every metric must do, whoever wrote it: run over all known names and schemes."""

import inspect
import math
from functools import cache
from typing import get_args

import numpy as np
import pytest
from scipy.stats import entropy

from imleak import plugins
from imleak.interfaces import Bound, ImleakError, Metric, Observation, Space
from imleak.keystream import AesKeystream, derived_key

PICTURES = {
    "grey": (8, 1, 40, 56),
    "colour": (8, 3, 33, 20),
    "4 bits": (4, 1, 24, 24),
    "12 bits": (12, 1, 24, 30),
    "16 bits": (16, 1, 24, 24),
    "16 bit colour": (16, 3, 24, 24),
    "noise": (8, 1, 64, 64),
}


@cache
def picture(name):
    """A ramp with noise, or noise alone, (C, H, W)."""
    bits, channels, height, width = PICTURES[name]
    rng = np.random.default_rng(0)
    kind = np.uint8 if bits <= 8 else np.uint16
    if name == "noise":
        return rng.integers(0, 2**bits, (channels, height, width)).astype(kind)
    ramp = np.add.outer(np.arange(height), np.arange(width)) / (height + width)
    noisy = ramp + rng.normal(0, 0.05, (channels, height, width))
    return (noisy.clip(0, 1) * (2**bits - 1)).astype(kind)


def observation(scheme, name, *, tabled=True, seed=0):
    """What a study gives a metric; the features are any function of the samples."""
    bits = PICTURES[name][0]
    plain = picture(name).copy()
    keystream = AesKeystream(derived_key(0), bytes(16))
    levels = tuple(scheme.levels(bits))

    def cipher(level):
        return scheme.encrypt(plain, bits, level, keystream)

    def clear(level):
        return scheme.clear(cipher(level), bits, level)

    def again(level, change):
        nonce = bytes(15) + bytes([change == "plain"])
        other = AesKeystream(derived_key(int(change == "key")), nonce)
        return scheme.encrypt(plain, bits, level, other)

    def features(samples):
        return (samples.reshape(-1)[:256].astype(np.float32) / 2**bits * 8).astype(np.float32)

    return Observation(
        plain=plain,
        bits=bits,
        levels=levels,
        clear=clear,
        cipher=cipher,
        table=lambda level: scheme.table(bits, level) if tabled else None,
        size=lambda level: scheme.size(bits, level) if tabled else None,
        plain_features=features(plain),
        clear_features=lambda level: features(clear(level)),
        seed=seed,
        again=again,
    )


METRICS = sorted(plugins.known("metric"))


@pytest.fixture(params=METRICS)
def metric(request):
    return plugins.load("metric", request.param)()


def each_that(has):
    """Of the metrics, those that have something."""
    names = [name for name in METRICS if has(plugins.load("metric", name)())]
    return pytest.mark.parametrize("metric", names, indirect=True)


@pytest.fixture(params=sorted(plugins.known("scheme")))
def scheme(request):
    return plugins.load("scheme", request.param)()


def test_is_a_metric_under_its_name(metric, request):
    assert isinstance(metric, Metric)
    assert metric.name == request.node.callspec.params["metric"]
    assert metric.version
    assert metric.unit
    assert metric.bound in get_args(Bound)
    assert metric.space in get_args(Space)


def test_options_are_keywords_with_defaults(metric):
    options = inspect.signature(type(metric)).parameters.values()
    assert all(option.kind is option.KEYWORD_ONLY for option in options)
    assert all(option.default is not option.empty for option in options)


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("tabled", [True, False])
def test_reads_every_level_of_every_picture(metric, scheme, name, tabled):
    given = observation(scheme, name, tabled=tabled)
    readings = metric.measure(given)
    np.testing.assert_array_equal(given.plain, picture(name))
    parts = {reading.part for reading in readings}
    assert parts <= {"clear", "cipher"}
    for part in parts:
        assert [r.level for r in readings if r.part == part] == list(given.levels)
    for reading in readings:
        assert isinstance(reading.value, float)
        assert not math.isnan(reading.value)
        assert reading.value > -math.inf
        if reading.ceiling is not None:
            assert reading.value <= reading.ceiling + 1e-9
        if reading.exact is not None and metric.bound == "exact":
            assert reading.value == pytest.approx(reading.exact, abs=1e-9)


@each_that(lambda metric: getattr(metric, "repeatable", True))
def test_the_same_picture_has_the_same_readings(metric, scheme):
    first, second = (metric.measure(observation(scheme, "grey")) for _ in range(2))
    assert first == second


@each_that(lambda metric: metric.bound == "upper")
def test_an_upper_bound_lies_above_the_entropy_of_noise(metric, scheme):
    """Of uniform samples the clear part has a known entropy, and no code is shorter."""
    given = observation(scheme, "noise")
    for reading in metric.measure(given):
        table = given.table(reading.level)
        if table is not None:
            _, counts = np.unique(table, return_counts=True)
            assert reading.value >= entropy(counts, base=2) - 0.01


@each_that(lambda metric: metric.space == "features")
def test_features_are_asked_for_in_one_line(metric, scheme):
    given = observation(scheme, "grey")
    bare = Observation(
        given.plain, given.bits, given.levels, given.clear, given.cipher, given.table, given.size
    )
    with pytest.raises(ImleakError) as caught:
        metric.measure(bare)
    assert "\n" not in str(caught.value)
