"""What every scheme must do, whoever wrote it: run over all known names."""

from functools import cache

import numpy as np
import pytest

from imleak import plugins
from imleak.interfaces import ImleakError, Scheme
from imleak.keystream import AesKeystream, derived_key

BITS = 8


@cache
def pictures():
    """Textured grey and colour pictures, flat ones, and one pixel."""
    rng = np.random.default_rng(0)
    ramp = np.add.outer(np.arange(48), np.arange(64)) * 2
    noisy = (ramp + rng.integers(-8, 9, (3, 48, 64))).clip(0, 255).astype(np.uint8)
    return {
        "grey": noisy[:1],
        "colour": noisy,
        "odd": noisy[:, :37, :53],
        "black": np.zeros((1, 16, 16), np.uint8),
        "white": np.full((3, 16, 16), 255, np.uint8),
        "one pixel": noisy[:1, :1, :1],
    }


def keystream(seed=0, nonce=0):
    return AesKeystream(derived_key(seed), nonce.to_bytes(16, "big"))


@pytest.fixture(params=sorted(plugins.known("scheme")))
def scheme(request):
    return plugins.load("scheme", request.param)()


@pytest.fixture(params=list(pictures()))
def picture(request):
    return pictures()[request.param]


def test_is_a_scheme_under_its_name():
    for name in plugins.known("scheme"):
        made = plugins.load("scheme", name)()
        assert isinstance(made, Scheme)
        assert made.name == name
        assert isinstance(made.version, str)
        assert made.version


def test_levels_rise_from_nothing(scheme):
    levels = scheme.levels(BITS)
    assert levels[0] == 0
    assert levels.step == 1
    assert len(levels) > 1


def test_round_trip_and_form(scheme, picture):
    before = picture.copy()
    for level in scheme.levels(BITS):
        cipher = scheme.encrypt(picture, BITS, level, keystream())
        assert cipher.shape == picture.shape
        assert cipher.dtype == picture.dtype
        np.testing.assert_array_equal(scheme.decrypt(cipher, BITS, level, keystream()), before)
        np.testing.assert_array_equal(picture, before)


def test_level_0_encrypts_nothing(scheme, picture):
    np.testing.assert_array_equal(scheme.encrypt(picture, BITS, 0, keystream()), picture)


def test_higher_levels_encrypt_something(scheme):
    plain = pictures()["colour"]
    for level in scheme.levels(BITS)[1:]:
        assert (scheme.encrypt(plain, BITS, level, keystream()) != plain).any()


def test_same_keystream_same_cipher_other_keystream_other_cipher(scheme):
    plain = pictures()["colour"]
    for level in scheme.levels(BITS)[1:]:
        cipher = scheme.encrypt(plain, BITS, level, keystream())
        np.testing.assert_array_equal(cipher, scheme.encrypt(plain, BITS, level, keystream()))
        for other in (keystream(seed=1), keystream(nonce=1)):
            assert (scheme.encrypt(plain, BITS, level, other) != cipher).any()


def test_wrong_key_does_not_decrypt(scheme):
    plain = pictures()["colour"]
    for level in scheme.levels(BITS)[1:]:
        cipher = scheme.encrypt(plain, BITS, level, keystream())
        assert (scheme.decrypt(cipher, BITS, level, keystream(seed=1)) != plain).any()


def test_clear_part_does_not_depend_on_the_key(scheme, picture):
    for level in scheme.levels(BITS):
        parts = [
            scheme.clear(scheme.encrypt(picture, BITS, level, keystream(seed)), BITS, level)
            for seed in range(3)
        ]
        assert parts[0].shape == picture.shape
        assert parts[0].dtype == picture.dtype
        np.testing.assert_array_equal(parts[0], parts[1])
        np.testing.assert_array_equal(parts[0], parts[2])


def test_table_is_the_clear_part(scheme, picture):
    for level in scheme.levels(BITS):
        table = scheme.table(BITS, level)
        if table is None:
            continue
        assert table.shape == (2**BITS,)
        cipher = scheme.encrypt(picture, BITS, level, keystream())
        np.testing.assert_array_equal(table[picture], scheme.clear(cipher, BITS, level))


def test_size_bounds_the_values_of_the_clear_part(scheme):
    for level in scheme.levels(BITS):
        size = scheme.size(BITS, level)
        if size is None:
            continue
        seen = [
            scheme.clear(scheme.encrypt(plain, BITS, level, keystream()), BITS, level)
            for plain in pictures().values()
        ]
        assert len(np.unique(np.concatenate([part.ravel() for part in seen]))) <= size
        table = scheme.table(BITS, level)
        if table is not None:
            assert len(np.unique(table)) == size


def test_a_level_that_is_none_is_refused(scheme):
    plain = pictures()["grey"]
    levels = scheme.levels(BITS)
    for level in (levels[0] - 1, levels[-1] + 1):
        with pytest.raises(ImleakError, match=str(levels[-1])) as caught:
            scheme.encrypt(plain, BITS, level, keystream())
        assert "\n" not in str(caught.value)
        with pytest.raises(ImleakError):
            scheme.clear(plain, BITS, level)
