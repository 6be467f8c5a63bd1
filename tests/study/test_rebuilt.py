"""Which bits are hidden, what is kept of rebuilt images, and who asks for them."""

import numpy as np
import pytest

from imleak.cache import Cache
from imleak.interfaces import Raster, Rebuilt
from imleak.schemes.bitplanes import BitPlanes
from imleak.schemes.etc import Etc
from imleak.schemes.le import Le
from imleak.schemes.negative_positive import NegativePositive
from imleak.schemes.pixelate import Pixelate
from imleak.schemes.region import Region
from imleak.schemes.tpe import Tpe
from imleak.study.components import component, first_that_rebuilds
from imleak.study.rebuilt import RebuiltStore, hidden_bits, in_steps
from imleak.study.spec import StudySpec


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)


@pytest.mark.parametrize("level", range(9))
def test_the_highest_planes_are_hidden(level):
    found = hidden_bits(BitPlanes(), Raster(noise(3, 8, 9), 8), level)
    assert (found == 256 - (1 << (8 - level))).all() if level else not found.any()


def test_all_bits_inside_a_region_are_hidden():
    found = hidden_bits(Region(rectangle=[2, 1, 4, 3]), Raster(noise(1, 8, 9), 8), 1)
    expected = np.zeros((1, 8, 9), np.uint8)
    expected[:, 1:4, 2:6] = 255
    assert np.array_equal(found, expected)


def test_values_that_share_a_clear_value_hide_the_bits_in_which_they_differ():
    class Folded:
        def table(self, bits, level):
            values = np.arange(1 << bits, dtype=np.uint8)
            return np.minimum(values, 255 - values)

    found = hidden_bits(Folded(), Raster(noise(1, 6, 6), 8), 1)
    assert (found == 255).all()


@pytest.mark.parametrize("scheme", [Etc(4), Le(), Tpe(), Pixelate()])
def test_where_samples_move_all_are_hidden(scheme):
    assert (hidden_bits(scheme, Raster(noise(1, 16, 24), 8), 1) == 255).all()


def test_where_channels_are_permuted_too_all_bits_are_hidden():
    assert (hidden_bits(NegativePositive(), Raster(noise(3, 16, 24), 8), 2) == 255).all()


def test_what_is_kept_is_what_was_made(tmp_path):
    smooth, scheme = component("rebuilder", "smooth", {}), component("scheme", "bitplanes", {})
    store = RebuiltStore(Cache(tmp_path), "image", scheme)
    probability = np.linspace(0, 1, 35, dtype=np.float32).reshape(1, 5, 7)
    made = in_steps(Rebuilt(noise(1, 5, 7), probability, {7: probability, 6: 1 - probability}))
    assert store.get(2, smooth) is None
    store.put(2, smooth, made)
    found = store.get(2, smooth)
    assert np.array_equal(found.samples, made.samples)
    assert np.array_equal(found.confidence, made.confidence)
    assert sorted(found.hidden) == [6, 7]
    assert all(np.array_equal(found.hidden[plane], made.hidden[plane]) for plane in (6, 7))
    assert np.abs(found.confidence - probability).max() <= 1 / 256
    assert 0 < found.confidence.min() < found.confidence.max() < 1
    other = component("rebuilder", "smooth", {"most_planes": 3})
    assert store.get(2, other) is None
    assert store.get(1, smooth) is None


def test_the_strongest_rebuilder_of_a_level_is_asked():
    scheme = {"name": "tpe", "blocks": [2, 8]}
    spec = StudySpec.of(sources=("dead-leaves:4x64x64",), scheme=scheme, measures=("rebuild",))
    rebuilders, of = spec.rebuilder_components(), spec.scheme_component()
    asked = [first_that_rebuilds(rebuilders, of, level, 8) for level in (0, 1, 2)]
    assert [one and one.name for one in asked] == [None, "upsample", "super-resolution"]
