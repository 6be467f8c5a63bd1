import numpy as np
import pytest
from scipy import stats

from imleak.benchmark.problems.student import independent_student, student


@pytest.mark.parametrize(("d", "freedom"), [(1, 1), (2, 2), (5, 2), (5, 3)])
def test_student_agrees_with_densities_on_its_samples(d, freedom):
    """E log p(x, y) / p(x) p(y), with SciPy's densities, within four standard errors."""
    problem = student(d, freedom)
    x, y, _ = problem.draw(40_000, np.random.default_rng(3))
    half, whole = (
        stats.multivariate_t(np.zeros(d), df=freedom),
        stats.multivariate_t(np.zeros(2 * d), df=freedom),
    )
    pointwise = whole.logpdf(np.hstack([x, y])) - half.logpdf(x) - half.logpdf(y)
    error = 4 * pointwise.std() / np.sqrt(len(x)) / np.log(2)
    assert error < 0.03
    assert pointwise.mean() / np.log(2) == pytest.approx(problem.bits, abs=error)


def test_student_figure_of_the_literature():
    assert student(5, 2).bits * np.log(2) == pytest.approx(0.4482, abs=1e-4)


def test_independent_student_shares_no_scale():
    def alike(problem):
        x, y, _ = problem.draw(20_000, np.random.default_rng(0))
        sizes = np.log(np.linalg.norm([x, y], axis=2))
        return np.corrcoef(*sizes)[0, 1]

    assert abs(alike(independent_student(5, 2))) < 0.03
    assert alike(student(5, 2)) > 0.5
