"""Rows that members train on, and which of their weights they keep."""

import copy
from itertools import islice

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from imleak.estimators.critics.networks import Stack
from imleak.estimators.critics.training import Cohort, Schedule, batches, equal_length, train
from imleak.estimators.heldout.split import Split, cross_fit

N, DX, DY, LEVELS = 60, 2, 3, 2


def cohort_of(groups, pairings=2, own=False, folds=3):
    """Row i of x is (i, ...) and of y at level l is (100 l + i, ...), so that both tell
    where they come from; `own` gives every member its rows."""
    splits = cross_fit(groups, folds, 1, 0)
    index = torch.arange(len(groups), dtype=torch.float32)
    x = index[:, None].expand(-1, DX)
    y = index[:, None] + 100 * torch.arange(LEVELS)[:, None, None]
    x, y = x.expand(folds, -1, -1), y.expand(folds, -1, -1, DY)
    if own:
        partners = [np.stack([np.arange(len(groups)), s.broken][:pairings]) for s in splits]
        x = torch.stack([s[torch.from_numpy(at)] for s, at in zip(x, partners, strict=True)])
        x = x[:, None].expand(-1, LEVELS, -1, -1, -1)
        y = y[:, :, None].expand(-1, -1, pairings, -1, -1)
    return Cohort(splits, x, y, groups, pairings)


@pytest.mark.parametrize("pairings", [1, 2])
@pytest.mark.parametrize("own", [False, True])
def test_rows_are_taken_with_their_partners(pairings, own):
    cohort = cohort_of(np.arange(N), pairings, own)
    rows = np.stack([s.train[:5] for s in cohort.splits])
    x, y = cohort.take(rows)
    assert x.shape == ((3, LEVELS, pairings, 5, DX) if own else (3, pairings, 5, DX))
    assert y.shape == ((3, LEVELS, pairings, 5, DY) if own else (3, LEVELS, 5, DY))
    for r, split in enumerate(cohort.splits):
        for p, partner in enumerate((rows[r], split.broken[rows[r]])[:pairings]):
            for at in range(LEVELS):
                taken = x[r, at, p] if own else x[r, p]
                np.testing.assert_array_equal(taken, np.repeat(partner[:, None], DX, 1))
                view = y[r, at, p] if own else y[r, at]
                np.testing.assert_array_equal(view, np.repeat(rows[r][:, None], DY, 1) + 100 * at)


@pytest.mark.parametrize("own", [False, True])
def test_one_split_alone_takes_what_it_takes_in_the_cohort(own):
    cohort = cohort_of(np.arange(N), own=own)
    rows = np.stack([s.test[:4] for s in cohort.splits])
    x, y = cohort.take(rows)
    for r in range(3):
        alone = cohort.only(r)
        assert alone.members == (1, LEVELS, 2)
        one_x, one_y = alone.take(rows[r : r + 1])
        assert torch.equal(one_x[0], x[r])
        assert torch.equal(one_y[0], y[r])


@given(st.integers(2, 50), st.integers(1, 3), st.integers(0, 99))
@settings(deadline=None, max_examples=30)
def test_every_training_row_comes_once_an_epoch(size, rows_an_image, seed):
    groups = np.random.default_rng(seed).permutation(np.repeat(np.arange(24), rows_an_image))
    cohort = cohort_of(groups)
    least = min(len(s.train) for s in cohort.splits)
    size = min(size, least)
    draw = batches(cohort, size, np.random.default_rng(seed))
    for r, split in enumerate(cohort.splits):
        steps = len(split.train) // size
        for _ in range(2):
            epoch = np.stack(list(islice(draw, steps)))[:, r]
            assert len(np.unique(epoch)) == epoch.size, "no row twice"
            assert set(epoch.ravel()) <= set(split.train)
            assert epoch.size == len(split.train) - len(split.train) % size
            assert np.all(np.diff(groups[epoch], axis=1) >= 0), "rows of an image stand together"
        draw = batches(cohort, size, np.random.default_rng(seed))


def test_a_batch_is_at_most_the_smallest_training_set():
    cohort = cohort_of(np.repeat(np.arange(20), np.arange(20) % 3 + 1))
    draw = batches(cohort, 10_000, np.random.default_rng(0))
    assert next(draw).shape == (3, min(len(s.train) for s in cohort.splits))


