import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imleak.attacks import _ranks
from imleak.interfaces import Null


@given(st.lists(st.integers(0, 3), min_size=4, max_size=30), st.integers(0, 9))
def test_no_partner_is_of_the_same_group(groups, seed):
    groups = np.array(groups)
    largest = np.unique(groups, return_counts=True)[1].max()
    partners = _ranks.derangements(groups, 5, seed)
    for row in partners:
        assert sorted(row) == list(range(len(groups)))
        if largest <= len(groups) / 2:
            assert (groups[row] != groups).all()
        assert (row != np.arange(len(groups))).all()


def test_ranks_of_a_tie_are_those_of_every_order():
    """Brute force: the true one and three equal others behind two better ones, of eight."""
    scores, own = np.array([[5.0, 4, 3, 3, 3, 2, 1]]), np.array([3.0])
    higher, same = _ranks.beaten_by(scores, own[:, None])
    assert (int(higher[0, 0]), int(same[0, 0])) == (2, 3)
    ranks = [3 + order.index(0) for order in permutations(range(4))]
    for first in range(1, 9):
        share = np.mean([rank <= first for rank in ranks])
        assert _ranks.within(higher, same, first)[0, 0] == pytest.approx(share)
    mean = np.mean([1 / rank for rank in ranks])
    assert _ranks.reciprocal_rank(higher, same)[0, 0] == pytest.approx(mean)


def test_what_is_no_candidate_beats_nobody():
    higher, same = _ranks.beaten_by(np.array([[-np.inf, -np.inf, 1.0]]), np.array([[0.0]]))
    assert (higher.item(), same.item()) == (1, 0)


@pytest.mark.parametrize(("share", "among", "bits"), [(1.0, 64, 6.0), (1 / 64, 64, 0.0)])
def test_fano_at_its_ends(share, among, bits):
    right = np.full(64, share)
    half = np.arange(64) % 2
    found = _ranks.fano(3, right, np.full((64, 2), 1 / 64), np.arange(64), half, among, None)
    assert found.value == pytest.approx(bits, abs=1e-9)
    assert found.ceiling == math.log2(among)


def test_fano_of_a_half():
    """log N - h(p) - (1 - p) log(N - 1), with N = 96 and p = 1/2."""
    right = np.arange(96) % 2.0
    null = np.full((96, 3), 1 / 96)
    found = _ranks.fano(3, right, null, np.arange(96), np.arange(96) // 48, 96, "layout")
    assert found.value == pytest.approx(math.log2(96) - 1 - 0.5 * math.log2(95))
    assert found.null.mean == pytest.approx(0, abs=1e-12)
    assert found.verdict == "leak"
    assert found.chosen == "layout"


def test_a_share_is_a_leak_only_above_chance_and_null():
    null = Null(0.01, 0.03)
    assert _ranks.verdict_of_share(0.02, 0.1, null, 0.01) == "no leak found"
    assert _ranks.verdict_of_share(0.04, 0.1, null, 0.01) == "leak"
    assert _ranks.verdict_of_share(0.04, 0.1, null, 0.05) == "no leak found"
    assert _ranks.verdict_of_share(0.9, 1.0, null, 0.01) == "saturated"


def test_the_interval_counts_groups_and_not_images():
    values = np.repeat([1.0, 0.0], 50)
    one_each, in_tens = (
        _ranks.share(1, "rank-1", values, np.zeros((100, 3)), groups, chance=0.01, seed=0)
        for groups in (np.arange(100), np.arange(100) // 10)
    )
    assert np.ptp(in_tens.interval) > 2 * np.ptp(one_each.interval)
    spread = [
        np.ptp(_ranks.bootstrap(values, groups, 0))
        for groups in (np.arange(100), np.arange(100) // 10)
    ]
    assert spread[1] > 2 * spread[0]
