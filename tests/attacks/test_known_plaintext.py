from __future__ import annotations

import numpy as np
import pytest
from planted import crops, mask, noise, pairs, shuffled

from imleak.attacks.known_plaintext import check

STREAM = noise(1, 96, 112)
TABLE = np.random.default_rng(0).permutation(256).astype(np.uint8)


@pytest.mark.parametrize("level", [1, 4, 8])
def test_a_keystream_reads_the_next_image(level):
    finding = check(pairs(crops(4), lambda image: image ^ STREAM & mask(level)))
    assert finding.answer == (
        "One image and its cipher give others: the XORed keystream at the same row and column "
        "reads 100 % of the encrypted samples of 3 of 3 images."
    )
    assert finding.details == {f"plane {plane}": 1.0 for plane in range(8 - level, 8)}
    assert finding.chance == pytest.approx(0.5**level, rel=0.1)


def test_a_keystream_that_was_added_reads_the_next_image():
    finding = check(pairs(crops(4), lambda image: image + STREAM))
    assert "the added keystream at the same row and column reads 99" in finding.answer


def test_a_keystream_in_raster_order_reads_images_of_other_sizes():
    images = [*crops(2, 60, 90), *crops(2, 50, 70)]
    line = noise(60 * 90)
    finding = check(pairs(images, lambda i: i ^ line[: i.size].reshape(i.shape)))
    assert "the XORed keystream in raster order reads" in finding.answer


def test_a_table_reads_the_next_image():
    for colour in (False, True):
        finding = check(pairs(crops(4, colour=colour), lambda image: TABLE[image]))
        assert "the table of sample values reads 9" in finding.answer
        assert finding.figure > 0.9


def test_a_table_of_every_image_reads_half_of_it():
    rng = np.random.default_rng(1)
    finding = check(pairs(crops(4), lambda i: rng.permutation(256).astype(np.uint8)[i]))
    assert finding.answer.startswith("Every value always becomes the same one in 4 of 4 images")


def test_a_permutation_of_pixels_reads_the_next_images():
    order = np.random.default_rng(0).permutation(96 * 112)
    for colour in (False, True):
        images = crops(5, colour=colour)
        finding = check(pairs(images, lambda i: i.reshape(len(i), -1)[:, order].reshape(i.shape)))
        assert "the permutation of pixels reads" in finding.answer
        assert finding.figure > 0.3


@pytest.mark.parametrize("side", [4, 8, 16])
def test_a_permutation_of_blocks_reads_the_next_image(side):
    finding = check(pairs(crops(3), lambda image: shuffled(side)(image)))  # one order for all
    assert f"the permutation of blocks of {side}x{side} pixels reads" in finding.answer
    assert finding.figure > 0.9
    assert len(finding.images) == 2


@pytest.mark.parametrize("side", [1, 4, 16])
def test_a_fresh_permutation_reads_nothing(side):
    images = crops(4)
    images[1][:, :70] = 255
    finding = check(pairs(images, shuffled(side)))
    assert not finding.found, finding.answer


def test_an_image_that_is_known_is_not_attacked():
    (image,) = crops(1)
    finding = check(pairs([image, image.copy()], lambda i: i ^ STREAM))
    assert not finding.found
    assert "there is but one" in finding.answer


@pytest.mark.parametrize("make", [np.zeros_like, lambda image: image // 128 * 0 + 7])
def test_a_cipher_of_one_value_gives_no_image(make):
    assert not check(pairs(crops(4), make)).found
