"""Equations (1)-(3) of the paper, and what a keystream makes of a picture."""

from itertools import combinations

import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from sklearn.metrics import mutual_info_score

from imleak.interfaces import ImageError, ImleakError
from imleak.keystream import AesKeystream, derived_key, derived_nonce
from imleak.schemes.bitplanes import BitPlanes, LevelError

SCALED, SHIFTED = BitPlanes("scaled"), BitPlanes("shifted")
KEYSTREAM = AesKeystream(derived_key(0), derived_nonce("camera"))
CAMERA = skimage.data.camera()[None]


def plane(samples, k):
    return (samples >> k) & 1


@st.composite
def pictures(draw):
    """(samples, bits, level) over shapes, channels, containers, depths and levels."""
    bits = draw(st.integers(1, 16))
    dtype = draw(st.sampled_from([np.uint8, np.uint16] if bits <= 8 else [np.uint16]))
    shape = (draw(st.sampled_from([1, 3])), draw(st.integers(1, 9)), draw(st.integers(1, 9)))
    samples = draw(arrays(dtype, shape, elements=st.integers(0, 2**bits - 1)))
    return samples, bits, draw(st.integers(0, bits))


keystreams = st.builds(
    AesKeystream, st.binary(min_size=32, max_size=32), st.binary(min_size=16, max_size=16)
)


@given(pictures(), keystreams)
def test_round_trip(picture, keystream):
    plain, bits, level = picture
    before = plain.copy()
    cipher = SCALED.encrypt(plain, bits, level, keystream)
    assert cipher.shape == plain.shape
    assert cipher.dtype == plain.dtype
    assert int(cipher.max()) < 2**bits
    np.testing.assert_array_equal(SCALED.decrypt(cipher, bits, level, keystream), before)
    np.testing.assert_array_equal(plain, before)


@given(pictures(), keystreams, keystreams)
def test_clear_part_is_of_the_plain_picture_and_of_no_key(picture, one, other):
    plain, bits, level = picture
    for scheme in (SCALED, SHIFTED):
        expected = scheme.clear(plain, bits, level)
        for keystream in (one, other):
            cipher = scheme.encrypt(plain, bits, level, keystream)
            np.testing.assert_array_equal(scheme.clear(cipher, bits, level), expected)
        np.testing.assert_array_equal(scheme.table(bits, level)[plain], expected)


@given(pictures())
def test_clear_part_in_whole_numbers(picture):
    """Both forms modulo 2**B, in Python's integers."""
    plain, bits, level = picture
    scaled = [(int(p) << level) % 2**bits for p in plain.flat]
    assert SCALED.clear(plain, bits, level).ravel().tolist() == scaled
    assert SHIFTED.clear(plain, bits, level).ravel().tolist() == [p >> level for p in scaled]


@given(pictures(), keystreams)
def test_planes_below_are_untouched(picture, keystream):
    plain, bits, level = picture
    cipher = SCALED.encrypt(plain, bits, level, keystream)
    for k in range(bits - level):
        np.testing.assert_array_equal(plane(cipher, k), plane(plain, k))


@given(pictures(), keystreams)
def test_ends_of_the_scale(picture, keystream):
    plain, bits, _ = picture
    np.testing.assert_array_equal(SCALED.encrypt(plain, bits, 0, keystream), plain)
    np.testing.assert_array_equal(SCALED.clear(plain, bits, 0), plain)
    np.testing.assert_array_equal(SHIFTED.clear(plain, bits, 0), plain)
    assert not SCALED.clear(plain, bits, bits).any()
    assert not SHIFTED.clear(plain, bits, bits).any()


@given(pictures(), keystreams)
def test_equation_2_bit_by_bit(picture, keystream):
    plain, bits, level = picture
    cipher = SCALED.encrypt(plain, bits, level, keystream)
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


