from __future__ import annotations

import numpy as np
import pytest
from planted import aes, crops, in_region, mask, noise, pairs, shuffled

from imleak.attacks.keystream_reuse import check, positions
from imleak.interfaces import Pair, Raster
from imleak.keystream import AesKeystream, derived_key
from imleak.schemes.bitplanes import BitPlanes

STREAM = noise(3 * 200 * 200)
SIZES = ((96, 112), (80, 120), (100, 90))


def by_place(level=8, operation=np.bitwise_xor):
    plane = STREAM.reshape(3, 200, 200) & mask(level)
    return lambda image: operation(image, plane[: len(image), : image.shape[1], : image.shape[2]])


def in_raster_order(level=8):
    def encrypt(image):
        line = np.moveaxis(image, 0, -1)
        return np.moveaxis(line ^ STREAM[: line.size].reshape(line.shape) & mask(level), -1, 0)

    return encrypt


def by_channel(image):
    return image ^ STREAM[: image.size].reshape(image.shape)


def of_all_sizes(count, colour=False):
    return [image for size in SIZES for image in crops(count, *size, colour=colour)]


@pytest.mark.parametrize("level", range(1, 9))
def test_one_keystream_for_all_is_found_on_any_number_of_planes(level):
    finding = check(pairs(crops(5), by_place(level)))
    assert finding.answer == (
        "One keystream is used for several images: 5 of 5 images are XORed with the same bits at "
        "the same row and column; 100 % agree, 50 % by chance."
    )
    assert (finding.figure, finding.chance) == (1, 0.5)
    assert finding.p_value < 1e-12


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize(
    ("encrypt", "title"),
    [
        (by_place(), "at the same row and column"),
        (in_raster_order(2), "in raster order;"),
        (by_channel, "in raster order"),
    ],
)
def test_it_is_found_in_images_of_different_sizes(encrypt, title, colour):
    finding = check(pairs(of_all_sizes(2, colour), encrypt))
    assert "6 of 6 images are XORed" in finding.answer
    assert title in finding.answer


def test_channels_one_after_another_are_told_from_channels_of_a_pixel():
    finding = check(pairs(of_all_sizes(2, colour=True), by_channel))
    assert "in raster order, channel after channel; 100 % agree" in finding.answer


@pytest.mark.parametrize("level", [1, 6])
def test_one_nonce_for_images_of_all_sizes_is_found(level):
    one = AesKeystream(derived_key(0), bytes(16))
    images = of_all_sizes(2, colour=True)
    finding = check(pairs(images, lambda i: BitPlanes().encrypt(Raster(i, 8), level, one).samples))
    assert "6 of 6 images are XORed with the same bits in raster order;" in finding.answer
    assert finding.figure == 1


def test_a_keystream_that_is_added_is_told_from_one_that_is_xored():
    finding = check(pairs(crops(4), by_place(8, np.add)))
    assert "4 of 4 images are increased by the same bits" in finding.answer


def test_two_of_many_images_are_found_and_named():
    fresh, same = aes(8), by_place()
    faulty = {3, 17}
    images = crops(24)
    some = [Pair(str(n), i, (same if n in faulty else fresh)(i), 8) for n, i in enumerate(images)]
    finding = check(some)
    assert finding.images == ("3", "17")
    assert "2 of 24 images (3, 17) are XORed" in finding.answer


def test_the_inverse_of_a_keystream_is_found():
    one, other = crops(2)
    same = by_place()
    finding = check([Pair("a", one, same(one), 8), Pair("b", other, ~same(other), 8)])
    assert finding.figure == 0
    assert "one of them inverted" in finding.answer


def test_a_region_with_one_keystream_is_found():
    assert check(pairs(crops(4), in_region(by_place()))).figure == 1


def test_a_value_and_a_tile_for_all_are_found():
    tile = np.tile(noise(8, 8), (12, 14))
    assert check(pairs(crops(3), lambda image: image ^ tile)).found
    assert check(pairs(crops(3), lambda image: image ^ np.uint8(37))).found


def test_a_value_of_its_own_for_each_image_is_no_keystream_for_all():
    values = iter([37, 250, 110])
    assert not check(pairs(crops(3), lambda image: image ^ np.uint8(next(values)))).found


def test_equal_plain_images_may_have_one_keystream():
    (image,) = crops(1)
    assert not check(pairs([image, image.copy()], by_place())).found


@pytest.mark.parametrize("side", [2, 8, 16])
def test_blocks_in_another_order_are_no_keystream(side):
    images = crops(6)
    for image in images:
        image[:, :16] = 255
    finding = check(pairs(images, shuffled(side)))
    assert not finding.found
    assert "it is the images that are alike" in finding.answer


def test_what_would_have_been_found_is_found():
    """Of two keystreams, a share of whose bits agree that is just above the smallest."""
    images = crops(2, 200, 200)
    fresh = check(pairs(images, aes(1)))
    rng = np.random.default_rng(0)
    first = noise(1, 200, 200) & mask(1)
    differs = rng.random(first.shape) > fresh.smallest + 0.03
    streams = [first, first ^ (differs * mask(1))]
    some = [Pair(str(n), i, i ^ streams[n], 8) for n, i in enumerate(images)]
    finding = check(some)
    assert finding.found
    assert finding.figure == pytest.approx(fresh.smallest + 0.03, abs=0.01)


def test_positions_are_dense_in_small_images_and_reach_large_ones():
    rows, columns = positions((1 << 14, 1 << 14), 1 << 14)
    assert len(rows) <= 1 << 14
    largest = np.maximum(rows, columns)
    for side in (64, 256, 4096):
        assert np.count_nonzero((largest < side) & (largest >= side // 2)) > 700
    assert len(set(zip(rows, columns, strict=True))) == len(rows)


def test_one_cipher_for_all_images_is_no_keystream_for_all():
    images, same = crops(4), noise(96 * 112).reshape(1, 96, 112)
    assert not check(pairs(images, lambda image: same[:, : image.shape[1], : image.shape[2]])).found
