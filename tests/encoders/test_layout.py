import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imleak.encoders.layout import BUSY, Layout, activity
from imleak.interfaces import Encoder, ImleakError, Raster
from imleak.keystream import AesKeystream
from imleak.schemes.bitplanes import BitPlanes


def texture(shape=(1, 40, 60), bits=8, seed=0):
    """Noise, with a flat square in the upper left quarter."""
    samples = np.random.default_rng(seed).integers(0, 1 << bits, shape)
    samples[:, : shape[1] // 2, : shape[2] // 2] = min((1 << bits) * 5 // 8 + 1, (1 << bits) - 1)
    return samples.astype(np.uint8 if bits <= 8 else np.uint16)


def clear(samples, bits, level, form="scaled"):
    """The clear part of an image, or of its cipher, rendered."""
    return BitPlanes(form).expose(Raster(samples, bits), level).rendered


@settings(max_examples=25, deadline=None)
@given(level=st.integers(0, 8), seed=st.integers(0, 99), channels=st.sampled_from([1, 3]))
def test_the_clear_part_is_the_same_for_every_key(level, seed, channels):
    plain = Raster(texture((channels, 11, 17), seed=seed), 8)
    keystreams = (AesKeystream(bytes([key]) * 32, bytes(16)) for key in (1, 2))
    ciphers = (BitPlanes().encrypt(plain, level, one).samples for one in keystreams)
    found = [Layout(4).encode(clear(cipher, 8, level)[np.newaxis], 8) for cipher in ciphers]
    np.testing.assert_array_equal(*found)


@settings(max_examples=25, deadline=None)
@given(bits=st.integers(1, 16), level=st.integers(0, 15), seed=st.integers(0, 99))
def test_scaled_and_shifted_clear_parts_are_alike(bits, level, seed):
    level %= bits
    plain = texture((1, 9, 14), bits, seed)
    scaled, shifted = (
        Layout(4).encode(clear(plain, bits, level, form)[np.newaxis], bits)
        for form in ("scaled", "shifted")
    )
    np.testing.assert_array_equal(scaled, shifted)


def test_the_map_is_the_share_of_squares_of_equal_samples():
    samples = texture((1, 13, 21))
    expected = np.zeros((12, 20))
    for row in range(12):
        for column in range(20):
            square = samples[0, row : row + 2, column : column + 2]
            expected[row, column] = len(set(square.flat)) == 1
    found = Layout().map(samples, (3, 4))
    np.testing.assert_allclose(found, expected.reshape(3, 4, 4, 5).mean((1, 3)), atol=1e-6)


@pytest.mark.parametrize("level", range(8))
def test_what_is_flat_is_seen_at_every_level_that_leaves_a_bit(level):
    flat = Layout().map(clear(texture((1, 64, 64)), 8, level), (2, 2))
    assert flat[0, 0] > 0.9
    noise = 2.0 ** (-3 * (8 - level))
    np.testing.assert_allclose([flat[0, 1], flat[1, 0], flat[1, 1]], noise, atol=0.06)


@pytest.mark.parametrize(("bits", "level"), [(8, 0), (8, 5), (16, 0), (12, 9)])
def test_activity_is_the_mean_wrapped_difference(bits, level):
    samples = texture((1, 6, 6), bits)
    left = clear(samples, bits, level)
    values, circle = (left[0] >> level).astype(int), 1 << (bits - level)
    across = (values[:-1, :-1] - values[:-1, 1:]) % circle
    down = (values[:-1, :-1] - values[1:, :-1]) % circle
    expected = sum(np.minimum(d, circle - d).mean() for d in (across, down)) / circle
    assert activity(left, (1, 1))[0, 0] == pytest.approx(expected, rel=1e-6)


def test_maps_are_standardised_and_weighted():
    flat, busy = Layout(8).encode(texture((1, 64, 64))[np.newaxis], 8).reshape(2, 64)
    assert flat.mean() == pytest.approx(0, abs=1e-5)
    assert flat.std() == pytest.approx(1, abs=1e-5)
    assert busy.std() == pytest.approx(BUSY, abs=1e-5)


@pytest.mark.parametrize("value", [0, 7, 255])
@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (47, 61)])
def test_an_image_of_one_value_has_no_layout(value, shape):
    """Exactly: what is left of an image at the last level must not tell its size."""
    given_ = np.full((1, 1, *shape), value, np.uint8)
    np.testing.assert_array_equal(Layout().encode(given_, 8), 0)


def test_an_image_without_equal_neighbours_is_seen_by_its_activity():
    rng = np.random.default_rng(0)
    spread = np.repeat([100.0, 3000.0], 32)
    samples = (30000 + spread * rng.standard_normal((1, 64, 64))).clip(0, 65535).astype(np.uint16)
    flat, busy = Layout(2).encode(samples[np.newaxis], 16).reshape(2, 2, 2)
    assert np.linalg.norm(flat) < np.linalg.norm(busy) / 2
    assert (busy[:, 0] < 0).all()
    assert (busy[:, 1] > 0).all()


@pytest.mark.parametrize("level", [0, 6, 7])
def test_a_layout_does_not_tell_the_size_of_noise(level):
    """Mean maps of images without any structure, of two sizes, are as flat as chance leaves."""
    rng = np.random.default_rng(0)
    for shape in ((24, 96), (96, 24)):
        noise = rng.integers(0, 256, (200, 1, *shape), dtype=np.uint8) << np.uint8(level)
        mean = Layout(8).encode(noise, 8).mean(0)
        assert np.abs(mean).max() < 0.3


def test_grey_is_the_same_in_three_channels():
    samples = texture()
    grey, colour = (Layout().encode(np.repeat(samples, n, 0)[np.newaxis], 8) for n in (1, 3))
    np.testing.assert_allclose(grey, colour, atol=1e-5)


def test_says_what_it_is():
    assert isinstance(Layout(), Encoder)
    assert Layout().input_size == "image"
    assert (Layout().title, Layout(16).title) == ("layout", "layout=16")
    assert Layout().digest != Layout(16).digest


@pytest.mark.parametrize("size", [0, 257, "wide", 2.5])
def test_another_size_is_refused(size):
    with pytest.raises(ImleakError, match="1 to 256"):
        Layout(size)
