"""Signs of JPEG coefficients that are chosen again."""

from dataclasses import replace

import numpy as np
import pytest
import skimage.data

from imleak.images.jpeg import compressed, raster_of
from imleak.interfaces import ImleakError, Rebuilder
from imleak.keystream import AesKeystream, derived_key
from imleak.rebuilders import signs as module
from imleak.rebuilders.signs import Signs
from imleak.schemes.jpeg_amplitudes import JpegAmplitudes
from imleak.schemes.jpeg_signs import JpegSigns

CAMERA = raster_of(compressed(skimage.data.camera()[None, 100:228, 150:310], quality=80))
ASTRONAUT = raster_of(
    compressed(np.moveaxis(skimage.data.astronaut()[:64, 180:260], 2, 0), quality=80)
)


def exposed(scheme, level, image=CAMERA):
    cipher = scheme.encrypt(image, level, AesKeystream(derived_key(0), bytes(16)))
    return scheme.expose(cipher, level)


def chosen(scheme, level, image=CAMERA):
    """Coefficients of luma, and which of them are reached."""
    jpeg = exposed(scheme, level, image).jpeg
    reached = (module._zigzag_rank() <= scheme.first[level - 1]) & (np.arange(64) > 0).reshape(8, 8)
    is_of_sizes = scheme.name == "jpeg-amplitudes"
    found, _ = module._solved(jpeg.components[0], jpeg.tables[0], reached, sizes=is_of_sizes)
    return found, reached


def energy_right(found, plain, reached):
    energy = np.where(reached, plain.astype(float) ** 2, 0)
    return float((energy * (found * plain > 0)).sum() / energy.sum())


@pytest.mark.parametrize(("level", "least"), [(1, 0.97), (2, 0.9), (3, 0.75)])
def test_most_energy_has_its_signs_again(level, least):
    found, reached = chosen(JpegSigns(), level)
    plain = CAMERA.jpeg.components[0]
    np.testing.assert_array_equal(np.abs(found), np.abs(plain))
    np.testing.assert_array_equal(found[..., ~reached], plain[..., ~reached])
    assert energy_right(found, plain, reached) > least


def test_sizes_are_kept_and_tell_signs_too():
    found, reached = chosen(JpegAmplitudes(), 2)
    plain = CAMERA.jpeg.components[0]
    sizes = [np.ceil(np.log2(np.abs(of.astype(float)) + 1)) for of in (found, plain)]
    np.testing.assert_array_equal(*sizes)
    np.testing.assert_array_equal(found[..., ~reached], plain[..., ~reached])
    assert energy_right(found, plain, reached) > 0.9


@pytest.mark.parametrize("image", [CAMERA, ASTRONAUT])
def test_the_image_comes_nearer(image):
    exposure = exposed(JpegSigns(), 2, image)
    found = Signs().rebuild(exposure, JpegSigns(), 2)
    error, before = (
        np.mean((samples.astype(float) - image.samples) ** 2)
        for samples in (found.samples, exposure.rendered)
    )
    assert error < before / 2
    right = found.samples == image.samples
    assert found.confidence[right].mean() > found.confidence[~right].mean()


def test_zigzag_order_is_that_of_the_standard():
    first = [[0, 1, 5, 6], [2, 4, 7, 13], [3, 8, 12, 17]]
    np.testing.assert_array_equal(module._zigzag_rank()[:3, :4], first)
    assert sorted(module._zigzag_rank().ravel()) == list(range(64))


def test_chroma_that_is_in_the_clear_stays():
    scheme = JpegAmplitudes(components="luma")
    exposure = exposed(scheme, 1, ASTRONAUT)
    taken = []

    def render(components):
        taken.append(components)
        return exposure.jpeg.render(components)

    Signs().rebuild(replace(exposure, jpeg=replace(exposure.jpeg, render=render)), scheme, 1)
    for at in (1, 2):
        np.testing.assert_array_equal(taken[0][at], ASTRONAUT.jpeg.components[at])


def test_what_it_rebuilds():
    assert isinstance(Signs(), Rebuilder)
    said = [Signs().rebuilds(JpegSigns(), level, 8) for level in range(6)]
    assert said == [False, True, True, True, True, False]  # the last level hides DC too
    assert not Signs().rebuilds(JpegSigns(dc="all"), 1, 8)
    with pytest.raises(ImleakError, match="signs does not rebuild jpeg-signs at level 5"):
        Signs().rebuild(exposed(JpegSigns(), 5), JpegSigns(), 5)


def test_a_step_of_0_in_a_damaged_file_spoils_nothing_else():
    found = exposed(JpegSigns(), 2)
    table = found.jpeg.tables[0].copy()
    table[0, 3] = 0
    damaged = replace(found, jpeg=replace(found.jpeg, tables=(table,)))
    rebuilt = Signs().rebuild(damaged, JpegSigns(), 2)
    whole = Signs().rebuild(found, JpegSigns(), 2)
    assert np.mean(rebuilt.samples == whole.samples) > 0.2
