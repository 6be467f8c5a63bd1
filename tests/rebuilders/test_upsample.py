"""Images from the means of their blocks."""

import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.metrics import peak_signal_noise_ratio

from imleak.interfaces import ImleakError, Raster, Rebuilder
from imleak.rebuilders.upsample import Upsample
from imleak.schemes.bitplanes import BitPlanes
from imleak.schemes.pixelate import Pixelate
from imleak.schemes.tpe import Tpe

SCHEMES = [
    Pixelate(blocks=[2, 4]),
    Tpe(blocks=[2, 4]),
    Tpe(kind="sum", blocks=[2, 4]),
]


@pytest.mark.parametrize("scheme", SCHEMES, ids=repr)
@settings(max_examples=25)
@given(
    st.tuples(st.sampled_from([1, 3]), st.integers(1, 9), st.integers(1, 9)).flatmap(
        lambda shape: arrays(np.uint8, shape)
    ),
    st.sampled_from([1, 2]),
    st.sampled_from(["bicubic", "lanczos"]),
)
def test_what_is_rebuilt_has_the_clear_part(scheme, samples, level, kernel):
    exposure = scheme.expose(Raster(samples, 8), level)
    found = Upsample(kernel=kernel).rebuild(exposure, scheme, level)
    again = scheme.expose(Raster(found.samples, 8), level)
    np.testing.assert_array_equal(again.rendered, exposure.rendered)
    assert found.samples.shape == samples.shape
    assert 0 <= found.confidence.min() <= found.confidence.max() <= 1


@pytest.mark.parametrize("scheme", SCHEMES, ids=repr)
def test_it_is_nearer_to_the_image_than_the_clear_part(scheme):
    image = Raster(np.ascontiguousarray(np.moveaxis(skimage.data.cat(), 2, 0)), 8)
    exposure = scheme.expose(image, 2)
    found = Upsample().rebuild(exposure, scheme, 2).samples
    gain = peak_signal_noise_ratio(image.samples, found) - peak_signal_noise_ratio(
        image.samples, exposure.rendered
    )
    assert gain > 0.5


def test_a_slope_comes_back_from_sums_and_order():
    slope = np.tile(np.arange(0, 240, 5, dtype=np.uint8), (48, 1))[None]
    scheme = Tpe(blocks=[4])
    found = Upsample().rebuild(scheme.expose(Raster(slope, 8), 1), scheme, 1).samples
    np.testing.assert_array_equal(found, slope)


def test_what_it_rebuilds():
    assert isinstance(Upsample(), Rebuilder)
    assert [Upsample().rebuilds(Tpe(), level, 8) for level in (0, 1, 4, 5)] == [
        False,
        True,
        True,
        False,
    ]
    assert not Upsample().rebuilds(BitPlanes(), 1, 8)
    with pytest.raises(ImleakError, match="give bicubic or lanczos"):
        Upsample(kernel="nearest")
    with pytest.raises(ImleakError, match="does not rebuild bitplanes"):
        Upsample().rebuild(
            Pixelate().expose(Raster(np.zeros((1, 4, 4), np.uint8), 8), 1), BitPlanes(), 1
        )
