import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import mutual_info_score

from imleak.benchmark.problems import pixels


def gauss_hermite_bits(count, sigma, nodes=120):
    """E log p(y | x) / p(y) over greys and Gauss-Hermite nodes of the noise."""
    point, weight = np.polynomial.hermite_e.hermegauss(nodes)
    weight = weight / weight.sum()
    greys = np.arange(count)
    y = greys[:, None] + sigma * point
    log_likelihood = -0.5 * np.square((y[..., None] - greys) / sigma)
    mixture = np.logaddexp.reduce(log_likelihood, axis=-1) - np.log(count)
    return float(((-0.5 * point**2 - mixture) @ weight).mean() / np.log(2))


@pytest.mark.parametrize(("count", "sigma"), [(2, 1.0), (16, 2.0), (16, 0.7), (256, 30.0)])
def test_greys_through_noise_agree_with_another_quadrature(count, sigma):
    expected = gauss_hermite_bits(count, sigma)
    assert pixels.noisy_bits(count, sigma) == pytest.approx(expected, abs=1e-6)


def test_greys_without_noise_are_all_seen():
    assert pixels.noisy_bits(8, 0.02) == pytest.approx(3.0, abs=1e-6)


@pytest.mark.parametrize(
    "problem", [pixels.symmetric_pixels(16, 0.25), pixels.erased_pixels(16, 0.5)]
)
def test_pixels_through_channels_agree_with_plug_in(problem):
    rows = problem.draw(100_000, np.random.default_rng(0))
    x, y = rows.x.ravel().astype(int), rows.y.ravel().astype(int)
    assert mutual_info_score(x, y) / np.log(2) == pytest.approx(problem.bits, abs=0.02)
    assert len(np.unique(y)) == problem.size


@pytest.mark.parametrize("hidden", [2, 4, 6])
def test_bitplanes_leave_what_is_left(hidden):
    problem = pixels.clear_planes(hidden)
    rows = problem.draw(50_000, np.random.default_rng(0))
    x, y = rows.x.ravel().astype(np.uint8), rows.y.ravel().astype(np.uint8)
    np.testing.assert_array_equal(y, (x << hidden) >> hidden)
    assert problem.bits == 8 - hidden
    assert mutual_info_score(x, y) / np.log(2) == pytest.approx(8 - hidden, abs=0.02)


def test_pixels_are_grouped_by_image():
    rows = pixels.symmetric_pixels(16, 0.25).draw(1_010, np.random.default_rng(0))
    names, counts = np.unique(rows.groups, return_counts=True)
    assert len(names) == 21
    assert counts[:-1].tolist() == [50] * 20
    of_one = rows.x[rows.groups == 0].ravel()
    assert (of_one[:, None] == of_one).mean() > 2 / 16, "pixels of an image resemble each other"


def test_noisy_pixels_have_the_noise_of_their_name():
    x, y, _ = pixels.noisy_pixels(16, 2.0).draw(20_000, np.random.default_rng(0))
    assert stats.kstest((y - x).ravel(), "norm", args=(0, 2.0)).pvalue > 1e-4
