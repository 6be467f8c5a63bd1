import numpy as np

from imleak.benchmark.problems.unrelated_patches import unrelated_patches


def test_patches_are_alike_within_a_group_and_unrelated_across():
    rows = unrelated_patches().draw(4_000, np.random.default_rng(0))
    x, y = rows.x.mean(1), rows.y.mean(1)
    first, second = np.arange(0, 4_000, 10), np.arange(1, 4_000, 10)
    assert rows.groups[first].tolist() == rows.groups[second].tolist()
    assert np.corrcoef(x[first], x[second])[0, 1] > 0.3
    assert np.corrcoef(y[first], y[second])[0, 1] > 0.3
    assert abs(np.corrcoef(x[first], y[first])[0, 1]) < 0.2
    assert not np.isin(rows.x[first], rows.y[first]).any(), "no image on both sides"
