import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import entropy as scipy_entropy
from sklearn.metrics import mutual_info_score

from imleak.interfaces import ImleakError, Observation
from imleak.metrics.histogram import Histogram

pictures = hnp.arrays(np.uint8, st.tuples(st.sampled_from((1, 3)), st.integers(1, 9), st.just(7)))


def values(observation, **options):
    return [reading.value for reading in Histogram(**options).measure(observation)]


def mutual_info_bits(x, y):
    return mutual_info_score(x.ravel(), y.ravel()) / np.log(2)


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("tabled", [False, True])
def test_photograph_agrees_with_sklearn_and_scipy(observe_bitplanes, scaled, tabled):
    camera = skimage.data.camera()[None, ::2, ::2]
    observation = observe_bitplanes(camera, scaled=scaled, tabled=tabled)
    readings = Histogram().measure(observation)
    assert [reading.level for reading in readings] == list(range(9))
    for reading in readings:
        clear = observation.clear(reading.level)
        assert reading.value == pytest.approx(mutual_info_bits(camera, clear), abs=1e-9)
        exact = scipy_entropy(np.bincount(clear.ravel()), base=2)
        assert reading.value == pytest.approx(exact, abs=1e-9)
        assert reading.exact == (reading.value if tabled else None)
        assert reading.ceiling == 8 - reading.level


@pytest.mark.parametrize("bits", [1, 4, 8, 12, 16])
def test_uniform_pixels_have_exactly_the_bits_that_are_left(observe_bitplanes, bits):
    kind = np.uint8 if bits <= 8 else np.uint16
    uniform = np.arange(2**bits, dtype=kind).reshape(1, 2 ** (bits // 2), -1)
    assert values(observe_bitplanes(uniform, bits)) == [bits - s for s in range(bits + 1)]


@given(picture=pictures)
def test_falls_to_exactly_zero_and_keeps_below_the_ceiling(observe_bitplanes, picture):
    readings = Histogram().measure(observe_bitplanes(picture))
    found = [reading.value for reading in readings]
    assert all(later <= earlier + 1e-12 for earlier, later in pairwise(found))
    assert str(found[-1]) == "0.0"
    assert all(reading.value <= reading.ceiling + 1e-12 for reading in readings)


@given(picture=pictures, table=hnp.arrays(np.uint8, 256))
def test_table_and_pairs_agree_for_any_map_of_samples(picture, table):
    def observation(known):
        return Observation(
            plain=picture,
            bits=8,
            levels=(3,),
            clear=lambda s: table[picture],
            cipher=lambda s: table[picture],
            table=lambda s: table if known else None,
            size=lambda s: None,
        )

    for correction in ("none", "miller-madow"):
        by_table, by_pairs = (
            Histogram(correction=correction).measure(observation(known)) for known in (True, False)
        )
        assert by_table[0].value == pytest.approx(by_pairs[0].value, abs=1e-9)
        assert by_table[0].ceiling is None


def test_a_table_is_enough(observe_bitplanes, textured):
    def never(level):
        raise AssertionError("the picture is read once, and not decomposed again")

    given = observe_bitplanes(textured())
    blind = Observation(given.plain, 8, given.levels, never, never, given.table, given.size)
    assert values(blind) == values(given)


@pytest.mark.parametrize("tabled", [False, True])
def test_colour_is_the_mean_of_its_channels(observe_bitplanes, textured, tabled):
    colour = textured(channels=3)
    apart = [values(observe_bitplanes(channel[None], tabled=tabled)) for channel in colour]
    together = values(observe_bitplanes(colour, tabled=tabled))
    np.testing.assert_allclose(together, np.mean(apart, axis=0), atol=1e-12)


@pytest.mark.parametrize("correction", ["none", "null"])
def test_16_bits_never_take_a_full_table_of_pairs(observe_bitplanes, correction):
    plain = np.random.default_rng(0).integers(0, 2**16, (1, 200, 300)).astype(np.uint16)
    observation = observe_bitplanes(plain, 16, levels=(0, 8), tabled=False)
    tracemalloc.start()
    found = values(observation, correction=correction)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16e6
    if correction == "none":
        counts = [np.unique(kept, return_counts=True)[1] for kept in (plain, plain & 255)]
        exact = [scipy_entropy(count, base=2) for count in counts]
        np.testing.assert_allclose(found, exact, atol=1e-9)


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
    return Observation(
        plain, 8, (0,), lambda s: noise, lambda s: noise, lambda s: None, lambda s: None, seed=seed
    )


def test_null_takes_away_what_independent_pixels_seem_to_share():
    (plug_in,) = values(independent())
    assert plug_in == pytest.approx(63 * 63 / (2 * 128 * 128 * np.log(2)), rel=0.05)
    (corrected,) = values(independent(), correction="null")
    assert abs(corrected) < plug_in / 20


def test_null_follows_its_seed_and_its_permutations():
    once = values(independent(), correction="null")
    assert once == values(independent(), correction="null")
    assert once != values(independent(seed=1), correction="null")
    assert once != values(independent(), correction="null", permutations=2)


def test_only_the_plain_plug_in_is_exact():
    assert Histogram().bound == "exact"
    assert Histogram(correction="null").bound == "none"
    assert Histogram(correction="miller-madow").bound == "none"


@pytest.mark.parametrize("options", [{"correction": "jackknife"}, {"permutations": 0}])
def test_options_that_are_none_are_refused(options):
    with pytest.raises(ImleakError, match=r"is one of none, miller-madow, null|at least 1"):
        Histogram(**options)