@given(pictures(), keystreams)
def test_cipher_does_not_depend_on_container_or_layout(picture, keystream):
    plain, bits, level = picture
    cipher = SCALED.encrypt(plain, bits, level, keystream)
    wide = SCALED.encrypt(plain.astype(np.uint16), bits, level, keystream)
    np.testing.assert_array_equal(cipher, wide)
    across = np.asfortranarray(plain)
    across.flags.writeable = False
    np.testing.assert_array_equal(SCALED.encrypt(across, bits, level, keystream), cipher)


@pytest.mark.parametrize("scheme", [SCALED, SHIFTED])
@pytest.mark.parametrize("bits", range(1, 17))
def test_table_and_size(scheme, bits):
    for level in scheme.levels(bits):
        table = scheme.table(bits, level)
        assert table.shape == (2**bits,)
        assert len(np.unique(table)) == scheme.size(bits, level) == 2 ** (bits - level)
        assert int(table.max()) < 2**bits


@pytest.mark.parametrize("level", range(1, 9))
def test_cipher_planes_are_uniform_and_independent_of_the_plain_ones(level):
    cipher = SCALED.encrypt(CAMERA, 8, level, KEYSTREAM)
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


def test_pictures_channels_and_levels_have_pads_of_their_own():
    zeros = np.zeros((3, 64, 64), np.uint8)
    pads = []
    for picture in ("a", "b"):
        keystream = AesKeystream(derived_key(0), derived_nonce(picture))
        for level in (4, 5, 8):
            pads += list(SCALED.encrypt(zeros, 8, level, keystream) >> 4)
    for one, other in combinations(pads, 2):
        equal = int((one == other).sum())
        assert stats.binomtest(equal, one.size, 1 / 16).pvalue > 1e-6


@pytest.mark.parametrize("level", [1, 3, 6, 8])
def test_cipher_tells_as_much_as_the_clear_part(level):
    """Histogram MI of plain and cipher exceeds that of plain and clear part by no more
    than chance gives: as much as with the encrypted bits dealt anew among the pixels of
    one clear value, an exact permutation test of I(plain; encrypted bits | clear) = 0."""
    plain = CAMERA[0, ::2, ::2].ravel()
    clear = SHIFTED.clear(CAMERA, 8, level)[0, ::2, ::2].ravel()
    cipher = SHIFTED.encrypt(CAMERA, 8, level, KEYSTREAM)[0, ::2, ::2].ravel()
    base = mutual_info_score(plain, clear)
    rng = np.random.default_rng(level)
    null = [mutual_info_score(plain, dealt_anew(cipher, clear, rng)) - base for _ in range(19)]
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
    plain = np.zeros((1, 2, 2), np.uint16)
    for call in (
        lambda: SCALED.encrypt(plain, bits, level, KEYSTREAM),
        lambda: SCALED.decrypt(plain, bits, level, KEYSTREAM),
        lambda: SCALED.clear(plain, bits, level),
        lambda: SCALED.table(bits, level),
        lambda: SCALED.size(bits, level),
    ):
        with pytest.raises(LevelError, match=rf"level {level}: .*0\.\.{bits}$"):
            call()


@pytest.mark.parametrize("bits", [-1, 0, 17])
def test_depth_outside_the_range(bits):
    with pytest.raises(LevelError, match="1 to 16 bits"):
        SCALED.levels(bits)


def test_samples_must_fit():
    with pytest.raises(ImageError, match=r"sample is 4096.*give bits=13"):
        SCALED.encrypt(np.full((1, 2, 2), 4096, np.uint16), 12, 3, KEYSTREAM)
    with pytest.raises(ImageError, match="uint8 or uint16"):
        SCALED.encrypt(np.zeros((1, 2, 2), np.int32), 8, 3, KEYSTREAM)
    with pytest.raises(ImageError, match=r"\(C, H, W\)"):
        SCALED.clear(np.zeros((2, 2), np.uint8), 8, 3)


def test_form_must_be_known():
    with pytest.raises(ImleakError, match="scaled or shifted"):
        BitPlanes("upside down")
    assert repr(SHIFTED) == "BitPlanes(clear='shifted')"
