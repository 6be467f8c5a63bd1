import numpy as np
import pytest

from imleak.encoders.pixels import Pixels
from imleak.interfaces import Encoder, ImleakError


def test_rows_are_single_samples():
    pixels = Pixels()
    assert isinstance(pixels, Encoder)
    assert pixels.input_size is None
    assert pixels.dimension == 1


def test_cannot_be_called():
    with pytest.raises(ImleakError, match="efficientnet-lite0"):
        Pixels().encode(np.zeros((1, 1, 224, 224), np.uint8), 8)
