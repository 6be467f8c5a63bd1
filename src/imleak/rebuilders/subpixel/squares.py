"""What the network is trained on: squares of plain images, cut into blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...interfaces import ImleakError
from .._known_blocks import Blocks, Surface, enlarged
from .features import SIDES, SMALLEST, Seen, of_means, of_samples
from .network import cells_of, task

ACROSS = {4: 32, 8: 24, 16: 16, 32: 10}
"""Blocks to a side of a square, by their own side."""
BATCH = {4: 4, 8: 6, 16: 8, 32: 8}
REDUCED = (1.0, 0.75, 0.5)
"""Sizes at which an image is learned from."""

Image: TypeAlias = NDArray[np.uint8]


class Squares:
    """Squares of images (H, W), drawn at random. Raises ImleakError if no image is large enough."""

    def __init__(self, images: Sequence[Image]) -> None:
        every = [_reduced(image, share) for image in images for share in REDUCED]
        self._of = {
            side: [one for one in every if min(one.shape) >= _width(side)] for side in SIDES
        }
        without = [side for side, some in self._of.items() if not some]
        if without:
            side, needed = without[-1], max(map(_width, without))
            raise ImleakError(
                f"no image to learn blocks of {side}x{side} from: give some of "
                f"{needed}x{needed} pixels or more"
            )

    def draw(self, side: int, rng: np.random.Generator) -> Image:
        """(n, H, W), turned and mirrored."""
        images, wide = self._of[side], _width(side)
        areas = np.array([image.size for image in images], float)
        found = []
        for index in rng.choice(len(images), BATCH[side], p=areas / areas.sum()):
            row, column = (rng.integers(0, length - wide + 1) for length in images[index].shape)
            square = images[index][row : row + wide, column : column + wide]
            square = np.rot90(square, int(rng.integers(4)))
            found.append(square[::-1] if rng.random() < 0.5 else square)
        return np.stack(found)


@dataclass(frozen=True, eq=False)
class Batch:
    """Squares as the network sees them, and what it should say of them.

    Parameters
    ----------
    planes, tasks : its input.
    scale : (n, h, w) of every cell.
    wanted : (n, h, w) differences of the cells to the interpolated means.
    """

    planes: Tensor
    tasks: Tensor
    scale: Tensor
    wanted: Tensor


def batch_of(squares: Image, side: int) -> Batch:
    """Squares (n, H, W), once with the means of their blocks known and once with their samples."""
    blocks, count = Blocks(squares.shape, side), cells_of(side)
    means = blocks.means(squares)
    both = (of_means(means), of_samples(in_order(squares, side).astype(np.float64), blocks))
    cells = _cells(squares, side // count)
    wanted = cells - enlarged(means, Blocks(cells.shape, count))
    tasks = [task(side, samples=samples) for samples in (False, True) for _ in squares]
    return Batch(
        torch.from_numpy(np.concatenate([seen.planes for seen in both])),
        torch.tensor(tasks),
        torch.from_numpy(np.concatenate([_unit(seen, count) for seen in both])),
        torch.from_numpy(wanted.astype(np.float32)).repeat(2, 1, 1),
    )


def in_order(images: Image, side: int) -> Image:
    """Images (n, H, W) of whole blocks, the samples of each in rising order."""
    n, height, width = images.shape
    cut = images.reshape(n, height // side, side, width // side, side).swapaxes(2, 3)
    in_rows = np.sort(cut.reshape(*cut.shape[:3], -1), axis=-1).reshape(cut.shape)
    return in_rows.swapaxes(2, 3).reshape(images.shape)


def _width(side: int) -> int:
    return side * ACROSS[side]


def _reduced(image: Image, share: float) -> Image:
    from PIL import Image as Pillow

    if share == 1:
        return image
    size = [max(1, round(share * length)) for length in reversed(image.shape)]
    return np.asarray(Pillow.fromarray(image).resize(size, Pillow.Resampling.LANCZOS))


def _cells(squares: Image, side: int) -> Surface:
    """(n, h, w) means of small blocks of a square."""
    n, height, width = squares.shape
    cut = squares.reshape(n, height // side, side, width // side, side)
    found: Surface = cut.mean((2, 4), dtype=np.float64)
    return found


def _unit(seen: Seen, count: int) -> NDArray[np.float32]:
    unit = (seen.scale + SMALLEST).astype(np.float32)
    return unit.repeat(count, 1).repeat(count, 2)
