"""Half samples of 4x4 blocks: what moves where, and what no key changes."""

from itertools import permutations, product

import numpy as np
import pytest
import skimage.data
from orbits import assert_uniform
from rasters import KEYSTREAM, keystream, raster

from imleak.interfaces import ImageError, ImleakError, Raster
from imleak.schemes import _nibbles, ele, le
from imleak.schemes.ele import Ele
from imleak.schemes.le import Le

CAMERA = Raster(np.ascontiguousarray(skimage.data.camera()[None, 100:164, 100:196]), 8)


@pytest.fixture
def one_pixel_blocks(monkeypatch):
    """Blocks of one pixel, which have few halves, so that orbits can be counted."""
    for module in (_nibbles, le, ele):
        monkeypatch.setattr(module, "BLOCK", 1)


def halves_of(image):
    """(blocks, halves) of 1x1 blocks in Python's integers."""
    half = image.bits // 2
    pixels = image.samples.reshape(len(image.samples), -1).T.tolist()
    return [[v >> half for v in p] + [v % 2**half for v in p] for p in pixels]


def image_of(blocks, image):
    half = image.bits // 2
    joined = [
        [u << half | v for u, v in zip(b[: len(b) // 2], b[len(b) // 2 :], strict=True)]
        for b in blocks
    ]
    return np.array(joined, image.samples.dtype).T.reshape(image.samples.shape).tobytes()


def orbit_of_le(image):
    blocks, peak = halves_of(image), 2 ** (image.bits // 2) - 1
    m = range(len(blocks[0]))
    return {
        image_of(
            [[b[j] ^ r * peak for j, r in zip(order, flips, strict=True)] for b in blocks], image
        )
        for order in permutations(m)
        for flips in product((0, 1), repeat=len(m))
    }


def orbit_of_ele(image):
    peak = 2 ** (image.bits // 2) - 1
    forms = [
        {p for flips in product(*({h, peak - h} for h in block)) for p in permutations(flips)}
        for block in halves_of(image)
    ]
    return {image_of(chosen, image) for order in permutations(forms) for chosen in product(*order)}


@pytest.mark.usefixtures("one_pixel_blocks")
@pytest.mark.parametrize(
    ("scheme", "orbit"),
    [pytest.param(Le(), orbit_of_le, id="le"), pytest.param(Ele(), orbit_of_ele, id="ele")],
)
@pytest.mark.parametrize(
    ("rows", "bits"), [([[9, 3]], 4), ([[1, 2, 2]], 2), ([[5]], 4), ([[[1]], [[2]], [[3]]], 2)]
)
def test_every_cipher_of_the_orbit_is_equally_likely(scheme, orbit, rows, bits):
    image = raster(rows, bits)
    assert_uniform(scheme, image, 1, orbit(image))


@pytest.mark.usefixtures("one_pixel_blocks")
@pytest.mark.parametrize(
    ("scheme", "orbit"),
    [pytest.param(Le(), orbit_of_le, id="le"), pytest.param(Ele(), orbit_of_ele, id="ele")],
)
def test_exposures_are_equal_where_orbits_are_and_nowhere_else(scheme, orbit):
    seen = {}
    for values in product(range(16), repeat=2):
        image = raster([list(values)], 4)
        exposed = scheme.expose(image, 1).rendered.tobytes()
        assert seen.setdefault(frozenset(orbit(image)), exposed) == exposed
        assert exposed in orbit(image)
    assert len(set(seen.values())) == len(seen)


def test_one_block_by_hand():
    """Halves of 1 to 8: 12 halves of 0 to 7 each become the smaller of them and 15 less."""
    image = raster(np.arange(16).reshape(4, 4) * 16 + 15)  # upper 0..15, lower 15
    found = Ele().expose(image, 1).rendered.ravel()
    smaller = sorted([min(h, 15 - h) for h in range(16)] + [0] * 16, reverse=True)
    assert found.tolist() == [u * 16 + v for u, v in zip(smaller[:16], smaller[16:], strict=True)]


def test_all_blocks_of_le_are_scrambled_alike_and_those_of_ele_are_not():
    image = raster(np.tile(np.arange(16).reshape(4, 4) * 13, (3, 5)))
    for scheme, alike in ((Le(), 1), (Ele(), 15)):
        cipher = scheme.encrypt(image, 1, KEYSTREAM).samples[0]
        blocks = cipher.reshape(3, 4, 5, 4).transpose(0, 2, 1, 3).reshape(15, 16)
        assert len(np.unique(blocks, axis=0)) == alike


@pytest.mark.parametrize("scheme", [Le(), Ele()], ids=repr)
def test_what_fills_no_block_stays_and_is_clear(scheme):
    image = Raster(np.ascontiguousarray(CAMERA.samples[:, :63, :90]), 8)
    cipher = scheme.encrypt(image, 1, KEYSTREAM)
    for found in (cipher.samples, scheme.expose(cipher, 1).rendered):
        np.testing.assert_array_equal(found[:, 60:], image.samples[:, 60:])
        np.testing.assert_array_equal(found[:, :, 88:], image.samples[:, :, 88:])
    np.testing.assert_array_equal(scheme.decrypt(cipher, 1, KEYSTREAM).samples, image.samples)


def test_the_exposure_of_le_leads_with_the_smoothest_sequence():
    """Upper halves follow the image: the clear part resembles it, or its negative."""
    cipher = Le().encrypt(CAMERA, 1, keystream(3))
    rendered = Le().expose(cipher, 1).rendered
    means = [
        image.reshape(16, 4, 24, 4).mean((1, 3)).ravel()
        for image in (CAMERA.samples[0], rendered[0])
    ]
    assert abs(np.corrcoef(*means)[0, 1]) > 0.9


@pytest.mark.parametrize("scheme", [Le(), Ele()], ids=repr)
def test_what_it_cannot_take_is_refused(scheme):
    with pytest.raises(ImleakError, match="give an even number of bits"):
        scheme.levels(7)
    with pytest.raises(ImageError, match=r"3x9 pixels holds no block of 4x4"):
        scheme.expose(raster(np.zeros((9, 3))), 1)
