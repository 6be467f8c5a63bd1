"""What holds for every check."""

from __future__ import annotations

from itertools import cycle

import numpy as np
import pytest
from planted import aes, crops, in_region, negative_positive, noise, pairs
from scipy.stats import binom

from imleak.attacks import _pairs, plane_entropy, untouched
from imleak.attacks._pairs import FALSE_ALARM
from imleak.attacks.inspect import checks
from imleak.interfaces import ImageError, ImleakError, Pair

NAMES = [check.__module__.rpartition(".")[2] for check in checks()]
KEYSTREAMS = [check for check in checks() if check is not untouched.check]
"""Checks of what encrypts, and not of what is left out."""


@pytest.fixture(scope="module")
def photographs():
    """200 of different sizes, some in colour, one constant, and one in black and white."""
    images = [
        image
        for height, width in ((48, 64), (64, 48), (40, 72), (16, 16))
        for image in [*crops(40, height, width), *crops(10, height, width, colour=True)]
    ]
    images[7][:] = 255
    images[8] = np.where(images[8] > 100, 255, 0).astype(np.uint8)
    return images


@pytest.mark.parametrize("check", checks(), ids=NAMES)
def test_aes_in_counter_mode_has_no_fault_at_any_level(photographs, check):
    levels = cycle(aes(level) for level in range(1, 9))
    finding = check(pairs(photographs, lambda image: next(levels)(image)))
    assert not finding.found
    assert finding.p_value > FALSE_ALARM
    assert finding.smallest is not None


@pytest.mark.parametrize("check", checks(), ids=NAMES)
def test_an_encrypted_region_has_no_fault_but_what_is_outside(check):
    finding = check(pairs(crops(12), in_region(aes(8))))
    assert finding.found == (check is untouched.check), finding.answer


@pytest.mark.parametrize("check", checks(), ids=NAMES)
def test_the_least_significant_planes_alone_leave_the_others_and_have_no_other_fault(check):
    rng = np.random.default_rng(0)
    images = crops(12)
    finding = check(pairs(images, lambda image: image ^ rng.integers(0, 16, image.shape, np.uint8)))
    assert finding.found == (check is plane_entropy.check), finding.answer


@pytest.mark.parametrize("check", checks(), ids=NAMES)
def test_negatives_by_a_fresh_key_have_no_fault(check):
    finding = check(pairs(crops(12), negative_positive()))
    assert not finding.found, finding.answer


@pytest.mark.parametrize("check", checks(), ids=NAMES)
@pytest.mark.parametrize("bits", [1, 12, 16])
def test_any_depth(check, bits):
    rng = np.random.default_rng(bits)
    images = [(image.astype(np.uint16) << 8) >> (16 - bits) for image in crops(4)]
    fresh = pairs(
        images, lambda image: image ^ rng.integers(0, 1 << bits, image.shape, np.uint16), bits
    )
    assert not check(fresh).found
    one_tile = np.tile(rng.integers(0, 1 << bits, (8, 8), np.uint16), (12, 14))
    tiled = check(pairs(images, lambda image: image ^ one_tile, bits))
    assert tiled.found == (check in KEYSTREAMS)


@pytest.mark.parametrize("check", checks(), ids=NAMES)
def test_images_of_different_depths(check):
    one, other = crops(2)
    deep = other.astype(np.uint16) << 4
    rng = np.random.default_rng(0)
    key = rng.integers(0, 1 << 12, deep.shape, np.uint16)
    tile = np.tile(noise(8, 8), (12, 14))
    fresh = [Pair("a", one, one ^ noise(*one.shape), 8), Pair("b", deep, deep ^ key, 12)]
    assert not check(fresh).found
    tiled = [Pair("a", one, one ^ tile, 8), Pair("b", deep, deep ^ tile, 12)]
    assert check(tiled).found == (check in KEYSTREAMS)


