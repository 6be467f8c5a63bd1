"""From images to the paired samples an estimator is given."""

import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..interfaces import Features, ImleakError, LearnedView, NamedAttributes, PairedSamples
from .ciphers import Ciphers, derive_seed
from .components import Component, offers
from .plan import DRAWN, MOST_VALUES, ImageInfo, Unit

IN_MEMORY = 256 << 20
"""Bytes above which pooled vectors lie on disk, and memory holds what is being read."""


def pool_features(
    unit: Unit,
    vectors: Callable[[ImageInfo], Sequence[Features]],
    learned: Callable[[Component], LearnedView],
) -> list[PairedSamples]:
    """Vectors of all patches of all images of a unit: samples a view, of one target.

    Parameters
    ----------
    unit : of an estimator; its order of images numbers the groups.
    vectors : of an image: of the target, of every encoder that names attributes, then of every
        view that is not trained at every level, (P, d) each.
    learned : of a view that is trained, what makes its vectors.
    """
    count, levels = len(unit.images) * unit.rows, len(unit.levels)
    target, views = unit.question.target, unit.question.views
    naming = [one.build() for one in unit.question.attributes]
    names = tuple(name for one in naming for name in one.attributes)
    named = np.empty((count, sum(name.columns for name in names)), np.float32)
    x = allocate(count, target.build().dimension)
    ys = {v: allocate(levels, count, v.build().dimension) for v in views if not offers(v, "watch")}
    frozen = list(ys.values())
    for group, image in enumerate(unit.images):
        rows = slice(group * unit.rows, (group + 1) * unit.rows)
        plain, *others = vectors(image)
        x[rows] = plain
        if naming:
            said = zip(naming, others, strict=False)
            named[rows] = np.concatenate([one.named(found) for one, found in said], axis=1)
        for at, found in enumerate(others[len(naming) :]):
            frozen[at // levels][at % levels, rows] = found
    groups = np.repeat(unit.groups, unit.rows)
    nothing = np.empty((levels, count, 0), np.float32)
    attributes = NamedAttributes(named, names) if naming else None
    return [
        PairedSamples(
            x,
            ys.get(view, nothing),
            groups,
            learned=None if view in ys else learned(view),
            attributes=attributes,
            one_unit=True,
        )
        for view in views
    ]


def allocate(*shape: int, dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """An array to be filled: in memory, or mapped from a file without a name that goes
    with the array."""
    if np.dtype(dtype).itemsize * math.prod(shape) <= IN_MEMORY:
        return np.empty(shape, dtype)
    with tempfile.TemporaryFile(prefix="imleak-") as file:
        return np.memmap(file, dtype, shape=shape)


@dataclass(frozen=True, eq=False)
class _Pixels:
    """Pairs of scalar samples of one image: x (n,), y (L, n), and how often each occurs."""

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    counts: NDArray[np.float64]


def pool_pixels(unit: Unit, read: Callable[[ImageInfo], Ciphers]) -> PairedSamples:
    """Pairs of scalar samples (plain, clear) of all images of a unit, all channels.

    A scheme that works sample by sample turns an image into its table: each value once,
    with its count. Of any other, and of images of more than :data:`MOST_VALUES`
    different values, :data:`DRAWN` pairs are drawn at random with a count of one.

    Raises
    ------
    ImleakError
        If the images have different bit depths, whose samples are not comparable.
    """
    depths = sorted({image.bits for image in unit.images})
    if len(depths) > 1:
        raise ImleakError(
            f"scalar samples of {' and '.join(map(str, depths))} bits cannot be pooled; "
            "audit images of each depth on their own"
        )
    pools: list[_Pixels] = []
    sizes: list[int | None] = []
    for info in unit.images:
        ciphers = read(info)
        if not pools:
            sizes = [ciphers.exposure(level).size for level in unit.levels]
        pools.append(_pixels(ciphers, unit.levels, unit.seed))
    return PairedSamples(
        x=np.concatenate([pool.x for pool in pools])[:, np.newaxis],
        y=np.concatenate([pool.y for pool in pools], axis=1)[:, :, np.newaxis],
        groups=np.repeat(unit.groups, [len(pool.x) for pool in pools]),
        weights=np.concatenate([pool.counts for pool in pools]),
        sizes=tuple(sizes),
    )


def _pixels(ciphers: Ciphers, levels: tuple[int, ...], seed: int) -> _Pixels:
    image = ciphers.image
    values, counts = np.unique(image.samples, return_counts=True)
    tables = [table for level in levels if (table := ciphers.table(level)) is not None]
    if len(tables) == len(levels) and len(values) <= MOST_VALUES:
        by_value = np.stack(tables).astype(np.float32)
        return _Pixels(values.astype(np.float32), by_value[:, values], counts.astype(float))
    rng = np.random.default_rng(derive_seed(seed, image.digest, "pixels"))
    at = rng.integers(image.samples.size, size=DRAWN)
    clear = np.stack([ciphers.exposure(level).rendered.ravel()[at] for level in levels])
    x = image.samples.ravel()[at].astype(np.float32)
    return _Pixels(x, clear.astype(np.float32), np.ones(DRAWN))
