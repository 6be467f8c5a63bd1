import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from scipy.linalg import expm
from scipy.special import ndtr
from sklearn.feature_selection import mutual_info_regression

from imleak.benchmark import tasks
from imleak.benchmark.problems import transforms as maps

ELEMENTWISE = {
    "normal_cdf": ndtr,
    "half_cube": maps.half_cube,
    "asinh": np.arcsinh,
    "wiggly_x": maps.wiggly_x,
    "wiggly_y": maps.wiggly_y,
    "bumps_x": maps.two_bumps(0.3, 0.0, 5.0),
    "bumps_y": maps.two_bumps(0.5, -1.0, 3.0),
}


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_maps_increase_and_so_can_be_inverted(name):
    grid = np.linspace(-5, 5, 20_001)
    assert (np.diff(ELEMENTWISE[name](grid)) > 0).all()


@given(z=st.floats(-5, 5))
def test_two_bumps_are_the_quantiles_of_the_mixture(z):
    x = ELEMENTWISE["bumps_x"](np.array([z]))
    assert 0.3 * ndtr(x) + 0.7 * ndtr(x - 5) == pytest.approx(ndtr(z), abs=1e-12)


@given(rows=arrays(np.float64, (5, 4), elements=st.floats(-5, 5)), speed=st.floats(0.01, 2))
def test_spiral_is_inverted_and_keeps_norms(rows, speed):
    turned = maps.spiral((1, 2), speed)(rows)
    np.testing.assert_allclose(maps.spiral((1, 2), -speed)(turned), rows, atol=1e-8)
    np.testing.assert_allclose(np.linalg.norm(turned, axis=1), np.linalg.norm(rows, axis=1))


def test_spiral_is_the_matrix_exponential():
    """exp(speed ||x||^2 A) x with the so(n) generator A of the plane."""
    row = np.array([0.3, -1.2, 0.7, 2.0])
    generator = np.zeros((4, 4))
    generator[1, 2], generator[2, 1] = -1, 1
    expected = expm(0.25 * (row @ row) * generator) @ row
    np.testing.assert_allclose(maps.spiral((1, 2), 0.25)(row[None])[0], expected)


@given(st.floats(0, 1))
def test_swiss_roll_is_unrolled_by_its_radius(u):
    rolled = maps.swiss_roll(np.array([[u]]))
    assert rolled.shape == (1, 2)
    turns = 21 * np.linalg.norm(rolled) / (1.5 * np.pi)
    assert 0.5 * (turns - 1) == pytest.approx(u, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "forward"),
    [("normal_cdf", ndtr), ("half_cube", maps.half_cube), ("wiggly", maps.wiggly_x)],
)
def test_a_transformed_task_is_the_map_of_the_same_rows(name, forward):
    base, task = tasks()["1v1-normal-0.75"], tasks()[f"{name}-1v1-normal-0.75"]
    before, after = base.sample(500, seed=7), task.sample(500, seed=7)
    np.testing.assert_allclose(after.x, forward(before.x.astype(float)), rtol=1e-4)
    assert task.problem.bits == base.problem.bits


def test_spiral_hides_the_linear_correlation():
    def strongest(name):
        samples = tasks()[name].sample(20_000, seed=0)
        return np.linalg.svd(samples.x.T @ samples.y[0] / 20_000, compute_uv=False)[0]

    straight = strongest("multinormal-sparse-3-3-2-2.0")
    assert straight > 0.75
    assert strongest("spiral-multinormal-sparse-3-3-2-2.0") < 0.7 * straight


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
    assert nats / np.log(2) == pytest.approx(task.problem.bits, abs=0.06)
