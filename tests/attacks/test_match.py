import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imleak.attacks import _linkage, match
from imleak.attacks._halves import halves
from imleak.attacks._scores import Scores, directions
from imleak.attacks.match import Match
from imleak.interfaces import ImleakError, WholeImages


def space(clear, plain, levels=None, **others):
    """Of views (L, n, d) of plain vectors."""
    levels = levels or tuple(range(len(clear)))
    vectors = np.asarray(plain, np.float32), np.asarray(clear, np.float32)
    return WholeImages(levels, *vectors, np.arange(len(plain)), **others)


def noisy(n=60, d=32, noise=(0.0, 2.0, 4.0), seed=0):
    rng = np.random.default_rng(seed)
    plain = rng.standard_normal((n, d))
    return space([plain + s * rng.standard_normal((n, d)) for s in noise], plain)


def said(found, quantity):
    return [one for one in found if one.quantity == quantity]


def judged(*spaces, seed=0):
    names = "abcdef"[: len(spaces)]
    return Match().judge(dict(zip(names, spaces, strict=True)), seed=seed)


def brute_force(given_, at):
    """Ranks of the true ones by cosine, 1 for the best."""
    plain = given_.plain - given_.plain.mean(0)
    clear = given_.clear[at] - given_.clear[at].mean(0)
    cosines = np.array(
        [[c @ p / np.linalg.norm(c) / np.linalg.norm(p) for p in plain] for c in clear]
    )
    return 1 + (cosines > np.diag(cosines)[:, None]).sum(1)


def test_shares_are_those_of_ranks_by_cosine():
    given_ = noisy()
    found = judged(given_)
    for at in range(3):
        ranks = brute_force(given_, at)
        assert said(found, "rank-1")[at].value == pytest.approx((ranks == 1).mean())
        assert said(found, "rank-5")[at].value == pytest.approx((ranks <= 5).mean())
        assert said(found, "reciprocal rank")[at].value == pytest.approx((1 / ranks).mean())
    assert 0.2 < said(found, "rank-1")[1].value < 1


def test_a_planted_rank_is_found():
    """Unit vectors along axes: clear part i is i + 1, and half as much i."""
    n = 20
    plain = np.eye(n)
    found = judged(space([np.roll(plain, 1, 1) + plain / 2], plain))
    assert said(found, "rank-1")[0].value == 0
    assert said(found, "rank-5")[0].value == 1
    assert said(found, "reciprocal rank")[0].value == pytest.approx(1 / 2)


@pytest.mark.parametrize("value", [0.0, 0.3, 1e6])
@pytest.mark.parametrize("n", [4, 37])
def test_nothing_in_the_clear_is_exactly_chance(n, value):
    plain = np.random.default_rng(0).standard_normal((n, 8))
    found = judged(space([np.full((n, 8), value)], plain))
    shares = [said(found, name)[0].value for name in ("rank-1", "rank-5", "reciprocal rank")]
    chance = [1 / n, min(1, 5 / n), np.mean(1 / np.arange(1, n + 1))]
    assert shares == pytest.approx(chance, abs=1e-12)
    assert {one.verdict for one in found} == {"no leak found"}
    for one in said(found, "bits (Fano)") + said(found, "bits (InfoNCE)"):
        assert one.value == pytest.approx(0, abs=1e-12)


def test_vectors_that_differ_by_rounding_are_constant():
    rng = np.random.default_rng(0)
    same = np.full((30, 8), 3.0) + 1e-3 * rng.standard_normal((30, 8))
    assert not directions(same.astype(np.float32)).any()
    assert directions(rng.standard_normal((30, 8)).astype(np.float32)).any()


def test_the_null_is_at_chance():
    found = judged(noisy(noise=(0.0, 1.0)))
    for one in said(found, "rank-1"):
        assert one.null.mean == pytest.approx(1 / 59, abs=0.01)
    for one in said(found, "bits (InfoNCE)"):
        assert one.null.mean < 0.1


def test_infonce_is_the_mean_log_share_of_the_true_one():
    """Against a softmax written out, at the inverse temperature that is best for either half."""
    given_ = noisy(n=24, noise=(1.0,))
    scores = Scores.of(given_, 0).among(slice(0, 24))
    half = halves(given_.groups, 5)
    bits = np.stack(
        [
            np.log2(24 * np.exp(b * np.diag(scores)) / np.exp(b * scores).sum(1))
            for b in match.SHARPNESS
        ]
    )
    best = [bits[:, half != part].mean(1).argmax() for part in (0, 1)]
    expected = np.where(half == 0, bits[best[0]], bits[best[1]]).mean()
    (found,) = said(judged(given_, seed=5), "bits (InfoNCE)")
    assert found.value == pytest.approx(expected, abs=1e-9)
    assert found.ceiling == math.log2(24)


def test_infonce_does_not_exceed_the_information():
    """Bits that a Gaussian channel of 2 dimensions carries: at most that, on the mean."""
    rng = np.random.default_rng(0)
    plain = rng.standard_normal((400, 2))
    found = judged(space([plain + rng.standard_normal((400, 2))], plain))
    (bits,) = said(found, "bits (InfoNCE)")
    assert bits.interval[0] <= math.log2(2)
    assert bits.value > 0.3
    assert bits.verdict == "leak"


