from __future__ import annotations

import numpy as np
import pytest
from planted import aes, crops, in_region, mask, noise, pairs, shuffled

from imleak.attacks.repeating_tile import autocorrelation, check
from imleak.interfaces import Pair


def tiled(height, width, level=8, operation=np.bitwise_xor):
    """A tile of its own for every image."""
    seeds = iter(range(1000))

    def encrypt(image):
        tile = noise(height, width, seed=next(seeds)) & mask(level)
        rows, columns = image.shape[1:]
        repeated = np.tile(tile, (rows // height + 1, columns // width + 1))
        return operation(image, repeated[:rows, :columns])

    return encrypt


def in_raster_order(run, level=8):
    stream = noise(run) & mask(level)

    def encrypt(image):
        line = np.moveaxis(image, 0, -1)
        changed = line.ravel() ^ np.resize(stream, line.size)
        return np.moveaxis(changed.reshape(line.shape), -1, 0)

    return encrypt


@pytest.mark.parametrize("level", range(1, 9))
def test_a_tile_of_8x8_is_found_on_any_number_of_planes(level):
    finding = check(pairs(crops(3), tiled(8, 8, level)))
    assert finding.answer == (
        "The keystream repeats: 3 of 3 images are XORed with a tile of 8x8 samples that repeats "
        "everywhere; who knows 64 samples of an image has all of it; 3 of the ciphers show it "
        "without the plain image."
    )
    assert finding.figure == 1
    assert finding.p_value < 1e-12


@pytest.mark.parametrize(("height", "width"), [(1, 5), (3, 1), (13, 6), (32, 17), (40, 40)])
@pytest.mark.parametrize("colour", [False, True])
def test_the_size_of_the_tile_is_found(height, width, colour):
    finding = check(pairs(crops(2, colour=colour), tiled(height, width)))
    assert f"a tile of {width}x{height} samples" in finding.answer
    assert finding.details["samples in the shortest"] == height * width


def test_a_tile_that_is_added_is_told_from_one_that_is_xored():
    assert "increased by a tile of 8x8" in check(pairs(crops(2), tiled(8, 8, 8, np.add))).answer


@pytest.mark.parametrize("run", [50, 1000, 4096])
@pytest.mark.parametrize("colour", [False, True])
def test_a_period_in_raster_order_is_found(run, colour):
    finding = check(pairs(crops(2, 120, 127, colour=colour), in_raster_order(run, 3)))
    assert f"repeats every {run} samples in raster order" in finding.answer


def test_a_keystream_of_one_value_is_found():
    xored = check(pairs(crops(2), lambda image: image ^ np.uint8(37)))
    added = check(pairs(crops(2), lambda image: image + np.uint8(37)))
    assert "XORed with the same value everywhere, 37; who knows one sample" in xored.answer
    assert "increased by the same value everywhere, 37" in added.answer


def test_keystreams_of_one_value_that_differ_are_told_together():
    values = iter([37, 250, 37])
    answer = check(pairs(crops(3), lambda image: image ^ np.uint8(next(values)))).answer
    assert "3 of 3 images are XORed with the same value everywhere, 2 values in all;" in answer
    assert "another period" not in answer


def test_rows_that_have_one_keystream_are_found():
    row = noise(1, 400)
    finding = check(pairs(crops(2, 96, 150), lambda image: image ^ row[:, : image.shape[2]]))
    assert "repeats every 150 samples in raster order" in finding.answer


def test_channels_that_have_one_keystream_are_found():
    finding = check(pairs(crops(2, colour=True), lambda image: image ^ noise(*image.shape[1:])))
    assert "XORed with one keystream in all channels" in finding.answer


def test_a_tile_in_a_region_is_found():
    finding = check(pairs(crops(2), in_region(tiled(8, 8))))
    assert "a tile of 8x8 samples" in finding.answer


def test_the_images_that_have_a_tile_are_named():
    fresh, tile = aes(8), tiled(8, 8)
    images = crops(6)
    faulty = {1, 4}
    some = [Pair(str(n), i, (tile if n in faulty else fresh)(i), 8) for n, i in enumerate(images)]
    finding = check(some)
    assert finding.images == ("1", "4")
    assert "2 of 6 images (1, 4) are" in finding.answer


def test_flat_areas_show_the_tile_in_the_cipher_alone():
    flat = np.full((1, 96, 112), 200, np.uint8)
    flat[:, 40:60, 30:50] = noise(20, 20)
    busy = noise(1, 96, 112, seed=1)
    finding = check(pairs([flat, busy], tiled(8, 8)))
    assert (finding.figure, finding.details["seen in the ciphers alone"]) == (1, 1)


@pytest.mark.parametrize("side", [2, 8, 16])
def test_blocks_in_another_order_are_no_tile(side):
    images = crops(4)
    images[0][:, :, :80] = 255  # most of it the same, wherever it goes
    finding = check(pairs(images, shuffled(side)))
    assert not finding.found, finding.answer


def test_autocorrelation_is_a_sum_of_products():
    rng = np.random.default_rng(0)
    bits = rng.choice(np.array([-1, 0, 1], np.float32), (2, 3, 50))
    excess, count = autocorrelation(bits, 20)
    for lag in range(21):
        products = bits[..., lag:] * bits[..., : 50 - lag]
        np.testing.assert_array_equal(excess[:, lag], products.sum(axis=(1, 2)))
        np.testing.assert_array_equal(count[:, lag], np.abs(products).sum(axis=(1, 2)))
