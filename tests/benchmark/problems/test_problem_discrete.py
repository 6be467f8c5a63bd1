import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import entropy
from sklearn.metrics import mutual_info_score

from imleak.benchmark.problems.discrete import (
    discrete_pair,
    erasure_channel,
    symmetric_channel,
    table_bits,
)
from imleak.interfaces import ImleakError


@given(arrays(np.float64, (4, 3), elements=st.floats(0, 1)).filter(lambda a: a.sum() > 0.1))
def test_table_agrees_with_entropies(weights):
    table = weights / weights.sum()
    apart = entropy(table.sum(0), base=2) + entropy(table.sum(1), base=2)
    assert table_bits(table) == pytest.approx(apart - entropy(table.ravel(), base=2), abs=1e-9)


@given(
    arrays(np.float64, 4, elements=st.floats(0.01, 1)),
    arrays(np.float64, 3, elements=st.floats(0.01, 1)),
)
def test_product_table_has_nothing_at_all(x, y):
    assert table_bits(np.outer(x / x.sum(), y / y.sum())) == 0.0


@pytest.mark.parametrize(("size", "error"), [(2, 0.1), (16, 0.2), (256, 0.5)])
def test_symmetric_channel_has_its_capacity(size, error):
    lost = entropy([error, 1 - error], base=2) + error * np.log2(size - 1)
    assert table_bits(symmetric_channel(size, error)) == pytest.approx(
        np.log2(size) - lost, abs=1e-9
    )


def test_erasure_channel_has_its_capacity():
    assert table_bits(erasure_channel(4, 0.25)) == pytest.approx(1.5, abs=1e-12)


def test_samples_follow_the_table():
    table = np.array([[0.4, 0.0, 0.1], [0.05, 0.25, 0.2]])
    problem = discrete_pair(table)
    rows = problem.draw(100_000, np.random.default_rng(0))
    x, y = rows.x.ravel().astype(int), rows.y.ravel().astype(int)
    counted = np.zeros_like(table)
    np.add.at(counted, (x, y), 1 / len(x))
    np.testing.assert_allclose(counted, table, atol=0.006)
    assert mutual_info_score(x, y) / np.log(2) == pytest.approx(problem.bits, abs=0.01)
    assert (problem.size, problem.kind) == (3, "discrete")


@pytest.mark.parametrize("table", [[[0.5, 0.6]], [[-0.1, 1.1]], [0.5, 0.5]])
def test_what_is_not_a_table_is_refused(table):
    with pytest.raises(ImleakError, match="sum to 1"):
        discrete_pair(table)
