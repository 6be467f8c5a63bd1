from __future__ import annotations

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage import data

from imleak.images import (
    COPIES,
    DeadLeaves,
    copy_of,
    duplicates_in_words,
    from_samples,
    join_groups,
    near_duplicates,
    perceptual_hash,
)
from imleak.images.similar import BITS, DISTANCE
from imleak.interfaces import ImageError

PHOTOGRAPHS = ("astronaut", "camera", "chelsea", "coffee", "rocket")


def photograph(name: str) -> np.ndarray:
    """(C, H, W) uint8."""
    pixels = np.atleast_3d(getattr(data, name)())
    return np.ascontiguousarray(np.moveaxis(pixels, -1, 0))


def bits_of(hashes: list[str]) -> np.ndarray:
    """(n, 128)"""
    rows = np.frombuffer(bytes.fromhex("".join(hashes)), np.uint8)
    return np.unpackbits(rows.reshape(-1, BITS // 8), axis=1)


def differ(one: str, other: str) -> int:
    first, second = bits_of([one, other])
    return int(np.count_nonzero(first != second))


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_copies_of_a_photograph_are_near_duplicates(name: str) -> None:
    samples = photograph(name)
    known = perceptual_hash(samples, 8)
    assert len(known) == BITS // 4
    image = from_samples(name, samples, 8)
    for copy in set(COPIES) - {"crop"}:
        assert differ(known, perceptual_hash(copy_of(image, copy).samples, 8)) <= 8
    _, height, width = samples.shape
    rows, columns = round(height / 100), round(width / 100)
    cropped = samples[:, rows:-rows, columns:-columns]
    assert differ(known, perceptual_hash(cropped, 8)) <= DISTANCE
    brighter = np.minimum(np.rint(samples * 1.05), 255).astype(np.uint8)
    assert differ(known, perceptual_hash(brighter, 8)) <= 8
    deeper = samples.astype(np.uint16) * 257
    assert differ(known, perceptual_hash(deeper, 16)) <= 2


def test_the_bits_are_signs_of_a_cosine_transform() -> None:
    """By matrix products, in the order of the sum of both frequencies."""
    samples = DeadLeaves(32, 32).render()
    k, n = np.arange(32)[:, None], np.arange(32)
    basis = np.cos(np.pi * k * (2 * n + 1) / 64)
    spectrum = basis @ samples[0].astype(float) @ basis.T
    order = sorted(
        ((row, column) for row in range(32) for column in range(32) if row + column),
        key=lambda place: (sum(place), place[0]),
    )
    expected = [spectrum[place] > 0 for place in order[:BITS]]
    np.testing.assert_array_equal(bits_of([perceptual_hash(samples, 8)])[0], expected)


def test_different_images_are_no_near_duplicates() -> None:
    images = [photograph(name) for name in PHOTOGRAPHS]
    images += [DeadLeaves(96, 96, index).render() for index in range(40)]
    noise = np.random.default_rng(0)
    images += [noise.integers(0, 256, (1, 64, 64)).astype(np.uint8) for _ in range(20)]
    assert near_duplicates([perceptual_hash(image, 8) for image in images]) == []


@pytest.mark.parametrize("bits", [8, 16])
def test_images_with_nothing_in_them_have_no_hash(bits: int) -> None:
    kind, step = (np.uint8, 1) if bits == 8 else (np.uint16, 256)
    row, column = np.mgrid[:96, :96]
    flat = [np.full((96, 96), value) for value in (0, 1, 37, 255)]
    for image in (*flat, row + column, 2 * column, 127 + 99 * np.sin(row / 5)):
        samples = (np.rint(image) * step).astype(kind)[np.newaxis]
        assert perceptual_hash(samples, bits) == ""
    noise = np.random.default_rng(0).standard_normal((1, 96, 96))
    assert perceptual_hash(np.rint(128 + noise).astype(kind), bits) == ""
    assert near_duplicates(["", "", ""]) == []


hashes = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).integers(0, 256, 16, np.uint8)
)


@st.composite
def families(draw: st.DrawFn) -> list[str]:
    """Hashes and some that differ from them in a few bits."""
    found = []
    for parent in draw(st.lists(hashes, max_size=6)):
        found.append(parent.tobytes().hex())
        for flips in draw(st.lists(st.sets(st.integers(0, BITS - 1), max_size=20), max_size=4)):
            child = np.unpackbits(parent)
            child[list(flips)] ^= 1
            found.append(np.packbits(child).tobytes().hex())
    return draw(st.permutations(found))


@settings(max_examples=50)
@given(families(), st.integers(0, DISTANCE))
def test_groups_are_those_of_a_search_of_all_pairs(found: list[str], distance: int) -> None:
    bits = bits_of(found)
    near = (bits[:, np.newaxis] != bits).sum(2) <= distance
    groups = networkx.connected_components(networkx.Graph(np.argwhere(near).tolist()))
    expected = sorted(sorted(group) for group in groups if len(group) > 1)
    assert near_duplicates([*found, ""], distance) == expected


def test_many_near_duplicates_are_one_group() -> None:
    rng = np.random.default_rng(0)
    parent = rng.integers(0, 2, BITS)
    children = parent ^ (rng.random((5000, BITS)) < 0.03)
    rows = np.packbits(children.astype(np.uint8), axis=1)
    assert near_duplicates([row.tobytes().hex() for row in rows]) == [list(range(5000))]


def test_a_distance_that_is_too_far() -> None:
    with pytest.raises(ImageError, match="give 0 to 15"):
        near_duplicates([], 16)


def test_groups_of_near_duplicates_are_joined() -> None:
    assert join_groups(["a", "b", "c", "a", "d"], [[1, 3], [2, 4]]) == ["a", "a", "c", "a", "c"]
    assert join_groups(["a", "b"], []) == ["a", "b"]


@given(
    st.lists(st.sampled_from("abcde"), min_size=1, max_size=8),
    st.lists(st.lists(st.integers(0, 7), min_size=2, max_size=3), max_size=4),
)
def test_joined_groups_are_coarser(groups: list[str], duplicates: list[list[int]]) -> None:
    inside = [[at % len(groups) for at in some] for some in duplicates]
    joined = join_groups(groups, inside)
    assert all(len({joined[at] for at in some}) == 1 for some in inside)
    assert len(set(zip(groups, joined, strict=True))) == len(set(groups))
    assert set(joined) <= set(groups)


def test_near_duplicates_in_words() -> None:
    assert duplicates_in_words(["a", "b"], []) == ""
    assert duplicates_in_words(["a", "b", "c", "d"], [[0, 2]]) == (
        "2 images are near-duplicates of one another (a and c) and are kept on one side of every "
        "split."
    )
    assert "4 images" in duplicates_in_words(["a", "b", "c", "d"], [[0, 2], [1, 3]])


def test_a_copy_of_another_program() -> None:
    """Reduced by another filter, saved as a palette."""
    pixels = Image.fromarray(data.chelsea())
    small = pixels.resize((200, 133), Image.Resampling.LANCZOS).quantize(128).convert("RGB")
    other = np.moveaxis(np.asarray(small), -1, 0)
    assert differ(perceptual_hash(photograph("chelsea"), 8), perceptual_hash(other, 8)) <= DISTANCE
