"""Orbits of blocks: by hand, by brute force, and by how often every cipher occurs."""

import math
from collections import Counter
from itertools import permutations, product

import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from orbits import assert_uniform
from rasters import KEYSTREAM, keystream, raster
from scipy import stats

from imleak.interfaces import ImageError, ImleakError, Raster
from imleak.schemes._draws import Draws
from imleak.schemes._luma_chroma import from_luma_chroma, to_luma_chroma
from imleak.schemes.etc import Etc, smallest


def forms_by_hand(block, level, bits):
    """Every form of one block, (C, B, B) as nested tuples of Python's integers."""
    peak = 2**bits - 1
    found = [block]
    if level >= 2:
        found += [[list(zip(*channel, strict=True)) for channel in form] for form in found]
        found += [[channel[::-1] for channel in form] for form in found]
        found += [[[row[::-1] for row in channel] for channel in form] for form in found]
    if level >= 3:
        found += [[[[peak - v for v in row] for row in ch] for ch in form] for form in found]
    if level >= 4:
        found = [order for form in found for order in permutations(form)]
    return {tuple(tuple(map(tuple, channel)) for channel in form) for form in found}


def orbit(image, level, block):
    """Every cipher of an image, as bytes, by brute force: orders of blocks times forms."""
    blocks = Etc(block)._blocks(image, level)
    forms = [forms_by_hand(one.tolist(), level, image.bits) for one in blocks]
    ciphers = set()
    orders = permutations(range(len(blocks))) if level else [range(len(blocks))]
    for order in orders:
        for chosen in product(*(forms[i] for i in order)):
            placed = np.array(chosen, image.samples.dtype)
            ciphers.add(Etc(block)._filled(image, placed).samples.tobytes())
    return ciphers


def test_two_blocks_by_hand():
    image = raster([[9, 8, 1, 1], [7, 9, 2, 3]], bits=4)
    expected = {
        0: [[9, 8, 1, 1], [7, 9, 2, 3]],
        1: [[1, 1, 9, 8], [2, 3, 7, 9]],
        2: [[1, 1, 7, 9], [2, 3, 9, 8]],
        3: [[1, 1, 6, 7], [2, 3, 8, 6]],  # 15 - 9, 15 - 8; 15 - 7, 15 - 9
        4: [[1, 1, 6, 7], [2, 3, 8, 6]],  # one channel has one order
    }
    for level, rows in expected.items():
        exposure = Etc(block=2).expose(image, level)
        assert exposure.rendered[0].tolist() == rows
        assert exposure.symbols["samples"][0].tolist() == rows
        assert exposure.size == 16
        assert not exposure.is_empty


def test_one_colour_block_by_hand():
    """Negated, the third channel leads: 15 - 15."""
    image = raster([[[9, 8], [7, 9]], [[4, 3], [6, 5]], [[12, 13], [15, 14]]], bits=4)
    found = Etc(block=2).expose(image, 4).rendered
    assert found.tolist() == [[[0, 1], [3, 2]], [[8, 6], [6, 7]], [[9, 10], [11, 12]]]


def test_the_most_copied_code_loses_a_channel_and_this_does_not():
    """Channels swapped in place, one after the other, make 20, 20, 30 of 10, 20, 30."""
    image = Raster(np.full((3, 1, 1), [[[10]], [[20]], [[30]]], np.uint8), 8)
    seen = {
        tuple(Etc(block=1).encrypt(image, 4, keystream(seed)).samples.ravel()) for seed in range(99)
    }
    negated = {tuple(255 - v for v in order) for order in permutations((10, 20, 30))}
    assert seen == set(permutations((10, 20, 30))) | negated


