import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from scipy.linalg import expm
from scipy.special import ndtr
from sklearn.feature_selection import mutual_info_regression

from imleak.calibration import maps, tasks
from imleak.calibration.gaussians import normal_1v1, normal_sparse

ELEMENTWISE = {
    "normal_cdf": maps.NORMAL_CDF,
    "half_cube": maps.HALF_CUBE,
    "asinh": maps.ASINH,
    "wiggly_x": maps.WIGGLY_X,
    "wiggly_y": maps.WIGGLY_Y,
    "bumps_x": maps.two_bumps(0.3, 0.0, 5.0),
    "bumps_y": maps.two_bumps(0.5, -1.0, 3.0),
}
ROWS = arrays(np.float64, (5, 4), elements=st.floats(-5, 5))


@pytest.mark.parametrize("name", ELEMENTWISE)
@given(rows=ROWS)
def test_elementwise_maps_are_inverted(name, rows):
    pair = ELEMENTWISE[name]
    np.testing.assert_allclose(pair.inverse(pair.forward(rows)), rows, atol=1e-7)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_maps_increase(name):
    grid = np.linspace(-5, 5, 20_001)
    assert (np.diff(ELEMENTWISE[name].forward(grid)) > 0).all()


@given(rows=ROWS, speed=st.floats(0.01, 2))
def test_spiral_is_inverted_and_keeps_norms(rows, speed):
    spiral = maps.spiral((1, 2), speed)
    turned = spiral.forward(rows)
    np.testing.assert_allclose(spiral.inverse(turned), rows, atol=1e-8)
    np.testing.assert_allclose(np.linalg.norm(turned, axis=1), np.linalg.norm(rows, axis=1))


def test_spiral_is_the_matrix_exponential():
    """exp(speed ||x||^2 A) x with the so(n) generator A of the plane."""
    row = np.array([0.3, -1.2, 0.7, 2.0])
    generator = np.zeros((4, 4))
    generator[1, 2], generator[2, 1] = -1, 1
    expected = expm(0.25 * (row @ row) * generator) @ row
    np.testing.assert_allclose(maps.spiral((1, 2), 0.25).forward(row[None])[0], expected)


@given(st.floats(0, 1))
def test_swiss_roll_is_unrolled(u):
    rolled = maps.SWISS_ROLL.forward(np.array([[u]]))
    assert rolled.shape == (1, 2)
    assert maps.SWISS_ROLL.inverse(rolled)[0, 0] == pytest.approx(u, abs=1e-12)


@pytest.mark.parametrize("name", ["normal_cdf", "half_cube", "wiggly"])
def test_mapped_task_is_the_map_of_the_same_rows(name):
    base = normal_1v1(0.75)
    task = getattr(maps, name)(base)
    forward = {"wiggly": maps.WIGGLY_X}.get(name) or ELEMENTWISE[name]
    before, after = base.sample(500, seed=7), task.sample(500, seed=7)
    np.testing.assert_allclose(after.x, forward.forward(before.x.astype(float)), rtol=1e-4)
    assert task.mi_bits == base.mi_bits


def test_spiral_hides_the_linear_correlation():
    straight = normal_sparse(3).sample(20_000, seed=0)
    turned = maps.spiralled(normal_sparse(3)).sample(20_000, seed=0)

    def strongest(samples):
        return np.linalg.svd(samples.x.T @ samples.y[0] / 20_000, compute_uv=False)[0]

    assert strongest(straight) > 0.75
    assert strongest(turned) < 0.7 * strongest(straight)


def test_bimodal_has_the_marginals_of_its_mixtures():
    samples = tasks()["1v1-bimodal-0.75"].sample(10_000, seed=0)
    assert (
        stats.kstest(samples.x.ravel(), lambda x: 0.3 * ndtr(x) + 0.7 * ndtr(x - 5)).pvalue > 1e-4
    )
    y = samples.y[0].ravel()
    assert stats.kstest(y, lambda x: 0.5 * ndtr(x + 1) + 0.5 * ndtr(x - 3)).pvalue > 1e-4


@pytest.mark.parametrize(
    "name",
    [
        "1v1-normal-0.75",
        "normal_cdf-1v1-normal-0.75",
        "1v1-bimodal-0.75",
        "wiggly-1v1-normal-0.75",
        "half_cube-1v1-normal-0.75",
        "asinh-student-identity-1-1-1",
        "1v1-additive-0.1",
        "1v1-additive-0.75",
    ],
)
def test_nearest_neighbours_find_the_truth_in_one_dimension(name):
    task = tasks()[name]
    samples = task.sample(6_000, seed=0)
    nats = mutual_info_regression(samples.x, samples.y[0].ravel(), random_state=0)[0]
    assert nats / np.log(2) == pytest.approx(task.mi_bits, abs=0.06)
