"""Areas that are not encrypted: which share they are, and where."""

from __future__ import annotations

import numpy as np
import pytest
from planted import CAMERA, aes, crops, in_region, mask, noise, pairs

from imleak.attacks._pairs import Finding, percent
from imleak.attacks.inspect import checks
from imleak.attacks.untouched import SIDE, Untouched, check
from imleak.interfaces import Pair, Raster
from imleak.keystream import AesKeystream, derived_key, derived_nonce
from imleak.schemes.etc import Etc
from imleak.schemes.tpe import Tpe

HEIGHT, WIDTH = 160, 240


def encrypted(inside: tuple[slice, slice], level: int = 8, colour: bool = False) -> list[Pair]:
    """Photographs of which one rectangle alone is encrypted."""
    encrypt = aes(level)

    def partly(image: np.ndarray) -> np.ndarray:
        cipher = image.copy()
        cipher[:, *inside] = encrypt(image)[:, *inside]
        return cipher

    return pairs(crops(3, HEIGHT, WIDTH, colour), partly)


def every_check(given: list[Pair]) -> list[Finding]:
    return [one(given) for one in checks()]


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
    assert Untouched.of(plain, cipher, 8).equal == (plain == cipher).mean()
    assert Untouched.of(plain, cipher, 8).area == pytest.approx(0.5)


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
    assert found.answer.startswith("No area of 1 % or more with content is left as it was: ")
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


def test_an_area_cannot_be_seen_in_images_smaller_than_a_block():
    (image,) = crops(1, 7, 60)
    cipher = image ^ noise(*image.shape)
    cipher[..., :30] = image[..., :30]
    found = check([Pair("a", image, cipher, 8)])
    assert not found.found
    assert found.smallest is None
    assert found.answer.startswith(f"In 1 of 1 images {percent((image == cipher).mean())} of the")
    assert found.answer.endswith("in images without 8x8 samples or a row or column of 64.")


def sparse_page() -> np.ndarray:
    is_dot = np.random.default_rng(0).random((1, 256, 256)) < 0.01
    return np.where(is_dot, 0, 255).astype(np.uint8)


def stripes() -> np.ndarray:
    return np.tile(np.array([200, 0], np.uint8), (1, 256, 128))


def photograph(side: int, colour: bool = False) -> np.ndarray:
    return crops(1, side, side, colour)[0]


@pytest.mark.parametrize("is_one_key", [False, True])
@pytest.mark.parametrize(
    ("scheme", "level", "image"),
    [
        (Etc(block=32), 1, photograph(256)),
        (Etc(block=16), 1, photograph(128)),
        (Etc(block=8), 1, photograph(64)),
        (Etc(block=32), 2, photograph(256)),
        (Etc(block=16), 2, stripes()),
        (Etc(block=32), 3, photograph(256)),
        (Etc(block=32), 4, photograph(128, colour=True)),
        (Tpe(), 1, sparse_page()),
        (Tpe(), 1, photograph(128)),
    ],
)
def test_samples_and_blocks_that_are_moved_are_no_untouched_area(scheme, level, image, is_one_key):
    images = [np.ascontiguousarray(image), np.ascontiguousarray(image[:, ::-1])]

    def encrypt(plain: np.ndarray, number: int) -> np.ndarray:
        keystream = AesKeystream(derived_key(number), derived_nonce(str(number)))
        return scheme.encrypt(Raster(plain, 8), level, keystream).samples

    for key in range(24):
        numbers = [key, key] if is_one_key else [key, key + 1000]
        given = [Pair("a", images[0], encrypt(images[0], numbers[0]), 8)]
        given += [Pair("b", images[1], encrypt(images[1], numbers[1]), 8)]
        for found in (check(given), check(given[:1])):
            assert not found.found, found.answer
            assert found.p_value == 1


def test_a_half_that_is_negated_in_its_place_leaves_the_other_half():
    def negated(image: np.ndarray) -> np.ndarray:
        cipher = image.copy()
        cipher[..., 120:] ^= 255
        return cipher

    found = check(pairs(crops(2, HEIGHT, WIDTH), negated))
    assert found.answer.endswith("in the left half.")


def test_small_areas_count_where_most_images_leave_them():
    def left(image: np.ndarray, at: int) -> np.ndarray:
        cipher = image ^ noise(*image.shape, seed=at)
        cipher[:, 16:64, at : at + 40] = image[:, 16:64, at : at + 40]
        return cipher

    images = crops(3, HEIGHT, WIDTH)
    alike = check([Pair(f"{n}", image, left(image, 40), 8) for n, image in enumerate(images)])
    assert alike.images == ("0", "1", "2")
    assert alike.figure == pytest.approx(48 * 40 / (HEIGHT * WIDTH))
    apart = check([Pair(f"{n}", i, left(i, 80 * n), 8) for n, i in enumerate(images)])
    assert not apart.found
    assert apart.answer.startswith("In 3 of 3 images 5.")
    assert apart.answer.endswith("with content are among them, in other places in each image.")


