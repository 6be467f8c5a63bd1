"""Labels by joining regions."""

import numpy as np
import pytest

from imleak.rebuilders.unwrap import regions


def certain(truth, labels, flips=0.0, seed=0):
    """Potentials of steps that are those of `truth`, but for a share of them, which are
    doubtful."""
    rng = np.random.default_rng(seed)
    edges = []
    for axis in (2, 1, 0):
        step = np.diff(truth, axis=axis)
        wrong = rng.random(step.shape) < flips
        step = np.where(wrong, rng.integers(1 - labels, labels, step.shape), step)
        strength = np.where(wrong, 1.0, 10.0)[..., None].astype(np.float32)
        edges.append(strength * np.eye(2 * labels - 1, dtype=np.float32)[step + labels - 1])
    return edges


@pytest.mark.parametrize("labels", [2, 4, 8])
def test_steps_and_the_range_of_labels_give_all_of_them(labels):
    truth = np.random.default_rng(labels).integers(0, labels, (3, 12, 14))
    unary = np.zeros((*truth.shape, labels), np.float32)
    assert (regions.labels(unary, *certain(truth, labels)) == truth).all()


def test_doubtful_steps_that_are_wrong_are_outvoted():
    truth = np.add.outer(np.zeros((3, 24), int), np.arange(24) // 6)
    unary = np.zeros((*truth.shape, 4), np.float32)
    found = regions.labels(unary, *certain(truth, 4, flips=0.2))
    assert (found == truth).mean() > 0.97


def test_what_samples_say_of_themselves_places_an_image_that_has_room():
    truth = np.full((1, 6, 6), 2)
    unary = np.zeros((*truth.shape, 4), np.float32)
    unary[..., 2] = 1
    edges = certain(truth, 4)
    assert (regions.labels(unary, *edges[:2]) == 2).all()
    assert (regions.labels(0 * unary, *edges[:2], darker=0.1) == 0).all()


def test_one_sample_and_one_row_have_labels():
    for shape in [(1, 1, 1), (1, 1, 5), (3, 4, 1)]:
        truth = np.zeros(shape, int)
        unary = np.zeros((*shape, 2), np.float32)
        found = regions.labels(unary, *certain(truth, 2), darker=0.1)
        assert found.shape == shape
        assert (found == 0).all()
