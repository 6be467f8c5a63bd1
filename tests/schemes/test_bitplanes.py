"""Equations (1)-(3) of the paper, and what a keystream makes of an image."""

from itertools import combinations

import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st
from rasters import KEYSTREAM, keystreams, rasters
from scipy import stats
from sklearn.metrics import mutual_info_score

from imleak.interfaces import ImageError, ImleakError, Raster
from imleak.keystream import AesKeystream, derived_key, derived_nonce
from imleak.schemes.bitplanes import BitPlanes, LevelError

SCALED, SHIFTED = BitPlanes("scaled"), BitPlanes("shifted")
CAMERA = skimage.data.camera()[None]


def plane(samples, k):
    return (samples >> k) & 1


@st.composite
def images(draw):
    """(image, level)."""
    image = draw(rasters())
    return image, draw(st.integers(0, image.bits))


def clear(scheme, image, level):
    return scheme.expose(image, level).rendered


def of_camera(scheme, level):
    return scheme.encrypt(Raster(CAMERA, 8), level, KEYSTREAM).samples


@given(images())
def test_clear_part_in_whole_numbers(drawn):
    """Both forms modulo 2**B, in Python's integers."""
    plain, level = drawn
    scaled = [(int(p) << level) % 2**plain.bits for p in plain.samples.flat]
    assert clear(SCALED, plain, level).ravel().tolist() == scaled
    shifted = [p >> level for p in scaled]
    assert clear(SHIFTED, plain, level).ravel().tolist() == shifted
    for scheme in (SCALED, SHIFTED):
        assert scheme.expose(plain, level).symbols["planes"].ravel().tolist() == shifted


@given(images(), keystreams)
def test_planes_below_are_untouched(drawn, keystream):
    plain, level = drawn
    cipher = SCALED.encrypt(plain, level, keystream)
    for k in range(plain.bits - level):
        np.testing.assert_array_equal(plane(cipher.samples, k), plane(plain.samples, k))


@given(images(), keystreams)
def test_equation_2_bit_by_bit(drawn, keystream):
    image, level = drawn
    plain, bits = image.samples, image.bits
    cipher = SCALED.encrypt(image, level, keystream).samples
    width = 1 if bits <= 8 else 2
    for channel in range(len(plain)):
        stream = keystream.take(
            plain[0].size * width, scheme="bitplanes", level=level, channel=channel
        ).tobytes()
        for i, (p, c) in enumerate(zip(plain[channel].flat, cipher[channel].flat, strict=True)):
            word = int.from_bytes(stream[i * width : (i + 1) * width], "big")
            for k in range(bits):
                b = word >> k & 1 if k >= bits - level else 0
                assert int(c) >> k & 1 == (int(p) >> k & 1) ^ b


@pytest.mark.parametrize("scheme", [SCALED, SHIFTED])
@pytest.mark.parametrize("bits", range(1, 17))
def test_table_and_size(scheme, bits):
    for level in range(bits + 1):
        table = scheme.table(bits, level)
        exposure = scheme.expose(Raster(table.reshape(1, 1, -1), bits), level)
        assert table.shape == (2**bits,)
        assert len(np.unique(table)) == exposure.size == 2 ** (bits - level)
        assert int(table.max()) < 2**bits
        assert exposure.is_empty == (level == bits)


@pytest.mark.parametrize("bits", [1, 8, 16])
def test_levels_count_planes(bits):
    levels = SCALED.levels(bits)
    assert [level.label for level in levels] == [
        f"{s} of {bits} planes encrypted" for s in range(bits + 1)
    ]
    assert [level.short for level in levels] == [f"s = {s}" for s in range(bits + 1)]


@pytest.mark.parametrize("level", range(1, 9))
def test_cipher_planes_are_uniform_and_independent_of_the_plain_ones(level):
    cipher = of_camera(SCALED, level)
    encrypted = range(8 - level, 8)
    p_values = []
    for k in encrypted:
        bits = plane(cipher, k).ravel()
        p_values.append(stats.chisquare(np.bincount(bits, minlength=2)).pvalue)
        p_values += [independence(plane(CAMERA, j).ravel(), bits) for j in range(8)]
        p_values.append(independence(bits[:-1], bits[1:]))
    p_values += [
        independence(plane(cipher, j).ravel(), plane(cipher, k).ravel())
        for j, k in combinations(encrypted, 2)
    ]
    values = np.bincount((cipher >> (8 - level)).ravel(), minlength=2**level)
    p_values.append(stats.chisquare(values).pvalue)
    assert min(p_values) > 0.01 / len(p_values)


def independence(a, b):
    """p-value of the chi-square test of two binary sequences."""
    counts = np.bincount(2 * a.astype(np.intp) + b, minlength=4).reshape(2, 2)
    return stats.chi2_contingency(counts, correction=False).pvalue


def test_images_channels_and_levels_have_pads_of_their_own():
    zeros = Raster(np.zeros((3, 64, 64), np.uint8), 8)
    pads = []
    for name in ("a", "b"):
        keystream = AesKeystream(derived_key(0), derived_nonce(name))
        for level in (4, 5, 8):
            pads += list(SCALED.encrypt(zeros, level, keystream).samples >> 4)
    for one, other in combinations(pads, 2):
        equal = int((one == other).sum())
        assert stats.binomtest(equal, one.size, 1 / 16).pvalue > 1e-6


