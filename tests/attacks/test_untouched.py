"""Areas that are not encrypted: which share they are, and where."""

from __future__ import annotations

import numpy as np
import pytest
from planted import aes, crops, in_region, mask, noise, pairs

from imleak.attacks._pairs import percent
from imleak.attacks.untouched import SIDE, Untouched, check
from imleak.interfaces import Pair

HEIGHT, WIDTH = 160, 240


def encrypted(inside: tuple[slice, slice], level: int = 8, colour: bool = False) -> list[Pair]:
    """Photographs of which one rectangle alone is encrypted."""
    encrypt = aes(level)

    def partly(image: np.ndarray) -> np.ndarray:
        cipher = image.copy()
        cipher[:, *inside] = encrypt(image)[:, *inside]
        return cipher

    return pairs(crops(3, HEIGHT, WIDTH, colour), partly)


ALL = slice(None)


@pytest.mark.parametrize(
    ("inside", "where"),
    [
        ((ALL, slice(120, None)), "in the left half."),
        ((ALL, slice(0, 120)), "in the right half."),
        ((slice(80, None), ALL), "in the top half."),
        ((slice(0, 128), ALL), "in the bottom 20 %."),
        ((slice(0, 32), ALL), "everywhere but in the top 20 %."),
        ((ALL, slice(48, 144)), "everywhere but in a strip from 20 to 60 % of the width."),
        (
            (slice(40, 80), slice(60, 120)),
            "everywhere but in a rectangle from 25 to 50 % of the width and 25 to 50 % of the "
            "height.",
        ),
    ],
)
@pytest.mark.parametrize("colour", [False, True])
def test_share_and_place_of_what_is_untouched(inside, where, colour):
    given = encrypted(inside, colour=colour)
    found = check(given)
    assert found.found
    assert found.answer.endswith(where)
    equal = [float((pair.plain == pair.cipher).mean()) for pair in given]
    low, high = (percent(share).removesuffix(" %") for share in (min(equal), max(equal)))
    shares = low if low == high else f"{low} to {high}"
    assert f"in 3 of 3 images {shares} % of the samples are equal" in found.answer
    area = 1 - np.zeros((HEIGHT, WIDTH))[inside].size / (HEIGHT * WIDTH)
    assert found.figure == pytest.approx(area, abs=0.05)


def test_equal_samples_are_counted_one_by_one():
    (pair,) = encrypted((ALL, slice(120, None)))[:1]
    plain, cipher = pair.load()
    assert Untouched.of(plain, cipher).equal == (plain == cipher).mean()
    assert Untouched.of(plain, cipher).area == pytest.approx(0.5)


def test_places_that_are_no_rectangle_and_channels():
    def corners(image: np.ndarray) -> np.ndarray:
        cipher = image ^ noise(*image.shape)
        cipher[:, :48, :48], cipher[:, -48:, -48:] = image[:, :48, :48], image[:, -48:, -48:]
        return cipher

    def green(image: np.ndarray) -> np.ndarray:
        cipher = image.copy()
        cipher[1] ^= noise(*image.shape[1:])
        return cipher

    images = crops(2, HEIGHT, WIDTH, colour=True)
    assert check(pairs(images, corners)).answer.endswith("in several places.")
    assert check(pairs(images, green)).answer.endswith("in some of the channels.")
    assert check(pairs(images, green)).figure == pytest.approx(2 / 3, abs=0.01)


@pytest.mark.parametrize("level", [1, 3, 8])
def test_clear_planes_are_no_untouched_area(level):
    found = check(pairs(crops(4), aes(level)))
    assert not found.found
    assert found.answer.startswith("No area is left as it was: ")
    assert found.details["equal samples"] == pytest.approx(0.5**level, abs=0.01)
    assert mask(level).bit_count() == level


def test_blocks_of_one_value_that_were_moved_are_no_untouched_area():
    rng = np.random.default_rng(0)
    white = np.full((1, 128, 128), 255, np.uint8)
    white[:, :SIDE] = rng.integers(0, 256, (1, SIDE, 128))

    def moved(image: np.ndarray) -> np.ndarray:
        cipher = image.copy()
        cipher[:, :SIDE], cipher[:, -SIDE:] = image[:, -SIDE:], image[:, :SIDE]
        return cipher

    assert not check(pairs([white], moved)).found


def test_images_smaller_than_a_block_have_no_area():
    (image,) = crops(1, 7, 30)
    cipher = image.copy()
    cipher[..., 15:] ^= 255
    assert not check([Pair("a", image, cipher, 8)]).found


def test_who_is_concerned_is_named():
    images = crops(3, HEIGHT, WIDTH)
    one = pairs(images[:1], in_region(aes(8)))
    rest = [Pair(f"other {n}", i, i ^ noise(*i.shape), 8) for n, i in enumerate(images[1:])]
    found = check([*one, *rest])
    assert found.images == ("image 0",)
    assert "in 1 of 3 images (image 0)" in found.answer
