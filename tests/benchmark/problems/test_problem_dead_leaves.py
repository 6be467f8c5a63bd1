import numpy as np
from scipy import stats

from imleak.benchmark.problems.dead_leaves import dead_leaves


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
