"""A view that is trained: what it learns, and what it must not see."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch import nn

from imleak.encoders.networks.student import (
    WIDTH,
    SplitPart,
    Student,
    Training,
    _whitened,
    train_student,
    vectors,
)

TRAINING = Training(passes=20, batch=32, rate=1e-2, decay=0.01, precision=torch.float32)
IMAGES, PATCHES, SIDE = 120, 2, 4
ROWS = IMAGES * PATCHES
GROUPS = np.repeat(np.arange(IMAGES), PATCHES)
TRAIN, VALIDATION, TEST = np.split(np.arange(ROWS), [ROWS * 3 // 5, ROWS * 4 // 5])


@dataclass
class Inputs:
    """Small images held in memory; notes which rows were shown."""

    shown: np.ndarray

    def __post_init__(self):
        self.seen = set()

    @property
    def levels(self):
        return len(self.shown)

    @property
    def rows(self):
        return self.shown.shape[1]

    def show(self, level, rows):
        self.seen |= set(rows.tolist())
        return torch.from_numpy(self.shown[level, rows])


def network():
    return nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, 16))


def trained(leak, seed=0, **changes):
    """Targets of three numbers, of which the images show a share; symmetric, so that a
    mirror changes nothing."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(ROWS, 3)).astype(np.float32)
    shown = rng.normal(size=(2, ROWS, 1, SIDE, SIDE)).astype(np.float32)
    shown[..., :3, 0] = leak * x[:, None] + math.sqrt(1 - leak**2) * shown[..., :3, 0]
    shown = (shown + shown[..., ::-1]) / 2
    torch.manual_seed(0)
    student, inputs = Student(network(), 16), Inputs(shown)
    train_student(student, inputs, x, GROUPS, (TRAIN, VALIDATION), replace(TRAINING, **changes), 0)
    return student, inputs, x


def share_learned(student, inputs, x, rows):
    """R^2 of the targets from the vectors of other rows."""
    found = vectors(student, inputs, 16, TRAINING)[0]
    known = np.setdiff1d(np.arange(ROWS), rows)
    one = np.ones((ROWS, 1))
    design = np.hstack([found, one])
    weights = np.linalg.lstsq(design[known], x[known], rcond=None)[0]
    left = x[rows] - design[rows] @ weights
    return 1 - left.var() / x[rows].var()


def test_what_is_shown_of_the_target_is_learned():
    # Symmetry adds as much noise as there is signal: 0.47 at most.
    assert share_learned(*trained(0.95), TEST) > 0.25


def test_where_nothing_is_shown_nothing_is_learned():
    assert share_learned(*trained(0.0), TEST) < 0.1


def test_rows_of_the_test_are_not_shown():
    _, inputs, _ = trained(0.5, passes=2)
    assert inputs.seen >= set(TRAIN)
    assert not inputs.seen & set(TEST)


def test_the_checkpoint_is_the_best_on_validation(monkeypatch):
    tried = []
    infonce = SplitPart.infonce

    def noted(self, student, targets, training):
        found = infonce(self, student, targets, training)
        tried.append((found, student.project_view.weight.detach().clone()))
        return found

    monkeypatch.setattr(SplitPart, "infonce", noted)
    student, _, _ = trained(0.9, rate=3.0, passes=6)  # too fast to end well
    best = max(tried, key=lambda each: each[0])[1]
    assert len(tried) >= TRAINING.checks
    assert torch.equal(student.project_view.weight, best)


@pytest.mark.parametrize("levels", [1, 2])
def test_a_batch_holds_different_images_and_all_levels(levels):
    inputs = Inputs(np.zeros((levels, ROWS, 1, SIDE, SIDE), np.float32))
    rows, at = SplitPart(inputs, GROUPS, TRAIN).draw(20, np.random.default_rng(0))
    assert len(set(GROUPS[rows])) == len(rows) == 20
    assert np.bincount(at, minlength=levels).tolist() == [20 // levels] * levels
    assert set(rows) <= set(TRAIN)


def test_a_score_at_chance_says_nothing():
    """InfoNCE of a critic that says the same of all is at most 0."""
    torch.manual_seed(0)
    student = Student(network(), 16)
    nn.init.zeros_(student.project_view.weight)
    inputs = Inputs(np.random.default_rng(0).normal(size=(1, ROWS, 1, SIDE, SIDE)).astype("f4"))
    targets = torch.randn(ROWS, WIDTH)
    found = SplitPart(inputs, GROUPS, VALIDATION).infonce(student.eval(), targets, TRAINING)
    assert found == pytest.approx(0.0, abs=1e-5)


def test_targets_are_white_on_the_training_rows():
    x = np.random.default_rng(0).normal(size=(ROWS, 5)) @ np.diag([9, 5, 2, 1, 0])
    found = _whitened(x.astype(np.float32), TRAIN, (TRAIN, VALIDATION)).numpy()
    known = found[TRAIN, :4]
    np.testing.assert_allclose(known.T @ known / len(TRAIN), np.eye(4), atol=1e-3)
    assert not found[:, 4:].any()
    assert not found[TEST].any()


def test_training_is_as_long_as_it_says():
    assert TRAINING.steps(320, 4) == 20 * 320 * 4 // 32
    assert replace(TRAINING, passes=1e-9).steps(320, 4) == TRAINING.checks
