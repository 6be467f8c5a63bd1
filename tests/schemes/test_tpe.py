"""Blocks that keep their samples, or their sum: counted, ranked, and equally likely."""

from itertools import permutations, product
from math import comb

import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from orbits import assert_complete, assert_uniform
from rasters import KEYSTREAM, keystream, raster

from imleak.interfaces import ImleakError, Raster
from imleak.schemes._counting import ranks, unranked
from imleak.schemes._draws import Draws
from imleak.schemes.tpe import Tpe


def orbit_of_block(values, kind, bits):
    if kind == "shuffle":
        return set(permutations(values))
    every = product(range(2**bits), repeat=len(values))
    return {one for one in every if sum(one) == sum(values)}


@pytest.mark.parametrize("kind", ["shuffle", "sum"])
@pytest.mark.parametrize(
    ("rows", "bits"),
    [
        ([[0, 3], [1, 2]], 2),
        ([[1, 1], [1, 0]], 2),
        ([[7, 0]], 3),
        ([[3]], 2),
        ([[0, 0], [0, 0]], 2),
    ],
)
def test_every_cipher_of_the_orbit_is_equally_likely(rows, bits, kind):
    image = raster(rows, bits)
    values = tuple(int(v) for v in image.samples.ravel())
    orbit = {bytes(one) for one in orbit_of_block(values, kind, bits)}
    assert_uniform(Tpe(kind=kind, blocks=[2]), image, 1, orbit)


@pytest.mark.parametrize("kind", ["shuffle", "sum"])
def test_exposures_are_equal_where_orbits_are_and_nowhere_else(kind):
    images = [raster([list(values)], 2) for values in product(range(4), repeat=3)]

    def orbit(image):  # a block of two, and one of one
        *two, one = map(int, image.samples.ravel())
        return {bytes([*pair, one]) for pair in orbit_of_block(tuple(two), kind, 2)}

    assert_complete(Tpe(kind=kind, blocks=[2]), images, 1, orbit)


def test_two_by_two_by_hand():
    image = raster([[9, 2, 1], [7, 0, 4]], 4)
    assert Tpe(blocks=[2]).expose(image, 1).rendered[0].tolist() == [[0, 2, 1], [7, 9, 4]]
    exposure = Tpe(kind="sum", blocks=[2]).expose(image, 1)
    assert exposure.rendered[0].tolist() == [[5, 5, 3], [4, 4, 2]]
    assert exposure.symbols["means"].tolist() == [[[4, 2]]]
    assert exposure.symbols["remainders"].tolist() == [[[2, 1]]]


@settings(max_examples=50)
@given(st.data())
def test_ranks_by_brute_force(data):
    values = data.draw(st.integers(2, 5))
    lengths = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    rows = [
        data.draw(st.lists(st.integers(0, values - 1), min_size=n, max_size=n)) for n in lengths
    ]
    found = ranks(rows, values)
    for row, place, count in zip(rows, found.places, found.counts, strict=True):
        every = [
            list(one) for one in product(range(values), repeat=len(row)) if sum(one) == sum(row)
        ]
        assert len(every) == count
        assert every.index(row) == place
    assert unranked(found.places, rows, found.longest, values) == rows


def test_counts_are_those_of_inclusion_and_exclusion():
    """64 samples of 8 bits: sum over j of (-1)^j C(64, j) C(s - 256 j + 63, 63)."""
    rng = np.random.default_rng(0)
    row = rng.integers(0, 256, 64).tolist()
    s = sum(row)
    expected = sum(
        (-1) ** j * comb(64, j) * comb(s - 256 * j + 63, 63) for j in range(s // 256 + 1)
    )
    found = ranks([row], 256)
    assert found.counts == [expected]
    last = unranked([expected - 1], [row], found.longest, 256)[0]
    assert sum(last) == s
    assert last == sorted(last, reverse=True)


@pytest.mark.parametrize("kind", ["shuffle", "sum"])
def test_thumbnails_of_a_photograph_are_kept(kind):
    image = Raster(np.ascontiguousarray(np.moveaxis(skimage.data.cat()[:101, :90], 2, 0)), 8)
    scheme = Tpe(kind=kind, blocks=[4, 8])
    for level, side in ((1, 4), (2, 8)):
        cipher = scheme.encrypt(image, level, KEYSTREAM)
        assert (cipher.samples != image.samples).mean() > 0.8
        thumbnails = [
            samples.astype(int)[:, :96, :88]
            .reshape(3, 96 // side, side, 88 // side, side)
            .sum((2, 4))
            for samples in (image.samples, cipher.samples, scheme.expose(image, level).rendered)
        ]
        np.testing.assert_array_equal(thumbnails[0], thumbnails[1])
        np.testing.assert_array_equal(thumbnails[0], thumbnails[2])
        again = scheme.decrypt(cipher, level, KEYSTREAM)
        np.testing.assert_array_equal(again.samples, image.samples)


def test_samples_of_a_sum_take_every_value():
    """What the ideal kind draws is no shuffle: of a flat block any value can come."""
    flat = Raster(np.full((1, 64, 64), 100, np.uint8), 8)
    cipher = Tpe(kind="sum", blocks=[8]).encrypt(flat, 1, KEYSTREAM).samples
    assert len(np.unique(cipher)) == 256
    assert cipher.mean() == 100


def test_large_numbers_are_drawn_uniformly_below_their_limits():
    limits = [1, 2, 3, 5, 10**30, 2**70]
    draws = [Draws(keystream(seed), "tpe", 1, 0).below_each(limits) for seed in range(300)]
    assert all(0 <= v < m for drawn in draws for v, m in zip(drawn, limits, strict=True))
    for at, limit in enumerate(limits[1:], start=1):
        assert np.mean([drawn[at] / (limit - 1) for drawn in draws]) == pytest.approx(0.5, abs=0.09)


def test_what_is_none_is_refused():
    with pytest.raises(ImleakError, match="take shuffle or sum"):
        Tpe(kind="mean")
    for blocks in ([], [8, 4], [4, 4]):
        with pytest.raises(ImleakError, match="give rising sides"):
            Tpe(blocks=blocks)
    with pytest.raises(ImleakError, match=r"give blocks=\[4, 8\] or kind=shuffle"):
        Tpe(kind="sum").levels(16)
    assert [level.short for level in Tpe(kind="sum").levels(8)] == [
        "plain",
        "b = 4",
        "b = 8",
        "b = 16",
    ]
