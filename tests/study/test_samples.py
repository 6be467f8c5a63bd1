from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from imleak.images import Source, from_samples
from imleak.interfaces import Image, ImleakError, PairedSamples
from imleak.study import samples as pooling
from imleak.study.ciphers import Ciphers, simulated
from imleak.study.components import Question, component
from imleak.study.plan import ImageInfo, Unit

LEVELS = (0, 3, 8)


def pool(*images: Image) -> PairedSamples:
    infos = tuple(
        ImageInfo(i.name, Source(i.name, Path(i.name)), i.digest, len(i.samples), 1, 1, i.bits)
        for i in images
    )
    read = dict(zip(infos, images, strict=True))
    unit = Unit(
        component("estimator", "rows", {}),
        Question.of_both(component("encoder", "pixels", {})),
        component("scheme", "bitplanes", {}),
        LEVELS,
        infos,
        seed=0,
    )

    def ciphers(info: ImageInfo) -> Ciphers:
        return simulated(read[info], unit.scheme, unit.seed)

    return pooling.pool_pixels(unit, ciphers)


def noise(name: str, shape: tuple[int, ...] = (1, 9, 11), bits: int = 8, high: int = 40) -> Image:
    rng = np.random.default_rng(len(name))
    return from_samples(name, rng.integers(0, high, shape), bits)


def as_pairs(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> list[tuple[float, ...]]:
    rows = zip(x, *y, weights.astype(int), strict=True)
    return sorted(tuple(map(float, row[:-1])) for row in rows for _ in range(row[-1]))


def test_a_table_of_counts_stands_for_all_pixels() -> None:
    images = noise("a"), noise("bb", (3, 5, 7))
    found = pool(*images)
    for group, image in enumerate(images):
        rows = found.groups == group
        plain = image.samples.ravel().astype(int)
        expected = sorted((float(p), *(float(p * 2**s % 256) for s in LEVELS)) for p in plain)
        y = found.y[:, rows, 0]
        assert as_pairs(found.x[rows, 0], y, found.weights[rows]) == expected
    assert found.sizes == (256, 32, 1)
    assert found.x.dtype == found.y.dtype == np.float32


def test_many_values_are_drawn_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooling, "MOST_VALUES", 10)
    image = noise("a", (1, 60, 60))
    found = pool(image)
    assert found.x.shape == (pooling.DRAWN, 1)
    np.testing.assert_array_equal(found.weights, 1)
    for level, y in zip(LEVELS, found.y, strict=True):
        np.testing.assert_array_equal(y, found.x * 2**level % 256)
    drawn = np.bincount(found.x[:, 0].astype(int), minlength=40) / pooling.DRAWN
    shares = np.bincount(image.samples.ravel(), minlength=40) / image.samples.size
    assert np.abs(drawn - shares).max() < 5 * np.sqrt(shares.max() / pooling.DRAWN)
    np.testing.assert_array_equal(pool(image).x, found.x)


def test_depths_cannot_be_mixed() -> None:
    with pytest.raises(ImleakError, match="samples of 8 and 12 bits cannot be pooled"):
        pool(noise("a"), noise("bb", bits=12))


@pytest.mark.parametrize("in_memory", [0, 1 << 20])
def test_vectors_are_pooled_image_by_image(in_memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooling, "IN_MEMORY", in_memory)
    infos = tuple(ImageInfo(n, Source(n, Path(n)), n, 1, 9, 9, 8) for n in "abc")
    corners, middles = (component("encoder", name, {}) for name in ("corners", "middles"))
    unit = Unit(
        component("estimator", "rows", {}),
        Question(corners, (corners, middles)),
        component("scheme", "bitplanes", {}),
        LEVELS,
        infos,
        seed=0,
        patches=2,
    )
    rng = np.random.default_rng(0)
    vectors = {
        info: [rng.normal(size=(2, d)).astype(np.float32) for d in (4, 4, 4, 4, 3, 3, 3)]
        for info in infos
    }
    first, second = pooling.pool_features(unit, vectors.__getitem__, learned=pytest.fail)
    for found, at in ((first, 1), (second, 4)):
        assert found.groups.tolist() == [0, 0, 1, 1, 2, 2]
        assert found.weights is None
        for group, info in enumerate(infos):
            rows = found.groups == group
            np.testing.assert_array_equal(found.x[rows], vectors[info][0])
            np.testing.assert_array_equal(found.y[:, rows], vectors[info][at : at + 3])
    assert first.x is second.x
    assert isinstance(first.y, np.memmap) == (in_memory == 0)
