from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from study_fakes import Corners

from imleak.images import Source, cut, from_samples, patch_places, resize
from imleak.interfaces import Image, ImageError
from imleak.study.components import component
from imleak.study.features import FeatureCache, FeatureRequest, FeatureTable, encode
from imleak.study.observe import derive_seed
from imleak.study.plan import ImageInfo

LEVELS = tuple(range(9))


def picture(side: int = 12, seed: int = 0) -> Image:
    samples = np.random.default_rng(seed).integers(0, 255, (1, side, side + 4))
    return from_samples("a", samples, 8)


def request(image: Image, **others: object) -> FeatureRequest:
    info = ImageInfo("a", Source("a", Path("a")), image.digest, 1, image.height, image.width, 8)
    asked = FeatureRequest(
        info, component("encoder", "corners", {}), component("scheme", "bitplanes", {}), LEVELS
    )
    return replace(asked, **others)


def shown_clear(samples: np.ndarray, level: int) -> np.ndarray:
    """The clear part, from equation (3) of the paper and without any cipher."""
    return samples.astype(int) * 2**level % 256


def test_patches_of_all_levels_lie_at_the_same_random_places() -> None:
    image = picture()
    table = encode(request(image, patches=5, seed=3), image)
    places = patch_places(12, 16, 8, 5, derive_seed(3, image.digest))
    plain = cut(image.samples, places, 8)[:, 0, 0, :4]
    np.testing.assert_array_equal(table.plain, plain)
    for level in LEVELS:
        np.testing.assert_array_equal(table.clear[level], shown_clear(plain, level))


def test_the_clear_part_is_resized_and_not_the_clear_part_of_a_resized_picture() -> None:
    image = picture(32)
    table = encode(request(image), image)
    for level in LEVELS:
        whole = shown_clear(image.samples, level).astype(np.uint8)
        expected = resize(whole, 8, 8)[0, 0, :4]
        np.testing.assert_array_equal(table.clear[level, 0], expected)
    assert table.clear.shape == (9, 1, 4)


def test_a_picture_that_comes_twice_is_encoded_once() -> None:
    image = picture()
    table = encode(request(image, patches=5), image)
    # Level 0 is the plain picture, of level 8 nothing is left.
    assert Corners.shown == [5 * 8 + 1]
    assert len(table.vectors) == 41
    flat = from_samples("flat", np.zeros((1, 12, 16), np.uint8), 8)
    Corners.shown.clear()
    encode(request(flat, patches=5), flat)
    assert Corners.shown == [1]


def test_a_picture_smaller_than_a_patch_is_an_error() -> None:
    image = picture(7)
    with pytest.raises(ImageError, match="smaller than a patch"):
        encode(request(image, patches=1), image)
    assert encode(request(image), image).plain.shape == (1, 4)


def test_the_key_holds_what_vectors_depend_on() -> None:
    first = request(picture(), patches=5)
    others = [
        request(picture(seed=1), patches=5),
        replace(first, patches=6),
        replace(first, seed=1),
        replace(first, levels=LEVELS[:-1]),
        replace(first, scheme=component("scheme", "bitplanes", {"clear": "shifted"})),
        replace(first, encoder=replace(first.encoder, digest="1" * 64)),
    ]
    assert len({first.key, *(other.key for other in others)}) == 7
    renamed = replace(first, image=replace(first.image, name="b"))
    assert renamed.key == first.key


def test_the_whole_picture_does_not_depend_on_the_seed() -> None:
    whole = request(picture())
    assert replace(whole, seed=1).key == whole.key


@pytest.fixture
def table() -> FeatureTable:
    rng = np.random.default_rng(0)
    index = rng.integers(6, size=(10, 3)).astype(np.int32)
    return FeatureTable(rng.normal(size=(6, 4)).astype(np.float32), index)


def test_vectors_come_back_from_disk(tmp_path: Path, table: FeatureTable) -> None:
    cache, asked = FeatureCache(tmp_path / "new"), request(picture())
    assert cache.get(asked) is None
    assert not cache.has(asked)
    cache.put(asked, table)
    assert cache.has(asked)
    found = cache.get(asked)
    np.testing.assert_array_equal(found.plain, table.plain)
    np.testing.assert_array_equal(found.clear, table.clear)


@pytest.mark.parametrize("damage", [lambda b: b[:40], lambda b: b"", lambda b: b"\0" * len(b)])
def test_a_torn_file_is_no_vectors(
    tmp_path: Path, table: FeatureTable, damage: Callable[[bytes], bytes]
) -> None:
    cache, asked = FeatureCache(tmp_path), request(picture())
    cache.put(asked, table)
    (path,) = tmp_path.iterdir()
    path.write_bytes(damage(path.read_bytes()))
    assert cache.get(asked) is None


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path, table: FeatureTable) -> None:
    import os

    cache = FeatureCache(tmp_path)
    requests = [request(picture(), seed=seed, patches=1) for seed in range(3)]
    for age, asked in enumerate(requests):
        cache.put(asked, table)
        os.utime(tmp_path / f"{asked.key}.safetensors", (age, age))
    cache.get(requests[0])
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    cache.shrink(size - 1)
    assert [cache.has(asked) for asked in requests] == [True, False, True]
    cache.shrink(0)
    assert list(tmp_path.iterdir()) == []


def test_the_cache_is_where_the_environment_says(
    own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert FeatureCache().folder == own_cache
    monkeypatch.delenv("IMLEAK_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert FeatureCache().folder == tmp_path / "imleak" / "features"
