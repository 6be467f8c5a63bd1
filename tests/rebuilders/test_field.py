"""The Markov random field of wraps against sums over all labellings."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imleak.rebuilders.unwrap import field


def drawn(rng, channels, height, width, labels, strength=1.0):
    """Random log-potentials of a field."""
    size = 2 * labels - 1

    def normal(*shape):
        return (strength * rng.normal(size=shape)).astype(np.float32)

    return (
        normal(channels, height, width, labels),
        normal(channels, height, width - 1, size),
        normal(channels, height - 1, width, size),
        normal(channels - 1, height, width, size),
    )


def summed(unary, right, down, between):
    """Marginals by the sum over every labelling."""
    channels, height, width, labels = unary.shape
    where = list(np.ndindex(channels, height, width))
    total = np.zeros(unary.shape)
    for labelling in itertools.product(range(labels), repeat=len(where)):
        k = np.reshape(labelling, (channels, height, width))
        energy = sum(unary[(*i, k[i])] for i in where)
        for potentials, axis in ((right, 2), (down, 1), (between, 0)):
            steps = np.diff(k, axis=axis) + labels - 1
            energy += np.take_along_axis(potentials, steps[..., None], -1).sum()
        for i in where:
            total[(*i, k[i])] += np.exp(energy)
    return total / total.sum(-1, keepdims=True)


@pytest.mark.parametrize("shape", [(1, 1, 6), (1, 6, 1), (5, 1, 1), (1, 1, 1)])
@pytest.mark.parametrize("labels", [2, 3])
def test_it_is_exact_on_chains(shape, labels):
    potentials = drawn(np.random.default_rng(labels), *shape, labels, strength=2)
    assert field.marginals(*potentials, sweeps=1) == pytest.approx(summed(*potentials), abs=1e-5)


def test_it_is_exact_on_a_tree_of_rows_and_columns():
    unary, right, down, between = drawn(np.random.default_rng(1), 1, 3, 3, 2)
    # A comb: one column, and the rows that begin in it.
    down[:, :, 1:] = 0
    found = field.marginals(unary, right, down, sweeps=3)
    assert found == pytest.approx(summed(unary, right, down, between), abs=1e-5)


@pytest.mark.parametrize("weight", [1.0, 0.7])
def test_it_is_near_where_there_are_loops(weight):
    potentials = drawn(np.random.default_rng(2), 2, 2, 2, 2, strength=0.5)
    found = field.marginals(*potentials, sweeps=30, weight=weight)
    assert found == pytest.approx(summed(*potentials), abs=0.05)


def test_a_field_without_edges_that_say_anything_is_its_unary():
    unary, *edges = drawn(np.random.default_rng(3), 3, 4, 5, 4)
    found = field.marginals(unary, *(0 * potentials for potentials in edges))
    alone = np.exp(unary) / np.exp(unary).sum(-1, keepdims=True)
    assert found == pytest.approx(alone, abs=1e-6)


def test_one_sample_that_is_known_tells_all_others_through_certain_steps():
    rng = np.random.default_rng(4)
    labels, truth = 8, rng.integers(0, 8, (3, 9, 11))
    unary = np.zeros((*truth.shape, labels), np.float32)
    unary[0, 4, 4, truth[0, 4, 4]] = 20
    edges = [
        20 * np.eye(2 * labels - 1, dtype=np.float32)[np.diff(truth, axis=axis) + labels - 1]
        for axis in (2, 1, 0)
    ]
    found = field.marginals(unary, *edges, sweeps=2)
    assert (found.argmax(-1) == truth).all()
    assert found.max(-1).min() > 0.999


def test_differences_beyond_those_given_have_the_least_of_them():
    rng = np.random.default_rng(6)
    unary, *edges = drawn(rng, 2, 4, 5, 6)
    short = [potentials[..., 3:-3] for potentials in edges]
    whole = [
        np.concatenate(
            [
                np.repeat(one.min(-1, keepdims=True), 3, -1),
                one,
                np.repeat(one.min(-1, keepdims=True), 3, -1),
            ],
            -1,
        )
        for one in short
    ]
    assert field.marginals(unary, *short) == pytest.approx(field.marginals(unary, *whole), abs=1e-5)


@settings(max_examples=20, deadline=None)
@given(
    st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(1, 5), st.integers(2, 5)),
    st.floats(0.3, 1.0),
)
def test_probabilities_of_any_shape_are_finite_sum_to_one_and_come_again(shape, weight):
    potentials = drawn(np.random.default_rng(5), *shape, strength=30)
    before = [array.copy() for array in potentials]
    found = field.marginals(*potentials, sweeps=3, weight=weight)
    assert found.shape == potentials[0].shape
    assert found.sum(-1) == pytest.approx(np.ones(found.shape[:3]), abs=1e-5)
    assert (field.marginals(*potentials, sweeps=3, weight=weight) == found).all()
    for array, copy in zip(potentials, before, strict=True):
        assert (array == copy).all()
