import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy as scipy_entropy
from sklearn.metrics import mutual_info_score
from sklearn.metrics.cluster import contingency_matrix

from imleak.metrics._entropy import contingency, entropy

labels = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=80)


@given(st.lists(st.integers(0, 10**9), min_size=1).filter(any))
def test_entropy_is_that_of_scipy(counts):
    assert entropy(np.array(counts)) == pytest.approx(scipy_entropy(counts, base=2), abs=1e-12)


@pytest.mark.parametrize("bits", range(9))
def test_entropy_of_equal_counts_is_their_number_of_bits(bits):
    assert entropy(np.full(2**bits, 3)) == bits


def test_entropy_of_one_value_is_zero_without_a_sign():
    assert str(entropy(np.array([0, 307_201, 0]))) == "0.0"


@given(labels)
def test_information_and_counts_are_those_of_sklearn(pairs):
    x, y = np.array(pairs).T
    table = contingency_matrix(x, y)
    counts = contingency(x, y)
    np.testing.assert_array_equal(counts.x, table.sum(1))
    np.testing.assert_array_equal(counts.y, table.sum(0))
    np.testing.assert_array_equal(counts.xy, table[table > 0])
    assert counts.information() == pytest.approx(mutual_info_score(x, y) / np.log(2), abs=1e-12)


def test_information_about_a_constant_is_exactly_zero():
    x = np.random.default_rng(0).integers(0, 200, 12_345)
    assert contingency(x, np.zeros_like(x)).information() == 0


def test_labels_of_16_bits_do_not_run_into_each_other():
    x = np.array([0, 1, 0, 1], np.uint16)
    y = np.array([65535, 65535, 0, 0], np.uint16)
    assert contingency(x, y).information() == 0
    assert contingency(x, x).information() == 1


def test_miller_madow_takes_most_of_the_bias_of_independent_pairs():
    rng = np.random.default_rng(0)
    drawn = [contingency(rng.integers(0, 8, 500), rng.integers(0, 8, 500)) for _ in range(200)]
    plug_in = np.mean([counts.information() for counts in drawn])
    corrected = np.mean([counts.information() + counts.miller_madow() for counts in drawn])
    assert plug_in == pytest.approx(7 * 7 / (2 * 500 * np.log(2)), rel=0.1)
    assert abs(corrected) < plug_in / 20
