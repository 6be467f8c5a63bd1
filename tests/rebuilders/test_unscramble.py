"""Half samples that find their places again."""

from itertools import permutations

import numpy as np
import pytest
import skimage.data

from imleak.interfaces import ImageError, ImleakError, JudgesRebuilt, Raster, Rebuilder
from imleak.keystream import AesKeystream, derived_key
from imleak.rebuilders.unscramble import Unscramble
from imleak.schemes.ele import Ele
from imleak.schemes.le import Le

ASTRONAUT = np.ascontiguousarray(np.moveaxis(skimage.data.astronaut()[:301, 60:381], 2, 0))


def rebuilt(samples, bits=8):
    plain = Raster(samples, bits)
    cipher = Le().encrypt(plain, 1, AesKeystream(derived_key(0), bytes(16)))
    return Unscramble().rebuild(Le().expose(cipher, 1), Le(), 1)


@pytest.mark.parametrize(
    "photograph", [ASTRONAUT[:1], skimage.data.camera()[None], skimage.data.coins()[None]]
)
def test_a_grey_photograph_comes_back_whole_or_as_its_negative(photograph):
    found = rebuilt(photograph).samples
    whole = np.s_[:, : photograph.shape[1] // 4 * 4, : photograph.shape[2] // 4 * 4]
    forms = (found[whole], 255 - found[whole])
    assert any(np.array_equal(form, photograph[whole]) for form in forms)


def test_a_colour_photograph_comes_back_up_to_the_order_of_its_channels():
    found = rebuilt(ASTRONAUT).samples[:, :300, :320]
    forms = (form[list(order)] for form in (found, 255 - found) for order in permutations(range(3)))
    assert any(np.array_equal(form, ASTRONAUT[:, :300, :320]) for form in forms)


def test_samples_of_other_depths_are_halved_too():
    deep = skimage.data.camera()[None].astype(np.uint16) << 4
    found = rebuilt(deep, 12).samples
    upper = [np.mean(form >> 6 == deep >> 6) for form in (found, 4095 - found)]
    assert max(upper) == 1


def test_what_fills_no_block_is_in_the_clear_and_sure():
    found = rebuilt(ASTRONAUT)
    np.testing.assert_array_equal(found.samples[:, 300:], ASTRONAUT[:, 300:])
    np.testing.assert_array_equal(found.samples[..., 320:], ASTRONAUT[..., 320:])
    assert (found.confidence[:, 300:] == 1).all()
    assert (found.confidence[:, :300, :320] < 1).all()


def test_its_figure_does_not_mind_what_is_done_to_the_whole_image():
    of = Raster(255 - ASTRONAUT[[2, 0, 1]], 8)
    assert isinstance(Unscramble(), JudgesRebuilt)
    judged = Unscramble().judge(of, Raster(ASTRONAUT, 8), Le(), 1)
    assert judged == {"exact up to a form": 1.0}
    half = of.samples.copy()
    half[:, :150] ^= 1
    judged = Unscramble().judge(Raster(half, 8), Raster(ASTRONAUT, 8), Le(), 1)
    assert judged["exact up to a form"] == pytest.approx(151 / 301)


def test_noise_does_not_come_back():
    noise = np.random.default_rng(0).integers(0, 256, (1, 96, 96)).astype(np.uint8)
    found = rebuilt(noise).samples
    assert max(np.mean(form == noise) for form in (found, 255 - found)) < 0.1


def test_what_it_rebuilds():
    assert isinstance(Unscramble(), Rebuilder)
    assert [Unscramble().rebuilds(Le(), level, 8) for level in (0, 1, 2)] == [False, True, False]
    assert not Unscramble().rebuilds(Ele(), 1, 8)
    with pytest.raises(ImleakError, match="does not rebuild ele at level 1"):
        Unscramble().rebuild(Ele().expose(Raster(ASTRONAUT, 8), 1), Ele(), 1)
    with pytest.raises(ImageError, match="two rows and two columns"):
        rebuilt(ASTRONAUT[:, :4])
