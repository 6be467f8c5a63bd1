"""Pixelation and blur against other implementations."""

import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from rasters import raster, rasters
from skimage.filters import gaussian
from skimage.measure import block_reduce

from imleak.interfaces import ImleakError, KeyedScheme, Raster
from imleak.schemes.blur import Blur
from imleak.schemes.pixelate import Pixelate

CAT = Raster(np.ascontiguousarray(np.moveaxis(skimage.data.cat(), 2, 0)), 8)


@pytest.mark.parametrize("scheme", [Pixelate(), Blur()], ids=repr)
def test_nobody_decrypts(scheme):
    assert not isinstance(scheme, KeyedScheme)
    assert not hasattr(scheme, "table")


@pytest.mark.parametrize(("level", "side"), [(1, 4), (2, 8), (3, 16), (4, 32)])
def test_means_of_whole_blocks_are_those_of_block_reduce(level, side):
    exposure = Pixelate().expose(CAT, level)
    height, width = (length // side * side for length in CAT.samples.shape[1:])
    expected = block_reduce(CAT.samples[:, :height, :width], (1, side, side), np.mean)
    means = exposure.symbols["means"][:, : height // side, : width // side]
    assert np.abs(means - expected).max() <= 0.5
    np.testing.assert_array_equal(exposure.rendered[:, :height:side, :width:side], means)


@settings(max_examples=40)
@given(rasters())
def test_a_mosaic_is_its_own(image):
    for level in range(5):
        once = Pixelate().expose(image, level)
        again = Pixelate().expose(Raster(once.rendered, image.bits), level)
        np.testing.assert_array_equal(again.rendered, once.rendered)
        assert once.rendered.dtype == image.samples.dtype


def test_blocks_that_the_edge_cuts_off_have_means_of_their_own():
    image = raster([[1, 3, 9], [5, 7, 4], [0, 1, 2]], 4)
    found = Pixelate(blocks=[2]).expose(image, 1)
    assert found.rendered[0].tolist() == [[4, 4, 7], [4, 4, 7], [1, 1, 2]]
    assert found.symbols["means"].tolist() == [[[4, 7], [1, 2]]]


def test_a_blur_is_that_of_skimage():
    for level, sigma in enumerate((1, 2, 4, 8, 16), start=1):
        rendered = Blur().expose(CAT, level).rendered
        expected = gaussian(CAT.samples, sigma, mode="nearest", preserve_range=True, channel_axis=0)
        assert np.abs(rendered - expected).max() <= 0.5 + 1e-9


def test_what_is_none_is_refused():
    for sigmas in ([], [0], [2, 1], [-1], [float("inf")], [float("nan")]):
        with pytest.raises(ImleakError, match="give rising numbers above 0"):
            Blur(sigmas=sigmas)
    with pytest.raises(ImleakError, match="give 1 or more"):
        Pixelate(blocks=[0])
    with pytest.raises(ImleakError, match="level 5: pixelate of 8-bit samples has levels 0 to 4;"):
        Pixelate().expose(CAT, 5)
