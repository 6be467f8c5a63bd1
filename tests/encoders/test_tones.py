import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imleak.encoders.tones import Tones
from imleak.interfaces import ImleakError


def image(seed=0, bits=8, shape=(1, 24, 32)):
    kind = np.uint8 if bits <= 8 else np.uint16
    return np.random.default_rng(seed).integers(0, 1 << bits, (1, *shape)).astype(kind)


@pytest.mark.parametrize("bits", [1, 3, 8, 12, 16])
def test_is_of_length_one_on_either_half(bits):
    (vector,) = Tones().encode(image(bits=bits), bits)
    assert np.square(vector[:64]).sum() == pytest.approx(1, abs=1e-6)
    assert np.square(vector[64:]).sum() == pytest.approx(1, abs=1e-6)


def test_a_hand_worked_example():
    samples = np.array([[[[0, 0], [255, 128]]]], np.uint8)
    (vector,) = Tones(4).encode(samples, 8)
    np.testing.assert_allclose(np.square(vector), [0.5, 0, 0.25, 0.25, 0.25, 0.75])


@given(st.integers(0, 100))
def test_permuted_samples_look_the_same(seed):
    plain = image(seed)
    moved = np.random.default_rng(seed).permutation(plain.ravel()).reshape(plain.shape)
    np.testing.assert_array_equal(Tones().encode(plain, 8), Tones().encode(moved, 8))


@given(st.integers(0, 100))
def test_distances_do_not_know_which_samples_were_negated(seed):
    plain = image(seed)
    flip = np.random.default_rng(seed).integers(0, 2, plain.shape).astype(bool)
    negated = np.where(flip, 255 - plain, plain)
    before, after = (Tones().encode(one, 8)[:, 64:] for one in (plain, negated))
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("steps", [0, 1, 7, -2])
def test_odd_steps_are_refused(steps):
    with pytest.raises(ImleakError, match="even number"):
        Tones(steps)