@pytest.mark.parametrize("level", range(5))
@pytest.mark.parametrize(
    ("rows", "bits", "block"),
    [
        ([[1, 2, 3]], 2, 1),
        ([[0, 3, 1, 2], [2, 2, 1, 0]], 2, 2),
        ([[5, 0, 7], [1, 1, 1]], 3, 2),
        ([[[3, 0], [1, 2]], [[0, 1], [2, 2]], [[3, 3], [1, 0]]], 2, 2),
        ([[[3, 0]], [[0, 3]], [[3, 3]]], 2, 1),
    ],
)
def test_every_cipher_of_the_orbit_is_equally_likely(rows, bits, block, level):
    image = raster(rows, bits)
    expected = sorted(orbit(image, level, block))
    count = (20 if len(expected) < 100 else 7) * len(expected)
    ciphers = Counter(
        Etc(block).encrypt(image, level, keystream(seed)).samples.tobytes() for seed in range(count)
    )
    assert set(ciphers) <= set(expected)
    if len(expected) > 1:
        assert stats.chisquare([ciphers[one] for one in expected]).pvalue > 0.005


@pytest.mark.parametrize(
    ("level", "size"), [(0, 1), (1, 2), (2, 2 * 8**2), (3, 2 * 16**2), (4, 2 * 96**2)]
)
def test_orbits_of_two_blocks_without_symmetry(level, size):
    rng = np.random.default_rng(0)
    image = Raster(rng.integers(0, 256, (3, 2, 4)).astype(np.uint8), 8)
    assert len(orbit(image, level, 2)) == size


@st.composite
def blocks(draw):
    bits = draw(st.integers(1, 9))
    shape = (draw(st.integers(1, 4)), draw(st.sampled_from([1, 3])), 2, 2)
    kind = np.uint8 if bits <= 8 else np.uint16
    return draw(arrays(kind, shape, elements=st.integers(0, 2**bits - 1))), bits


@settings(max_examples=60)
@given(blocks(), st.integers(1, 4))
def test_the_smallest_form_by_brute_force(drawn, level):
    given_blocks, bits = drawn
    found = smallest(given_blocks, bits, level)
    for block, form in zip(given_blocks.tolist(), found.tolist(), strict=True):
        by_hand = min(forms_by_hand(block, level, bits))
        assert form == [list(map(list, channel)) for channel in by_hand]


@pytest.mark.parametrize("level", range(1, 5))
def test_exposures_are_equal_where_orbits_are_and_nowhere_else(level):
    """Of all grey images of two blocks, and all colour images of one, of one pixel of 2 bits."""
    scheme, seen = Etc(block=1), {}
    images = [raster([list(v)], 2) for v in product(range(4), repeat=2)]
    images += [raster([[[a]], [[b]], [[c]]], 2) for a, b, c in product(range(4), repeat=3)]
    for image in images:
        orbit_of = (image.samples.shape, frozenset(orbit(image, level, 1)))
        exposed = (image.samples.shape, scheme.expose(image, level).rendered.tobytes())
        assert seen.setdefault(orbit_of, exposed) == exposed
    assert len(set(seen.values())) == len(seen)


def test_blocks_of_large_values_are_sorted_as_numbers_are():
    values = [65535, 256, 255, 128, 127, 0, 1, 32768]
    found = Etc(block=1).expose(raster([values], 16), 1).rendered.ravel()
    assert found.tolist() == sorted(values)


@pytest.mark.parametrize("level", range(5))
def test_what_fills_no_block_stays_and_is_clear(level):
    image = Raster(np.ascontiguousarray(np.moveaxis(skimage.data.cat(), 2, 0)), 8)
    height, width = image.height // 16 * 16, image.width // 16 * 16
    assert (height, width) != (image.height, image.width)
    cipher = Etc().encrypt(image, level, KEYSTREAM)
    for found in (cipher.samples, Etc().expose(cipher, level).rendered):
        np.testing.assert_array_equal(found[:, height:], image.samples[:, height:])
        np.testing.assert_array_equal(found[:, :, width:], image.samples[:, :, width:])
    np.testing.assert_array_equal(Etc().decrypt(cipher, level, KEYSTREAM).samples, image.samples)
    if level:
        assert (cipher.samples != image.samples).mean() > 0.9


def test_an_image_smaller_than_a_block_is_refused():
    small = raster(np.zeros((12, 40)))
    for call in (Etc().encrypt, Etc().decrypt):
        with pytest.raises(ImageError, match=r"40x12 .* no block of 16x16: give block=12 or less"):
            call(small, 1, KEYSTREAM)
    with pytest.raises(ImageError, match="give block=12 or less"):
        Etc().expose(small, 0)
    assert Etc(block=12).expose(small, 1).rendered.shape == (1, 12, 40)


