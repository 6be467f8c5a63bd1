from __future__ import annotations

import numpy as np
import pytest
from planted import aes, crops, mask, noise, pairs, shuffled
from scipy.stats import entropy

from imleak.attacks.plane_entropy import PLAIN, Planes, check, deficit
from imleak.interfaces import Pair


def biased(share, level=1):
    rng = np.random.default_rng(0)
    return lambda image: image ^ (rng.random(image.shape) < share) * mask(level)


def test_planes_that_are_not_encrypted_are_named():
    finding = check(pairs(crops(3), aes(3)))
    assert finding.answer == (
        "Planes 0 to 4 are not encrypted in any image; encrypted bits are fair, and independent of "
        "their neighbours and the plain image: an excess of 2 % of the bits of a plane would be "
        "seen."
    )
    assert not finding.found
    assert finding.details["is untouched"] == 5
    assert finding.details["plane 7, ones"] == pytest.approx(0.5, abs=0.02)
    assert "plane 4, ones" not in finding.details


def test_a_most_significant_plane_that_is_not_encrypted_is_evidence():
    low = aes(8)
    finding = check(pairs(crops(3), lambda image: image & 0b1111_1000 | low(image) & 0b111))
    assert finding.found
    assert finding.figure == 1
    assert finding.answer.startswith("Planes 3 to 7 are not encrypted in any image; encrypted bits")


def test_of_a_plane_that_holds_one_value_nothing_is_said():
    dark = [image // 2 for image in crops(3)]
    finding = check(pairs(dark, lambda image: aes(8)(image) & 0b0111_1111 | image & 0b1000_0000))
    assert "not encrypted" not in finding.answer
    assert not finding.found


def test_a_biased_keystream_is_found_above_the_smallest():
    images = crops(4)
    fair = check(pairs(images, aes(1)))
    correlation = (
        2
        * next(share for share in np.arange(0.5, 1, 1e-4) if deficit(2 * share - 1) > fair.smallest)
        - 1
    )
    faint, clear = (check(pairs(images, biased((1 + x * correlation) / 2))) for x in (0.3, 2))
    assert (faint.found, clear.found) == (False, True)


def test_a_biased_cipher_is_found():
    rng = np.random.default_rng(0)
    finding = check(
        pairs(crops(4), lambda i: i & 127 | ((rng.random(i.shape) < 0.7) * 128).astype(np.uint8))
    )
    assert finding.answer.startswith("In 4 of 4 images, 70")
    assert "% of the encrypted bits of plane 7 are 1, not half of them" in finding.answer


@pytest.mark.parametrize(("axis", "where"), [(2, "beside"), (1, "below")])
def test_bits_that_repeat_are_found(axis, where):
    rng = np.random.default_rng(0)

    def encrypt(image):
        changes = rng.random(image.shape) < 0.3
        return image & 127 | (np.cumsum(changes, axis) % 2 * 128).astype(np.uint8)

    finding = check(pairs(crops(4), encrypt))
    assert f"% of the encrypted bits of plane 7 agree with the one {where}" in finding.answer
    assert finding.figure == pytest.approx(1 - entropy([0.3, 0.7], base=2), abs=0.02)


def test_a_plane_that_was_copied_elsewhere_is_found():
    fresh = aes(8)
    finding = check(pairs(crops(3), lambda image: fresh(image) & 127 | image << 7))
    assert "plane 7 of the cipher is plane 0 of the plain image" in finding.answer
    finding = check(pairs(crops(3), lambda image: fresh(image) & 127 | ~image << 7))
    assert "plane 7 of the cipher is the inverse of plane 0" in finding.answer


def test_planes_that_are_inverted_are_found():
    finding = check(pairs(crops(3), lambda image: image ^ 0b1010_0000))
    assert "Every bit of planes 5 and 7 is inverted, in all images" in finding.answer
    assert finding.details["is inverted"] == 2


@pytest.mark.parametrize("count", [1, 4])
def test_planes_that_are_permuted_are_found(count):
    finding = check(pairs(crops(count), shuffled(1)))
    assert "Bits are moved, not changed: planes 0 to 7 keep their number of ones" in finding.answer


def test_a_plane_that_keeps_its_ones_by_accident_is_not_permuted():
    image = crops(1, 16, 16)[0]
    for seed in range(1000):
        cipher = image ^ noise(*image.shape, seed=seed)
        if Planes.of(image, cipher, 8).keeps_ones.any():
            break
    assert not check([Pair("a", image, cipher, 8)]).found


def test_an_image_that_is_not_encrypted_is_named():
    fresh = aes(2)
    images = crops(5)
    finding = check([Pair(str(n), i, fresh(i) if n != 2 else i, 8) for n, i in enumerate(images)])
    assert finding.answer == "1 of 5 images (2) are not encrypted at all."
    assert finding.images == ("2",)


def test_sums_are_those_of_signs():
    image, cipher = crops(1)[0], noise(1, 96, 112)
    planes = Planes.of(image, cipher, 8)
    own, plain = (2.0 * (side >> 6 & 1) - 1 for side in (cipher, image))
    inside = np.s_[:, 1:-1]  # the first and the last row have nothing above or below
    count = planes.count[6, 0]
    assert count == pytest.approx(94 * 112, rel=0.02)
    means = planes.correlation[6]
    assert means[0] == pytest.approx(own[inside].mean(), abs=0.01)
    assert means[1] == pytest.approx((own[..., 1:] * own[..., :-1])[inside].mean(), abs=0.01)
    assert means[2] == pytest.approx((own[:, 2:-1] * own[:, 1:-2]).mean(), abs=0.01)
    assert means[PLAIN + 6] == pytest.approx((own * plain)[inside].mean(), abs=0.01)


@pytest.mark.parametrize("correlation", [0, 0.1, -0.5, 1, -1])
def test_the_deficit_is_one_bit_less_the_entropy(correlation):
    shares = [(1 + correlation) / 2, (1 - correlation) / 2]
    assert deficit(correlation) == pytest.approx(1 - entropy(shares, base=2))
