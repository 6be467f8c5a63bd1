"""From pictures to the paired samples an estimator is given."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..interfaces import Features, Image, ImleakError, LearnedView, PairedSamples, Scheme
from .components import Component, is_trained
from .observe import derive_seed, observe
from .plan import DRAWN, MOST_VALUES, ImageInfo, Unit

IN_MEMORY = 256 << 20
"""Bytes above which pooled vectors lie on disk, and memory holds what is being read."""


def pool_features(
    unit: Unit,
    vectors: Callable[[ImageInfo], Sequence[Features]],
    learned: Callable[[Component], LearnedView],
) -> list[PairedSamples]:
    """Vectors of all patches of all pictures of a unit: samples a view, of one target.

    Parameters
    ----------
    unit : of an estimator; its order of pictures numbers the groups.
    vectors : of a picture: of the target, then of every view that is not trained at every
        level, (P, d) each.
    learned : of a view that is trained, what makes its vectors.
    """
    count, levels = len(unit.images) * unit.rows, len(unit.levels)
    target, views = unit.question.target, unit.question.views
    x = room(count, target.build().dimension)
    ys = {v: room(levels, count, v.build().dimension) for v in views if not is_trained(v)}
    frozen = list(ys.values())
    for group, image in enumerate(unit.images):
        rows = slice(group * unit.rows, (group + 1) * unit.rows)
        plain, *clear = vectors(image)
        x[rows] = plain
        for at, found in enumerate(clear):
            frozen[at // levels][at % levels, rows] = found
    groups = np.repeat(np.arange(len(unit.images)), unit.rows)
    nothing = np.empty((levels, count, 0), np.float32)
    return [
        PairedSamples(x, ys[view], groups)
        if view in ys
        else PairedSamples(x, nothing, groups, learned=learned(view))
        for view in views
    ]


def room(*shape: int, dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """An array to be filled: in memory, or mapped from a file without a name that goes
    with the array."""
    if np.dtype(dtype).itemsize * math.prod(shape) <= IN_MEMORY:
        return np.empty(shape, dtype)
    with tempfile.TemporaryFile(prefix="imleak-") as file:
        return np.memmap(file, dtype, shape=shape)


@dataclass(frozen=True, eq=False)
class _Pixels:
    """Pairs of scalar samples of one picture: x (n,), y (L, n), and how often each occurs."""

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    counts: NDArray[np.float64]


def pool_pixels(unit: Unit, read: Callable[[ImageInfo], Image]) -> PairedSamples:
    """Pairs of scalar samples (plain, clear) of all pictures of a unit, all channels.

    A scheme that works sample by sample turns a picture into its table: each value once,
    with its count. Of any other, and of pictures of more than :data:`MOST_VALUES`
    different values, :data:`DRAWN` pairs are drawn at random with a count of one.

    Raises
    ------
    ImleakError
        If the pictures have different bit depths, whose samples are not comparable.
    """
    depths = sorted({image.bits for image in unit.images})
    if len(depths) > 1:
        raise ImleakError(
            f"scalar samples of {' and '.join(map(str, depths))} bits cannot be pooled; "
            "audit pictures of each depth on their own"
        )
    scheme: Scheme = unit.scheme.build()
    tables = [scheme.table(depths[0], level) for level in unit.levels]
    known = [table.astype(np.float32) for table in tables if table is not None]
    by_value = np.stack(known) if len(known) == len(tables) else None
    pools = list(_pixels(unit.images, read, unit.scheme, unit.levels, unit.seed, by_value))
    return PairedSamples(
        x=np.concatenate([pool.x for pool in pools])[:, np.newaxis],
        y=np.concatenate([pool.y for pool in pools], axis=1)[:, :, np.newaxis],
        groups=np.repeat(np.arange(len(pools)), [len(pool.x) for pool in pools]),
        weights=np.concatenate([pool.counts for pool in pools]),
        sizes=tuple(scheme.size(depths[0], level) for level in unit.levels),
    )


def _pixels(
    images: Sequence[ImageInfo],
    read: Callable[[ImageInfo], Image],
    scheme: Component,
    levels: tuple[int, ...],
    seed: int,
    by_value: NDArray[np.float32] | None,
) -> Iterator[_Pixels]:
    for info in images:
        image = read(info)
        values, counts = np.unique(image.samples, return_counts=True)
        if by_value is not None and len(values) <= MOST_VALUES:
            yield _Pixels(values.astype(np.float32), by_value[:, values], counts.astype(float))
        else:
            yield _draw(image, scheme, levels, seed)


def _draw(image: Image, scheme: Component, levels: tuple[int, ...], seed: int) -> _Pixels:
    observed = observe(image, scheme, levels, seed)
    rng = np.random.default_rng(derive_seed(seed, image.digest, "pixels"))
    at = rng.integers(image.samples.size, size=DRAWN)
    clear = np.stack([observed.clear(level).ravel()[at] for level in levels])
    x = image.samples.ravel()[at].astype(np.float32)
    return _Pixels(x, clear.astype(np.float32), np.ones(DRAWN))
