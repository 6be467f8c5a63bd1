"""The figures of rebuilt images against closed forms and counting."""

import math

import numpy as np
import pytest
from observations import bitplanes
from skimage.metrics import structural_similarity

from imleak.interfaces import ImageError, Rebuilt
from imleak.metrics.rebuild import Rebuild, gradient_correlation, information


def observed(plain, rebuilt, hidden, **more):
    given = {"rebuilt": lambda s: rebuilt if s else None, "hidden": lambda s: hidden} | more
    return bitplanes(plain, levels=(0, 2), **given)


def figures(plain, rebuilt, hidden, **more):
    return {
        one.quantity: one for one in Rebuild().measure(observed(plain, rebuilt, hidden, **more))
    }


@pytest.fixture
def image(textured):
    return textured(height=40, width=48)


def test_an_image_that_is_exactly_right(image):
    sure = {plane: (image >> plane & 1).astype(np.float32) for plane in (7, 6)}
    found = figures(image, Rebuilt(image, np.ones(image.shape, np.float32), sure), 0 * image + 192)
    assert found["exact samples"].value == 1
    assert found["bit errors, plane 7"].value == found["bit errors, plane 6"].value == 0
    assert found["psnr"].value == pytest.approx(10 * math.log10(12 * 255**2))
    for quantity in ("ssim", "vif", "gradient correlation"):
        assert found[quantity].value == pytest.approx(1)
    share = (image >> 7 & 1).mean()
    entropy = -share * math.log2(share) - (1 - share) * math.log2(1 - share)
    told = found["information, plane 7"]
    assert (told.value, told.bound, told.unit) == (pytest.approx(entropy), "lower", "bit/sample")
    assert told.ceiling == pytest.approx(entropy)


def test_samples_and_bits_are_counted_where_they_are_hidden(image):
    hidden = np.zeros_like(image)
    hidden[:, :10] = 0b1100_0000
    wrong = image.copy()
    wrong[:, :5] ^= 0b1000_0000
    wrong[:, 20:] ^= 0b0000_0001  # in the clear: none of its business
    found = figures(image, Rebuilt(wrong, np.ones(image.shape, np.float32)), hidden)
    assert found["exact samples"].value == pytest.approx(0.5)
    assert found["bit errors, plane 7"].value == pytest.approx(0.5)
    assert found["bit errors, plane 6"].value == 0
    assert not any("information" in quantity for quantity in found)


def test_similarity_is_that_of_scikit_image(image):
    wrong = image ^ np.uint8(0b0100_0000)
    found = figures(image, Rebuilt(wrong, np.ones(image.shape, np.float32)), 0 * image + 192)
    expected = structural_similarity(image[0], wrong[0], data_range=255)
    assert found["ssim"].value == pytest.approx(expected)


def test_even_probabilities_tell_nothing():
    bits = np.array([True, False] * 50)
    told, entropy = information(bits, np.full(100, 0.5, np.float32))
    assert (told, entropy) == (pytest.approx(0), 1)


def test_information_is_that_of_a_binary_channel():
    rng = np.random.default_rng(0)
    bits = rng.random(200_000) < 0.5
    seen = bits ^ (rng.random(200_000) < 0.1)
    told, _ = information(bits, np.where(seen, 0.9, 0.1).astype(np.float32))
    assert told == pytest.approx(1 + 0.1 * math.log2(0.1) + 0.9 * math.log2(0.9), abs=0.01)


def test_being_wrong_and_sure_is_less_than_nothing():
    told, _ = information(np.array([True, False]), np.array([0.01, 0.99], np.float32))
    assert told == pytest.approx(1 + math.log2(0.01), rel=1e-6)


def test_gradients_do_not_see_a_shift_of_tones_and_see_a_negative(image):
    image //= 2
    assert gradient_correlation(image, image + 100) == pytest.approx(1)
    assert gradient_correlation(image, 255 - image) == pytest.approx(-1)
    assert gradient_correlation(image, np.zeros_like(image)) == 0


def test_beside_each_figure_stands_that_of_another_image(image, textured):
    other = textured(height=20, width=60, seed=9)
    rebuilt = Rebuilt(image, np.ones(image.shape, np.float32))
    found = figures(image, rebuilt, 0 * image + 192, other=lambda: other)
    alike = (image[:, :20, :48] ^ other[:, :20, :48]) & 192 == 0
    assert found["exact samples"].null.mean == pytest.approx(alike.mean())
    assert found["gradient correlation"].null.mean == pytest.approx(
        gradient_correlation(other[:, :20, :48], image[:, :20])
    )
    assert all(one.null is not None for one in found.values())


def test_small_images_lack_what_is_too_large_for_them():
    tiny = np.arange(64, dtype=np.uint8).reshape(1, 8, 8)
    found = figures(tiny, Rebuilt(tiny, np.ones(tiny.shape, np.float32)), 0 * tiny + 192)
    assert "vif" not in found
    assert "ssim" in found


def test_without_a_rebuilt_image_there_is_an_error(image):
    with pytest.raises(ImageError, match="no rebuilt image of it at any level"):
        Rebuild().measure(bitplanes(image))


def test_shares_that_the_rebuilder_counts_stand_beside_the_others(image, textured):
    other = textured(height=20, width=60, seed=9)
    rebuilt = Rebuilt(image, np.ones(image.shape, np.float32))
    asked = []

    def judge(level, of, plain):
        asked.append((level, of.shape))
        return {"direct accuracy": float(np.mean(of == plain))}

    found = figures(image, rebuilt, 0 * image + 192, other=lambda: other, judge=judge)
    direct = found["direct accuracy"]
    assert (direct.value, direct.unit, direct.ceiling, direct.bound) == (1, "share", 1, "none")
    assert direct.null.mean == pytest.approx(np.mean(image[:, :20, :48] == other[:, :20, :48]))
    assert set(asked) == {(2, (1, 40, 48)), (2, (1, 20, 48))}
