import numpy as np
import pytest

from imleak.images import from_samples
from imleak.metrics.keysensitivity import KeySensitivity
from imleak.metrics.npcr import Npcr
from imleak.metrics.uaci import Uaci
from imleak.study.ciphers import simulated
from imleak.study.components import component


@pytest.fixture
def observed():
    samples = np.random.default_rng(0).integers(0, 256, (1, 128, 128), dtype=np.uint8)
    image = from_samples("noise", samples, 8)
    return simulated(image, component("scheme", "bitplanes", {}), seed=0).observed((0, 4, 8))


@pytest.mark.parametrize("metric", [KeySensitivity, Npcr])
def test_one_bit_of_key_or_image_changes_all_that_is_encrypted(observed, metric):
    nothing, half, all_of_it = (one.value for one in metric().measure(observed))
    # of the image itself, one sample of 128 x 128 has changed
    assert nothing == pytest.approx(0 if metric is KeySensitivity else 100 / 128**2)
    assert half == pytest.approx(100 * (1 - 2**-4), abs=0.8)
    assert all_of_it == pytest.approx(99.6094, abs=0.2)


def test_intensity_of_a_real_cipher_is_the_published_one(observed):
    assert Uaci().measure(observed)[-1].value == pytest.approx(33.4635, abs=0.8)
