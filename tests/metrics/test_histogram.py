import math
import tracemalloc
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from observations import observed
from scipy.stats import entropy as scipy_entropy
from sklearn.metrics import mutual_info_score

from imleak.interfaces import ImleakError
from imleak.metrics.histogram import Histogram

images = hnp.arrays(np.uint8, st.tuples(st.sampled_from((1, 3)), st.integers(1, 9), st.just(7)))


def values(observation, **options):
    return [one.value for one in Histogram(**options).measure(observation)]


def mutual_info_bits(x, y):
    return mutual_info_score(x.ravel(), y.ravel()) / np.log(2)


@pytest.mark.parametrize("scaled", [False, True])
def test_photograph_agrees_with_sklearn_and_scipy(observe_bitplanes, scaled):
    camera = skimage.data.camera()[None, ::2, ::2]
    observation = observe_bitplanes(camera, scaled=scaled)
    found = Histogram().measure(observation)
    assert [one.level for one in found] == list(range(9))
    for one in found:
        clear = observation.clear(one.level)
        assert one.value == pytest.approx(mutual_info_bits(camera, clear), abs=1e-9)
        exact = scipy_entropy(np.bincount(clear.ravel()), base=2)
        assert one.value == pytest.approx(exact, abs=1e-9)
        assert (one.exact, one.bound, one.unit) == (one.value, "exact", "bit")
        assert one.ceiling == 8 - one.level


def test_null_of_a_photograph_agrees_with_sklearn(observe_bitplanes):
    camera = skimage.data.camera()[None, ::4, ::4]
    observation = observe_bitplanes(camera)
    rng = np.random.default_rng(1)
    for one in Histogram(correction="null").measure(observation):
        clear = observation.clear(one.level)
        null = mutual_info_bits(camera, rng.permutation(clear.ravel()))
        assert one.exact == pytest.approx(mutual_info_bits(camera, clear), abs=1e-9)
        assert one.value == pytest.approx(one.exact - null, abs=0.03)


def test_without_a_table_the_null_of_a_photograph_is_that_of_far_places(observe_bitplanes):
    camera = skimage.data.camera()[None, ::4, ::4]
    observation = observe_bitplanes(camera, tabled=False)
    moves = [(down, across) for down in (32, 64, 96) for across in (32, 64, 96)]
    for one in Histogram().measure(observation):
        clear = observation.clear(one.level)
        nulls = [mutual_info_bits(camera, np.roll(clear, move, (1, 2))) for move in moves]
        null = mutual_info_bits(camera, clear) - one.value
        assert min(nulls) - 0.05 <= null <= max(nulls) + 0.05
        assert (one.exact, one.bound, one.unit) == (None, "none", "bit")
        assert one.ceiling == 8 - one.level


@pytest.mark.parametrize("seed", range(0, 10, 2))
def test_smooth_images_that_share_nothing_have_less_left_than_permuted_ones(textured, seed):
    plain, other = (textured(height=128, width=128, seed=one) >> 4 for one in (seed, seed + 1))
    (found,) = values(observed(plain, 4, (1,), lambda s: other), permutations=4)
    permuted = mutual_info_bits(plain, np.random.default_rng(0).permutation(other.ravel()))
    assert abs(found) < 0.75 * (mutual_info_bits(plain, other) - permuted)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 2), (1, 3, 2)])
def test_the_null_is_never_of_the_pairs_themselves(shape):
    plain = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape) % 2
    given = observed(plain, 8, (1,), lambda s: plain)
    moved = [np.roll(plain, move, (1, 2)) for move in np.ndindex(shape[1:]) if any(move)]
    found = values(given, permutations=20)[0]
    most = max((mutual_info_bits(plain, one) for one in moved), default=0.0)
    assert found >= mutual_info_bits(plain, plain) - most - 1e-12


