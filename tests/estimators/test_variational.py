"""Joint critics: what they minimise, how pairs are broken, and what is read of them."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from imleak.estimators.bounds import donsker_varadhan, nguyen_wainwright_jordan, smile
from imleak.estimators.critics.canonical import Variates
from imleak.estimators.critics.gaussian import gaussian_log_ratio
from imleak.estimators.critics.networks import JointCritic
from imleak.estimators.critics.training import Cohort, Schedule
from imleak.estimators.critics.variational import (
    MovingAverage,
    Variational,
    broken_score,
    derangements,
    effective_images,
    spread_shifts,
)
from imleak.estimators.heldout.evidence import SplitSamples
from imleak.estimators.heldout.split import cross_fit


def scores(*shape, seed=0):
    made = torch.randn(*shape, dtype=torch.double, generator=torch.Generator().manual_seed(seed))
    return made.requires_grad_()


def critic_of(members):
    """Any critic with a moving average for so many members on one axis."""
    critic = JointCritic((members, 1, 1), 1, 1, (2,), torch.Generator())
    critic.log_mean = critic.log_mean.double()[:, 0, 0]
    return critic


def test_the_first_gradient_of_mine_is_that_of_its_bound():
    joint, marginal = scores(2, 9), scores(2, 7, seed=1)
    objective = MovingAverage(critic_of(2))(joint, marginal)
    assert objective.shape == (2,)
    found = torch.autograd.grad(objective.sum(), (joint, marginal))
    expected = torch.autograd.grad(donsker_varadhan(joint, marginal).sum(), (joint, marginal))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)


def test_later_gradients_of_mine_divide_by_the_moving_average():
    objective = MovingAverage(critic_of(2), rate=0.1)
    earlier, marginal = scores(2, 7), scores(2, 7, seed=1)
    objective(scores(2, 7, seed=2), earlier)
    (found,) = torch.autograd.grad(-objective(scores(2, 7, seed=3), marginal).sum(), marginal)
    ratios = [one.detach().exp() for one in (earlier, marginal)]
    average = 0.9 * ratios[0].mean(-1) + 0.1 * ratios[1].mean(-1)
    torch.testing.assert_close(found, ratios[1] / average[:, None] / 7)


def test_the_moving_average_does_not_overflow():
    objective = MovingAverage(critic_of(1))
    for at in range(3):
        found = objective(scores(1, 5) + 800, scores(1, 5, seed=at) + 800)
    assert torch.isfinite(found).all()


SORTED = st.lists(st.integers(1, 5), min_size=2, max_size=12).map(
    lambda sizes: np.repeat(np.arange(len(sizes)), sizes)
)


@given(SORTED, st.integers(1, 12))
@settings(deadline=None)
def test_no_roll_pairs_an_image_with_itself(groups, count):
    if 2 * np.bincount(groups).max() > len(groups):
        return
    for shift in derangements(groups[None]):
        assert np.all(np.roll(groups, shift) != groups)
    chosen = spread_shifts(groups[None], count)
    assert set(chosen) <= set(derangements(groups[None]))
    assert len(set(chosen)) == len(chosen) == min(count, len(derangements(groups[None])))


def test_rolls_suit_every_split_at_once():
    groups = np.array([[0, 0, 1, 1, 2, 2], [0, 1, 2, 3, 3, 3]])
    np.testing.assert_array_equal(derangements(groups), [3])


def test_an_image_of_more_than_half_the_rows_is_broken_as_well_as_can_be():
    groups = np.array([[0, 0, 0, 0, 0, 1, 2, 3]])
    (shift,) = derangements(groups)
    assert np.sum(np.roll(groups, shift) != groups) == 6


def a_critic(groups, clip=None, **options):
    """A learner, its untrained critic, and a cohort of random rows."""
    rng = np.random.default_rng(0)
    splits = cross_fit(groups, 2, 1, 0)
    x = torch.from_numpy(rng.standard_normal((2, len(groups), 3)).astype("f4"))
    y = torch.from_numpy(rng.standard_normal((2, 2, len(groups), 4)).astype("f4"))
    cohort = Cohort(splits, x, y, groups, 2)
    learner = Variational(hidden=(8, 8), clip=clip, **options)
    critic = learner.network(cohort, torch.Generator().manual_seed(0))
    with torch.no_grad():
        critic.deep[-1].mul_(8), critic.bias[-1].add_(1.5)
    return learner, critic, cohort


def split_up(pair_up, cohort):
    """What a learner is given of a cohort: every image its own block."""
    nothing = np.zeros((len(cohort.groups), 1))
    samples = pair_up(nothing, nothing, cohort.groups)
    return SplitSamples(samples, cohort.splits, cohort.groups, 2, seed=0)


def test_broken_scores_are_of_rolled_rows():
    _, critic, cohort = a_critic(np.arange(24))
    rows = np.stack([s.train[:9] for s in cohort.splits])
    x, y = cohort.take(rows)
    found = broken_score(critic, critic.halves(x, y), 4)
    torch.testing.assert_close(found, critic.score(*critic.halves(torch.roll(x, 4, -2), y)))


IMAGES = {"one row": np.arange(30), "two rows": np.repeat(np.arange(15), 2)}


@pytest.mark.parametrize("groups", IMAGES.values(), ids=IMAGES)
@pytest.mark.parametrize("clip", [None, 0.4])
def test_what_is_read_is_the_bound_of_the_scores(pair_up, groups, clip):
    """The constant that NWJ needs comes from validation, and is not fitted to the test."""
    learner, critic, cohort = a_critic(groups, clip)
    ratios, nwjs = learner._read(critic.only(0), cohort.only(0), split_up(pair_up, cohort))
    split, whole = cohort.splits[0], None
    for part, ratio, nwj in zip((split.validation, split.test), ratios, nwjs, strict=True):
        rows = part[np.argsort(groups[part], kind="stable")]
        shifts = spread_shifts(groups[rows][None], 8)
        x, y = cohort.only(0).take(rows[None])
        with torch.no_grad():
            joint = critic.only(0).score(*critic.only(0).halves(x, y))[0].double()
            rolled = [critic.only(0).halves(torch.roll(x, int(s), -2), y) for s in shifts]
            marginal = torch.cat([critic.only(0).score(*one)[0] for one in rolled], -1).double()
        if clip is None:
            np.testing.assert_allclose(ratio.value(), donsker_varadhan(joint, marginal), atol=1e-5)
        else:
            np.testing.assert_allclose(ratio.value(), smile(joint, marginal, clip), atol=1e-5)
            marginal = marginal.clamp(-clip, clip)
        whole = marginal.exp().mean(-1).log() if whole is None else whole
        constant = whole[..., None].expand_as(joint)
        if part is split.validation:
            # Of each half of the images the constant is what the other half says.
            half = np.unique(groups[rows], return_inverse=True)[1] % 2
            by_shift = marginal.unflatten(-1, (len(shifts), len(rows)))
            means = [by_shift[..., half == 1 - of].exp().mean((-1, -2)).log() for of in (0, 1)]
            constant = torch.stack([means[of] for of in half], -1)
            np.testing.assert_allclose(nwj.effective, effective_images(by_shift, groups[rows]))
        every = constant.repeat(1, 1, len(shifts))
        expected = nguyen_wainwright_jordan(joint - constant, marginal - every)
        np.testing.assert_allclose(nwj.value(), expected, atol=1e-5)


class Surprised(Variational):
    """Says nothing of any pair, but e^30 of one broken pair of what is read second: the test."""

    def scores(self, critic, cohort, rows, shifts):
        joint, marginal = super().scores(critic, cohort, rows, shifts)
        joint, marginal = joint * 0, marginal * 0
        if rows[0, 0] in cohort.splits[0].test:
            marginal[..., 0, 0] = 30.0
        return joint, marginal


def test_one_rare_pair_of_the_test_does_not_decide_nwj_on_variates(pair_up):
    _, critic, cohort = a_critic(np.repeat(np.arange(60), 5))
    given = split_up(pair_up, cohort)
    plain, capped = (
        Surprised(canonical=canonical)._read(critic.only(0), cohort.only(0), given)[1]
        for canonical in (False, True)
    )
    assert plain[1].value().max() < -1e6
    images = len(np.unique(cohort.groups[cohort.splits[0].validation]))
    rows = len(cohort.splits[0].test)
    heaviest = images * 8 / 10
    assert capped[1].value() == pytest.approx(-(heaviest - 1) / (8 * rows), rel=1e-5)
    np.testing.assert_array_equal(plain[0].value(), capped[0].value())


def test_equal_weights_are_worth_all_images_and_one_large_one_a_single_image():
    groups = np.repeat(np.arange(5), 4)
    equal = torch.full((3, 20), 700.0, dtype=torch.double)
    assert float(effective_images(equal, groups)) == pytest.approx(5)
    hanging = equal.clone()
    hanging[1, 7] += 50
    assert float(effective_images(hanging, groups)) == pytest.approx(1)
    two = torch.where(torch.from_numpy(groups < 2), equal, 0.0)
    assert float(effective_images(two, groups)) == pytest.approx(2)


def test_a_check_is_donsker_varadhan_on_validation(pair_up):
    schedule = Schedule(steps=1, batch=8, rate=0.0)
    learner, critic, cohort = a_critic(np.arange(30), schedule=schedule)
    seen = learner.fit(critic, cohort, np.random.default_rng(0), keep_best=True)
    assert seen.shape == (1, *cohort.members)
    for r in range(2):
        ratios, _ = learner._read(critic.only(r), cohort.only(r), split_up(pair_up, cohort))
        np.testing.assert_allclose(seen[0, r], ratios[0].value(), atol=1e-5)


@pytest.mark.parametrize("kept", [1, 3])
def test_on_variates_a_critic_starts_at_their_gaussian_log_ratio(pair_up, kept):
    """Up to the constant that both bounds remove."""
    rng = np.random.default_rng(0)
    u, v = rng.standard_normal((2, 40, 3)).astype("f4")
    rho, temper = np.array([0.8, 0.5, -0.2]), 0.7
    samples = pair_up(u, v)
    splits = cross_fit(samples.groups, 2, 1, 0)
    variates = Variates(u, v, rho, np.stack([rho, rho]), 3, kept, temper, value=0.0)
    found = [[[variates]] for _ in splits]
    learner = Variational(hidden=(5,), canonical=True)
    generator = torch.Generator().manual_seed(0)
    cohort, critic = learner._on_variates(
        found, SplitSamples(samples, splits, samples.groups, 1, seed=0), generator
    )
    assert isinstance(critic, JointCritic)
    with torch.no_grad():
        halves = critic.halves(*cohort.take(np.stack([s.test for s in splits])))
        joint = critic.score(*halves)[:, 0, 0]
    for r, split in enumerate(splits):
        a, b = (side[r, 0, 0, split.test].numpy() for side in (cohort.x, cohort.y))
        ratio = temper * gaussian_log_ratio(a[:, :kept], b[:, :kept], rho[:kept]).diagonal()
        difference = joint[r].numpy() - ratio
        np.testing.assert_allclose(difference, difference[0], atol=1e-5)


def test_learning_finds_what_no_correlation_shows(pair_up):
    """y = |x| turned: canonical correlations vanish, and the network sees it."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((600, 1))
    samples = pair_up(x, np.abs(x) + 0.1 * rng.standard_normal((600, 1)))
    splits = cross_fit(samples.groups, 2, 1, 0)
    learner = Variational(hidden=(32, 32), schedule=Schedule(steps=250, batch=200, rate=5e-3))
    learned = learner.learn(SplitSamples(samples, splits, samples.groups, 2, seed=0))
    assert set(learned) == {"mine", "nwj"}
    for pairs in learned.values():
        found = np.mean([test.value() for _, test in pairs], 0)
        assert found[0, 0] > math.log(2)
        assert abs(found[0, 1]) < 0.1
