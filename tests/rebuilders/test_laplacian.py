"""How often Laplacian errors round to 0."""

import numpy as np
from scipy.stats import laplace

from imleak.rebuilders._laplacian import exactly


def test_it_is_the_law_between_half_a_step_below_and_above():
    scale = np.geomspace(0.01, 1000, 30)
    expected = laplace(scale=scale).cdf(0.5) - laplace(scale=scale).cdf(-0.5)
    np.testing.assert_allclose(exactly(scale), expected)
    assert exactly(80.0) == exactly(np.array([80.0]))