@pytest.mark.parametrize(("corner", "is_found"), [(0, True), (9, False)])
def test_blocks_of_one_value_count_where_another_one_is_changed(corner, is_found):
    """A body on black: what is encrypted has black blocks in its corner, or none."""
    image = np.zeros((1, 128, 128), np.uint8)
    image[:, 32:96, 32:96] = photograph(64) | 1
    image[:, 32:48, 32:48] = corner
    cipher = image.copy()
    cipher[:, 32:96, 32:96] ^= noise(1, 64, 64)
    found = check([Pair("a", image, cipher, 8)])
    assert found.found == is_found
    if is_found:
        rectangle = "a rectangle from 25 to 75 % of the width and 25 to 75 % of the height."
        assert found.answer.endswith(f"everywhere but in {rectangle}")
        assert 0 < found.p_value <= (256 + 128 + 128) * 2.0**-64
    else:
        assert found.answer.startswith("In 1 of 1 images 75.1 % of the samples are equal")
        assert found.answer.endswith(
            "areas of one value are left as they were, none of 1 % or more with content."
        )


def test_an_equal_share_far_above_chance_is_said():
    def squares(image: np.ndarray) -> np.ndarray:
        cipher = image ^ noise(*image.shape)
        is_white = np.indices(image.shape).sum(axis=0) % 2 == 0
        cipher[is_white] = image[is_white]
        return cipher

    def spot(image: np.ndarray) -> np.ndarray:
        cipher = image ^ noise(*image.shape)
        cipher[:, 200:224, 200:224] = image[:, 200:224, 200:224]
        return cipher

    for encrypt, start in ((squares, "50."), (spot, "1.")):
        found = check(pairs([photograph(256)], encrypt))
        assert not found.found
        assert found.answer.startswith(f"In 1 of 1 images {start}")
        assert (
            "0.3 % where the planes that are encrypted are random; no area of 1 %" in found.answer
        )


@pytest.mark.parametrize("level", [1, 8])
@pytest.mark.parametrize(
    ("clear", "where", "area"),
    [
        ((ALL, slice(None, None, 2)), "in every second row.", 1 / 2),
        ((ALL, slice(1, None, 3)), "in every third row.", 1 / 3),
        ((ALL, ALL, slice(None, None, 4)), "in every 4th column.", 1 / 4),
        ((ALL, [2, 5, 9, 40]), "in some of the rows.", 4 / HEIGHT),
        ((ALL, slice(40, 60, 2)), "in some of the rows.", 10 / HEIGHT),
        ((ALL, ALL, slice(None, None, 16)), "in every 16th column.", 1 / 16),
    ],
)
def test_rows_and_columns_that_are_left_out(clear, where, area, level):
    """They are told, and nothing is the matter with the rest."""
    encrypt = aes(level)

    def partly(image: np.ndarray) -> np.ndarray:
        cipher = encrypt(image)
        cipher[clear] = image[clear]
        return cipher

    given = pairs(crops(4, HEIGHT, WIDTH), partly)
    assert all(found.found == (found.check == "untouched area") for found in every_check(given))
    found = check(given)
    assert found.answer.endswith(where)
    assert found.figure == pytest.approx(area, abs=0.005)
    assert 0 < found.p_value < 1e-12


def test_rows_of_one_value_and_rows_that_change_places_are_none_that_are_left_out():
    image = np.repeat(noise(1, HEIGHT, 1), WIDTH, axis=2)
    cipher = image.copy()
    cipher[:, ::2] ^= noise(1, HEIGHT // 2, WIDTH)
    assert not check([Pair("a", image, cipher, 8)]).found
    (photo,) = crops(1, HEIGHT, WIDTH)
    moved = photo.copy()
    moved[:, ::2] = photo[:, np.roll(np.arange(0, HEIGHT, 2), 1)]
    found = check([Pair("a", photo, moved, 8)])
    assert not found.found
    assert found.answer.endswith("values are moved, not changed, so some stay where they are.")


@pytest.mark.parametrize(
    ("inside", "where", "share"),
    [
        (
            (slice(0, 1), slice(0, 1)),
            "everywhere but in a rectangle from 0 to 5 % of the width and 0 to 5 % of the height.",
            1 - 64 / 509**2,
        ),
        (
            (slice(100, 101), slice(0, 509)),
            "everywhere but in a strip from 15 to 25 % of the height.",
            1 - 8 / 509,
        ),
        ((slice(504, 509), slice(0, 509)), "everywhere but in the bottom 5 %.", 504 / 509),
        ((slice(0, 509, 500), slice(0, 509, 500)), "nearly everywhere.", None),
    ],
)
def test_places_are_told_of_little_that_is_encrypted(inside, where, share):
    image = CAMERA[None, :509, :509]
    cipher = image.copy()
    cipher[:, *inside] ^= 255
    found = check([Pair("a", image, cipher, 8)])
    assert found.answer.endswith(where)
    assert found.figure < 1
    if share:
        assert found.figure == pytest.approx(share, abs=1e-12)


def test_who_is_concerned_is_named():
    images = crops(3, HEIGHT, WIDTH)
    one = pairs(images[:1], in_region(aes(8)))
    rest = [Pair(f"other {n}", i, i ^ noise(*i.shape), 8) for n, i in enumerate(images[1:])]
    found = check([*one, *rest])
    assert found.images == ("image 0",)
    assert "in 1 of 3 images (image 0)" in found.answer
