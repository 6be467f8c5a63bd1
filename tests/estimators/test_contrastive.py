"""Contrastive learning against slow formulas, one pair at a time."""

import math

import numpy as np
import pytest
import torch

from imleak.estimators.critics import contrastive
from imleak.estimators.critics.contrastive import Contrastive, Fano, SymmetricCrossEntropy, row_nats
from imleak.estimators.critics.networks import SeparableCritic
from imleak.estimators.critics.training import Cohort, Schedule
from imleak.estimators.heldout.evidence import SplitSamples
from imleak.estimators.heldout.split import cross_fit


def unit_vectors(*shape, seed=0):
    made = torch.randn(*shape, dtype=torch.double, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(made, dim=-1)


def same_image(groups):
    groups = torch.tensor(groups)
    return (groups[:, None] == groups) & ~torch.eye(len(groups), dtype=torch.bool)


MASKS = {"rows alone": None, "rows of images": same_image([0, 0, 1, 2, 2, 2])}


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
def test_the_gradient_of_the_loss_is_right(mask):
    px, py = unit_vectors(2, 1, 2, 6, 3).requires_grad_(), unit_vectors(2, 1, 2, 6, 3, seed=1)
    scale = torch.rand(2, 1, 2, 1, 1, dtype=torch.double).requires_grad_()

    def loss(px, py, scale):
        return SymmetricCrossEntropy.apply(px, py, scale, mask, px.dtype)

    assert torch.autograd.gradcheck(loss, (px, py.requires_grad_(), scale))


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize("temperature", [2.0, 0.1, 0.02])
def test_the_loss_is_the_cross_entropy_both_ways(mask, temperature):
    px, py = (unit_vectors(6, 3, seed=at).requires_grad_() for at in range(2))
    log_scale = torch.tensor([[-math.log(temperature)]], dtype=torch.double, requires_grad=True)
    inputs = (px, py, log_scale)
    scores = log_scale.exp() * py @ px.T
    if mask is not None:
        scores = scores.masked_fill(mask, -math.inf)
    entropy, at = torch.nn.functional.cross_entropy, torch.arange(6)
    expected = (entropy(scores, at) + entropy(scores.T, at)) / 2
    found = SymmetricCrossEntropy.apply(*inputs, mask, inputs[0].dtype)
    torch.testing.assert_close(found, expected)
    for one, other in zip(
        torch.autograd.grad(found, inputs), torch.autograd.grad(expected, inputs), strict=True
    ):
        torch.testing.assert_close(one, other)


def trained_by_nobody(groups, *, folds=2, dx=3, dy=4, levels=2):
    """A random critic, and the cohort it reads."""
    rng = np.random.default_rng(0)
    splits = cross_fit(groups, folds, 1, 0)
    x = torch.from_numpy(rng.standard_normal((folds, len(groups), dx)).astype("f4"))
    y = torch.from_numpy(rng.standard_normal((folds, levels, len(groups), dy)).astype("f4"))
    cohort = Cohort(splits, x, y, groups, 2)
    generator = torch.Generator().manual_seed(0)
    return SeparableCritic(cohort.members, dx, dy, 3, None, generator, temperature=0.4), cohort


def score_of_pair(critic, cohort, place, i, j):
    """T(x_j, y_i) of one member, whose pairs are true or broken."""
    r, at, p = place
    split = cohort.splits[r]
    partner = j if p == 0 else split.broken[j]
    f = cohort.x[r, partner] @ critic.fx[place]
    g = cohort.y[r, at, i] @ critic.fy[place]
    cosine = f @ g / (f.norm() * g.norm())
    return float(critic.log_scale[place].exp() * cosine)


def slow_infonce(critic, cohort, place, rows, i):
    """The true pair against one candidate an image, scored by its mean of exp."""
    groups = cohort.groups[rows]
    true = math.exp(score_of_pair(critic, cohort, place, i, i))
    total = true
    for image in np.unique(groups):
        if image != cohort.groups[i]:
            scores = [score_of_pair(critic, cohort, place, i, j) for j in rows[groups == image]]
            total += np.mean(np.exp(scores))
    return math.log(len(np.unique(groups)) * true / total)


SIZES = {
    "one row": np.ones(12, int),
    "two rows": np.full(12, 2),
    "one to four rows": np.arange(12) % 4 + 1,
}


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
@torch.no_grad()
def test_rows_are_compared_with_other_images_as_by_the_formula(sizes, monkeypatch):
    monkeypatch.setattr(contrastive, "MOST_ROWS", 3)
    groups = np.random.default_rng(1).permutation(np.repeat(np.arange(12) * 5, sizes))
    critic, cohort = trained_by_nobody(groups)
    count = min(len(s.test) for s in cohort.splits)
    rows = np.stack([s.test[:count] for s in cohort.splits])
    nats = row_nats(critic, cohort, rows)
    assert nats.shape == (*cohort.members, count)
    for place in np.ndindex(*cohort.members):
        expected = [slow_infonce(critic, cohort, place, rows[place[0]], i) for i in rows[place[0]]]
        np.testing.assert_allclose(nats[place], expected, atol=1e-5)


@torch.no_grad()
def test_the_chunk_of_rows_changes_nothing(monkeypatch):
    critic, cohort = trained_by_nobody(np.arange(40))
    rows = np.stack([s.test for s in cohort.splits])
    whole = row_nats(critic, cohort, rows)
    monkeypatch.setattr(contrastive, "MOST_ROWS", 7)
    torch.testing.assert_close(row_nats(critic, cohort, rows), whole, atol=1e-5, rtol=0)


def test_rows_of_one_image_are_no_negatives():
    groups = np.array([[4, 4, 7, 8], [1, 2, 2, 2]])
    same = contrastive._other_rows_of_image(groups, torch.device("cpu"))
    assert same.shape == (2, 1, 1, 4, 4)
    for mask, row in zip(same[:, 0, 0], groups, strict=True):
        assert torch.equal(mask, same_image(row))
    assert contrastive._other_rows_of_image(np.arange(6).reshape(2, 3), "cpu") is None


@torch.no_grad()
def test_caution_takes_off_the_standard_error_over_images():
    groups = np.random.default_rng(2).permutation(np.repeat(np.arange(12), np.arange(12) % 3 + 1))
    critic, cohort = trained_by_nobody(groups)
    count = min(len(s.test) for s in cohort.splits)
    rows = np.stack([s.test[:count] for s in cohort.splits])
    nats, found = row_nats(critic, cohort, rows), contrastive._cautious(critic, cohort, rows)
    for place in np.ndindex(*cohort.members):
        own = groups[rows[place[0]]]
        images = [float(nats[place][own == name].mean()) for name in np.unique(own)]
        error = np.std(images) / math.sqrt(len(images))
        assert float(found[place]) == pytest.approx(float(nats[place].mean()) - error, abs=1e-6)


@torch.no_grad()
def test_a_critic_is_tempered_to_what_each_member_prefers():
    critic, _ = trained_by_nobody(np.arange(12))
    trained = critic.log_scale.exp().clone()
    prefers = torch.tensor(contrastive.TEMPERS)[torch.arange(8) % 9].reshape(2, 2, 2)

    def check():
        factor = (critic.log_scale.exp() / trained)[..., 0, 0]
        return -(factor - prefers).abs()

    contrastive._temper(critic, check)
    torch.testing.assert_close(critic.log_scale.exp(), trained * prefers[..., None, None])


@torch.no_grad()
def test_first_places_are_nearest_plain_rows_of_one_row_an_image(pair_up):
    groups = np.random.default_rng(3).permutation(np.repeat(np.arange(14), np.arange(14) % 3 + 1))
    critic, cohort = trained_by_nobody(groups)
    alone, blocks = cohort.only(0), groups % 50
    rows = np.sort(cohort.splits[0].test)
    count = len(np.unique(groups[rows]))
    samples = pair_up(np.zeros((len(groups), 1)), np.zeros((len(groups), 1)), groups)
    given = SplitSamples(samples, cohort.splits, blocks, 2, seed=0)
    score = contrastive._read_first(critic.only(0), alone, rows, given, np.random.default_rng(0))
    assert score.images == score.rows == count
    assert np.all(score.sums[..., 0] == 1), "one row an image"
    first = np.unique(groups[shuffled := np.random.default_rng(0).permutation(rows)], True)[1]
    chosen = np.sort(shuffled[first])
    for at, p in np.ndindex(2, 2):
        hits = {}
        for i in chosen:
            scores = [score_of_pair(critic, cohort, (0, at, p), i, j) for j in chosen]
            hits[blocks[i]] = float(chosen[np.argmax(scores)] == i)
        np.testing.assert_array_equal(
            score.sums[at, p, :, 1], [hits[block] for block in score.blocks]
        )
    assert score.functional == Fano(count)


def test_fano_reads_the_share_of_hits():
    sums = np.array([[8.0, 8.0], [8.0, 1.0], [8.0, 0.0]])
    assert Fano(8)(sums) == pytest.approx([math.log(8), 0.0, math.log(7 / 8)])


def test_learning_finds_a_rotation_of_the_plain_side(pair_up):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((120, 4))
    turned = x @ np.linalg.qr(rng.standard_normal((4, 4)))[0]
    samples = pair_up(x, np.stack([turned, rng.standard_normal((120, 4))]))
    splits = cross_fit(samples.groups, 3, 1, 0)
    learner = Contrastive(schedule=Schedule(steps=150, batch=60, rate=1e-2, decay=0.1))
    learned = learner.learn(SplitSamples(samples, splits, samples.groups, 2, seed=0))
    assert set(learned) == {"infonce", "retrieval"}
    for pairs in learned.values():
        assert [(test.seed, test.fold) for _, test in pairs] == [(s.seed, s.fold) for s in splits]
        found = np.mean([test.value() for _, test in pairs], 0)
        assert found[0, 0] > 1.5
        assert np.all(np.abs(found[[0, 1, 1], [1, 0, 1]]) < 0.3)
        for (validation, test), split in zip(pairs, splits, strict=True):
            assert set(validation.blocks) == set(split.validation)
            assert set(test.blocks) == set(split.test)
