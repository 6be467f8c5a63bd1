"""Negated samples folded back, which is all that a scan for minimal differences finds."""

from itertools import permutations, product

import numpy as np
import pytest
import skimage.data

from imleak.interfaces import ImleakError, Raster, Rebuilder
from imleak.keystream import AesKeystream, derived_key
from imleak.rebuilders.fold import Fold
from imleak.schemes.bitplanes import BitPlanes
from imleak.schemes.negative_positive import NegativePositive

SCHEME = NegativePositive()


def exposed(samples, level, bits=8):
    image = Raster(np.asarray(samples), bits)
    cipher = SCHEME.encrypt(image, level, AesKeystream(derived_key(0), bytes(16)))
    return SCHEME.expose(cipher, level)


def test_fold_by_hand():
    found = Fold().rebuild(exposed(np.array([[[0, 127, 128, 255, 200]]], np.uint8), 1), SCHEME, 1)
    assert found.samples.ravel().tolist() == [0, 127, 127, 0, 55]
    assert (found.confidence == 0.5).all()


def test_dark_images_come_back_whole():
    dark = (np.ascontiguousarray(np.moveaxis(skimage.data.cat(), 2, 0)) // 2).astype(np.uint8)
    np.testing.assert_array_equal(Fold().rebuild(exposed(dark, 1), SCHEME, 1).samples, dark)


def forms(pixel, level, peak):
    """Every form of a pixel, its clear part first."""
    orders = permutations(pixel) if level == 2 else [pixel]
    for order in orders:
        yield from product(*((v, peak - v) for v in order))


def minimal_difference(folded, level, peak):
    """The image that a raster scan finds, in Python's integers."""
    _, height, width = folded.shape
    found = np.zeros_like(folded, dtype=int)
    for i, j in product(range(height), range(width)):
        near = [found[:, a, b].tolist() for a, b in ((i, j - 1), (i - 1, j)) if min(a, b) >= 0]
        options = forms([int(v) for v in folded[:, i, j]], level, peak)
        found[:, i, j] = min(
            options,
            key=lambda one: sum(abs(v - w) for n in near for v, w in zip(one, n, strict=True)),
        )
    return found


@pytest.mark.parametrize("level", [1, 2])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_scan_for_minimal_differences_finds_the_same(channels, level):
    noise = np.random.default_rng(0).integers(0, 64, (channels, 7, 9)).astype(np.uint8)
    photograph = np.moveaxis(skimage.data.cat()[100:220:12, 60:240:18], 2, 0)[:channels] >> 2
    for image in (noise, photograph):
        exposure = exposed(np.ascontiguousarray(image), level, bits=6)
        scanned = minimal_difference(exposure.rendered, level, 63)
        np.testing.assert_array_equal(Fold().rebuild(exposure, SCHEME, level).samples, scanned)


@pytest.mark.parametrize("level", [1, 2])
def test_what_is_rebuilt_has_the_clear_part(level):
    image = np.ascontiguousarray(np.moveaxis(skimage.data.cat()[::4, ::4], 2, 0))
    exposure = exposed(image, level)
    found = Fold().rebuild(exposure, SCHEME, level)
    again = SCHEME.expose(Raster(found.samples, 8), level)
    np.testing.assert_array_equal(again.rendered, exposure.rendered)
    assert found.confidence.dtype == np.float32
    assert found.confidence.shape == image.shape


def test_what_it_rebuilds():
    assert isinstance(Fold(), Rebuilder)
    assert [Fold().rebuilds(SCHEME, level, 8) for level in range(4)] == [False, True, True, False]
    assert not Fold().rebuilds(SCHEME, 1, 1)
    assert not Fold().rebuilds(BitPlanes(), 1, 8)
    with pytest.raises(ImleakError, match="does not rebuild bitplanes at level 1"):
        Fold().rebuild(exposed(np.zeros((1, 2, 2), np.uint8), 1), BitPlanes(), 1)
