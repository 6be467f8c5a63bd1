import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from imleak.encoders.pixels import Pixels, areas
from imleak.interfaces import Encoder, ImageError, ImleakError


def test_rows_are_single_samples():
    pixels = Pixels()
    assert isinstance(pixels, Encoder)
    assert pixels.input_size is None
    assert pixels.dimension == 1
    assert pixels.title == "pixels"


def test_cannot_be_called():
    with pytest.raises(ImleakError, match="efficientnet-lite0"):
        Pixels().encode(np.zeros((1, 1, 224, 224), np.uint8), 8)


@pytest.mark.parametrize("size", [1, 7, 16, 100, 224])
def test_small_images_are_means_of_equal_areas(size):
    """Blocks where they fit; else of the image with every sample repeated until they do."""
    images = np.random.default_rng(0).integers(0, 256, (2, 1, 224, 224), dtype=np.uint8)
    found = Pixels(size).encode(images, 8)
    factor = size // np.gcd(size, 224)
    large = torch.from_numpy(np.kron(images[:, 0], np.ones((1, factor, factor))) / 255)
    expected = torch.nn.functional.avg_pool2d(large[:, None], 224 * factor // size)
    np.testing.assert_allclose(found, expected.reshape(2, -1), atol=1e-6)


@given(st.integers(1, 60), st.data())
def test_every_sample_counts_alike(side, data):
    size = data.draw(st.integers(1, side))
    shares = areas(side, size)
    np.testing.assert_allclose(shares.sum(1), 1, rtol=1e-5)
    np.testing.assert_allclose(shares.sum(0), size / side, rtol=1e-4)


def test_colour_is_its_luma():
    red = np.zeros((1, 3, 224, 224), np.uint8)
    red[:, 0] = 255
    np.testing.assert_allclose(Pixels(4).encode(red, 8), 0.299, atol=1e-6)


def test_sizes_and_shapes_that_do_not_fit():
    for size in (0, 225, 2.5, True, "16:patch=96", pytest):
        with pytest.raises(ImleakError, match="pixels takes a size of 1 to 224, not"):
            Pixels(size)
    with pytest.raises(ImageError, match="pixels=4 takes images of shape"):
        Pixels(4).encode(np.zeros((1, 1, 8, 8), np.uint8), 8)
    assert Pixels(4, patch=8).encode(np.ones((1, 1, 8, 8), np.uint8), 1).tolist() == [[1.0] * 16]
    assert len({Pixels().digest, Pixels(4).digest, Pixels(4, patch=8).digest}) == 3