@pytest.mark.parametrize("block", [0, -8])
def test_a_block_has_a_side(block):
    with pytest.raises(ImleakError, match="give 1 or more"):
        Etc(block)


class Fixed:
    """A keystream that gives the bytes it was given."""

    def __init__(self, content):
        self.content = np.frombuffer(bytes(content), np.uint8)

    def take(self, count, **_):
        return np.resize(self.content, count) if count > len(self.content) else self.content[:count]


def permutation_of(content, n):
    return Draws(Fixed(content), "etc", 1, 1).permutation(n).tolist()


def test_equal_numbers_are_drawn_again():
    def words(*numbers):
        return b"".join(number.to_bytes(8, "big") for number in numbers)

    assert permutation_of(words(5, 2**63, 1), 3) == [2, 0, 1]
    assert permutation_of(words(5, 1, 5) + words(7, 8, 9), 3) == [0, 1, 2]
    assert permutation_of(words(5, 1, 5) + words(9, 9, 9) + words(3, 2, 1), 3) == [2, 1, 0]


def test_bytes_above_the_last_multiple_are_left_out():
    drawn = Draws(Fixed([255, 252, 251, 6, 255, 5, 12, 254]), "etc", 4, 4).below(6, 4)
    assert drawn.tolist() == [251 % 6, 0, 5, 0]


def test_a_hundred_thousand_blocks_are_permuted():
    order = Draws(KEYSTREAM, "etc", 1, 1).permutation(100_000)
    np.testing.assert_array_equal(np.sort(order), np.arange(100_000))
    moved = np.abs(order - np.arange(100_000)).mean()
    assert moved == pytest.approx(100_000 / 3, rel=0.02)
    assert math.isclose(np.corrcoef(order, np.arange(100_000))[0, 1], 0, abs_tol=0.02)


@settings(max_examples=60)
@given(
    st.integers(1, 16).flatmap(
        lambda bits: st.tuples(
            st.just(bits), arrays(np.uint16, (3, 2, 3), elements=st.integers(0, 2**bits - 1))
        )
    )
)
def test_luma_and_chroma_come_back_exactly(drawn):
    bits, samples = drawn
    planes = to_luma_chroma(samples, bits)
    assert int(planes.max()) < 2**bits
    np.testing.assert_array_equal(from_luma_chroma(planes, bits), samples)


def test_luma_is_that_of_bt_601():
    image = np.moveaxis(skimage.data.cat(), 2, 0)
    red, green, blue = image.astype(float)
    luma = to_luma_chroma(image, 8)[0]
    expected = 0.299 * red + 0.587 * green + 0.114 * blue
    within = np.maximum(np.abs(red - green), np.abs(blue - green)) < 128
    assert within.mean() > 0.99
    assert np.abs(luma - expected)[within].max() < 1


@pytest.mark.parametrize("level", [1, 2, 3])
def test_the_grey_form_permutes_blocks_of_all_planes(level):
    """3n blocks of one channel: an orbit of luma and chroma, counted as one of a grey image."""
    image = raster([[[3]], [[0]], [[2]]], 2)
    planes = to_luma_chroma(image.samples, 2).reshape(1, 1, 3)
    side_by_side = orbit(Raster(planes, 2), level, 1)
    expected = {
        from_luma_chroma(np.frombuffer(one, np.uint8).reshape(3, 1, 1), 2).tobytes()
        for one in side_by_side
    }
    assert_uniform(Etc(block=1, form="grey"), image, level, expected)


def test_the_grey_form_has_no_channels_to_permute():
    grey = Etc(block=8, form="grey")
    assert [level.rank for level in grey.levels(8)] == [0, 1, 2, 3]
    assert grey.levels(8)[1].label == "8x8 blocks of luma and chroma permuted"
    assert repr(grey) == "Etc(block=8, form='grey')"
    with pytest.raises(ImleakError, match="take colour or grey"):
        Etc(form="sepia")
