"""Patches at random places, the same ones in an image and in all its clear parts."""

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..interfaces import ImageError

Scalar = TypeVar("Scalar", bound=np.generic)


def patch_places(
    height: int, width: int, size: int, count: int, seed: int | Sequence[int]
) -> NDArray[np.int64]:
    """Top left corners of patches, independent and uniform over all that fit.

    Parameters
    ----------
    height, width : of the image, in pixels.
    size : side of a patch.
    count : number of patches; places may repeat.
    seed : of ``numpy.random.default_rng``.

    Returns
    -------
    (count, 2) row and column.

    Raises
    ------
    ImageError
        If the image is smaller than a patch.
    """
    if height < size or width < size:
        raise ImageError(
            f"{height} x {width} pixels is smaller than a patch of {size} x {size}; "
            "leave it out or use larger images"
        )
    rng = np.random.default_rng(seed)
    return rng.integers(0, [height - size, width - size], size=(count, 2), endpoint=True)


def cut(samples: NDArray[Scalar], places: NDArray[np.integer[Any]], size: int) -> NDArray[Scalar]:
    """Patches of an image, without resizing.

    Parameters
    ----------
    samples : (..., H, W); (C, H, W) for an image, (L, C, H, W) for its levels.
    places : (n, 2) from :func:`patch_places`.
    size : side of a patch.

    Returns
    -------
    (n, ..., size, size)

    Raises
    ------
    ImageError
        If a patch reaches beyond the image.
    """
    height, width = samples.shape[-2:]
    rows, columns = places.T
    if places.size and (
        places.min() < 0 or rows.max() + size > height or columns.max() + size > width
    ):
        raise ImageError(
            f"a patch of {size} x {size} reaches beyond {height} x {width} pixels; "
            "draw its place for this size"
        )
    if not places.size:
        return np.empty((0, *samples.shape[:-2], size, size), samples.dtype)
    windows = sliding_window_view(samples, (size, size), axis=(-2, -1))
    return np.moveaxis(windows[..., rows, columns, :, :], -3, 0)
