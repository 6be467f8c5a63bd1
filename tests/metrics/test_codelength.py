import math
from dataclasses import replace
from itertools import pairwise

import imagecodecs
import numpy as np
import pytest
import skimage.data
from observations import observed
from scipy.stats import entropy as scipy_entropy

from imleak.interfaces import Exposure, FileCode, ImleakError, Observation
from imleak.metrics._observed import determines
from imleak.metrics.codelength import CodeLength, Symbols, _differences


def values(observation, **options):
    return [one.value for one in CodeLength(**options).measure(observation)]


def test_known_lengths_of_a_photograph(observe_bitplanes):
    camera = skimage.data.camera()[None]
    observation = observe_bitplanes(camera, levels=(0, 2, 4, 6, 7, 8))
    found = values(observation, effort=9, method=5)
    np.testing.assert_allclose(found, [3.62, 3.62, 3.10, 1.87, 1.00, 0], atol=0.015)


def test_photograph_is_below_its_histogram_and_never_rises(observe_bitplanes):
    camera = skimage.data.camera()[None, ::2, ::2]
    observation = observe_bitplanes(camera)
    found = values(observation)
    assert all(later <= earlier for earlier, later in pairwise(found))
    for s, value in enumerate(found[:-1]):
        histogram = scipy_entropy(np.bincount(observation.clear(s).ravel()), base=2)
        assert value < histogram + 0.02  # at s=7 both are 1 bit, and a file has a header


def test_codes_that_are_left_out_would_not_have_been_much_shorter(observe_bitplanes):
    observation = observe_bitplanes(skimage.data.camera()[None, ::2, ::2])
    fast, full = values(observation), values(observation, exhaustive=True)
    assert all(0 <= a - b <= 0.04 for a, b in zip(fast, full, strict=True))


@pytest.mark.parametrize(("bits", "channels"), [(8, 1), (8, 3), (12, 1), (16, 1)])
def test_noise_costs_what_it_holds(observe_bitplanes, bits, channels):
    kind = np.uint8 if bits <= 8 else np.uint16
    shape = (channels, 96, 96)
    noise = np.random.default_rng(0).integers(0, 2**bits, shape).astype(kind)
    levels = (0, 1, bits // 2, bits - 1, bits)
    observation = observe_bitplanes(noise, bits, levels=levels)
    assert values(observation) == [bits - s for s in levels]


@pytest.mark.parametrize("bits", [8, 16])
def test_both_forms_of_the_clear_part_have_one_code(observe_bitplanes, textured, bits):
    image = textured(bits=bits)
    low, high = (observe_bitplanes(image, bits, scaled=scaled) for scaled in (False, True))
    assert values(low) == values(high)


def test_flat_image_costs_next_to_nothing(observe_bitplanes):
    found = values(observe_bitplanes(np.full((1, 128, 128), 77, np.uint8)))
    assert max(found) < 0.03
    assert found[-1] == 0


def test_structure_is_seen_at_16_bits(observe_bitplanes, textured):
    image = textured(bits=16, height=96, width=96)
    found = values(observe_bitplanes(image, 16, levels=(0, 8, 16)))
    # 9216 samples, nearly all different: a histogram says log2(9216) = 13.2 bits
    assert found[0] < 13
    assert found[2] == 0


def test_equal_channels_are_coded_once(observe_bitplanes, textured):
    grey = textured(height=96, width=96)
    (one,) = values(observe_bitplanes(grey, levels=(0,)))
    (three,) = values(observe_bitplanes(np.repeat(grey, 3, axis=0), levels=(0,)))
    assert three < 0.4 * one


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 1, 7), (1, 2, 16_500)])
def test_any_size_of_image(observe_bitplanes, shape):
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    for one in CodeLength(effort=1).measure(observe_bitplanes(image)):
        assert 0 <= one.value <= one.ceiling


def test_level_0_is_coded_even_if_not_asked_for(observe_bitplanes, textured):
    image = textured()
    (alone,) = values(observe_bitplanes(image, levels=(1,)))
    assert alone <= values(observe_bitplanes(image, levels=(0,)))[0]


def test_a_level_says_nothing_of_another_that_it_does_not_determine(observe_tables):
    values_8 = np.arange(256, dtype=np.uint8)
    low, high = values_8 & 15, values_8 & 240
    image = np.random.default_rng(0).integers(0, 16, (1, 64, 64)).astype(np.uint8) << 4
    found = values(observe_tables(image, 8, {1: low, 2: high}))
    assert found[0] < 0.1
    assert found[1] == pytest.approx(4, abs=0.05)


def test_without_a_table_only_the_plain_image_bounds_a_level(textured):
    rng = np.random.default_rng(0)
    plain = textured(height=64, width=64)
    flat = np.zeros_like(plain)
    shuffled = rng.permutation(plain.ravel()).reshape(plain.shape)
    by_level = {1: flat, 2: shuffled}
    given = observed(plain, 8, (1, 2), by_level.__getitem__)
    found = CodeLength().measure(given)
    of_plain = CodeLength()._plain(given)
    assert found[0].value < 0.1
    assert found[1].value == of_plain
    assert [one.ceiling for one in found] == [8, 8]


@pytest.mark.parametrize("codec", ["jpegxl", "webp"])
def test_a_codec_that_loses_is_an_error(observe_bitplanes, textured, monkeypatch, codec):
    decode = getattr(imagecodecs, f"{codec}_decode")
    monkeypatch.setattr(imagecodecs, f"{codec}_decode", lambda *a, **k: decode(*a, **k) ^ 1)
    with pytest.raises(ImleakError, match="not lossless"):
        CodeLength().measure(observe_bitplanes(textured()))