@pytest.mark.parametrize("level", [1, 3, 6, 8])
def test_cipher_tells_as_much_as_the_clear_part(level):
    """Histogram MI of plain and cipher exceeds that of plain and clear part by no more
    than chance gives: as much as with the encrypted bits dealt anew among the pixels of
    one clear value, an exact permutation test of I(plain; encrypted bits | clear) = 0."""
    plain = CAMERA[0, ::2, ::2].ravel()
    kept = clear(SHIFTED, Raster(CAMERA, 8), level)[0, ::2, ::2].ravel()
    cipher = of_camera(SHIFTED, level)[0, ::2, ::2].ravel()
    base = mutual_info_score(plain, kept)
    rng = np.random.default_rng(level)
    null = [mutual_info_score(plain, dealt_anew(cipher, kept, rng)) - base for _ in range(19)]
    excess = mutual_info_score(plain, cipher) - base
    assert abs(excess - np.mean(null)) < 4 * np.std(null, ddof=1)


def dealt_anew(cipher, clear, rng):
    """The cipher with its samples permuted among the pixels of each clear value."""
    at_random = np.lexsort((rng.random(clear.size), clear))
    dealt = np.empty_like(cipher)
    dealt[np.argsort(clear, kind="stable")] = cipher[at_random]
    return dealt


@pytest.mark.parametrize("bits", [1, 8, 12, 16])
@pytest.mark.parametrize("above", [-1, 1])
def test_level_outside_the_range(bits, above):
    level = -1 if above < 0 else bits + 1
    plain = Raster(np.zeros((1, 2, 2), np.uint16), bits)
    for call in (
        lambda: SCALED.encrypt(plain, level, KEYSTREAM),
        lambda: SCALED.decrypt(plain, level, KEYSTREAM),
        lambda: SCALED.expose(plain, level),
        lambda: SCALED.table(bits, level),
    ):
        with pytest.raises(LevelError, match=rf"level {level}: .* has levels 0 to {bits};"):
            call()


@pytest.mark.parametrize("bits", [-1, 0, 17])
def test_depth_outside_the_range(bits):
    with pytest.raises(LevelError, match="1 to 16 bits"):
        SCALED.levels(bits)


def test_samples_must_fit():
    with pytest.raises(ImageError, match=r"sample is 4096.*give bits=13"):
        SCALED.encrypt(Raster(np.full((1, 2, 2), 4096, np.uint16), 12), 3, KEYSTREAM)
    with pytest.raises(ImageError, match="uint8 or uint16"):
        SCALED.encrypt(Raster(np.zeros((1, 2, 2), np.int32), 8), 3, KEYSTREAM)
    with pytest.raises(ImageError, match=r"\(C, H, W\)"):
        SCALED.expose(Raster(np.zeros((2, 2), np.uint8), 8), 3)


def test_form_must_be_known():
    with pytest.raises(ImleakError, match="scaled or shifted"):
        BitPlanes("upside down")
    assert repr(SHIFTED) == "BitPlanes(clear='shifted')"


@given(images(), st.data(), keystreams)
def test_other_planes_in_whole_numbers(drawn, data, keystream):
    """Any planes in any order: the others are untouched, and are the clear part."""
    image, _ = drawn
    order = data.draw(st.lists(st.integers(0, image.bits - 1), min_size=1, unique=True))
    level = data.draw(st.integers(0, len(order)))
    kept = [k for k in range(image.bits) if k not in order[:level]]
    scheme = BitPlanes("shifted", planes=order)
    cipher = scheme.encrypt(image, level, keystream)
    expected = [
        sum((int(p) >> k & 1) << at for at, k in enumerate(kept)) for p in image.samples.flat
    ]
    for found in (image, cipher):
        assert clear(scheme, found, level).ravel().tolist() == expected
        at_top = image.bits - 1 - max(kept, default=-1)
        scaled = [sum((int(p) >> k & 1) << k for k in kept) << at_top for p in found.samples.flat]
        assert clear(BitPlanes(planes=order), found, level).ravel().tolist() == scaled


def test_the_lowest_planes_by_hand():
    image = Raster(np.array([[[0b1010_0111]]], np.uint8), 8)
    low = BitPlanes(planes="low")
    assert low.expose(image, 3).rendered.item() == 0b1010_0000
    assert low.expose(image, 3).symbols["planes"].item() == 0b1_0100
    assert low.levels(8)[3].label == "3 lowest of 8 planes encrypted"
    assert low.levels(8)[8].leaves_nothing
    one = BitPlanes(planes=[7, 3])
    assert [level.label for level in one.levels(8)] == [
        "none of 8 planes encrypted",
        "plane 7 of 8 planes encrypted",
        "planes 7, 3 of 8 planes encrypted",
    ]
    assert repr(one) == "BitPlanes(clear='scaled', planes=(7, 3))"


@pytest.mark.parametrize("planes", ["middle", [], [1, 1], [-1], [0.5]])
def test_planes_that_are_none_are_refused(planes):
    with pytest.raises(LevelError, match="give high, low, or numbers of planes"):
        BitPlanes(planes=planes)


def test_a_plane_that_samples_do_not_have_is_refused():
    with pytest.raises(LevelError, match=r"plane 9 of 8-bit samples: they have planes 0\.\.7"):
        BitPlanes(planes=[9]).levels(8)
