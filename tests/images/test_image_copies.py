import io

import numpy as np
import PIL.Image
import pytest

from imleak.images import COPIES, copy_of, from_samples
from imleak.interfaces import ImageError


def smooth(bits=8, shape=(1, 40, 60)):
    rows, columns = np.mgrid[: shape[1], : shape[2]]
    wave = 0.5 + 0.4 * np.sin(rows / 7) * np.cos(columns / 9)
    levels = np.stack([wave * (1 - 0.1 * channel) for channel in range(shape[0])])
    return from_samples("a", np.rint(levels * ((1 << bits) - 1)).astype(np.int64), bits)


@pytest.mark.parametrize("name", COPIES)
@pytest.mark.parametrize("bits", [4, 8, 12, 16])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_copy_looks_alike(name, bits, channels):
    image = smooth(bits, (channels, 40, 60))
    copy = copy_of(image, name)
    assert copy.bits == bits
    assert len(copy.samples) == channels
    whole = image.samples if name != "crop" else image.samples[:, 4:36, 6:54]
    assert copy.samples.shape == whole.shape
    distance = np.abs(copy.samples.astype(float) - whole) / ((1 << bits) - 1)
    assert distance.mean() < 0.02 + 0.5**bits


@pytest.mark.parametrize("quality", [90, 75, 50])
def test_a_compressed_copy_is_what_pillow_makes_of_it(quality):
    image = smooth()
    stored = io.BytesIO()
    PIL.Image.fromarray(image.samples[0]).save(stored, "JPEG", quality=quality)
    expected = np.asarray(PIL.Image.open(stored))
    np.testing.assert_array_equal(copy_of(image, f"jpeg-{quality}").samples[0], expected)


@pytest.mark.parametrize("name", COPIES)
def test_one_sample_has_copies(name):
    image = from_samples("a", np.array([[[200]]]), 8)
    assert copy_of(image, name).samples.shape == (1, 1, 1)


def test_another_copy_is_refused_with_those_there_are():
    with pytest.raises(ImageError, match="jpeg-90, jpeg-75, jpeg-50, half, crop"):
        copy_of(smooth(), "xerox")