@pytest.mark.parametrize("options", [{"effort": 0}, {"effort": 10}, {"method": 7}])
def test_options_that_are_none_are_refused(options):
    with pytest.raises(ImleakError, match=r"is \d\.\.\d, not"):
        CodeLength(**options)


@pytest.mark.parametrize(("size", "kind"), [(2, np.uint8), (256, np.uint8), (257, np.uint16)])
def test_symbols_take_two_bytes_only_where_one_is_not_enough(size, kind):
    symbols = np.arange(size, dtype=np.uint16).reshape(1, 1, -1)
    exposure = Exposure(symbols, 16, {"samples": symbols}, size)
    (rows,) = Symbols.of(exposure, size).arrays
    assert rows.dtype == kind
    np.testing.assert_array_equal(rows.ravel(), symbols.ravel())


def test_symbols_of_any_form_are_coded_together():
    """Two arrays that are no images: no longer than apart, and not above their raw bits."""
    rng = np.random.default_rng(0)
    plain = np.zeros((1, 40, 40), np.uint8)
    sums, signs = rng.integers(0, 16, 100).astype(np.int64), rng.integers(0, 2, (30, 10))
    exposures = {1: Exposure(plain + 1, 8, {"sums": sums, "signs": signs}, 16)}
    given = Observation(
        plain=plain,
        bits=8,
        levels=(1,),
        exposure=exposures.__getitem__,
        cipher=lambda level: plain,
        table=lambda level: None,
    )
    (found,) = CodeLength(exhaustive=True).measure(given)
    assert found.ceiling == 4 * 400 / 1600
    assert 0 <= found.value <= found.ceiling


def test_determines():
    values = np.arange(16, dtype=np.uint16)
    assert determines(values, values >> 1)
    assert determines(values & 7, values & 3)
    assert not determines(values & 3, values & 7)
    assert not determines(values & 3, values >> 2)
    assert not determines(values, None)
    assert not determines(None, values)


def test_ceiling_is_the_logarithm_of_the_number_of_values(observe_tables):
    thirds = (np.arange(256) % 3).astype(np.uint8)
    image = np.random.default_rng(0).integers(0, 256, (1, 32, 32)).astype(np.uint8)
    (one,) = CodeLength().measure(observe_tables(image, 8, {1: thirds}))
    assert one.value == pytest.approx(math.log2(3), abs=1e-12)
    assert one.ceiling == math.log2(3)


def test_the_file_is_a_code_of_every_level(observe_bitplanes):
    """A file of 2 bits a pixel: no level costs more, and no level more than without it."""
    camera = skimage.data.camera()[None, ::2, ::2]
    without = observe_bitplanes(camera)
    given = replace(without, file_code=lambda: FileCode(camera.size // 4, camera))
    found, before = CodeLength().measure(given), values(without)
    for one, other in zip(found, before, strict=True):
        assert one.value == pytest.approx(min(2, other), abs=0.005)
        assert one.details == {"file": 2}
    assert found[0].value == 2


def test_a_file_that_is_no_short_code_changes_nothing(observe_bitplanes, textured):
    given = observe_bitplanes(image := textured())
    noise = np.random.default_rng(0).integers(0, 256, image.shape).astype(np.uint8)
    for code in (FileCode(image.size * 2, image), FileCode(10, noise)):
        with_file = replace(given, file_code=lambda code=code: code)
        assert values(with_file) == values(given)


def test_samples_that_differ_from_those_of_the_file_are_coded(observe_bitplanes):
    """At a share p of the places by 1: at least their entropy, h(p) + p, and not much more."""
    plain = skimage.data.camera()[None, ::2, ::2]
    rng = np.random.default_rng(0)
    size = 100
    for p in (0.001, 0.01, 0.1):
        off = rng.choice([-1, 0, 1], plain.shape, p=[p / 2, 1 - p, p / 2])
        other = (plain + off).astype(np.uint8)  # wraps
        given = replace(observe_bitplanes(plain), file_code=lambda a=other: FileCode(size, a))
        more = CodeLength()._of_file(given) - 8 * size / plain.size
        entropy = scipy_entropy([p / 2, p / 2, 1 - p], base=2)
        assert 0.97 * entropy < more < 1.1 * entropy + 0.02


def test_differences_tell_the_sample():
    one, other = np.meshgrid(*[np.arange(256, dtype=np.uint8)] * 2)
    found = _differences(one, other).astype(int)
    back = other + np.where(found % 2, -(found + 1) // 2, found // 2)
    np.testing.assert_array_equal(back % 256, one)
    assert _differences(one[:1, :3], one[:1, :3] + np.uint8(1)).tolist() == [[1, 1, 1]]


def test_samples_are_no_code_of_coefficients(observe_bitplanes):
    """A flat image says nothing of what its file holds besides."""
    flat = np.full((1, 64, 64), 128, np.uint8)
    rng = np.random.default_rng(0)
    coefficients = {"Y": rng.integers(0, 4, (1, 64, 64)), "Cb": rng.integers(0, 4, (1, 32, 32))}
    given = Observation(
        plain=flat,
        bits=8,
        levels=(0,),
        exposure=lambda level: Exposure(flat, 8, coefficients, 4),
        cipher=lambda level: flat,
        table=lambda level: None,
        file_sizes=lambda level: (100, 100),
        file_code=lambda: FileCode(64 * 64, flat),
    )
    assert values(given) == [pytest.approx(2.5, abs=0.1)]
    assert values(replace(given, file_code=lambda: FileCode(64 * 16, flat))) == [2]
