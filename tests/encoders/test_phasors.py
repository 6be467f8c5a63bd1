"""Mean phasors of areas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imleak.encoders.phasors import Phasors
from imleak.interfaces import ImleakError


def parts(vector):
    real, imaginary = np.split(vector, 2)
    return real + 1j * imaginary


def test_a_constant_area_is_the_phasor_of_its_value():
    image = np.repeat(np.repeat([[[0, 64], [128, 16]]], 5, 1), 7, 2).astype(np.uint8)
    (vector,) = Phasors(2).encode(image[None], 8)
    np.testing.assert_allclose(
        parts(vector), np.exp(2j * np.pi * np.array([0, 64, 128, 16]) / 256), atol=1e-6
    )


def test_values_that_go_round_the_circle_cancel():
    image = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    np.testing.assert_allclose(Phasors(1).encode(image[None], 8), 0, atol=1e-6)


@given(st.integers(1, 16), st.integers(0, 2**16), st.integers(0, 2**32))
def test_a_step_on_the_circle_turns_every_phasor(bits, step, seed):
    top = (1 << bits) - 1
    samples = np.random.default_rng(seed).integers(0, top + 1, (1, 1, 9, 11)).astype(np.uint16)
    turned = ((samples.astype(int) + step) & top).astype(np.uint16)
    (one,), (other,) = (Phasors(3).encode(of, bits) for of in (samples, turned))
    turn = np.exp(2j * np.pi * step / 2**bits)
    np.testing.assert_allclose(parts(other), turn * parts(one), atol=1e-5)


def test_sums_over_areas_are_those_of_the_image():
    """Areas that cut through samples take their share of them."""
    samples = np.random.default_rng(0).integers(0, 256, (1, 1, 10, 13), dtype=np.uint8)
    (vector,) = Phasors(4).encode(samples, 8)
    whole = np.exp(2j * np.pi * samples / 256).mean()
    assert parts(vector).mean() == pytest.approx(whole, abs=1e-6)


def test_a_constant_image_is_the_same_at_any_size():
    sizes = [(3, 5), (224, 224), (331, 480)]
    vectors = [Phasors().encode(np.zeros((1, 1, *size), np.uint8), 8)[0] for size in sizes]
    np.testing.assert_allclose(vectors[1:], [vectors[0]] * 2, atol=1e-6)


def test_another_number_of_areas_is_in_its_title_and_none_is_refused():
    assert (Phasors().title, Phasors(16).title) == ("phasors", "phasors=16")
    assert Phasors().digest != Phasors(16).digest
    with pytest.raises(ImleakError, match="one area"):
        Phasors(0)
