"""Orbits of samples and of pixels: by hand, by brute force, by how often every cipher occurs."""

from itertools import permutations, product

import numpy as np
import pytest
from orbits import assert_complete, assert_uniform
from rasters import KEYSTREAM, raster

from imleak.interfaces import Raster
from imleak.schemes.negative_positive import NegativePositive

SCHEME = NegativePositive()


def orbit(image, level):
    """Every cipher of an image, as bytes, pixel by pixel in Python's integers."""
    peak = 2**image.bits - 1
    channels, height, width = image.samples.shape
    pixels = image.samples.reshape(channels, -1).T.tolist()
    forms = []
    for pixel in pixels:
        signed = set(product(*({v, peak - v} if level else {v} for v in pixel)))
        forms.append({p for s in signed for p in (permutations(s) if level == 2 else [s])})
    kind = image.samples.dtype
    return {
        np.array(chosen, kind).T.reshape(channels, height, width).tobytes()
        for chosen in product(*forms)
    }


def test_two_by_two_by_hand():
    image = raster([[0, 255], [100, 200]])
    exposure = SCHEME.expose(image, 1)
    assert exposure.rendered[0].tolist() == [[0, 0], [100, 55]]
    assert exposure.size == 128
    colour = raster([[[200, 3]], [[60, 250]], [[10, 130]]])
    assert SCHEME.expose(colour, 1).rendered.tolist() == [[[55, 3]], [[60, 5]], [[10, 125]]]
    assert SCHEME.expose(colour, 2).rendered.tolist() == [[[10, 3]], [[55, 5]], [[60, 125]]]


@pytest.mark.parametrize("level", range(3))
@pytest.mark.parametrize(
    ("rows", "bits"),
    [
        ([[0, 3], [1, 2]], 2),
        ([[5]], 3),
        ([[[5]], [[1]], [[7]]], 3),
        ([[[1]], [[1]], [[2]]], 2),
        ([[[1, 0]], [[0, 0]], [[1, 1]]], 1),
    ],
)
def test_every_cipher_of_the_orbit_is_equally_likely(rows, bits, level):
    image = raster(rows, bits)
    assert_uniform(SCHEME, image, level, orbit(image, level))


def test_a_pixel_has_two_eight_or_forty_eight_forms():
    assert len(orbit(raster([[7]]), 1)) == 2
    pixel = raster([[[7]], [[90]], [[200]]])
    assert len(orbit(pixel, 1)) == 8
    assert len(orbit(pixel, 2)) == 48


@pytest.mark.parametrize("level", range(3))
def test_exposures_are_equal_where_orbits_are_and_nowhere_else(level):
    images = [raster([[[a]], [[b]], [[c]]], 2) for a, b, c in product(range(4), repeat=3)]
    assert_complete(SCHEME, images, level, lambda image: orbit(image, level))


def test_the_table_is_of_level_1_alone():
    assert SCHEME.table(3, 0).tolist() == list(range(8))
    assert SCHEME.table(3, 1).tolist() == [0, 1, 2, 3, 3, 2, 1, 0]
    assert SCHEME.table(3, 2) is None


def test_one_bit_is_encrypted_whole():
    exposure = SCHEME.expose(raster([[0, 1]], 1), 1)
    assert exposure.is_empty
    assert exposure.size == 1
    assert [level.leaves_nothing for level in SCHEME.levels(1)] == [False, True, True]


def test_half_of_the_samples_are_negated():
    image = Raster(np.zeros((3, 64, 64), np.uint16), 12)
    for level in (1, 2):
        cipher = SCHEME.encrypt(image, level, KEYSTREAM).samples
        assert set(np.unique(cipher)) == {0, 4095}
        assert np.mean(cipher == 0, axis=(1, 2)) == pytest.approx([0.5] * 3, abs=0.03)
