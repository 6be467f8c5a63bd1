import numpy as np
import pytest
import torch
from pytorch_msssim import ms_ssim
from skimage.data import camera
from skimage.metrics import structural_similarity

from imleak.interfaces import ImageError
from imleak.metrics.msssim import WEIGHTS, MsSsim, similarity, weights_for

PICTURE = camera()[None, 100:292, 60:284]


def reference(one, other, peak):
    first, second = (torch.from_numpy(a.astype(np.float64))[None] for a in (one, other))
    return float(ms_ssim(first, second, data_range=peak, weights=list(WEIGHTS)))


@pytest.mark.parametrize("noise", [2, 20, 80])
def test_it_is_the_published_implementation(noise):
    rng = np.random.default_rng(0)
    other = (PICTURE + rng.normal(0, noise, PICTURE.shape)).clip(0, 255).astype(np.uint8)
    weights = weights_for(*PICTURE.shape[1:])
    assert similarity(PICTURE, other, weights, 255) == pytest.approx(
        reference(PICTURE, other, 255),
        abs=1e-4,  # its windows are of single precision, and do not quite add up to one
    )


def test_sixteen_bits_are_the_same_as_eight_scaled():
    wide, other = PICTURE.astype(np.uint16) * 257, PICTURE[..., ::-1].astype(np.uint16) * 257
    weights = weights_for(*PICTURE.shape[1:])
    assert similarity(wide, other, weights, 65535) == pytest.approx(
        similarity(PICTURE, PICTURE[..., ::-1], weights, 255)
    )


def test_one_scale_is_ssim_with_gaussian_windows():
    one, other = PICTURE[:, :20, :20], PICTURE[:, 20:40, :20]
    weights = weights_for(20, 20)
    assert weights == (1.0,)
    expected = structural_similarity(
        one[0], other[0], data_range=255, gaussian_weights=True, use_sample_covariance=False
    )
    assert similarity(one, other, weights, 255) == pytest.approx(max(expected, 0), abs=1e-9)


@pytest.mark.parametrize(("side", "scales"), [(11, 1), (20, 1), (21, 2), (161, 5), (5000, 5)])
def test_small_images_have_fewer_scales(side, scales):
    weights = weights_for(side, 2 * side)
    assert len(weights) == scales
    assert sum(weights) == pytest.approx(1)


def test_an_image_below_one_window_is_refused(observe_bitplanes, textured):
    with pytest.raises(ImageError, match="11x11"):
        MsSsim().measure(observe_bitplanes(textured(height=10, width=40)))


def test_equal_images_have_one(observe_bitplanes, textured):
    first, second, *rest = MsSsim().measure(observe_bitplanes(textured()))
    assert first.value == second.value == pytest.approx(1)
    assert all(one.value < 0.9 for one in rest)