def test_members_of_different_splits_get_different_rows():
    first = next(batches(cohort_of(np.arange(N)), 20, np.random.default_rng(0)))
    assert len({tuple(row) for row in first}) == 3


def test_sets_of_rows_are_cut_to_the_shortest():
    found = equal_length([np.array([5, 3, 9]), np.array([8, 1]), np.array([7, 2, 0])])
    np.testing.assert_array_equal(found, [[3, 5], [1, 8], [0, 2]])


class Counter(Stack):
    """One weight a member, which every step moves by about the learning rate."""

    def __init__(self, members):
        super().__init__(members, torch.Generator(), torch.float32)
        self.w = torch.nn.Parameter(torch.zeros(*members, 1, 1))


def run(checks, *, rate=1.0, keep_best=True, every=2, **further):
    """Train a counter whose validation gives `checks` (checks, R, L, P), come what may."""
    splits = [Split(0, k, *(np.arange(8),) * 4) for k in range(checks.shape[1])]
    cohort = Cohort(
        splits,
        torch.zeros(checks.shape[1], 8, 1),
        torch.arange(checks.shape[2])[:, None, None].expand(*checks.shape[1:3], 8, 1).float(),
        np.arange(8),
        checks.shape[3],
    )
    critic, script = Counter(checks.shape[1:]), iter(checks)
    options = {"patience": 0, **further}
    steps = every * (len(checks) - options.get("first", False))
    schedule = Schedule(steps, batch=4, rate=rate, every=every, **options)

    def scripted(left, check):
        """The script's line for the splits that are left, and for the levels whose views are still
        there, known by their values."""
        return left.of(check)[:, left.y[0, :, 0, 0].long(), : left.pairings]

    seen = train(
        critic, cohort, lambda x, y, rows: -critic.w[..., 0, 0],
        lambda left: scripted(left, next(script)), schedule,
        np.random.default_rng(0), keep_best=keep_best,
    )  # fmt: skip
    return critic.w.detach()[..., 0, 0], seen


CHECKS = torch.tensor(
    [[1.0, 5.0, 0.0, np.nan], [2.0, 4.0, 0.0, 1.0], [0.0, 6.0, -1.0, np.nan], [1.0, 1.0, -1.0, 0.5]]
).reshape(4, 2, 2, 1)


def test_each_member_keeps_the_weights_of_its_best_check():
    """The first of equal ones; a check that says nothing is never the best."""
    weights, seen = run(CHECKS)
    assert torch.equal(seen.nan_to_num(-9), CHECKS.nan_to_num(-9))
    expected = torch.tensor([4.0, 6.0, 2.0, 4.0]).reshape(2, 2, 1)
    torch.testing.assert_close(weights, expected, atol=1e-3, rtol=0)


def test_the_paper_s_protocol_keeps_the_last_weights():
    weights, _ = run(CHECKS, keep_best=False, patience=1)
    torch.testing.assert_close(weights, torch.full((2, 2, 1), 8.0), atol=1e-3, rtol=0)


def test_training_stops_when_no_member_improves():
    checks = torch.zeros(9, 2, 1, 1)
    checks[1, 0], checks[3, 1] = 1.0, 1.0
    assert len(run(checks, patience=3)[1]) == 7
    assert len(run(checks, patience=0)[1]) == 9


def test_splits_that_no_longer_improve_stop_alone_and_keep_their_last_check():
    checks = torch.zeros(8, 3, 1, 2)
    checks[:, 0] = torch.arange(8.0)[:, None, None]
    checks[2, 2, 0, 0] = 1.0
    checks[6:, 1] = 9.0
    weights, seen = run(checks, patience=2)
    assert len(seen) == 8
    torch.testing.assert_close(seen[3:, 1], torch.zeros(5, 1, 2))
    expected = torch.tensor([[[16.0, 16.0]], [[2.0, 2.0]], [[6.0, 2.0]]])
    torch.testing.assert_close(weights, expected, atol=2e-2, rtol=0)


def test_what_never_improves_on_its_first_weights_stops_sooner():
    checks = torch.zeros(9, 1, 2, 1)
    checks[:5, 0, 1] = torch.arange(5.0)[:, None]
    checks[4:, 0, 0] = 9.0
    weights, seen = run(checks, first=True, patience=4, start=2)
    assert len(seen) == 9
    torch.testing.assert_close(seen[3:, 0, 0], torch.zeros(6, 1))
    torch.testing.assert_close(weights.flatten(), torch.tensor([0.0, 8.0]), atol=2e-2, rtol=0)


