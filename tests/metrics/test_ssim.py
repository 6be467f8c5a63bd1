import numpy as np
import pytest
import skimage.data
from observations import observed
from skimage.metrics import structural_similarity

from imleak.interfaces import ImageError
from imleak.metrics._windows import Windows, window_side
from imleak.metrics.ssim import Ssim


def constant(plain, other, shape, bits=8):
    kind = np.uint8 if bits <= 8 else np.uint16
    values = {"clear": np.full(shape, other, kind), "cipher": np.full(shape, plain, kind)}
    observation = observed(
        np.full(shape, plain, kind),
        bits,
        (1,),
        lambda s: values["clear"],
        cipher=lambda s: values["cipher"],
    )
    return {one.part: one.value for one in Ssim().measure(observation)}


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("shape", [(1, 7, 9), (3, 20, 8), (1, 3, 3), (1, 4, 30), (3, 6, 6)])
def test_flat_images_have_a_closed_form_in_any_window(bits, shape):
    a, b, peak = 50, 90, 2**bits - 1
    found = constant(a, b, shape, bits)
    c1 = (0.01 * peak) ** 2
    assert found["clear"] == pytest.approx((2 * a * b + c1) / (a * a + b * b + c1), abs=1e-9)
    assert found["cipher"] == 1


@pytest.mark.parametrize("image", ["camera", "astronaut"])
def test_is_that_of_skimage_on_a_photograph(observe_bitplanes, image):
    shown = getattr(skimage.data, image)()[::4, ::4]
    axis = None if shown.ndim == 2 else 2
    samples = shown[None] if axis is None else np.moveaxis(shown, 2, 0).copy()
    for one in Ssim().measure(observe_bitplanes(samples, levels=(0, 1, 5), scaled=True)):
        if one.part == "clear":
            clear = (shown.astype(int) << one.level & 255).astype(np.uint8)
            expected = structural_similarity(shown, clear, data_range=255, channel_axis=axis)
            assert one.value == pytest.approx(expected, abs=1e-12)
        assert one.value <= one.ceiling == 1
        assert (one.value == 1) == (one.level == 0)


@pytest.mark.parametrize(("bits", "side"), [(12, 7), (13, 5), (14, 3), (16, 7)])
def test_deep_samples_are_summed_exactly(bits, side):
    plain, other = np.random.default_rng(bits).integers(0, 2**bits, (2, 2, 40, side), np.uint16)
    plain[:, :20], other[:, :20] = 2**bits - 1, 2**bits - 1
    options = {"data_range": 2**bits - 1, "channel_axis": 0, "win_size": side}
    expected = structural_similarity(plain, other, **options)
    assert Windows.of(plain, bits).similarity(other) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("height", "width", "side"),
    [(480, 640, 7), (7, 7, 7), (6, 100, 5), (5, 5, 5), (100, 4, 3), (3, 3, 3)],
)
def test_window_is_the_largest_odd_one_that_fits(height, width, side):
    assert window_side(height, width) == side


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 2, 50), (3, 50, 2)])
def test_image_without_a_window_is_refused(observe_bitplanes, shape):
    with pytest.raises(ImageError, match=f"not {shape[2]}x{shape[1]}"):
        Ssim().measure(observe_bitplanes(np.zeros(shape, np.uint8)))
