import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import mutual_info_score

from imleak.calibration import dead_leaves, pictures, tasks


def gauss_hermite_bits(count, sigma, nodes=120):
    """E log p(y | x) / p(y) over levels and Gauss-Hermite nodes of the noise."""
    point, weight = np.polynomial.hermite_e.hermegauss(nodes)
    weight = weight / weight.sum()
    levels = np.arange(count)
    y = levels[:, None] + sigma * point
    log_likelihood = -0.5 * np.square((y[..., None] - levels) / sigma)
    mixture = np.logaddexp.reduce(log_likelihood, axis=-1) - np.log(count)
    return float(((-0.5 * point**2 - mixture) @ weight).mean() / np.log(2))


@pytest.mark.parametrize(("count", "sigma"), [(2, 1.0), (16, 2.0), (16, 0.7), (256, 30.0)])
def test_levels_through_noise_agree_with_another_quadrature(count, sigma):
    expected = gauss_hermite_bits(count, sigma)
    assert pictures.levels_bits(count, sigma) == pytest.approx(expected, abs=1e-6)


def test_levels_without_noise_are_all_seen():
    assert pictures.levels_bits(8, 0.02) == pytest.approx(3.0, abs=1e-6)


def test_dead_leaves_are_exactly_uniform_at_every_pixel_and_flat_nearby():
    leaves = dead_leaves(3_000, 12, np.random.default_rng(0))
    assert leaves.shape == (3_000, 12, 12)
    for pixel in ((0, 0), (5, 7), (11, 11)):
        assert stats.kstest(leaves[:, *pixel], "uniform").pvalue > 1e-3
    near = np.corrcoef(leaves[:, 5, 5], leaves[:, 5, 6])[0, 1]
    far = np.corrcoef(leaves[:, 0, 0], leaves[:, 11, 11])[0, 1]
    assert near > 0.5
    assert far < near - 0.2


def test_dead_leaves_repeat_by_seed_and_count():
    first, second = (dead_leaves(600, 6, np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert dead_leaves(0, 6, np.random.default_rng(4)).shape == (0, 6, 6)


@pytest.mark.parametrize("name", ["leaves-pixel-symmetric-16-0.25", "leaves-pixel-erasure-16-0.5"])
def test_pixels_through_channels_agree_with_plug_in(name):
    task = tasks()[name]
    samples = task.sample(100_000, seed=0)
    x, y = samples.x.ravel().astype(int), samples.y[0].ravel().astype(int)
    assert mutual_info_score(x, y) / np.log(2) == pytest.approx(task.mi_bits, abs=0.02)
    assert len(np.unique(y)) == samples.sizes[0]


@pytest.mark.parametrize("hidden", [2, 4, 6])
def test_bitplanes_leave_what_is_left(hidden):
    task = pictures.pixels_bitplanes(hidden)
    samples = task.sample(50_000, seed=0)
    x, y = samples.x.ravel().astype(np.uint8), samples.y[0].ravel().astype(np.uint8)
    np.testing.assert_array_equal(y, (x << hidden) >> hidden)
    assert task.mi_bits == 8 - hidden
    assert mutual_info_score(x, y) / np.log(2) == pytest.approx(8 - hidden, abs=0.02)


def test_pixels_are_grouped_by_picture():
    samples = tasks()["leaves-pixel-symmetric-16-0.25"].sample(1_010, seed=0)
    names, counts = np.unique(samples.groups, return_counts=True)
    assert len(names) == 21
    assert counts[:-1].tolist() == [50] * 20
    of_one = samples.x[samples.groups == 0].ravel()
    assert (of_one[:, None] == of_one).mean() > 2 / 16, "pixels of a picture resemble each other"


def test_gaussian_pixels_have_the_noise_they_say():
    samples = pictures.pixels_gaussian(16, 2.0).sample(20_000, seed=0)
    noise = (samples.y[0] - samples.x).ravel().astype(float)
    assert stats.kstest(noise, "norm", args=(0, 2.0)).pvalue > 1e-4


def test_shared_bits_are_the_only_thing_shared():
    task = pictures.shared_bits(0.1)
    samples = task.sample(8_000, seed=0)
    x, y = samples.x.astype(float), samples.y[0].astype(float)
    bits_x = pictures.quadrant_bits(x).reshape(len(x), 4)
    bits_y = pictures.quadrant_bits(y).reshape(len(y), 4)
    assert (bits_x != bits_y).mean(0) == pytest.approx(np.full(4, 0.1), abs=0.02)
    assert bits_x.mean(0) == pytest.approx(np.full(4, 0.5), abs=0.03)
    sixteen = bits_x @ [1, 2, 4, 8], bits_y @ [1, 2, 4, 8]
    assert mutual_info_score(*sixteen) / np.log(2) == pytest.approx(task.mi_bits, abs=0.09)
    # given the bits, a picture says nothing of the contrast of the other
    contrast_x = np.abs(x - 0.5).mean(1)
    contrast_y = np.abs(y - 0.5).mean(1)
    assert abs(np.corrcoef(contrast_x, contrast_y)[0, 1]) < 0.04


def test_independent_patches_are_alike_within_a_group_and_unrelated_across():
    samples = pictures.independent_patches().sample(4_000, seed=0)
    x, y = samples.x.mean(1), samples.y[0].mean(1)
    first, second = np.arange(0, 4_000, 10), np.arange(1, 4_000, 10)
    assert samples.groups[first].tolist() == samples.groups[second].tolist()
    assert np.corrcoef(x[first], x[second])[0, 1] > 0.3
    assert np.corrcoef(y[first], y[second])[0, 1] > 0.3
    assert abs(np.corrcoef(x[first], y[first])[0, 1]) < 0.2
    assert not np.isin(samples.x[first], samples.y[0][first]).any(), "no picture on both sides"


def test_texture_agrees_with_determinants():
    """The covariance is circulant: build it row by row and take determinants."""
    side, sigma = 6, 1.5
    task = pictures.texture(side, sigma)
    power = pictures._power(side)
    autocovariance = np.fft.ifft2(power).real
    index = np.arange(side)
    shift = (index[:, None] - index) % side
    covariance = autocovariance[shift[:, None, :, None], shift[None, :, None, :]]
    covariance = covariance.reshape(side**2, side**2)
    _, signal = np.linalg.slogdet(np.eye(side**2) + covariance / sigma**2)
    assert task.mi_bits == pytest.approx(0.5 * signal / np.log(2), abs=1e-9)
    samples = task.sample(40_000, seed=0)
    np.testing.assert_allclose(np.cov(samples.x.T), covariance, atol=0.04)
    noise = samples.y[0] - samples.x
    assert noise.std() == pytest.approx(sigma, rel=0.01)