def test_the_better_space_is_chosen_and_noise_is_not():
    clear, noise = noisy(noise=(0.5,)), noisy(noise=(0.5,), seed=1)
    blind = replace(noise, clear=np.roll(noise.clear, 1, axis=1))
    for spaces, name in (((clear, blind), "a"), ((blind, clear), "b")):
        found = judged(*spaces)
        assert {one.chosen for one in found} == {name}
        assert said(found, "rank-1")[0].value == said(judged(clear), "rank-1")[0].value


def test_two_spaces_find_more_together():
    first, second = noisy(n=200, d=8, noise=(1.5,)), noisy(n=200, d=8, noise=(1.5,), seed=1)
    both = said(judged(first, second), "rank-1")[0]
    alone = said(judged(first), "rank-1")[0]
    assert both.value > alone.value + 0.1
    assert both.chosen == "a + b"


def test_of_many_spaces_each_alone_and_all_are_tried():
    spaces = [noisy(n=40, d=4, noise=(2.0,), seed=seed) for seed in range(6)]
    (found,) = said(judged(*spaces), "rank-1")
    assert found.chosen == "a + b + c + d + e + f"


def test_independence_is_no_leak_however_many_spaces_are_tried():
    claims = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        spaces = [
            space(rng.standard_normal((1, 24, 6)), rng.standard_normal((24, 6))) for _ in range(3)
        ]
        claims += any(one.verdict in ("leak", "saturated") for one in judged(*spaces, seed=seed))
    assert claims <= 2


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000))
def test_the_order_of_images_changes_no_rank(seed):
    given_ = noisy(n=16, noise=(0.5, 2.0))
    order = np.random.default_rng(seed).permutation(16)
    mixed = replace(given_, plain=given_.plain[order], clear=given_.clear[:, order])
    for quantity in ("rank-1", "rank-5", "reciprocal rank", "bits (Fano)"):
        before, after = said(judged(given_), quantity), said(judged(mixed), quantity)
        assert [a.value for a in after] == pytest.approx([b.value for b in before])


def test_images_of_one_group_are_not_told_apart():
    """Pairs that look the same: each is found as if its twin were not there."""
    rng = np.random.default_rng(0)
    plain = np.repeat(rng.standard_normal((20, 16)), 2, axis=0)
    twins = replace(space([plain], plain), groups=np.arange(40) // 2)
    assert said(judged(twins), "rank-1")[0].value == 1
    apart = replace(twins, groups=np.arange(40))
    assert said(judged(apart), "rank-1")[0].value == pytest.approx(0.5)


def test_rows_that_are_held_at_once_change_nothing(monkeypatch):
    given_ = noisy()
    whole = judged(given_)
    monkeypatch.setattr(match, "AT_ONCE", 7 * 60)
    for one, again in zip(whole, judged(given_), strict=True):
        assert again.value == pytest.approx(one.value, abs=1e-9)
        assert again.null.mean == pytest.approx(one.null.mean, abs=1e-9)


def test_one_group_that_holds_most_is_refused():
    given_ = replace(noisy(n=8), groups=np.array([0, 0, 0, 0, 0, 1, 2, 3]))
    with pytest.raises(ImleakError, match="one group"):
        judged(given_)


@pytest.mark.parametrize("at_once", [1 << 22, 60 * 17])
def test_ranks_among_a_gallery_are_those_of_brute_force(monkeypatch, at_once):
    monkeypatch.setattr(_linkage, "AT_ONCE", at_once)
    given_ = noisy(noise=(2.0,))
    others = np.random.default_rng(9).standard_normal((250, 32)).astype(np.float32)
    others[7] = given_.plain[3]  # a tie
    (found,) = said(judged(replace(given_, gallery=others)), "rank-1")
    plain = given_.plain - given_.plain.mean(0)
    clear = given_.clear[0] - given_.clear[0].mean(0)
    assert [point.among for point in found.linkage] == [60, 160, 260, 310]
    for point in found.linkage:
        every = np.concatenate([plain, others[: point.among - 60] - given_.plain.mean(0)])
        every /= np.linalg.norm(every, axis=1, keepdims=True)
        scores = clear @ every.T
        own = np.diagonal(scores)[:, None]
        first = (scores > own + 1e-4).sum(1) == 0
        ties = (np.abs(scores - own) <= 1e-4).sum(1)
        assert point.value == pytest.approx((first / ties).mean(), abs=1e-6)
    assert found.linkage[0].value == pytest.approx(found.value)
    assert found.linkage[-1].value < found.value


def test_a_gallery_on_disk_is_read_in_parts(tmp_path, monkeypatch):
    """Of 30,000 images a part at a time, from a file."""
    monkeypatch.setattr(_linkage, "AT_ONCE", 1 << 14)
    rng = np.random.default_rng(0)
    held = np.memmap(tmp_path / "gallery", np.float16, "w+", shape=(30_000, 16))
    held[:] = rng.standard_normal(held.shape)
    given_ = replace(noisy(n=16, d=16, noise=(0.3,)), gallery=held)
    read = []
    among = Scores.among_gallery

    def watched(self, rows, part):
        read.append(part.stop - part.start)
        return among(self, rows, part)

    monkeypatch.setattr(Scores, "among_gallery", watched)
    (found,) = said(judged(given_), "rank-1")
    assert max(read) <= (1 << 14) // 16
    assert found.linkage[-1].among == 30_016
    values = [point.value for point in found.linkage]
    assert values == sorted(values, reverse=True)