@pytest.mark.parametrize("check", checks(), ids=NAMES)
def test_one_image_and_one_that_is_not_encrypted(check):
    (image,) = crops(1)
    assert not check([Pair("a", image, image ^ noise(*image.shape), 8)]).found
    bare = check([Pair("a", image, image, 8)])
    assert bare.found == (bare.check == "plane entropy")


@pytest.mark.parametrize("check", checks(), ids=NAMES)
def test_images_are_loaded_when_they_are_looked_at(check):
    loaded = []

    def load(image, name):
        loaded.append(name)
        return image

    images = crops(3)
    lazy = [
        Pair(str(n), lambda i=i, n=n: load(i, n), lambda i=i: i ^ noise(*i.shape), 8)
        for n, i in enumerate(images)
    ]
    assert not loaded
    assert check(lazy) == check(pairs_named(images))
    assert set(loaded) == {0, 1, 2}


def pairs_named(images):
    return [Pair(str(n), i, i ^ noise(*i.shape), 8) for n, i in enumerate(images)]


@pytest.mark.parametrize("check", checks(), ids=NAMES)
def test_what_cannot_be_checked_is_refused(check):
    (image,) = crops(1)
    with pytest.raises(ImleakError, match="nothing to check"):
        check([])
    with pytest.raises(ImageError, match="of one size"):
        check([Pair("a", image, image[:, 1:], 8)])
    with pytest.raises(ImageError, match="both as uint8, or both as uint16"):
        check([Pair("a", image, image.astype(np.uint16), 8)])
    with pytest.raises(ImageError, match="give bits=8"):
        check([Pair("a", image | 128, image, 7)])


def test_a_bit_counts_where_its_surroundings_are_encrypted():
    difference = np.zeros((1, 40, 50), np.uint8)
    difference[0, 10:30, 20:45] = np.random.default_rng(0).integers(0, 256, (20, 25)) | 1
    counted = _pairs.encrypted_bits(difference) & 1
    expected = np.zeros_like(counted)
    expected[0, 11:29, 20:45] = 1
    np.testing.assert_array_equal(counted, expected)


@pytest.mark.parametrize("level", [1, 3, 8])
def test_whether_a_bit_counts_does_not_depend_on_it(level):
    difference = noise(1, 30, 30) & np.uint8(256 - (1 << (8 - level)))
    counted = _pairs.encrypted_bits(difference)
    for row, column in ((0, 0), (1, 1), (15, 15), (29, 3)):
        changed = difference.copy()
        changed[0, row, column] ^= 255
        assert _pairs.encrypted_bits(changed)[0, row, column] == counted[0, row, column]


def test_a_keystream_that_was_added_to_some_planes_is_found_again():
    (image,) = crops(1)
    added = noise(*image.shape) & 0b0011_1000
    cipher = image & 0b1100_0111 | (image & 0b0011_1000) + added & 0b0011_1000
    _, addition = _pairs.keystreams(image, cipher)
    np.testing.assert_array_equal(addition.words, added)
    assert np.bitwise_or.reduce(addition.encrypted, axis=None) == 0b0011_1000


@pytest.mark.parametrize("count", [64, 1000])
def test_p_values_are_no_smaller_than_they_are(count):
    excess = np.arange(0, count + 1, 2)
    exact = np.minimum(1, 2 * binom.sf((count + excess) // 2 - 1, count, 0.5))
    assert (_pairs.p_value(excess, count, 1) >= exact - 1e-12).all()


def test_the_smallest_correlation_is_on_the_edge_of_evidence():
    smallest = _pairs.smallest_correlation(5000, 300)
    assert _pairs.p_value(5000 * smallest, 5000, 300) == pytest.approx(FALSE_ALARM)


@pytest.mark.parametrize(
    ("share", "text"),
    [(1, "100 %"), (0.99999, "99.999 %"), (0.5, "50 %"), (0.7534, "75.3 %"), (0, "0 %")],
)
def test_only_all_of_it_is_100_percent(share, text):
    assert _pairs.percent(share) == text