@pytest.mark.parametrize("bits", [1, 4, 8, 12, 16])
def test_uniform_pixels_have_exactly_the_bits_that_are_left(observe_bitplanes, bits):
    kind = np.uint8 if bits <= 8 else np.uint16
    uniform = np.arange(2**bits, dtype=kind).reshape(1, 2 ** (bits // 2), -1)
    assert values(observe_bitplanes(uniform, bits)) == [bits - s for s in range(bits + 1)]


@given(image=images)
def test_falls_to_exactly_zero_and_keeps_below_the_ceiling(observe_bitplanes, image):
    found = Histogram().measure(observe_bitplanes(image))
    assert all(later.value <= earlier.value + 1e-12 for earlier, later in pairwise(found))
    assert str(found[-1].value) == "0.0"
    assert all(one.value <= one.ceiling + 1e-12 for one in found)


@given(image=images, table=hnp.arrays(np.uint8, 256))
def test_table_and_pairs_agree_for_any_map_of_samples(image, table):
    def measured(known, correction):
        given = observed(
            image,
            8,
            (3,),
            lambda s: table[image],
            table=lambda s: table if known else None,
            size=lambda s: size,
        )
        (one,) = Histogram(correction=correction).measure(given)
        return one

    size = len(np.unique(table))
    by_table, by_pairs = (measured(known, "miller-madow") for known in (True, False))
    assert by_table.value == pytest.approx(by_pairs.value, abs=1e-9)
    assert by_table.ceiling == by_pairs.ceiling == math.log2(size)
    assert measured(False, "none") == measured(False, "null")
    size = None
    assert measured(False, "none").ceiling is None


def test_a_table_is_enough(observe_bitplanes, textured):
    def never(level):
        raise AssertionError("the image is read once, and not encrypted")

    given = observe_bitplanes(textured())
    blind = replace(given, exposure=never, cipher=never)
    assert Histogram().measure(blind) == Histogram().measure(given)


def test_colour_is_the_mean_of_its_channels(observe_bitplanes, textured):
    colour = textured(channels=3)
    apart = [values(observe_bitplanes(channel[None])) for channel in colour]
    together = values(observe_bitplanes(colour))
    np.testing.assert_allclose(together, np.mean(apart, axis=0), atol=1e-12)


def test_without_a_table_colour_is_the_mean_of_its_channels(observe_bitplanes, textured):
    colour = textured(channels=3)
    given = {"tabled": False, "levels": (4,)}
    exact = {"correction": "miller-madow"}
    apart = [values(observe_bitplanes(channel[None], **given), **exact) for channel in colour]
    together = values(observe_bitplanes(colour, **given), **exact)
    np.testing.assert_allclose(together, np.mean(apart, axis=0), atol=1e-12)


@pytest.mark.parametrize("correction", ["miller-madow", "null"])
def test_16_bits_never_take_a_full_table_of_pairs(observe_bitplanes, correction):
    plain = np.random.default_rng(0).integers(0, 2**16, (1, 200, 300)).astype(np.uint16)
    observation = observe_bitplanes(plain, 16, levels=(0, 8), tabled=False)
    tracemalloc.start()
    found = values(observation, correction=correction)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16e6
    if correction == "miller-madow":
        counts = [np.unique(kept, return_counts=True)[1] for kept in (plain, plain & 255)]
        exact = [scipy_entropy(count, base=2) for count in counts]
        added = [(len(count) - 1) / (2 * plain.size * np.log(2)) for count in counts]
        np.testing.assert_allclose(found, np.minimum(np.add(exact, added), (16, 8)), atol=1e-9)


def test_miller_madow_adds_half_a_value_a_sample(observe_bitplanes, textured):
    observation = observe_bitplanes(textured())
    plain = values(observation)
    corrected = values(observation, correction="miller-madow")
    for s, (before, after) in enumerate(zip(plain, corrected, strict=True)):
        occupied = len(np.unique(observation.clear(s)))
        expected = before + (occupied - 1) / (2 * 48 * 64 * np.log(2))
        assert after == pytest.approx(min(expected, 8 - s), abs=1e-12)
        assert after <= 8 - s


def independent(seed=0):
    """Plain and clear samples that have nothing to do with each other."""
    plain, noise = np.random.default_rng(1).integers(0, 64, (2, 1, 128, 128)).astype(np.uint8)
    return observed(plain, 8, (0,), lambda s: noise, seed=seed)


def test_null_takes_away_what_independent_pixels_seem_to_share():
    given = independent()
    plug_in = mutual_info_bits(given.plain, given.clear(0))
    assert plug_in == pytest.approx(63 * 63 / (2 * 128 * 128 * np.log(2)), rel=0.05)
    for correction in ("none", "null"):
        (corrected,) = values(given, correction=correction)
        assert abs(corrected) < plug_in / 20


def test_null_follows_its_seed_and_its_permutations():
    once = values(independent(), correction="null")
    assert once == values(independent(), correction="null")
    assert once != values(independent(seed=1), correction="null")
    assert once != values(independent(), correction="null", permutations=2)


def test_only_the_plain_plug_in_is_exact(observe_bitplanes, textured):
    assert Histogram().bound == "exact"
    for correction in ("null", "miller-madow"):
        corrected = Histogram(correction=correction)
        assert corrected.bound == "none"
        found = corrected.measure(observe_bitplanes(textured()))
        assert {one.bound for one in found} == {"none"}


@pytest.mark.parametrize("options", [{"correction": "jackknife"}, {"permutations": 0}])
def test_options_that_are_none_are_refused(options):
    with pytest.raises(ImleakError, match=r"is one of none, miller-madow, null|at least 1"):
        Histogram(**options)
