"""Properties of every scheme, of images of any size, depth and number of channels."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from rasters import keystreams, rasters

from imleak.interfaces import ImageError, ImleakError, Raster
from imleak.schemes.bitplanes import BitPlanes
from imleak.schemes.ele import Ele
from imleak.schemes.etc import Etc
from imleak.schemes.le import Le
from imleak.schemes.negative_positive import NegativePositive
from imleak.schemes.region import Region
from imleak.schemes.tpe import Tpe

SCHEMES = [
    BitPlanes(),
    BitPlanes("shifted"),
    BitPlanes(planes="low"),
    BitPlanes("shifted", planes="low"),
    BitPlanes(planes=[0]),
    Region(),
    Region(rectangle=[0, 0.3, 0.6, 0.7]),
    Region(rectangle=[1, 0, 2, 1]),
    Etc(block=1),
    Etc(block=2),
    Etc(block=3),
    Etc(block=2, form="grey"),
    NegativePositive(),
    Le(),
    Ele(),
    Tpe(blocks=[1, 2, 4]),
    Tpe(kind="sum", blocks=[1, 2, 3]),
]
each = pytest.mark.parametrize("scheme", SCHEMES, ids=repr)


def assert_same_exposure(found, expected):
    np.testing.assert_array_equal(found.rendered, expected.rendered)
    np.testing.assert_equal(dict(found.symbols), dict(expected.symbols))
    for value in ("bits", "size", "is_empty"):
        assert getattr(found, value) == getattr(expected, value)


@each
@settings(max_examples=40)
@given(image=rasters(), one=keystreams, other=keystreams, data=st.data())
def test_round_trip_and_exposure(scheme, image, one, other, data):
    try:
        levels = scheme.levels(image.bits)
    except ImleakError as error:
        assert "give" in str(error)  # noqa: PT017
        assume(False)
    level = data.draw(st.integers(0, len(levels) - 1))
    try:
        cipher = scheme.encrypt(image, level, one)
    except ImageError as error:
        assert "give" in str(error)  # noqa: PT017
        with pytest.raises(ImageError):
            scheme.expose(image, level)
        return
    assert cipher.samples.shape == image.samples.shape
    assert cipher.samples.dtype == image.samples.dtype
    assert int(cipher.samples.max()) < 2**image.bits
    np.testing.assert_array_equal(scheme.decrypt(cipher, level, one).samples, image.samples)
    if level == 0:
        np.testing.assert_array_equal(cipher.samples, image.samples)

    expected = scheme.expose(image, level)
    assert_same_exposure(scheme.expose(cipher, level), expected)
    assert_same_exposure(scheme.expose(scheme.encrypt(image, level, other), level), expected)

    across = np.asfortranarray(image.samples)
    across.flags.writeable = False
    for same in (across, image.samples.astype(np.uint16)):
        found = Raster(same, image.bits)
        np.testing.assert_array_equal(scheme.encrypt(found, level, one).samples, cipher.samples)
        np.testing.assert_array_equal(scheme.expose(found, level).rendered, expected.rendered)