def test_what_is_less_than_the_least_is_no_improvement_and_is_kept_all_the_same():
    checks = torch.arange(9.0).reshape(9, 1, 1, 1) / 4
    assert len(run(checks, patience=2, least=0.3)[1]) == 9, "two small ones together are enough"
    checks = 1 - 0.5 ** torch.arange(9.0).reshape(9, 1, 1, 1)
    weights, seen = run(checks, patience=2, least=0.3)
    assert len(seen) == 6
    torch.testing.assert_close(weights.flatten(), torch.tensor([12.0]), atol=1e-1, rtol=0)


def test_first_weights_are_kept_where_no_later_ones_are_better():
    checks = torch.tensor([[2.0, 1.0], [1.0, 2.0], [0.0, 1.0]]).reshape(3, 2, 1, 1)
    weights, seen = run(checks, first=True)
    assert len(seen) == 3
    torch.testing.assert_close(weights.flatten(), torch.tensor([0.0, 2.0]), atol=1e-3, rtol=0)


def test_levels_that_no_longer_improve_stop_alone_and_keep_their_last_check():
    checks = torch.zeros(8, 1, 3, 2)
    checks[:, 0, 0] = torch.arange(8.0)[:, None]
    checks[2, 0, 2, 0] = 1.0
    weights, seen = run(checks, patience=2)
    assert len(seen) == 8
    torch.testing.assert_close(seen[3:, 0, 1], torch.zeros(5, 2))
    expected = torch.tensor([[16.0, 16.0], [2.0, 2.0], [6.0, 2.0]])[None]
    torch.testing.assert_close(weights, expected, atol=2e-2, rtol=0)


def test_broken_pairs_stop_together_while_true_ones_train():
    checks = torch.zeros(8, 1, 2, 2)
    checks[:, 0, :, 0] = torch.arange(8.0)[:, None]
    checks[5:, 0, :, 1] = 9.0
    weights, seen = run(checks, patience=3)
    torch.testing.assert_close(seen[-1, 0, :, 1], torch.zeros(2))
    torch.testing.assert_close(weights[0, :, 1], torch.full((2,), 2.0), atol=1e-2, rtol=0)
    torch.testing.assert_close(weights[0, :, 0], torch.full((2,), 16.0), atol=1e-1, rtol=0)


def test_levels_left_out_keep_their_first_weights():
    checks = torch.arange(4.0)[:, None, None, None].expand(4, 1, 3, 1)
    splits = [Split(0, 0, *(np.arange(8),) * 4)]
    cohort = Cohort(splits, torch.zeros(1, 8, 1), torch.zeros(1, 3, 8, 1), np.arange(8), 1)
    critic, script = Counter((1, 3, 1)), iter(checks)
    seen = train(
        critic, cohort, lambda x, y, rows: -critic.w[..., 0, 0],
        lambda left: next(script)[:, : left.members[1]], Schedule(4, batch=4, rate=1.0, every=1),
        np.random.default_rng(0), levels=np.array([2]),
    )  # fmt: skip
    torch.testing.assert_close(
        critic.w.detach().flatten(), torch.tensor([0.0, 0.0, 4.0]), atol=1e-2, rtol=0
    )
    assert seen[:, 0, :2].isnan().all()


def test_a_member_that_never_says_anything_has_no_weights():
    weights, _ = run(torch.full((3, 1, 1, 1), torch.nan))
    assert weights.isnan().all()


def test_steps_are_reported_and_end_at_one():
    shares = []
    run(torch.zeros(4, 1, 1, 1), progress=shares.append)
    assert shares == pytest.approx([0.25, 0.5, 0.75, 1.0])


def test_the_last_step_is_checked_though_it_falls_between_checks():
    cohort = cohort_of(np.arange(N))
    critic = Counter(cohort.members)
    before = copy.deepcopy(critic.w)
    seen = train(
        critic,
        cohort,
        lambda x, y, rows: -critic.w[..., 0, 0],
        lambda left: critic.w[..., 0, 0].clone(),
        Schedule(steps=5, batch=4, every=3, rate=0.1),
        np.random.default_rng(0),
    )
    assert seen.shape == (2, *cohort.members)
    torch.testing.assert_close(critic.w - before, torch.full_like(before, 0.5), atol=1e-3, rtol=0)
