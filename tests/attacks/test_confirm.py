"""Who holds an image, or a copy of it."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imleak.attacks.confirm import Confirm, exact
from imleak.interfaces import ImleakError, WholeImages

ALIGNED = ("jpeg-90", "jpeg-75", "jpeg-50", "half")


def space(clear, copies):
    """Whole images with clear parts (L, n, d), and those of their copies by name."""
    clear = np.asarray(clear, np.float32)
    levels, n, _ = clear.shape
    return WholeImages(
        levels=tuple(range(levels)),
        plain=clear[0],
        clear=clear,
        groups=np.arange(n),
        clear_copies={name: np.asarray(of, np.float32) for name, of in copies.items()},
    )


def by_quantity(found):
    return {one.quantity: one for one in found}


def judged(n, near, *, seed=0, d=64, more=None):
    """At one level: copies as near as noise of a deviation leaves them."""
    rng = np.random.default_rng(seed)
    clear = rng.normal(size=(1, n, d))
    copies = {name: clear + near * rng.normal(size=clear.shape) for name in (*ALIGNED, "crop")}
    spaces = {"values": space(clear, copies)} | (more(clear) if more else {})
    return by_quantity(Confirm().judge(spaces, seed=seed))


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40))
def test_exact_bits_are_the_entropy_of_classes(classes):
    vectors = np.asarray(classes, np.float32)[:, np.newaxis] * [1, 0, 7]
    _, sizes = np.unique(classes, return_counts=True)
    shares = sizes / len(classes)
    found = exact(3, vectors)
    assert found.value == pytest.approx(-(shares * np.log2(shares)).sum(), abs=1e-12)
    assert found.ceiling == math.log2(len(classes))
    assert found.interval == (found.value, found.value)
    assert found.details["distinct"] == len(sizes)
    expected = "saturated" if len(sizes) == len(classes) else "leak"
    assert found.verdict == (expected if len(sizes) > 1 else "no leak found")


def test_quantities_and_what_they_are():
    found = judged(12, 0.1)
    assert list(found) == [
        "bits (exact)",
        "rank-1, JPEG 90",
        "rank-1, JPEG 75",
        "rank-1, JPEG 50",
        "rank-1, half size",
        "rank-1, cropped",
    ]
    assert found["bits (exact)"].bound == "exact"
    assert found["bits (exact)"].value == math.log2(12)
    assert found["rank-1, cropped"].value == 1
    assert found["rank-1, cropped"].details["chance"] == 1 / 12


def test_near_copies_are_found_and_others_are_not():
    near, far = judged(40, 0.3), judged(40, 100)
    assert near["rank-1, JPEG 75"].verdict == "saturated"
    assert far["rank-1, JPEG 75"].verdict == "no leak found"
    assert far["rank-1, JPEG 75"].null.mean == pytest.approx(1 / 40, abs=0.015)


def test_four_images_are_enough_and_three_are_refused():
    assert judged(4, 0.1)["rank-1, JPEG 50"].value == 1
    with pytest.raises(ImleakError, match="confirm needs 4 images"):
        judged(3, 0.1)


def test_the_space_that_finds_copies_is_chosen_and_named():
    def beside(clear):
        other = np.random.default_rng(9).normal(size=(2, *clear.shape))
        return {"noise": space(other[0], dict.fromkeys(ALIGNED, other[1]))}

    found = judged(40, 0.5, more=beside)
    assert found["rank-1, JPEG 90"].chosen == "values"
    assert found["rank-1, JPEG 90"].value == 1
    assert found["rank-1, cropped"].chosen == "values"


def test_spaces_that_each_find_some_are_added():
    """Half of what tells images apart is in either space."""

    def beside(clear):
        rng = np.random.default_rng(5)
        of_others = rng.normal(size=clear.shape)
        near = of_others + 1.2 * rng.normal(size=clear.shape)
        return {"others": space(of_others, dict.fromkeys(ALIGNED, near))}

    alone = judged(60, 1.2, d=8)
    both = judged(60, 1.2, d=8, more=beside)
    assert both["rank-1, JPEG 90"].chosen == "values + others"
    assert both["rank-1, JPEG 90"].value > alone["rank-1, JPEG 90"].value


def test_copies_of_one_group_are_no_candidates():
    """Two images that show the same take each other's copies for theirs."""
    rng = np.random.default_rng(0)
    half = rng.normal(size=(1, 10, 32))
    clear = np.concatenate([half, half], axis=1)
    copies = {name: np.roll(clear, 10, axis=1) for name in (*ALIGNED, "crop")}
    given = space(clear, copies)
    grouped = replace(given, groups=np.arange(20) % 10)
    found = by_quantity(Confirm().judge({"values": grouped}))
    assert found["rank-1, half size"].value == 1
    assert found["bits (exact)"].value == pytest.approx(math.log2(10))


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_images_changes_no_rank(seed):
    """With one space there is nothing to choose."""
    rng = np.random.default_rng(seed)
    clear = rng.normal(size=(1, 9, 6))
    near = clear + rng.normal(size=clear.shape)
    order = rng.permutation(9)
    one, other = (
        by_quantity(Confirm().judge({"v": space(a, dict.fromkeys((*ALIGNED, "crop"), b))}, seed=1))
        for a, b in ((clear, near), (clear[:, order], near[:, order]))
    )
    assert one["rank-1, JPEG 50"].value == pytest.approx(other["rank-1, JPEG 50"].value)


def test_nothing_left_is_found_by_nobody():
    constant = np.full((1, 30, 16), 0.25)
    copies = dict.fromkeys((*ALIGNED, "crop"), constant)
    found = Confirm().judge({"values": space(constant, copies)})
    assert [one.verdict for one in found] == ["no leak found"] * 6
    assert found[0].value == 0
    assert found[1].value == pytest.approx(1 / 30)


def test_copies_of_others_are_seldom_claimed():
    """Forty sets of unrelated copies; of two hundred rows at most one in twenty."""
    claims = [
        one.verdict in ("leak", "saturated")
        for seed in range(40)
        for one in judged(24, 1000, seed=seed, d=16).values()
        if one.bound != "exact"
    ]
    assert len(claims) == 200
    assert np.mean(claims) <= 0.05


def test_chance_is_among_the_images_of_other_groups():
    rng = np.random.default_rng(0)
    clear = rng.normal(size=(1, 12, 8))
    given = space(clear, dict.fromkeys((*ALIGNED, "crop"), clear))
    grouped = replace(given, groups=np.array([0] * 6 + [1] * 3 + [2, 3, 4]))
    found = by_quantity(Confirm().judge({"values": grouped}))
    expected = (6 / 7 + 3 / 10 + 3 / 12) / 12
    assert found["rank-1, half size"].details["chance"] == pytest.approx(expected)
