from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from study_fakes import Corners

import small_onnx
from imleak.images import Source, cut, from_samples, patch_places, resize
from imleak.interfaces import Image, ImageError
from imleak.study.ciphers import Ciphers, derive_seed, simulated
from imleak.study.components import Component, component
from imleak.study.features import Embedding, FeatureRequest, embeddings, encode, pack, show, unpack
from imleak.study.plan import ImageInfo

LEVELS = tuple(range(9))


def picture(side: int = 12, seed: int = 0) -> Image:
    samples = np.random.default_rng(seed).integers(0, 255, (1, side, side + 4))
    return from_samples("a", samples, 8)


def request(image: Image, **others: object) -> FeatureRequest:
    info = ImageInfo("a", Source("a", Path("a")), image.digest, 1, image.height, image.width, 8)
    return replace(FeatureRequest(info, component("encoder", "corners", {})), **others)


def at_all_levels(image: Image, **others: object) -> Embedding:
    """The plain image, then the clear part at every level."""
    scheme = component("scheme", "bitplanes", {})
    plain = request(image, **others)
    levels = [replace(plain, scheme=scheme, level=level) for level in LEVELS]
    (embedding,) = embeddings([plain, *levels])
    return embedding


def vectors(embedding: Embedding, image: Image) -> list[np.ndarray]:
    def ciphers(scheme: Component, seed: int) -> Ciphers:
        return simulated(image, scheme, seed)

    made = encode(show(embedding, image, ciphers))
    return [unpack(made[asked.key]) for asked in embedding.requests]


def shown_clear(samples: np.ndarray, level: int) -> np.ndarray:
    """The clear part, from equation (3) of the paper and without any cipher."""
    return samples.astype(int) * 2**level % 256


def test_patches_of_all_levels_lie_at_the_same_random_places() -> None:
    image = picture()
    found, *clear = vectors(at_all_levels(image, patches=5, seed=3), image)
    places = patch_places(12, 16, 8, 5, derive_seed(3, image.digest))
    plain = cut(image.samples, places, 8)[:, 0, 0, :4]
    np.testing.assert_array_equal(found, plain)
    for level in LEVELS:
        np.testing.assert_array_equal(clear[level], shown_clear(plain, level))


def test_the_clear_part_is_resized_and_not_the_clear_part_of_a_resized_image() -> None:
    image = picture(32)
    _, *clear = vectors(at_all_levels(image), image)
    for level in LEVELS:
        whole = shown_clear(image.samples, level).astype(np.uint8)
        expected = resize(whole, 8, 8)[:, 0, :4]
        np.testing.assert_array_equal(clear[level], expected)


def test_an_image_that_comes_twice_is_encoded_once() -> None:
    image = picture()
    embedding = at_all_levels(image, patches=5)
    vectors(embedding, image)
    # Level 0 is the plain image, of level 8 nothing is left.
    assert Corners.shown == [5 * 8 + 1]
    assert embedding.images == 5 * 9
    flat = from_samples("flat", np.zeros((1, 12, 16), np.uint8), 8)
    Corners.shown.clear()
    vectors(at_all_levels(flat, patches=5), flat)
    assert Corners.shown == [1]


def test_an_image_smaller_than_a_patch_is_an_error() -> None:
    image = picture(7)
    with pytest.raises(ImageError, match="smaller than a patch"):
        at_all_levels(image, patches=1)
    assert vectors(at_all_levels(image), image)[0].shape == (1, 4)


def test_the_key_holds_what_vectors_depend_on(monkeypatch: pytest.MonkeyPatch) -> None:
    scheme = component("scheme", "bitplanes", {})
    first = request(picture(), patches=5, scheme=scheme, level=3)
    others = [
        request(picture(seed=1), patches=5, scheme=scheme, level=3),
        replace(first, patches=6),
        replace(first, seed=1),
        replace(first, level=4),
        replace(first, scheme=None, level=None),
        replace(first, scheme=component("scheme", "bitplanes", {"clear": "shifted"})),
    ]
    keys = {first.key, *(other.key for other in others)}
    monkeypatch.setattr(Corners, "digest", "1" * 64)
    keys.add(request(picture(), patches=5, scheme=scheme, level=3).key)
    assert len(keys) == 8
    renamed = replace(first, image=replace(first.image, name="b"))
    assert renamed.key == first.key


def test_the_whole_image_does_not_depend_on_the_seed() -> None:
    whole = request(picture())
    assert replace(whole, seed=1).key == whole.key


def test_work_is_grouped_by_image_and_encoder() -> None:
    first, second = request(picture()), request(picture(seed=1))
    cut_up = replace(first, patches=3)
    found = embeddings([first, second, cut_up, first])
    assert [one.requests for one in found] == [(first, cut_up), (second,)]


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=9))
def test_equal_vectors_are_kept_once(rows: list[int]) -> None:
    made = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    kept = pack(made, np.asarray(rows, np.int32))
    np.testing.assert_array_equal(unpack(kept), made[rows])
    assert len(kept["vectors"]) == len(set(rows))


def test_vectors_are_found_again_when_their_weights_have_moved(tmp_path: Path) -> None:
    weight, bias = np.ones((4, 3, 3, 3), np.float32), np.zeros(4, np.float32)
    first = onnx_at(tmp_path / "a.onnx", weight, bias)
    moved = onnx_at(tmp_path / "b.onnx", weight, bias)
    other = onnx_at(tmp_path / "c.onnx", 2 * weight, bias)
    assert first.encoder != moved.encoder
    assert first.key == moved.key
    assert first.key != other.key


def onnx_at(path: Path, weight: np.ndarray, bias: np.ndarray) -> FeatureRequest:
    small_onnx.write(path, weight, bias)
    encoder = component(
        "encoder", "onnx", {"model": str(path), "output": "features", "mean": 127, "std": 128}
    )
    return request(picture(), encoder=encoder)
