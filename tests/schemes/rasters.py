"""Images of any size and depth, and keystreams, for properties of schemes."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from imleak.interfaces import Raster
from imleak.keystream import AesKeystream, derived_key, derived_nonce

KEYSTREAM = AesKeystream(derived_key(0), derived_nonce("camera"))

keystreams = st.builds(
    AesKeystream, st.binary(min_size=32, max_size=32), st.binary(min_size=16, max_size=16)
)


def keystream(seed):
    return AesKeystream(derived_key(seed), bytes(16))


@st.composite
def rasters(draw, smallest=1, largest=9):
    """Images over sizes, channels, containers and depths, flat and repeated ones among them."""
    bits = draw(st.integers(1, 16))
    dtype = draw(st.sampled_from([np.uint8, np.uint16] if bits <= 8 else [np.uint16]))
    sides = st.integers(smallest, largest)
    shape = (draw(st.sampled_from([1, 3])), draw(sides), draw(sides))
    return Raster(draw(arrays(dtype, shape, elements=st.integers(0, 2**bits - 1))), bits)


def raster(rows, bits=8):
    """A grey image of rows of numbers, or a colour one of three such lists."""
    samples = np.array(rows, np.uint8 if bits <= 8 else np.uint16)
    return Raster(samples[None] if samples.ndim == 2 else samples, bits)
