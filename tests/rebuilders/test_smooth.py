"""The rebuilder of bit-planes against enumeration, closed forms and images that are known."""

from itertools import product

import numpy as np
import pytest
from skimage.data import astronaut

from imleak.interfaces import ImleakError, Raster
from imleak.rebuilders import _chains
from imleak.rebuilders._chains import beliefs, kernel
from imleak.rebuilders.smooth import Smooth, scale_of
from imleak.schemes.bitplanes import BitPlanes
from imleak.schemes.region import Region


def rebuilt(samples, level, bits=8, form="scaled"):
    scheme = BitPlanes(form)
    exposure = scheme.expose(Raster(samples, bits), level)
    return Smooth().rebuild(exposure, scheme, level)


def ramp(height=48, width=64, low=0, high=255):
    """An image in which neighbours differ by little, over the whole range."""
    across = np.linspace(low, high, width)
    return np.tile(across, (1, height, 1)).round().astype(np.uint8)


@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_ramp_over_the_whole_range_is_rebuilt_exactly(level):
    image = ramp()
    assert np.array_equal(rebuilt(image, level).samples, image)


@pytest.mark.parametrize("level", [1, 2])
def test_the_probabilities_of_hidden_bits_are_those_of_the_image(level):
    image = ramp()
    found = rebuilt(image, level)
    assert sorted(found.hidden) == list(range(8 - level, 8))
    for plane, probability in found.hidden.items():
        bit = image >> plane & 1
        assert np.array_equal(probability > 0.5, bit == 1)


def test_the_form_of_the_clear_part_changes_nothing():
    image = astronaut()[:40, :40, :1].transpose(2, 0, 1).copy()
    one, other = (rebuilt(image, 2, form=form) for form in ("scaled", "shifted"))
    assert np.array_equal(one.samples, other.samples)


def test_more_samples_are_right_than_by_chance_and_about_as_many_as_it_expects():
    image = astronaut()[96:320, 96:352, 1][np.newaxis]
    found = rebuilt(image, 1)
    right = found.samples == image
    assert right.mean() > 0.7
    assert found.confidence.mean() == pytest.approx(right.mean(), abs=0.2)


def test_depths_of_16_bits_are_rebuilt():
    image = ramp().astype(np.uint16) * 257
    assert np.array_equal(rebuilt(image, 2, bits=16).samples, image)


def test_a_colour_image_is_rebuilt_and_its_channels_agree():
    image = np.concatenate([ramp(), ramp(low=20, high=250), ramp(low=0, high=230)])
    assert np.array_equal(rebuilt(image, 1).samples, image)


def test_large_images_are_rebuilt_in_tiles(monkeypatch):
    image = ramp()
    monkeypatch.setattr("imleak.rebuilders.smooth.TILE", 48)
    found = rebuilt(np.concatenate([image, image], axis=1), 1)
    assert found.samples.shape == (1, 96, 64)
    assert np.array_equal(found.samples & 127, np.concatenate([image, image], axis=1) & 127)


def test_what_it_does_not_rebuild():
    smooth = Smooth(most_planes=2)
    said = [smooth.rebuilds(BitPlanes(), level, 8) for level in range(9)]
    assert said == [False, True, True, False, False, False, False, False, False]
    assert not Smooth().rebuilds(BitPlanes(), 1, 1)
    assert not Smooth().rebuilds(Region(), 1, 8)
    exposure = BitPlanes().expose(Raster(ramp(), 8), 3)
    with pytest.raises(ImleakError, match="does not rebuild bitplanes at level 3"):
        smooth.rebuild(exposure, BitPlanes(), 3)


@pytest.mark.parametrize(
    ("planes", "levels"), [("low", []), ([7, 6], [1, 2]), ([6, 7], [2]), ([7, 2], [1])]
)
def test_it_rebuilds_the_highest_planes_alone(planes, levels):
    scheme = BitPlanes(planes=planes)
    assert [level for level in (1, 2) if Smooth().rebuilds(scheme, level, 8)] == levels


@pytest.mark.parametrize("planes", [0, 9])
def test_impossible_numbers_of_planes_are_refused(planes):
    with pytest.raises(ImleakError, match="give 1 to 8"):
        Smooth(most_planes=planes)


@pytest.mark.parametrize("scale", [1.0, 4.0, 20.0])
def test_the_scale_of_wrapped_laplacian_differences_is_found(scale):
    rng = np.random.default_rng(0)
    wrapped = np.abs((rng.laplace(0, scale, 400_000) + 16) % 32 - 16)
    assert scale_of(wrapped.mean(keepdims=True), 32)[0] == pytest.approx(scale, rel=0.05)


def test_beliefs_on_a_chain_are_the_marginals_of_all_labellings(monkeypatch):
    monkeypatch.setattr(_chains, "SURPRISE", 0.0)
    rng = np.random.default_rng(1)
    labels, width, modulus = 3, 4, 10
    clear = rng.integers(0, modulus, width).astype(np.float32)
    own = rng.uniform(0.5, 1.5, (labels, 1, 1, width)).astype(np.float32)
    scale = np.full((1, 1, width - 1), 6.0, np.float32)
    rows = kernel(np.diff(clear)[np.newaxis, np.newaxis], scale, modulus, labels - 1)
    columns = np.empty((0, 2 * labels - 1, 1, width), np.float32)
    found = beliefs(own, np.moveaxis(rows, 3, 0), columns, None)
    expected = np.zeros((labels, width))
    for labelling in product(range(labels), repeat=width):
        values = clear + modulus * np.array(labelling)
        weight = np.exp(-np.abs(np.diff(values)) / 6.0).prod()
        weight *= np.prod([own[label, 0, 0, at] for at, label in enumerate(labelling)])
        expected[list(labelling), range(width)] += weight
    assert found[:, 0, 0] == pytest.approx(expected / expected.sum(0), rel=1e-4)
